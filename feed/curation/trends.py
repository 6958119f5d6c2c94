"""The action that recomputes trending topics. The worker runs it every few seconds."""

import asyncio
import time
from datetime import timedelta

from feed.curation import trend_store
from feed.postgres import Pool, transaction

REACH = timedelta(days=3)
HALF_LIFE = timedelta(hours=12)
# On days with more posts the newest are a sample of all.
_POSTS = 20_000
_TOPICS = 1_000
_SLOW_SECONDS = 0.1
_MAX_REST_SECONDS = 10.0


async def count_trends(pool: Pool) -> int:
    """Recomputes the trends and returns how many rows changed; 0 also while another worker does so.

    After a slow computation it sleeps four times as long as that took, at most ten seconds.
    """
    started = time.monotonic()
    async with transaction(pool) as conn:
        if not await trend_store.try_trends_lock(conn):
            return 0
        changed = await trend_store.count_trends(conn, reach=REACH, half_life=HALF_LIFE, posts=_POSTS, topics=_TOPICS)
    elapsed = time.monotonic() - started
    if elapsed > _SLOW_SECONDS:
        await asyncio.sleep(min(4 * elapsed, _MAX_REST_SECONDS))
    return changed
