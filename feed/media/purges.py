"""Purges of a CDN: enqueued with the act that hides a medium, delivered at least once by a job.

Each purge is sent twice, a while apart: a response that was on its way when the medium was hidden may reach a cache after the first call.
If a worker dies between sending and recording, the receiver gets a call once more; a purge may be repeated without harm.
"""

from collections.abc import Sequence
from datetime import timedelta

from feed.audit import store as audit
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.media import purge_store as store
from feed.media.model import PurgeNotDead, PurgeNotFound
from feed.media.purge_store import PurgeAttempt, PurgeBacklog, PurgeReason
from feed.postgres import Connection, Pool, transaction

PATHS_MOST = 100
RECEIPT_CHARACTERS = 2000
# Longer than a response may be on its way.
AGAIN_AFTER = timedelta(minutes=2)
# Longer than one call takes.
_LEASE = timedelta(seconds=30)
_PROBE_INTERVAL = timedelta(seconds=10)
_PAUSE_WHILE_DOWN = timedelta(seconds=30)


async def enqueue(conn: Connection, media_ids: Sequence[int], reason: PurgeReason) -> int:
    """Enqueues purges of what may have been public, in the transaction that ends this. Returns how many.

    Media that are removed for good are purged by `removal_store.mark_removed`; this is for what is hidden and may be shown again.
    """
    return await store.add(conn, media_ids, reason)


async def lease_purges(pool: Pool) -> list[PurgeAttempt]:
    """Leases the due purges of one call; while the receiver is down, those of a probe."""
    async with transaction(pool) as conn:
        if await store.is_down(conn) and not await store.claim_probe(conn, apart=_PROBE_INTERVAL):
            return []
        return await store.lease_purges(conn, limit=PATHS_MOST, most_paths=PATHS_MOST, lease=_LEASE)


async def record_accepted(pool: Pool, attempts: Sequence[PurgeAttempt], *, receipt: str) -> None:
    """Records that the receiver accepted a call, with what it answered."""
    async with transaction(pool) as conn:
        await store.mark_accepted(conn, attempts, receipt=receipt[:RECEIPT_CHARACTERS], again_after=AGAIN_AFTER)
        await store.reset_failures(conn)


async def record_rejected(pool: Pool, attempts: Sequence[PurgeAttempt], *, error_code: str) -> None:
    """Records that the receiver rejected a call: a single purge is dead; several are sent again, each alone, to find the one."""
    async with transaction(pool) as conn:
        for each in attempts:
            if len(attempts) == 1:
                await store.mark_dead(conn, each, error_code=error_code)
            else:
                await store.mark_retry(conn, each, after=timedelta(0), error_code=error_code, alone=True)
        await store.reset_failures(conn)


async def record_failed(
    pool: Pool,
    attempts: Sequence[PurgeAttempt],
    delays: Sequence[timedelta | None],
    *,
    error_code: str,
    retry_after: timedelta | None = None,
) -> None:
    """Records a call without an answer: each purge is retried after its delay, or dead if that is None.

    `retry_after` is how long the receiver asked not to be called.
    """
    async with transaction(pool) as conn:
        for each, delay in zip(attempts, delays, strict=True):
            if delay is None:
                await store.mark_dead(conn, each, error_code=error_code)
            else:
                await store.mark_retry(conn, each, after=delay, error_code=error_code)
        if retry_after is None:
            await store.add_failure(conn, pause=_PAUSE_WHILE_DOWN)
        else:
            await store.pause_hook(conn, pause=retry_after)


async def get_backlog(pool: Pool) -> PurgeBacklog:
    """How long purges have waited, and how many were given up."""
    async with transaction(pool) as conn:
        return await store.get_backlog(conn)


async def retry_purge(pool: Pool, purge_id: int, *, by: int | None, request: KeyedRequest | None = None) -> None:
    """Queues a dead purge again with all its attempts. Raises PurgeNotFound, PurgeNotDead."""
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        purge = await store.lock_purge(conn, purge_id)
        if purge is None:
            raise PurgeNotFound
        if purge.state != "dead":
            raise PurgeNotDead
        await store.mark_waiting(conn, purge_id)
        await audit.add(conn, by, "media_purge.retry", "media_purge", purge_id)
