"""The steps of sending an SMS, one transaction each. A process may die between them; the next step finds out what happened."""

from datetime import timedelta

import msgspec
from cryptography.exceptions import InvalidTag

from feed.keys.store import Keys
from feed.postgres import Connection, Pool, transaction
from feed.sms import quota_store, store
from feed.sms.model import (
    URGENT,
    Expire,
    HeldBy,
    MessageId,
    QueuedMessage,
    QuietHours,
    Recipient,
    Send,
    SendAttempt,
    Wait,
    next_step,
)
from feed.sms.quotas import UNCAPPED, Caps, next_day


async def begin_sending(
    pool: Pool, message_id: MessageId, provider: str, quiet: QuietHours | None, caps: Caps = UNCAPPED
) -> SendAttempt | Wait | None:
    """Starts an attempt that no other worker makes.

    Returns the attempt, how long to wait before the next one, or None where the message is no longer queued.
    """
    async with transaction(pool) as conn:
        message = await store.lock_waiting(conn, message_id)
        if message is None:
            return None
        match next_step(message, quiet):
            case Wait() as wait:
                return await _hold(conn, message, wait, quiet, caps)
            case Expire():
                await store.mark_expired(conn, message_id)
                return None
            case Send() if await _count_within_caps(conn, message, caps):
                return await store.mark_sending(conn, message_id, provider)
            case Send():
                return await _hold(conn, message, next_day(message, quiet), quiet, caps)


async def release_held(pool: Pool, quiet: QuietHours | None, caps: Caps = UNCAPPED) -> bool:
    """Looks again at messages that another setting than the present one holds. Returns whether there may be more."""
    async with transaction(pool) as conn:
        released = await store.release_held(conn, [_setting(by, quiet, caps) for by in HeldBy])
        for message_id, purpose, held_until in released:
            # The job that waits until then finds nothing to do.
            await store.add_job(conn, message_id, purpose, after_attempt=held_until)
    return len(released) == store.RELEASED_AT_ONCE


async def _hold(conn: Connection, message: QueuedMessage, wait: Wait, quiet: QuietHours | None, caps: Caps) -> Wait:
    if wait.held_by is not None:
        await store.mark_held(
            conn,
            message.id,
            until=message.now + wait.left,
            by=wait.held_by,
            setting=_setting(wait.held_by, quiet, caps),
        )
    return wait


def _setting(by: HeldBy, quiet: QuietHours | None, caps: Caps) -> str:
    return f"{by}: {quiet if by is HeldBy.QUIET_HOURS else caps}"


async def _count_within_caps(conn: Connection, message: QueuedMessage, caps: Caps) -> bool:
    """Whether the phone and the site may get another notice today. If so, the notice is counted for the site."""
    if message.purpose in URGENT:
        return True
    if message.person is not None:
        await quota_store.lock_person(conn, message.person)
        if await quota_store.count_notices(conn, message.person) >= caps.per_phone:
            return False
    return await quota_store.add_to_day(conn, most=caps.per_day)


def open_recipient(keys: Keys, attempt: SendAttempt) -> Recipient | None:
    """The decrypted recipient. None if it was encrypted with another key or for another row."""
    try:
        plain = keys.open(attempt.sealed, aad=store.aad_of(attempt.once_key))
    except InvalidTag:
        return None
    return msgspec.json.decode(plain, type=Recipient)


async def record_sent(pool: Pool, attempt: SendAttempt, provider_id: str) -> bool:
    """Records that the provider accepted the message. Returns whether the state changed."""
    async with transaction(pool) as conn:
        return await store.mark_sent(conn, attempt, provider_id)


async def record_failed(pool: Pool, attempt: SendAttempt, error_code: str) -> bool:
    """Records that the provider rejected the message for good. Returns whether the state changed."""
    async with transaction(pool) as conn:
        return await store.mark_failed(conn, attempt, error_code)


async def record_unknown(pool: Pool, attempt: SendAttempt) -> bool:
    """Records that the outcome cannot be determined; an editor decides. Returns whether the state changed."""
    async with transaction(pool) as conn:
        return await store.mark_unknown(conn, attempt)


async def lease_abandoned(pool: Pool, *, after: timedelta) -> list[SendAttempt]:
    """Leases attempts older than `after` without a recorded outcome, for a lookup at the provider."""
    async with transaction(pool) as conn:
        return await store.lease_abandoned(conn, after=after)


async def requeue(pool: Pool, attempt: SendAttempt, *, error_code: str, after: timedelta = timedelta(0)) -> bool:
    """Queues a message again that the provider has not accepted.

    Returns whether this call queued it: of several workers only one does.
    """
    async with transaction(pool) as conn:
        queued = await store.mark_queued_again(conn, attempt, after=after, error_code=error_code)
        if queued:
            if attempt.purpose not in URGENT:
                await quota_store.subtract_from_day(conn, attempt.sending_at)
            await store.add_job(conn, attempt.id, attempt.purpose, after_attempt=attempt.sending_at, delay=after)
        return queued


async def enqueue_jobless(pool: Pool) -> int:
    """Enqueues a job for each queued message that has lost its own. Returns how many."""
    async with transaction(pool) as conn:
        jobless = await store.list_without_job(conn)
        for message_id, purpose in jobless:
            await store.add_job(conn, message_id, purpose)
    return len(jobless)
