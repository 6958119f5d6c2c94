"""The prizes of a campaign and their fulfilment, for editors."""

from datetime import datetime
from typing import Any

import msgspec

from feed.campaigns.errors import CampaignNotFound
from feed.postgres import Connection, many
from feed.prizes.model import WinnerState
from feed.screens.prizes.cards import Id, Parcel, PrizeItem, items_of, parcel_of, shown_score


class ClaimCard(msgspec.Struct, frozen=True, kw_only=True):
    """A winner as editors see it, with the claim's details masked."""

    id: Id
    place: int
    rank: int
    user: dict[str, str]
    post_id: Id | None
    comment_id: Id | None
    score: str | None
    prizes: list[PrizeItem]
    state: WinnerState
    state_reason: str | None
    claim: dict[str, str] | None
    shipment: Parcel | None
    notified_at: datetime | None
    claim_ends_at: datetime | None
    claimed_at: datetime | None


class _Row(msgspec.Struct, frozen=True):
    id: int
    place: int
    rank: int
    account_id: int
    name: str
    post_id: Id | None
    comment_id: Id | None
    score: str
    is_drawn: bool
    prizes: list[dict[str, Any]]
    state: WinnerState
    state_reason: str | None
    masked: dict[str, str] | None
    carrier: str | None
    tracking_no: str | None
    shipped_at: datetime | None
    notified_at: datetime | None
    claim_ends_at: datetime | None
    claimed_at: datetime | None


class Reader(msgspec.Struct, frozen=True):
    """An account with access to claim details: until when, granted by whom, and why."""

    user_id: str
    name: str
    until: datetime
    granted_by: str
    reason: str


async def list_claims(conn: Connection, campaign_id: int) -> list[ClaimCard]:
    """All winners of the settlement in force, by place and then in the order of promotion. Raises CampaignNotFound."""
    if not await conn.fetchval("SELECT EXISTS (SELECT FROM campaigns WHERE id = $1)", campaign_id):
        raise CampaignNotFound
    rows = await conn.fetch(
        """
        SELECT winners.id, winners.place, winners.rank, winners.account_id, accounts.name, winners.post_id::text, winners.comment_id::text, winners.score,
            EXISTS (SELECT FROM draws WHERE draws.settlement_id = winners.settlement_id) AS is_drawn,
            winners.prizes, winners.state, winners.state_reason, claims.masked,
            shipments.carrier, shipments.tracking_no, shipments.shipped_at, winners.notified_at,
            winners.claim_ends_at, claims.claimed_at
        FROM winners
        JOIN settlements ON settlements.id = winners.settlement_id AND settlements.undone_at IS NULL
        JOIN accounts ON accounts.id = winners.account_id
        LEFT JOIN claims ON claims.winner_id = winners.id
        LEFT JOIN shipments ON shipments.winner_id = winners.id
        WHERE winners.campaign_id = $1
        ORDER BY winners.place, winners.id
        """,
        campaign_id,
    )
    return [_claim_card(row) for row in many(rows, _Row)]


def _claim_card(row: _Row) -> ClaimCard:
    return ClaimCard(
        id=str(row.id),
        place=row.place,
        rank=row.rank,
        user={"id": str(row.account_id), "name": row.name},
        post_id=row.post_id,
        comment_id=row.comment_id,
        score=shown_score(row.score, is_drawn=row.is_drawn),
        prizes=items_of(row.prizes),
        state=row.state,
        state_reason=row.state_reason,
        claim=row.masked,
        shipment=parcel_of(row.carrier, row.tracking_no, row.shipped_at),
        notified_at=row.notified_at,
        claim_ends_at=row.claim_ends_at,
        claimed_at=row.claimed_at,
    )


async def list_readers(conn: Connection, campaign_id: int) -> list[Reader]:
    """The accounts with access that may be used now, the earliest end first. Raises CampaignNotFound."""
    if not await conn.fetchval("SELECT EXISTS (SELECT FROM campaigns WHERE id = $1)", campaign_id):
        raise CampaignNotFound
    rows = await conn.fetch(
        """
        SELECT granted.account_id::text, accounts.name, granted.until, granted.granted_by::text, granted.reason
        FROM claim_access_now AS granted JOIN accounts ON accounts.id = granted.account_id
        WHERE granted.campaign_id = $1
        ORDER BY granted.until, granted.account_id
        """,
        campaign_id,
    )
    return [Reader(*row) for row in rows]
