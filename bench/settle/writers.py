"""Concurrent likes during a settlement, which must not block them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from feed.accounts.model import AccountId
from feed.likes.actions import apply_likes
from feed.likes.model import Like
from feed.postgres import Pool
from feed.posts.model import PostId

_PAUSE_SECONDS = 0.05


@asynccontextmanager
async def concurrent_likes(pool: Pool, campaign_id: int) -> AsyncIterator[Callable[[], float]]:
    """Likes and unlikes one entry after the other while the block runs. Yields a function that returns the slowest time in seconds."""
    rows = await pool.fetch(
        "SELECT post_id FROM entries WHERE campaign_id = $1 ORDER BY random() LIMIT 500", campaign_id
    )
    account_id = AccountId(await pool.fetchval("SELECT max(id) FROM accounts"))
    slowest = 0.0

    async def like() -> None:
        nonlocal slowest
        while True:
            for row in rows:
                for liked in (True, False):
                    began = time.perf_counter()
                    await apply_likes(pool, [Like(PostId(row["post_id"]), account_id, liked=liked)])
                    slowest = max(slowest, time.perf_counter() - began)
                    await asyncio.sleep(_PAUSE_SECONDS)

    writing = asyncio.create_task(like())
    try:
        yield lambda: slowest
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
