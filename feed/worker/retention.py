"""What is kept for a while only."""

from feed import idempotency, jobs
from feed.accounts import event_store, sign_in_store
from feed.changes import store as changes
from feed.inbox import push_store as pushes
from feed.postgres import transaction
from feed.sms import quota_store, receipt_store
from feed.sms import store as messages
from feed.worker.state import WorkerState

_DAY = 24
_WEEK = 7 * _DAY
_MONTH = 30 * _DAY


async def forget_keys_and_codes(worker_state: WorkerState) -> None:
    """Retries are recognised for a day; codes and ended sign-ins are looked at no longer."""
    async with transaction(worker_state.pool) as conn:
        await idempotency.remove_old(conn, hours=_DAY)
        await sign_in_store.remove_old_codes(conn, hours=_DAY)
        await sign_in_store.remove_old_tokens(conn, hours=_DAY)
        # Nobody sends an event again after so long; what it set stays, and a late older one is still told by its mark.
        await event_store.remove_old_events(conn, hours=_MONTH)


async def trim_change_log(worker_state: WorkerState) -> None:
    """A projection that was away for a week is rebuilt instead of caught up."""
    async with transaction(worker_state.pool) as conn:
        await changes.trim_log(conn, hours=_WEEK)


async def forget_pushes(worker_state: WorkerState) -> None:
    """What was delivered last week, and what nobody has revived for a month."""
    async with transaction(worker_state.pool) as conn:
        await pushes.remove_old(conn, days=7, dead_days=30)


async def forget_receipts(worker_state: WorkerState) -> None:
    """Providers report within three days, and repeat themselves for less."""
    async with transaction(worker_state.pool) as conn:
        await receipt_store.remove_old_receipts(conn, days=30)
        await quota_store.remove_old_days(conn, days=30)


async def forget_numbers(worker_state: WorkerState) -> None:
    """Nobody asks again after a month whom a message went to."""
    async with transaction(worker_state.pool) as conn:
        await messages.remove_old_numbers(conn, days=30)


async def trim_journal_of_jobs(worker_state: WorkerState) -> None:
    """What ran and failed last week."""
    async with transaction(worker_state.pool) as conn:
        await jobs.remove_old_entries(conn, days=7)
