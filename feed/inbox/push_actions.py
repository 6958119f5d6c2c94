"""The steps of pushing. Between them a worker may die; the receiver then hears a push twice, under the same id."""

from datetime import timedelta

from feed.audit import store as audit
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import push_store as store
from feed.inbox.model import PushNotDead, PushNotFound
from feed.inbox.push_store import Attempt, PushState
from feed.postgres import Pool, transaction

AT_ONCE = 10
# Longer than a whole round of attempts takes.
_LEASE = timedelta(seconds=30)
_PROBES_APART = timedelta(seconds=10)
_LEFT_ALONE = timedelta(seconds=30)


async def lease_pushes(pool: Pool) -> list[Attempt]:
    """What is ours to send now: a handful, or one probe while the receiver is down."""
    async with transaction(pool) as conn:
        down = await store.is_down(conn)
        if down and not await store.take_probe(conn, apart=_PROBES_APART):
            return []
        return await store.lease_pushes(conn, limit=1 if down else AT_ONCE, lease=_LEASE)


async def record_end(
    pool: Pool, attempt: Attempt, state: PushState, *, error_code: str | None = None, answered: bool = True
) -> None:
    """The push is delivered, dead or retracted. `answered`: by a receiver that is up."""
    async with transaction(pool) as conn:
        await store.mark_ended(conn, attempt, state, error_code)
        if answered:
            await store.mark_answering(conn)


async def record_failure(
    pool: Pool, attempt: Attempt, *, after: timedelta | None, error_code: str, patience: timedelta | None = None
) -> None:
    """The receiver has failed: the push is tried again `after` so long, or given up. `patience` is what it asks for."""
    async with transaction(pool) as conn:
        if after is None:
            await store.mark_ended(conn, attempt, "dead", error_code)
        else:
            await store.mark_again(conn, attempt, after=after, error_code=error_code)
        if patience is None:
            await store.mark_failing(conn, pause=_LEFT_ALONE)
        else:
            await store.mark_patient(conn, pause=patience)


async def serve_hook(pool: Pool) -> float:
    """Says that a worker stands ready. Returns for how many seconds the oldest push has been waiting."""
    async with transaction(pool) as conn:
        await store.mark_served(conn)
        return await store.oldest_seconds(conn)


async def retry_push(pool: Pool, push_id: int, *, by: int | None, request: KeyedRequest | None = None) -> None:
    """Tries a dead push again from the beginning. Raises PushNotFound, PushNotDead."""
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
    """Tries every dead push again; how many they are."""
    async with transaction(pool) as conn:
        count = await store.mark_all_waiting(conn)
        if count:
            await audit.add(conn, by, "push.retry_all", "push", None, {"count": count})
        return count
