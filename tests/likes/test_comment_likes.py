"""Likes of comments in batches: results per item, exact counters, and no deadlocks."""

import asyncio

import asyncpg
import pytest
from asyncpg import Record

from feed.accounts.model import AccountId, Banned
from feed.comments import store as comments
from feed.comments.actions import delete_comment
from feed.comments.model import CommentId, CommentNotFound
from feed.likes.actions import apply_comment_likes
from feed.likes.model import CommentLike, Liked
from feed.postgres import transaction
from feed.posts.model import PostId
from tests.support import make, writing


async def said(pool: "asyncpg.Pool[Record]", *, post_id: int | None = None) -> CommentId:
    return CommentId(await make.comment(pool, post_id if post_id is not None else await make.post(pool)))


async def test_each_item_of_a_batch_gets_its_own_result(pool: "asyncpg.Pool[Record]") -> None:
    one, other, removed = await said(pool), await said(pool), await said(pool)
    unseen = await said(pool, post_id=await make.post(pool, state="removed"))
    await pool.execute("UPDATE comments SET state = 'removed' WHERE id = $1", removed)
    ming, hong, banned = [await make.account(pool) for _ in range(3)]
    await make.ban(pool, banned)
    answers = await apply_comment_likes(
        pool,
        [
            CommentLike(other, ming),
            CommentLike(one, ming),
            CommentLike(removed, ming),
            CommentLike(one, banned),
            CommentLike(one, hong),
            CommentLike(unseen, ming),
            CommentLike(CommentId(1), ming),
            CommentLike(other, hong, liked=False),
        ],
    )
    assert [answer if isinstance(answer, Liked) else type(answer) for answer in answers] == [
        Liked(True, 1),
        Liked(True, 2),
        CommentNotFound,
        Banned,
        Liked(True, 2),
        CommentNotFound,
        CommentNotFound,
        Liked(False, 1),
    ]


async def test_the_last_of_several_items_for_one_comment_and_account_is_applied(pool: "asyncpg.Pool[Record]") -> None:
    comment_id, ming = await said(pool), await make.account(pool)
    batch = [CommentLike(comment_id, ming, liked=liked) for liked in (True, False, True)]
    assert (await apply_comment_likes(pool, batch))[-1] == Liked(True, 1)
    assert await apply_comment_likes(pool, batch[:2]) == [Liked(True, 0), Liked(False, 0)]
    assert await pool.fetchval("SELECT count(*) FROM past_comment_likes") == 1


async def test_counters_stay_exact_during_concurrent_likes_replies_and_deletions(pool: "asyncpg.Pool[Record]") -> None:
    post_id = PostId(await make.post(pool))
    fans = [await make.account(pool) for _ in range(6)]
    roots = [await said(pool, post_id=post_id) for _ in range(3)]
    replies = [
        await writing.comment(pool, fans[number % 6], post_id, "回", root) for number, root in enumerate(roots * 2)
    ]

    async def like(fan: AccountId, turn: int) -> None:
        for _ in range(8):
            batch = [CommentLike(id_, fan, liked=bool((id_ + turn) % 3)) for id_ in (*replies, *roots)]
            await apply_comment_likes(pool, batch)
            turn += 1

    async def reply(fan: AccountId) -> None:
        for number in range(8):
            id_ = await writing.comment(pool, fan, post_id, "再回", roots[number % 3])
            await delete_comment(pool, fan, id_)

    # No retries here: all writers take the locks in one order, so none deadlocks.
    await asyncio.gather(*(like(fan, turn) for turn, fan in enumerate(fans)), *(reply(fan) for fan in fans[:3]))
    assert (
        await pool.fetch(
            """
        SELECT comments.id FROM comments
        WHERE like_count <> (SELECT count(*) FROM comment_likes WHERE comment_id = comments.id)
           OR reply_count <> (SELECT count(*) FROM comments AS replies WHERE replies.root_id = comments.id AND state = 'published')
        """
        )
        == []
    )


async def test_a_reply_is_locked_with_its_root_in_the_order_in_which_likes_lock(pool: "asyncpg.Pool[Record]") -> None:
    post_id, ming = PostId(await make.post(pool)), await make.account(pool)
    root = await said(pool, post_id=post_id)
    reply = await writing.comment(pool, ming, post_id, "回", root)
    async with transaction(pool) as conn:
        await comments.lock_comment(conn, reply)
        with pytest.raises(asyncpg.LockNotAvailableError):
            await pool.execute("SELECT FROM comments WHERE id = $1 FOR UPDATE NOWAIT", root)


async def test_a_block_by_either_author_is_reported_as_not_found_also_to_a_banned_account(
    pool: "asyncpg.Pool[Record]",
) -> None:
    author, commenter, blocked_by_author, blocks_commenter, banned = [await make.account(pool) for _ in range(5)]
    comment_id = CommentId(await make.comment(pool, await make.post(pool, author), commenter))
    await make.ban(pool, banned)
    await pool.executemany(
        "INSERT INTO relations (account_id, target_id, kind) VALUES ($1, $2, 'block')",
        [(author, blocked_by_author), (blocks_commenter, commenter), (commenter, banned)],
    )
    likes = [CommentLike(comment_id, who) for who in (blocked_by_author, blocks_commenter, banned, author)]
    answers = await apply_comment_likes(pool, likes)
    assert [answer if isinstance(answer, Liked) else type(answer) for answer in answers] == [
        CommentNotFound,
        CommentNotFound,
        CommentNotFound,
        Liked(True, 1),
    ]
