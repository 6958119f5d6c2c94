"""Objections, for their authors and for editors."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from feed.ids import MAX_ID
from feed.postgres import Connection, many
from feed.prizes.model import ObjectionKind, ObjectionNotFound, Remedy
from feed.prizes.objections import involvement
from feed.screens.prizes.cards import CampaignName, Id

State = Literal["open", "upheld", "answered"]
# A person has one open objection of each kind; these are some rounds of them.
_OWN_MOST = 50


class OwnObjection(msgspec.Struct, frozen=True, kw_only=True):
    """An objection as its author sees it."""

    id: Id
    campaign: CampaignName
    post_id: Id | None
    comment_id: Id | None
    kind: ObjectionKind
    text: str
    state: State
    made_at: datetime
    answer: str | None
    answered_at: datetime | None


class MayObject(msgspec.Struct, frozen=True):
    """Whether the account's person may object to the result now. `refusal` is the code of the error of every objection; null: one of `kinds` is taken."""

    refusal: Literal["objections_closed", "not_a_participant", "objection_needs_phone", "already_objected"] | None
    kinds: list[ObjectionKind]


class ObjectionCard(OwnObjection, frozen=True, kw_only=True):
    """An objection as editors see it. An upheld one is open until its remedy is carried out (`remedied_at`)."""

    user: dict[str, str]
    answered_by: Id | None
    remedy: Remedy | None
    rank: int | None
    remedied_at: datetime | None
    # Whether the settlement that it is about is still in force.
    stands: bool


class _OwnRow(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    campaign_id: int
    title: str
    post_id: int | None
    comment_id: int | None
    kind: ObjectionKind
    text: str
    made_at: datetime
    answer: str | None
    answered_at: datetime | None
    remedy: Remedy | None


class _Row(_OwnRow, frozen=True, kw_only=True):
    account_id: int
    name: str
    answered_by: int | None
    rank: int | None
    remedied_at: datetime | None
    stands: bool


async def list_objections(
    conn: Connection, *, answered: tuple[bool, ...], before_id: int, limit: int, campaign_id: int | None = None
) -> list[ObjectionCard]:
    """Objections with ids below `before_id`, newest first; `answered` selects those with an answer, without one, or both.

    Those of one campaign, or by default of all.
    """
    rows = await conn.fetch(
        """
        SELECT objections.id, objections.campaign_id, campaigns.draft ->> 'title' AS title, objections.account_id,
            accounts.name, objections.post_id, objections.comment_id, objections.kind, objections.text, objections.made_at, objections.answer,
            objections.answered_at, objections.answered_by, objections.remedy, winners.rank, objections.remedied_at,
            settlements.undone_at IS NULL AS stands
        FROM objections
        JOIN campaigns ON campaigns.id = objections.campaign_id
        JOIN settlements ON settlements.id = objections.settlement_id
        JOIN accounts ON accounts.id = objections.account_id
        LEFT JOIN winners ON winners.id = objections.winner_id
        WHERE objections.id < $1 AND (objections.answered_at IS NOT NULL) = ANY ($2::boolean[])
            -- A range instead of an optional condition, which a cached plan could not use.
            AND objections.campaign_id BETWEEN $4 AND $5
        ORDER BY objections.id DESC
        LIMIT $3
        """,
        before_id,
        list(answered),
        limit,
        campaign_id or 0,
        campaign_id or MAX_ID,
    )
    return [ObjectionCard(**_own_members(row), **_editor_members(row)) for row in many(rows, _Row)]


async def get_objection(conn: Connection, objection_id: int) -> ObjectionCard:
    """One objection as editors see it. Raises ObjectionNotFound."""
    found = await list_objections(conn, answered=(True, False), before_id=objection_id + 1, limit=1)
    if not found or found[0].id != str(objection_id):
        raise ObjectionNotFound
    return found[0]


async def list_of_person(conn: Connection, campaign_id: int, account_id: int) -> list[OwnObjection]:
    """The objections of the account's person to results of the campaign, as their author sees them, newest first."""
    rows = await conn.fetch(
        """
        SELECT objections.id, objections.campaign_id, campaigns.draft ->> 'title' AS title, objections.post_id, objections.comment_id,
            objections.kind, objections.text, objections.made_at, objections.answer, objections.answered_at, objections.remedy
        FROM settlements
        JOIN campaigns ON campaigns.id = settlements.campaign_id
        JOIN objections ON objections.settlement_id = settlements.id
        WHERE settlements.campaign_id = $1
            AND objections.account_id = ANY (ARRAY(SELECT same_id FROM same_person_accounts WHERE same_person_accounts.account_id = $2))
        ORDER BY objections.id DESC
        LIMIT $3
        """,
        campaign_id,
        account_id,
        _OWN_MOST,
    )
    return [OwnObjection(**_own_members(row)) for row in many(rows, _OwnRow)]


async def get_may_object(conn: Connection, campaign_id: int, account_id: int) -> MayObject:
    """Whether the account's person may object to the campaign's result. Raises CampaignNotFound."""
    objecting = await involvement.get_objecting(conn, campaign_id, account_id)
    refusal = None if objecting.refusal is None else objecting.refusal.code
    kinds = objecting.kinds if refusal is None else []
    return msgspec.convert({"refusal": refusal, "kinds": kinds}, MayObject)


async def get_own(conn: Connection, objection_id: int) -> OwnObjection:
    """One objection as its author sees it. Raises ObjectionNotFound."""
    card = await get_objection(conn, objection_id)
    return OwnObjection(**{name: getattr(card, name) for name in OwnObjection.__struct_fields__})


def _own_members(row: _OwnRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "campaign": CampaignName(str(row.campaign_id), row.title),
        "post_id": None if row.post_id is None else str(row.post_id),
        "comment_id": None if row.comment_id is None else str(row.comment_id),
        "kind": row.kind,
        "text": row.text,
        "state": "open" if row.answered_at is None else "answered" if row.remedy is None else "upheld",
        "made_at": row.made_at,
        "answer": row.answer,
        "answered_at": row.answered_at,
    }


def _editor_members(row: _Row) -> dict[str, Any]:
    return {
        "user": {"id": str(row.account_id), "name": row.name},
        "answered_by": None if row.answered_by is None else str(row.answered_by),
        "remedy": row.remedy,
        "rank": row.rank,
        "remedied_at": row.remedied_at,
        "stands": row.stands,
    }
