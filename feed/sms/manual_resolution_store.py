"""The SQL of what editors decide about messages."""

from datetime import datetime
from typing import Literal

import msgspec

from feed.postgres import Connection, one
from feed.sms.model import MessageId, Purpose, State


class Stuck(msgspec.Struct, frozen=True):
    """A message as somebody finds it who is to decide. `over`: what it tells of has passed, or its number is forgotten."""

    id: MessageId
    purpose: Purpose
    state: State
    attempt: int
    sending_at: datetime | None
    resolved: bool
    over: bool


async def lock_message(conn: Connection, message_id: MessageId) -> Stuck | None:
    """The message, whatever has become of it."""
    row = await conn.fetchrow(
        """
        SELECT id, purpose, state, attempt, sending_at, resolved_at IS NOT NULL AS resolved,
               sealed = '' OR coalesce(expires_at <= clock_timestamp(), false) AS over
        FROM messages
        WHERE id = $1
        FOR UPDATE
        """,
        message_id,
    )
    return one(row, Stuck)


async def mark_queued(conn: Connection, message_id: MessageId) -> None:
    """It waits for another attempt."""
    await conn.execute(
        "UPDATE messages SET state = 'queued', not_before = now(), ended_at = NULL, error_code = NULL WHERE id = $1",
        message_id,
    )


async def mark_resolved(conn: Connection, message_id: MessageId, outcome: Literal["sent", "failed"]) -> None:
    """It ended as somebody says."""
    await conn.execute(
        """
        UPDATE messages SET state = $2, resolved_at = now(), ended_at = coalesce(ended_at, now())
        WHERE id = $1
        """,
        message_id,
        outcome,
    )
