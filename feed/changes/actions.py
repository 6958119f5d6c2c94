"""The sequencer, which numbers committed changes. One process at a time does so."""

from feed.changes import store
from feed.postgres import Pool, transaction


async def number_changes(pool: Pool) -> int:
    """Numbers committed changes and returns how many. 0 also while another process holds the lock."""
    async with transaction(pool) as conn:
        if not await store.try_sequencer_lock(conn):
            return 0
        return await store.number_changes(conn)
