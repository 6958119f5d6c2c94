"""Recording delivery receipts and applying them to messages."""

from collections.abc import Sequence

from feed.observability.metrics import MESSAGES
from feed.postgres import Pool, transaction, with_retries
from feed.sms import receipt_store as store
from feed.sms.model import Receipt


async def record_receipts(pool: Pool, provider: str, receipts: Sequence[Receipt]) -> None:
    """Stores receipts and applies those whose message is known; the worker applies the rest.

    Duplicate, late and unknown receipts are accepted.
    """
    async with transaction(pool) as conn:
        await store.add_receipts(conn, provider, receipts)
    await apply_receipts(pool)


async def apply_receipts(pool: Pool) -> None:
    """Applies the stored receipts whose message is known by now, and counts the changes in the metrics."""

    async def apply() -> None:
        async with transaction(pool) as conn:
            changed = await store.apply_receipts(conn)
        for provider, purpose, state in changed:
            MESSAGES.labels(provider, purpose, state).inc()

    await with_retries(apply)
