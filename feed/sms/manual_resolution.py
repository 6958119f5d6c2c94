"""An editor's decision about a message with an unknown or failed outcome: retry it, or record the outcome."""

from typing import Literal

from feed.audit import store as audit
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.postgres import Connection, Pool
from feed.sms import manual_resolution_store, store
from feed.sms.manual_resolution_store import StuckMessage
from feed.sms.model import STUCK_STATES, MessageId, MessageNotFound, MessageNotStuck, MessageTooLate
from feed.texts import read_reason


async def retry_message(
    pool: Pool, message_id: MessageId, *, by: int, reason: str, request: KeyedRequest | None = None
) -> None:
    """Queues another attempt. The phone may get the message twice; the editor accepts that.

    Raises Invalid, MessageNotFound, MessageNotStuck, MessageTooLate.
    """
    reason = read_reason(reason)
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        message = await _lock_stuck(conn, message_id)
        if message.is_obsolete:
            raise MessageTooLate
        await manual_resolution_store.mark_queued(conn, message_id)
        await store.add_job(conn, message_id, message.purpose, after_attempt=message.sending_at)
        detail = {"reason": reason, "state": message.state, "attempt": message.attempt}
        await audit.add(conn, by, "message.retry", "message", message_id, detail)


async def resolve_message(
    pool: Pool,
    message_id: MessageId,
    *,
    outcome: Literal["sent", "failed"],
    by: int,
    reason: str,
    request: KeyedRequest | None = None,
) -> None:
    """Records the outcome of the message without another attempt. Raises Invalid, MessageNotFound, MessageNotStuck."""
    reason = read_reason(reason)
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        message = await _lock_stuck(conn, message_id)
        await manual_resolution_store.mark_resolved(conn, message_id, outcome)
        detail = {"reason": reason, "state": message.state, "outcome": outcome}
        await audit.add(conn, by, "message.resolve", "message", message_id, detail)


async def _lock_stuck(conn: Connection, message_id: MessageId) -> StuckMessage:
    message = await manual_resolution_store.lock_message(conn, message_id)
    if message is None:
        raise MessageNotFound
    if message.state not in STUCK_STATES or message.resolved:
        raise MessageNotStuck
    return message
