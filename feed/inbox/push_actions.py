"""The steps of sending pushes. If a worker dies between them, the receiver gets a push twice, with the same id."""

from datetime import timedelta

from feed.audit import store as audit
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import push_store as store
from feed.inbox.model import PushNotDead, PushNotFound
from feed.inbox.push_store import Attempt, PushState
from feed.postgres import Pool, transaction

BATCH_SIZE = 10
# Longer than one batch of attempts takes.
_LEASE = timedelta(seconds=30)
_PROBE_INTERVAL = timedelta(seconds=10)
_PAUSE_WHILE_DOWN = timedelta(seconds=30)


async def lease_pushes(pool: Pool) -> list[Attempt]:
    """Leases due pushes for this worker: a batch, or a single probe while the receiver is down."""
    async with transaction(pool) as conn:
        down = await store.is_down(conn)
        if down and not await store.claim_probe(conn, apart=_PROBE_INTERVAL):
            return []
        return await store.lease_pushes(conn, limit=1 if down else BATCH_SIZE, lease=_LEASE)


async def record_outcome(
    pool: Pool, attempt: Attempt, state: PushState, *, error_code: str | None = None, answered: bool = True
) -> None:
    """Records the final state of a push. `answered`: the receiver responded, so it is up."""
    async with transaction(pool) as conn:
        await store.mark_ended(conn, attempt, state, error_code)
        if answered:
            await store.reset_failures(conn)


async def record_failure(
    pool: Pool, attempt: Attempt, *, after: timedelta | None, error_code: str, retry_after: timedelta | None = None
) -> None:
    """Records a failed attempt: the push is retried after `after`, or is dead if None.

    `retry_after` is how long the receiver asked not to be called.
    """
    async with transaction(pool) as conn:
        if after is None:
            await store.mark_ended(conn, attempt, "dead", error_code)
        else:
            await store.mark_retry(conn, attempt, after=after, error_code=error_code)
        if retry_after is None:
            await store.add_failure(conn, pause=_PAUSE_WHILE_DOWN)
        else:
            await store.pause_hook(conn, pause=retry_after)


async def mark_hook_served(pool: Pool) -> float:
    """Records that a worker serves the hook. Returns the age of the oldest waiting push in seconds."""
    async with transaction(pool) as conn:
        await store.mark_served(conn)
        return await store.get_oldest_seconds(conn)


async def retry_push(pool: Pool, push_id: int, *, by: int | None, request: KeyedRequest | None = None) -> None:
    """Queues a dead push again with all its attempts. Raises PushNotFound, PushNotDead."""
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        push = await store.lock_push(conn, push_id)
        if push is None:
            raise PushNotFound
        if push.state != "dead":
            raise PushNotDead
        await store.mark_waiting(conn, push_id)
        await audit.add(conn, by, "push.retry", "push", push_id)


async def retry_all_pushes(pool: Pool, *, by: int | None) -> int:
    """Queues every dead push again. Returns how many."""
    async with transaction(pool) as conn:
        count = await store.mark_all_waiting(conn)
        if count:
            await audit.add(conn, by, "push.retry_all", "push", None, {"count": count})
        return count
