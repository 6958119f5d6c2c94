"""Several tries of one deletion that meet: the second one waits, and finds nothing left to do."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from feed.changes import store as changes
from feed.comments.actions import delete_comment
from feed.postgres import Pool, transaction
from feed.posts.actions import delete_post
from tests.support import make


async def meet(pool: Pool, post_id: int, act: Callable[[], Awaitable[object]]) -> None:
    """Two of them, both begun before either can do anything."""
    async with transaction(pool) as conn:
        await changes.lock_stats(conn, [post_id])
        both = [asyncio.ensure_future(act()) for _ in range(2)]
        async with asyncio.timeout(5):
            while await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") < 2:
                await asyncio.sleep(0.01)
    await asyncio.gather(*both)


@pytest.mark.parametrize("what", ["post", "comment"])
async def test_a_deletion_that_is_tried_twice_at_once_is_done_once(pool: Pool, what: str) -> None:
    author = await make.account(pool)
    await pool.execute("UPDATE accounts SET post_count = 1 WHERE id = $1", author)
    post_id = await make.post(pool, author)
    comment_id = await make.comment(pool, post_id, author)
    if what == "post":
        await meet(pool, post_id, lambda: delete_post(pool, author, post_id))  # type: ignore[arg-type]
        assert await pool.fetchval("SELECT post_count FROM accounts WHERE id = $1", author) == 0
    else:
        await meet(pool, post_id, lambda: delete_comment(pool, author, comment_id))  # type: ignore[arg-type]
        assert await pool.fetchval("SELECT comment_count FROM post_stats WHERE post_id = $1", post_id) == 0
