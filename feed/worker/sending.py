"""Handing messages to the provider: committed as `sending`, handed over, recorded. Never twice by itself."""

import asyncio
import time

import structlog

from feed.messages import actions
from feed.messages.model import MessageId, Sending, Wait
from feed.messages.provider import (
    ABANDONED_AFTER,
    ANSWER_SECONDS,
    CannotTell,
    Found,
    NotSeen,
    Refused,
    Throttled,
    Uncertain,
)
from feed.worker.worlds import Worlds

log = structlog.get_logger("feed.messages")

# A process that slept between the commit and the call may find that others have asked and gone on: then it does not call.
_HAND_OVER_SECONDS = ABANDONED_AFTER.total_seconds() - ANSWER_SECONDS - 2


async def send_message(worlds: Worlds, message_id: MessageId) -> Wait | None:
    """Sends one message if it is due and nobody else's; else tells until when to wait."""
    begun = time.monotonic()
    attempt = await actions.begin_sending(worlds.pool, message_id, worlds.provider.name, worlds.quiet)
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
        return
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            provider_id = await worlds.provider.send(attempt.id, recipient.phone, attempt.purpose, recipient.params)
    except Refused as refusal:
        log.warning("message refused", id=attempt.id, error=str(refusal))
        await actions.record_failed(worlds.pool, attempt, str(refusal))
    except Throttled as refusal:
        await actions.send_again(worlds.pool, attempt, after=refusal.retry_after, error_code=str(refusal))
    except (Uncertain, TimeoutError):
        # It stays `sending`: resolve_abandoned asks for it by our id.
        log.warning("message uncertain", id=attempt.id)
    else:
        await actions.record_sent(worlds.pool, attempt, provider_id)
        log.info("message sent", id=attempt.id, purpose=attempt.purpose)


async def resolve_abandoned(worlds: Worlds) -> None:
    """Asks the provider for each attempt whose end nobody has recorded."""
    for attempt in await actions.list_abandoned(worlds.pool, after=ABANDONED_AFTER):
        recipient = actions.open_recipient(worlds.keys, attempt)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await worlds.provider.find(
                    attempt.id, recipient.phone if recipient else "", attempt.sending_at
                )
        except (Uncertain, TimeoutError):
            continue  # Not now; it is asked again.
        match answer:
            case Found(provider_id):
                await actions.record_sent(worlds.pool, attempt, provider_id)
            case NotSeen():
                await actions.send_again(worlds.pool, attempt, error_code="not_seen")
            case CannotTell():
                log.error("message unknown", id=attempt.id)
                await actions.record_unknown(worlds.pool, attempt)
