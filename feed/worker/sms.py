"""The SMS job: commits the attempt, calls the provider, records the outcome. No message is sent twice automatically."""

import asyncio
import time

import structlog

from feed.observability.metrics import MESSAGES
from feed.sms import actions
from feed.sms.model import MessageId, SendAttempt, Wait
from feed.sms.provider import (
    ABANDONED_AFTER,
    NOT_LISTED_AFTER,
    RESPONSE_SECONDS,
    UNRESPONSIVE_AFTER,
    Found,
    Held,
    Inconclusive,
    LookupResult,
    NotAccepted,
    NotListed,
    Rejected,
    Throttled,
    Uncertain,
)
from feed.worker.state import WorkerState

log = structlog.get_logger("feed.messages")

# If a process pauses this long between commit and call, another worker may have resolved the attempt: it does not call.
_MAX_SECONDS_BEFORE_CALL = ABANDONED_AFTER.total_seconds() - RESPONSE_SECONDS - 2


async def send_message(worker_state: WorkerState, message_id: MessageId) -> Wait | None:
    """Sends one message if it is due. Returns how long to wait if it is not, else None."""
    begun = time.monotonic()
    attempt = await actions.begin_sending(
        worker_state.pool, message_id, worker_state.provider.name, worker_state.quiet, worker_state.caps
    )
    if not isinstance(attempt, SendAttempt):
        return attempt
    if time.monotonic() - begun < _MAX_SECONDS_BEFORE_CALL:
        await _hand_over(worker_state, attempt)
    return None


async def _hand_over(worker_state: WorkerState, attempt: SendAttempt) -> None:
    recipient = actions.open_recipient(worker_state.keys, attempt)
    if recipient is None:
        log.error("message cannot be opened", id=attempt.id)
        await actions.record_failed(worker_state.pool, attempt, "unreadable")
        _count(attempt, "failed")
        return
    try:
        async with asyncio.timeout(RESPONSE_SECONDS):
            provider_id = await worker_state.provider.send(
                attempt.reference, recipient.phone, attempt.purpose, recipient.params
            )
    except Rejected as error:
        log.warning("message rejected", id=attempt.id, error=str(error))
        await actions.record_failed(worker_state.pool, attempt, str(error))
        _count(attempt, "failed")
    except Throttled as error:
        held = isinstance(error, Held)
        log.log(40 if held else 30, "message postponed", id=attempt.id, error=str(error))
        await actions.requeue(worker_state.pool, attempt, after=error.retry_after, error_code=str(error))
        _count(attempt, "held" if held else "throttled")
    except (Uncertain, TimeoutError) as error:
        # It stays `sending`; resolve_abandoned looks it up by our reference.
        log.warning("message uncertain", id=attempt.id, error=str(error) or "timeout")
        _count(attempt, "uncertain")
    else:
        await actions.record_sent(worker_state.pool, attempt, provider_id)
        log.info("message sent", id=attempt.id, purpose=attempt.purpose)
        _count(attempt, "sent")


async def resolve_abandoned(worker_state: WorkerState) -> None:
    """Looks up at the provider each attempt that has no recorded outcome."""
    leased = await actions.lease_abandoned(worker_state.pool, after=ABANDONED_AFTER)
    for failure in await asyncio.gather(
        *(_resolve(worker_state, attempt) for attempt in leased), return_exceptions=True
    ):
        if isinstance(failure, BaseException):
            raise failure


async def _resolve(worker_state: WorkerState, attempt: SendAttempt) -> None:
    match await _look_up(worker_state, attempt):
        case Found(provider_id):
            if await actions.record_sent(worker_state.pool, attempt, provider_id):
                _count(attempt, "sent")
        case NotAccepted():
            await actions.requeue(worker_state.pool, attempt, error_code="not_seen")
        case NotListed() if attempt.age < NOT_LISTED_AFTER:
            pass  # It is looked up again.
        case None if attempt.age < UNRESPONSIVE_AFTER:
            pass
        case _:
            log.error("message unknown", id=attempt.id)
            if await actions.record_unknown(worker_state.pool, attempt):
                _count(attempt, "unknown")


async def _look_up(worker_state: WorkerState, attempt: SendAttempt) -> LookupResult | None:
    """The result of the lookup; None while the provider does not respond."""
    recipient = actions.open_recipient(worker_state.keys, attempt)
    if recipient is None or attempt.provider != worker_state.provider.name:
        return Inconclusive()  # Another provider does not know the message, which proves nothing.
    try:
        async with asyncio.timeout(RESPONSE_SECONDS):
            return await worker_state.provider.find(attempt.reference, recipient.phone, attempt.sending_at)
    except (Uncertain, TimeoutError):
        return None


def _count(attempt: SendAttempt, outcome: str) -> None:
    MESSAGES.labels(attempt.provider, attempt.purpose, outcome).inc()
