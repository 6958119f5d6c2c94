"""SQL for manual resolution: what editors decide about messages."""

from datetime import datetime
from typing import Literal

import msgspec

from feed.postgres import Connection, one
from feed.sms.model import MessageId, Purpose, State


class StuckMessage(msgspec.Struct, frozen=True):
    """A message before an editor's decision. `is_obsolete`: it has expired, or its phone number was removed."""

    id: MessageId
    purpose: Purpose
    state: State
    attempt: int
    sending_at: datetime | None
    resolved: bool
    is_obsolete: bool


async def lock_message(conn: Connection, message_id: MessageId) -> StuckMessage | None:
    """The message in any state, locked until the transaction ends. None if there is none."""
    row = await conn.fetchrow(
        """
        SELECT id, purpose, state, attempt, sending_at, resolved_at IS NOT NULL AS resolved,
               sealed = '' OR coalesce(expires_at <= clock_timestamp(), false) AS is_obsolete
        FROM messages
        WHERE id = $1
        FOR UPDATE
        """,
        message_id,
    )
    return one(row, StuckMessage)


async def mark_queued(conn: Connection, message_id: MessageId) -> None:
    """Queues the message for another attempt."""
    await conn.execute(
        "UPDATE messages SET state = 'queued', not_before = now(), ended_at = NULL, error_code = NULL WHERE id = $1",
        message_id,
    )


async def mark_resolved(conn: Connection, message_id: MessageId, outcome: Literal["sent", "failed"]) -> None:
    """Records the outcome that an editor gave."""
    await conn.execute(
        """
        UPDATE messages SET state = $2, resolved_at = now(), ended_at = coalesce(ended_at, now())
        WHERE id = $1
        """,
        message_id,
        outcome,
    )
