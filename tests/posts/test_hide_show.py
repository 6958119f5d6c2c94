"""Concurrent attempts of one deletion: the second waits for the lock and changes nothing."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from feed.changes import store as changes
from feed.comments.actions import delete_comment
from feed.postgres import Pool, transaction
from feed.posts.actions import delete_post
from tests.support import make
from tests.support.waiting import HANG_SECONDS


async def run_twice(pool: Pool, post_id: int, action: Callable[[], Awaitable[object]]) -> None:
    """Runs the action twice at once; both wait for the lock before either acts."""
    async with transaction(pool) as conn:
        await changes.lock_stats(conn, [post_id])
        both = [asyncio.ensure_future(action()) for _ in range(2)]
        async with asyncio.timeout(HANG_SECONDS):
            while await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") < 2:
                await asyncio.sleep(0.01)
    await asyncio.gather(*both)


@pytest.mark.parametrize("what", ["post", "comment"])
async def test_two_concurrent_deletions_change_the_counters_once(pool: Pool, what: str) -> None:
    author = await make.account(pool)
    await pool.execute("UPDATE accounts SET post_count = 1 WHERE id = $1", author)
    post_id = await make.post(pool, author)
    comment_id = await make.comment(pool, post_id, author)
    if what == "post":
        await run_twice(pool, post_id, lambda: delete_post(pool, author, post_id))  # type: ignore[arg-type]
        assert await pool.fetchval("SELECT post_count FROM accounts WHERE id = $1", author) == 0
    else:
        await run_twice(pool, post_id, lambda: delete_comment(pool, author, comment_id))  # type: ignore[arg-type]
        assert await pool.fetchval("SELECT comment_count FROM post_stats WHERE post_id = $1", post_id) == 0
