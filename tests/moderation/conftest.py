"""The fixture of the tests of moderation: accounts, posts, comments and their cases."""

import asyncpg
import msgspec
import pytest
from asyncpg import Record

from feed.accounts.model import AccountId, Role
from feed.cases.model import CaseId
from feed.comments.model import CommentId
from feed.posts.model import PostId
from tests.support import make, writing
from tests.support.notices import said


class Numbers(msgspec.Struct, frozen=True):
    """The state of a post and every counter that depends on it."""

    state: str
    profile: int
    under_topics: int
    comments: int
    replies: int
    rows: int


class Newsroom:
    """Creates accounts, posts and comments, and reads what verdicts change."""

    def __init__(self, pool: "asyncpg.Pool[Record]") -> None:
        self.pool = pool

    async def person(self, role: Role | None = None) -> AccountId:
        async with self.pool.acquire() as conn:
            return await make.person(conn, role=role)

    async def post(self, author_id: AccountId, text: str = "今天读完一本书 #爱读书的深圳人#") -> PostId:
        return await writing.publish(self.pool, author_id, text)

    async def comment(
        self, author_id: AccountId, post_id: PostId, text: str = "真好", reply_to_id: CommentId | None = None
    ) -> CommentId:
        return await writing.comment(self.pool, author_id, post_id, text, reply_to_id)

    async def case(self, *, post_id: int | None = None, comment_id: int | None = None) -> CaseId:
        """The newest case of a post, or of a comment."""
        return CaseId(
            await self.pool.fetchval(
                """
                SELECT id FROM cases
                WHERE (kind = 'post' AND post_id = $1) OR (kind = 'comment' AND comment_id = $2)
                ORDER BY id DESC LIMIT 1
                """,
                post_id,
                comment_id,
            )
        )

    async def version(self, post_id: PostId) -> int:
        return int(await self.pool.fetchval("SELECT version FROM post_stats WHERE post_id = $1", post_id))

    async def numbers(self, post_id: PostId) -> Numbers:
        """The stored counters of a post, and the same from its rows."""
        row = await self.pool.fetchrow(
            """
            SELECT posts.state, accounts.post_count AS profile, post_stats.comment_count AS comments,
                   (SELECT count(*) FROM topic_posts WHERE topic_posts.post_id = posts.id) AS under_topics,
                   (SELECT coalesce(sum(reply_count), 0) FROM comments WHERE comments.post_id = posts.id) AS replies,
                   (SELECT count(*) FROM comments
                    WHERE comments.post_id = posts.id AND comments.state = 'published') AS rows
            FROM posts JOIN accounts ON accounts.id = posts.author_id JOIN post_stats ON post_stats.post_id = posts.id
            WHERE posts.id = $1
            """,
            post_id,
        )
        return msgspec.convert(row, Numbers)

    async def notification_titles(self, account_id: AccountId) -> list[str]:
        """The titles in the account's inbox, oldest first."""
        return [each.title for each in await said(self.pool, to=account_id)]


@pytest.fixture
def newsroom(pool: "asyncpg.Pool[Record]") -> Newsroom:
    return Newsroom(pool)
