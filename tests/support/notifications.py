"""People who follow what happens to their posts."""

import asyncpg
from asyncpg import Record

from feed.accounts.model import AccountId
from feed.changes.actions import number_changes
from feed.comments.model import CommentId
from feed.inbox.model import NotificationKind
from feed.likes.actions import apply_likes
from feed.likes.model import Like
from feed.notifications.actions import notify_comments, notify_likes
from feed.posts.model import PostId
from feed.screens.people.inbox import InboxItem, count_unread, list_inbox
from tests.support import make, writing

KINDS: tuple[NotificationKind, ...] = ("like", "comment", "reply")


class Town:
    """Some people, and what they are told."""

    def __init__(self, pool: "asyncpg.Pool[Record]") -> None:
        self.pool = pool

    async def person(self, name: str) -> AccountId:
        account_id = await make.account(self.pool)
        await self.pool.execute("UPDATE accounts SET name = $2 WHERE id = $1", account_id, name)
        return account_id

    async def post(self, author: AccountId) -> PostId:
        return await writing.publish(self.pool, author, "今天读完一本书")

    async def like(self, post: PostId, *who: AccountId, liked: bool = True) -> None:
        await apply_likes(self.pool, [Like(post, account_id, liked) for account_id in who])

    async def comment(self, who: AccountId, post: PostId, text: str = "真好", to: CommentId | None = None) -> CommentId:
        return await writing.comment(self.pool, who, post, text, to)

    async def follow(self) -> None:
        """What the worker does in a few seconds."""
        await number_changes(self.pool)
        await self.pool.execute("UPDATE like_groups SET refreshed_at = refreshed_at - interval '2 minutes'")
        for work in (notify_likes, notify_comments):
            while await work(self.pool):
                pass

    async def notifications_of(self, who: AccountId) -> list[InboxItem]:
        await self.follow()
        async with self.pool.acquire() as conn:
            return await list_inbox(conn, who, KINDS, 2**63 - 1, 50)

    async def titles(self, who: AccountId) -> list[str]:
        return [item.title for item in await self.notifications_of(who)]

    async def unread(self, who: AccountId) -> int:
        async with self.pool.acquire() as conn:
            return await count_unread(conn, who)
