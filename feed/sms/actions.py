"""The steps of sending. Between them a process may die; each leaves the next one able to tell what happened."""

from datetime import timedelta

import msgspec
from cryptography.exceptions import InvalidTag

from feed.keys.store import Keys
from feed.postgres import Connection, Pool, transaction
from feed.sms import quota_store, store
from feed.sms.model import URGENT, Expire, MessageId, QuietHours, Recipient, Send, Sending, Wait, Waiting, next_step
from feed.sms.quotas import UNCAPPED, Caps, next_day


async def begin_sending(
    pool: Pool, message_id: MessageId, provider: str, quiet: QuietHours | None, caps: Caps = UNCAPPED
) -> Sending | Wait | None:
    """An attempt that is ours alone to make, or until when to wait. None: nothing is to be done any more."""
    async with transaction(pool) as conn:
        message = await store.lock_waiting(conn, message_id)
        if message is None:
            return None
        match next_step(message, quiet):
            case Wait() as wait:
                return wait
            case Expire():
                await store.mark_expired(conn, message_id)
                return None
            case Send() if await _is_within(conn, message, caps):
                return await store.mark_sending(conn, message_id, provider)
            case Send():
                return next_day(message, quiet)


async def _is_within(conn: Connection, message: Waiting, caps: Caps) -> bool:
    """Whether the phone and the site may get another notice today; the site's is counted with the answer."""
    if message.purpose in URGENT:
        return True
    if message.person is not None:
        await quota_store.lock_person(conn, message.person)
        if await quota_store.count_notices(conn, message.person) >= caps.per_phone:
            return False
    return await quota_store.take_of_day(conn, most=caps.per_day)


def open_recipient(keys: Keys, attempt: Sending) -> Recipient | None:
    """Whom the message is for. None: it was sealed with another key, or moved from another row."""
    try:
        plain = keys.open(attempt.sealed, aad=store.seal_of(attempt.once_key))
    except InvalidTag:
        return None
    return msgspec.json.decode(plain, type=Recipient)


async def record_sent(pool: Pool, attempt: Sending, provider_id: str) -> bool:
    """The provider has taken it."""
    async with transaction(pool) as conn:
        return await store.mark_sent(conn, attempt, provider_id)


async def record_failed(pool: Pool, attempt: Sending, error_code: str) -> bool:
    """It will never be taken."""
    async with transaction(pool) as conn:
        return await store.mark_failed(conn, attempt, error_code)


async def record_unknown(pool: Pool, attempt: Sending) -> bool:
    """Leaves the decision to an editor."""
    async with transaction(pool) as conn:
        return await store.mark_unknown(conn, attempt)


async def lease_abandoned(pool: Pool, *, after: timedelta) -> list[Sending]:
    """Attempts that nobody is still making, and that are ours to ask about."""
    async with transaction(pool) as conn:
        return await store.lease_abandoned(conn, after=after)


async def send_again(pool: Pool, attempt: Sending, *, error_code: str, after: timedelta = timedelta(0)) -> bool:
    """Queues a message of which the provider says that it has not taken it. Whoever is told true has queued it."""
    async with transaction(pool) as conn:
        queued = await store.mark_queued_again(conn, attempt, after=after, error_code=error_code)
        if queued:
            if attempt.purpose not in URGENT:
                await quota_store.give_back(conn, attempt.sending_at)
            await store.add_job(conn, attempt.id, attempt.purpose, after_attempt=attempt.sending_at, delay=after)
        return queued


async def wake_jobless(pool: Pool) -> int:
    """Gives a job to each message that has lost its own. Returns how many it were."""
    async with transaction(pool) as conn:
        jobless = await store.list_jobless(conn)
        for message_id, purpose in jobless:
            await store.add_job(conn, message_id, purpose)
    return len(jobless)
