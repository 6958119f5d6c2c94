"""The sequencer: any process may call it, one at a time works."""

from feed.changes import store
from feed.postgres import Pool, transaction


async def number_changes(pool: Pool) -> int:
    """How many committed changes got their number; 0 also while another process is at it."""
    async with transaction(pool) as conn:
        if not await store.try_sequencer_lock(conn):
            return 0
        return await store.number_changes(conn)
