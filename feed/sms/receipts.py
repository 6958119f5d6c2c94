"""Hearing of what has become of messages."""

from collections.abc import Sequence

from feed.metrics import MESSAGES
from feed.postgres import Pool, retried, transaction
from feed.sms import receipt_store as store
from feed.sms.model import Receipt


async def hear_receipts(pool: Pool, provider: str, receipts: Sequence[Receipt]) -> None:
    """Keeps them, and applies what can be applied now; the worker does the rest. Twice, late or unknown: all the same."""
    async with transaction(pool) as conn:
        await store.add_receipts(conn, provider, receipts)
    await apply_receipts(pool)


async def apply_receipts(pool: Pool) -> None:
    """Applies what has been heard of messages that are known by now."""

    async def apply() -> None:
        async with transaction(pool) as conn:
            changed = await store.apply_receipts(conn)
        for provider, purpose, state in changed:
            MESSAGES.labels(provider, purpose, state).inc()

    await retried(apply)
