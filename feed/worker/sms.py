"""Handing messages to the provider: committed as `sending`, handed over, recorded. Never twice by itself."""

import asyncio
import time

import structlog

from feed.metrics import MESSAGES
from feed.sms import actions
from feed.sms.model import MessageId, Sending, Wait
from feed.sms.provider import (
    ABANDONED_AFTER,
    ANSWER_SECONDS,
    MISSING_AFTER,
    SILENT_AFTER,
    CannotTell,
    Found,
    Held,
    Missing,
    NotSeen,
    Refused,
    Throttled,
    Trace,
    Uncertain,
)
from feed.worker.state import WorkerState

log = structlog.get_logger("feed.messages")

# A process that slept between the commit and the call may find that others have asked and gone on: then it does not call.
_HAND_OVER_SECONDS = ABANDONED_AFTER.total_seconds() - ANSWER_SECONDS - 2


async def send_message(worker_state: WorkerState, message_id: MessageId) -> Wait | None:
    """Sends one message if it is due and nobody else's; else tells until when to wait."""
    begun = time.monotonic()
    attempt = await actions.begin_sending(
        worker_state.pool, message_id, worker_state.provider.name, worker_state.quiet, worker_state.caps
    )
    if not isinstance(attempt, Sending):
        return attempt
    if time.monotonic() - begun < _HAND_OVER_SECONDS:
        await _hand_over(worker_state, attempt)
    return None


async def _hand_over(worker_state: WorkerState, attempt: Sending) -> None:
    recipient = actions.open_recipient(worker_state.keys, attempt)
    if recipient is None:
        log.error("message cannot be opened", id=attempt.id)
        await actions.record_failed(worker_state.pool, attempt, "unreadable")
        _count(attempt, "failed")
        return
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            provider_id = await worker_state.provider.send(
                attempt.reference, recipient.phone, attempt.purpose, recipient.params
            )
    except Refused as refusal:
        log.warning("message refused", id=attempt.id, error=str(refusal))
        await actions.record_failed(worker_state.pool, attempt, str(refusal))
        _count(attempt, "failed")
    except Throttled as refusal:
        held = isinstance(refusal, Held)
        log.log(40 if held else 30, "message put off", id=attempt.id, error=str(refusal))
        await actions.send_again(worker_state.pool, attempt, after=refusal.retry_after, error_code=str(refusal))
        _count(attempt, "held" if held else "throttled")
    except (Uncertain, TimeoutError) as error:
        # It stays `sending`: resolve_abandoned asks for it by our reference.
        log.warning("message uncertain", id=attempt.id, error=str(error) or "timeout")
        _count(attempt, "uncertain")
    else:
        await actions.record_sent(worker_state.pool, attempt, provider_id)
        log.info("message sent", id=attempt.id, purpose=attempt.purpose)
        _count(attempt, "sent")


async def resolve_abandoned(worker_state: WorkerState) -> None:
    """Asks the provider for each attempt whose end nobody has recorded."""
    leased = await actions.lease_abandoned(worker_state.pool, after=ABANDONED_AFTER)
    for failure in await asyncio.gather(
        *(_resolve(worker_state, attempt) for attempt in leased), return_exceptions=True
    ):
        if isinstance(failure, BaseException):
            raise failure


async def _resolve(worker_state: WorkerState, attempt: Sending) -> None:
    match await _trace(worker_state, attempt):
        case Found(provider_id):
            if await actions.record_sent(worker_state.pool, attempt, provider_id):
                _count(attempt, "sent")
        case NotSeen():
            await actions.send_again(worker_state.pool, attempt, error_code="not_seen")
        case Missing() if attempt.age < MISSING_AFTER:
            pass  # It is asked again.
        case None if attempt.age < SILENT_AFTER:
            pass
        case _:
            log.error("message unknown", id=attempt.id)
            if await actions.record_unknown(worker_state.pool, attempt):
                _count(attempt, "unknown")


async def _trace(worker_state: WorkerState, attempt: Sending) -> Trace | None:
    """What the provider says; None while it does not answer."""
    recipient = actions.open_recipient(worker_state.keys, attempt)
    if recipient is None or attempt.provider != worker_state.provider.name:
        return CannotTell()  # Whoever is asked now has never heard of it, and that proves nothing.
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await worker_state.provider.find(attempt.reference, recipient.phone, attempt.sending_at)
    except (Uncertain, TimeoutError):
        return None


def _count(attempt: Sending, outcome: str) -> None:
    MESSAGES.labels(attempt.provider, attempt.purpose, outcome).inc()
