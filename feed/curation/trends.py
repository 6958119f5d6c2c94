"""Keeping up with what people write about: run by the worker, a few seconds behind."""

import asyncio
import time
from datetime import timedelta

from feed.curation import trend_store
from feed.postgres import Pool, transaction

REACH = timedelta(days=3)
HALF_LIFE = timedelta(hours=12)
# The newest ones stand for all on a day on which everybody writes.
_POSTS = 20_000
_TOPICS = 1_000
_SLOW_SECONDS = 0.1
_MAX_REST_SECONDS = 10.0


async def count_trends(pool: Pool) -> int:
    """How many topics moved; 0 also while another worker counts. Rests four times as long as a long count took."""
    started = time.monotonic()
    async with transaction(pool) as conn:
        if not await trend_store.try_trends_lock(conn):
            return 0
        moved = await trend_store.count_trends(conn, reach=REACH, half_life=HALF_LIFE, posts=_POSTS, topics=_TOPICS)
    elapsed = time.monotonic() - started
    if elapsed > _SLOW_SECONDS:
        await asyncio.sleep(min(4 * elapsed, _MAX_REST_SECONDS))
    return moved
