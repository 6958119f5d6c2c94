"""Text messages as staff see them: without their text, and with masked numbers."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from asyncpg import Record

from feed.keys.store import Keys
from feed.phones import mask_phone
from feed.postgres import Connection
from feed.screens.posts.cards import Id
from feed.screens.prizes.cards import CampaignName
from feed.sms.actions import open_recipient
from feed.sms.model import HeldBy, MessageNotFound, Purpose, Recipient, SendAttempt, State


class MessageCard(msgspec.Struct, frozen=True, kw_only=True):
    """A message. `campaign` is its subject; `receipt_at`: the time of the provider's latest delivery report.

    `held_by` and `held_until`: why a queued message waits although it is due, and until when.
    """

    id: Id
    purpose: Purpose
    state: State
    phone_masked: str | None
    user_id: Id | None
    campaign: CampaignName | None
    provider: str | None
    attempts: int
    error_code: str | None
    created_at: datetime
    not_before: datetime
    held_by: HeldBy | None
    held_until: datetime | None
    expires_at: datetime | None
    sending_at: datetime | None
    ended_at: datetime | None
    receipt_at: datetime | None
    resolved_at: datetime | None


class HeldMessage(msgspec.Struct, frozen=True):
    """A message that is due and waits."""

    id: Id
    purpose: Purpose
    held_by: HeldBy
    held_until: datetime


async def list_undecided_ids(conn: Connection, before_id: int, limit: int) -> list[int]:
    """Ids of messages that wait for an editor's decision, newest first."""
    rows = await conn.fetch(
        """
        SELECT id
        FROM messages
        WHERE state IN ('unknown', 'failed', 'undelivered') AND resolved_at IS NULL AND id < $1
        ORDER BY id DESC
        LIMIT $2
        """,
        before_id,
        limit,
    )
    return [row["id"] for row in rows]


async def list_ids_in_state(conn: Connection, state: State, before_id: int, limit: int) -> list[int]:
    """Ids of messages in a state, newest first."""
    rows = await conn.fetch(
        "SELECT id FROM messages WHERE state = $1 AND id < $2 ORDER BY id DESC LIMIT $3", state, before_id, limit
    )
    return [row["id"] for row in rows]


async def list_ids_of_campaign(
    conn: Connection, campaign_id: int, states: Sequence[State], before_id: int, limit: int
) -> list[int]:
    """Ids of messages about a campaign in these states, newest first."""
    rows = await conn.fetch(
        """
        SELECT id
        FROM messages
        WHERE campaign_id = $1 AND state = ANY ($2::text[]) AND id < $3
        ORDER BY id DESC
        LIMIT $4
        """,
        campaign_id,
        states,
        before_id,
        limit,
    )
    return [row["id"] for row in rows]


async def list_messages(conn: Connection, keys: Keys, ids: Sequence[int]) -> list[MessageCard]:
    """The messages with these ids, newest first."""
    rows = await conn.fetch(
        """
        SELECT messages.id, purpose, messages.state, once_key, sealed, account_id, campaign_id,
               campaigns.draft ->> 'title' AS title, provider, attempt, error_code, messages.created_at, not_before,
               CASE WHEN messages.state = 'queued' THEN held_by END AS held_by,
               CASE WHEN messages.state = 'queued' THEN held_until END AS held_until,
               expires_at, sending_at, ended_at, receipt_at, resolved_at
        FROM messages
        LEFT JOIN campaigns ON campaigns.id = messages.campaign_id
        WHERE messages.id = ANY ($1::bigint[])
        ORDER BY messages.id DESC
        """,
        ids,
    )
    return [_card(row, keys) for row in rows]


async def list_held(conn: Connection, keys: Keys, limit: int = 1000) -> list[tuple[HeldMessage, Recipient]]:
    """Messages that are due and held, oldest first, with their recipients."""
    rows = await conn.fetch(
        """
        SELECT id, purpose, once_key, sealed, created_at, held_by, held_until
        FROM messages
        WHERE state = 'queued' AND held_by IS NOT NULL
        ORDER BY id
        LIMIT $1
        """,
        limit,
    )
    held = []
    for row in rows:
        sealed = SendAttempt(row["id"], row["purpose"], row["once_key"], row["sealed"], row["created_at"])
        if recipient := open_recipient(keys, sealed):
            message = HeldMessage(str(row["id"]), Purpose(row["purpose"]), HeldBy(row["held_by"]), row["held_until"])
            held.append((message, recipient))
    return held


async def get_message(conn: Connection, keys: Keys, message_id: int) -> MessageCard:
    """One message. Raises MessageNotFound."""
    for card in await list_messages(conn, keys, [message_id]):
        return card
    raise MessageNotFound


def _card(row: Record, keys: Keys) -> MessageCard:
    sealed = SendAttempt(row["id"], row["purpose"], row["once_key"], row["sealed"], row["created_at"])
    recipient = open_recipient(keys, sealed)
    campaign_id = row["campaign_id"]
    return MessageCard(
        id=str(row["id"]),
        purpose=Purpose(row["purpose"]),
        state=State(row["state"]),
        phone_masked=None if recipient is None else mask_phone(recipient.phone),
        user_id=None if row["account_id"] is None else str(row["account_id"]),
        campaign=None if campaign_id is None else CampaignName(str(campaign_id), row["title"] or ""),
        provider=row["provider"],
        attempts=row["attempt"],
        error_code=row["error_code"],
        created_at=row["created_at"],
        not_before=row["not_before"],
        held_by=None if row["held_by"] is None else HeldBy(row["held_by"]),
        held_until=row["held_until"],
        expires_at=row["expires_at"],
        sending_at=row["sending_at"],
        ended_at=row["ended_at"],
        receipt_at=row["receipt_at"],
        resolved_at=row["resolved_at"],
    )
