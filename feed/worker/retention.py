"""Scheduled removal of data with a retention period."""

import asyncio
from datetime import datetime
from pathlib import Path

from feed import idempotency, jobs
from feed.access_log.files import SHANGHAI, remove_old
from feed.accounts import erasure_store, event_store, name_store, session_store, sign_in_store, web_session_store
from feed.accounts.sign_in import REFRESH_DAYS
from feed.changes import store as changes
from feed.erasure.kept import SUBJECT_DAYS
from feed.inbox import push_store as pushes
from feed.media import purge_store as purges
from feed.moderation import media_evidence
from feed.postgres import transaction
from feed.reports import store as reports
from feed.screening import later_store as fingerprints
from feed.sms import quota_store, receipt_store
from feed.sms import store as messages
from feed.worker.state import WorkerState

_DAY = 24
_WEEK = 7 * _DAY
_MONTH = 30 * _DAY


async def remove_old_keys_and_codes(worker_state: WorkerState) -> None:
    """Removes idempotency keys, codes and ended sign-ins after a day, account events and erased subjects after a month."""
    async with transaction(worker_state.pool) as conn:
        await idempotency.remove_old(conn, hours=_DAY)
        await sign_in_store.remove_old_codes(conn, hours=_DAY)
        await sign_in_store.remove_old_tokens(conn, hours=_DAY)
        await web_session_store.remove_old_sessions(conn, hours=_DAY)
        await web_session_store.remove_old_tickets(conn, hours=1)
        await session_store.remove_old_sign_ins(conn, hours=_DAY, days=REFRESH_DAYS + 1)
        # Issuers do not retry events for so long. Their effect stays, and a late older event is still detected by its time.
        await event_store.remove_old_events(conn, hours=_MONTH)
        await erasure_store.remove_old_subjects(conn, days=SUBJECT_DAYS)


async def remove_old_former_names(worker_state: WorkerState) -> None:
    """Removes the hashes of names that were given up and are not reserved any more."""
    async with transaction(worker_state.pool) as conn:
        await name_store.remove_old_former_names(conn, days=worker_state.names_reserved_days)


async def remove_old_access_logs(worker_state: WorkerState) -> None:
    """Removes the files of the access log that are old enough; API processes do the same on their own hosts."""
    kept = worker_state.access_logs
    if kept.directory:
        await asyncio.to_thread(remove_old, Path(kept.directory), days=kept.days, now=datetime.now(SHANGHAI))


async def trim_change_log(worker_state: WorkerState) -> None:
    """Removes changes older than a week; a projection that is further behind is rebuilt instead."""
    async with transaction(worker_state.pool) as conn:
        await changes.trim_log(conn, hours=_WEEK)


async def remove_old_pushes(worker_state: WorkerState) -> None:
    """Removes ended pushes after a week, dead and unsent ones after a month."""
    async with transaction(worker_state.pool) as conn:
        await pushes.remove_old(conn, days=7, dead_days=30)


async def remove_old_purges(worker_state: WorkerState) -> None:
    """Removes delivered purges with their receipts after half a year, dead and unsent ones after a month."""
    async with transaction(worker_state.pool) as conn:
        await purges.remove_old(conn, days=180, waiting_days=30)


async def remove_old_media_evidence(worker_state: WorkerState) -> None:
    """Removes the media of posts that were taken down, rejected, or deleted during a dispute, after the days of the setting."""
    if worker_state.media is not None:
        await media_evidence.remove_old_media_evidence(worker_state.pool, days=worker_state.media.evidence_days)


async def remove_old_receipts(worker_state: WorkerState) -> None:
    """Removes receipts and daily counts after a month. Providers report within three days."""
    async with transaction(worker_state.pool) as conn:
        await receipt_store.remove_old_receipts(conn, days=30)
        await quota_store.remove_old_days(conn, days=30)


async def remove_old_phone_numbers(worker_state: WorkerState) -> None:
    """Removes the recipients of messages after a month."""
    async with transaction(worker_state.pool) as conn:
        await messages.remove_old_numbers(conn, days=30)


async def remove_old_evidence(worker_state: WorkerState) -> None:
    """Removes copies of what was reported half a year after the decision."""
    async with transaction(worker_state.pool) as conn:
        await reports.remove_old_evidence(conn, days=180)


async def trim_job_log(worker_state: WorkerState) -> None:
    """Removes log entries of jobs after a week."""
    async with transaction(worker_state.pool) as conn:
        await jobs.remove_old_entries(conn, days=7)


async def remove_old_fingerprints(worker_state: WorkerState) -> None:
    """Removes what repeats of a text are found by after a day."""
    async with transaction(worker_state.pool) as conn:
        await fingerprints.remove_old_fingerprints(conn)
