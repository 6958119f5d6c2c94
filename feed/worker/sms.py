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
from feed.worker.state import Worlds

log = structlog.get_logger("feed.messages")

# A process that slept between the commit and the call may find that others have asked and gone on: then it does not call.
_HAND_OVER_SECONDS = ABANDONED_AFTER.total_seconds() - ANSWER_SECONDS - 2


async def send_message(worlds: Worlds, message_id: MessageId) -> Wait | None:
    """Sends one message if it is due and nobody else's; else tells until when to wait."""
    begun = time.monotonic()
    attempt = await actions.begin_sending(worlds.pool, message_id, worlds.provider.name, worlds.quiet, worlds.caps)
    if not isinstance(attempt, Sending):
        return attempt
    if time.monotonic() - begun < _HAND_OVER_SECONDS:
        await _hand_over(worlds, attempt)
    return None


async def _hand_over(worlds: Worlds, attempt: Sending) -> None:
    recipient = actions.open_recipient(worlds.keys, attempt)
    if recipient is None:
        log.error("message cannot be opened", id=attempt.id)
        await actions.record_failed(worlds.pool, attempt, "unreadable")
        _count(attempt, "failed")
        return
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            provider_id = await worlds.provider.send(
                attempt.reference, recipient.phone, attempt.purpose, recipient.params
            )
    except Refused as refusal:
        log.warning("message refused", id=attempt.id, error=str(refusal))
        await actions.record_failed(worlds.pool, attempt, str(refusal))
        _count(attempt, "failed")
    except Throttled as refusal:
        held = isinstance(refusal, Held)
        log.log(40 if held else 30, "message put off", id=attempt.id, error=str(refusal))
        await actions.send_again(worlds.pool, attempt, after=refusal.retry_after, error_code=str(refusal))
        _count(attempt, "held" if held else "throttled")
    except (Uncertain, TimeoutError) as error:
        # It stays `sending`: resolve_abandoned asks for it by our reference.
        log.warning("message uncertain", id=attempt.id, error=str(error) or "timeout")
        _count(attempt, "uncertain")
    else:
        await actions.record_sent(worlds.pool, attempt, provider_id)
        log.info("message sent", id=attempt.id, purpose=attempt.purpose)
        _count(attempt, "sent")


async def resolve_abandoned(worlds: Worlds) -> None:
    """Asks the provider for each attempt whose end nobody has recorded."""
    leased = await actions.lease_abandoned(worlds.pool, after=ABANDONED_AFTER)
    for failure in await asyncio.gather(*(_resolve(worlds, attempt) for attempt in leased), return_exceptions=True):
        if isinstance(failure, BaseException):
            raise failure


async def _resolve(worlds: Worlds, attempt: Sending) -> None:
    match await _trace(worlds, attempt):
        case Found(provider_id):
            if await actions.record_sent(worlds.pool, attempt, provider_id):
                _count(attempt, "sent")
        case NotSeen():
            await actions.send_again(worlds.pool, attempt, error_code="not_seen")
        case Missing() if attempt.age < MISSING_AFTER:
            pass  # It is asked again.
        case None if attempt.age < SILENT_AFTER:
            pass
        case _:
            log.error("message unknown", id=attempt.id)
            if await actions.record_unknown(worlds.pool, attempt):
                _count(attempt, "unknown")


async def _trace(worlds: Worlds, attempt: Sending) -> Trace | None:
    """What the provider says; None while it does not answer."""
    recipient = actions.open_recipient(worlds.keys, attempt)
    if recipient is None or attempt.provider != worlds.provider.name:
        return CannotTell()  # Whoever is asked now has never heard of it, and that proves nothing.
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await worlds.provider.find(attempt.reference, recipient.phone, attempt.sending_at)
    except (Uncertain, TimeoutError):
        return None


def _count(attempt: Sending, outcome: str) -> None:
    MESSAGES.labels(attempt.provider, attempt.purpose, outcome).inc()
