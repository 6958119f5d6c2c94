"""Results for everybody, prizes for their winners, claims for editors."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from asyncpg import Record

from feed.campaigns.refusals import CampaignNotFound
from feed.paging import Position
from feed.postgres import Connection, many
from feed.prizes.claim import needed_fields
from feed.prizes.model import PrizeNotFound, ResultNotFound
from feed.prizes.result import pseudonym, with_people

Id = str


class CampaignName(msgspec.Struct, frozen=True):
    """The campaign that a prize comes from."""

    id: Id
    title: str


class PrizeItem(msgspec.Struct, frozen=True):
    """One of the things that a place brings."""

    name: str
    kind: str
    per_winner: int
    value_cny: Any = None


class PrizeCard(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has won, as the winner sees it. `needs` are the fields that its claim asks for."""

    id: Id
    campaign: CampaignName
    place: int
    post_id: Id
    prizes: list[PrizeItem]
    state: str
    state_reason: str | None
    needs: list[str]
    claim: dict[str, str] | None
    notified_at: datetime
    claim_ends_at: datetime


class ClaimCard(msgspec.Struct, frozen=True, kw_only=True):
    """A place as the editors see it; what the winner gave is masked."""

    id: Id
    place: int
    rank: int
    user: dict[str, str]
    post_id: Id
    score: str
    prizes: list[PrizeItem]
    state: str
    state_reason: str | None
    claim: dict[str, str] | None
    notified_at: datetime | None
    claim_ends_at: datetime | None
    claimed_at: datetime | None


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom the settlement has found. Reserves have their position in line as `place`."""

    place: int
    rank: int
    user: dict[str, str]
    post_id: Id
    score: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Where the settlement of a campaign stands: what it waits for, or whom it has found."""

    campaign_id: Id
    state: str
    blocked_by: list[dict[str, Any]]
    skipped: list[dict[str, Any]]
    frozen_at: datetime | None
    settled_at: datetime | None
    result_sha256: str | None
    winners: list[Chosen]
    reserves: list[Chosen]
    announced_first_by: Id | None
    announced_at: datetime | None


class _Row(msgspec.Struct, frozen=True):
    id: int
    campaign_id: int
    title: str
    place: int
    rank: int
    account_id: int
    name: str
    post_id: int
    score: str
    prizes: list[dict[str, Any]]
    state: str
    state_reason: str | None
    masked: dict[str, str] | None
    notified_at: datetime | None
    claim_ends_at: datetime | None
    claimed_at: datetime | None


async def list_prizes(conn: Connection, account_id: int, after: Position, limit: int) -> list[PrizeCard]:
    """What the account has won and been told of, the latest first."""
    rows = await conn.fetch(
        """
        SELECT winners.id, winners.campaign_id, campaigns.draft ->> 'title' AS title, winners.place, winners.rank,
            winners.account_id, accounts.name, winners.post_id, winners.score, winners.prizes, winners.state,
            winners.state_reason, claims.masked, winners.notified_at, winners.claim_ends_at, claims.claimed_at
        FROM winners
        JOIN campaigns ON campaigns.id = winners.campaign_id
        JOIN accounts ON accounts.id = winners.account_id
        LEFT JOIN claims ON claims.winner_id = winners.id
        WHERE winners.account_id = $1 AND winners.notified_at IS NOT NULL
            AND (winners.notified_at, winners.id) < ($2, $3)
        ORDER BY winners.notified_at DESC, winners.id DESC
        LIMIT $4
        """,
        account_id,
        after.at,
        after.id,
        limit,
    )
    return [_prize_card(row) for row in many(rows, _Row)]


async def get_prize(conn: Connection, winner_id: int) -> PrizeCard:
    """One prize, once its winner was told. Raises PrizeNotFound."""
    rows = await conn.fetch(
        """
        SELECT winners.id, winners.campaign_id, campaigns.draft ->> 'title' AS title, winners.place, winners.rank,
            winners.account_id, accounts.name, winners.post_id, winners.score, winners.prizes, winners.state,
            winners.state_reason, claims.masked, winners.notified_at, winners.claim_ends_at, claims.claimed_at
        FROM winners
        JOIN campaigns ON campaigns.id = winners.campaign_id
        JOIN accounts ON accounts.id = winners.account_id
        LEFT JOIN claims ON claims.winner_id = winners.id
        WHERE winners.id = $1 AND winners.notified_at IS NOT NULL
        """,
        winner_id,
    )
    if not rows:
        raise PrizeNotFound
    return _prize_card(many(rows, _Row)[0])


async def list_claims(conn: Connection, campaign_id: int) -> list[ClaimCard]:
    """Every place that the standing settlement has filled, by place and then in the order of moving up."""
    rows = await conn.fetch(
        """
        SELECT winners.id, winners.campaign_id, campaigns.draft ->> 'title' AS title, winners.place, winners.rank,
            winners.account_id, accounts.name, winners.post_id, winners.score, winners.prizes, winners.state,
            winners.state_reason, claims.masked, winners.notified_at, winners.claim_ends_at, claims.claimed_at
        FROM winners
        JOIN settlements ON settlements.id = winners.settlement_id AND settlements.undone_at IS NULL
        JOIN campaigns ON campaigns.id = winners.campaign_id
        JOIN accounts ON accounts.id = winners.account_id
        LEFT JOIN claims ON claims.winner_id = winners.id
        WHERE winners.campaign_id = $1
        ORDER BY winners.place, winners.id
        """,
        campaign_id,
    )
    return [_claim_card(row) for row in many(rows, _Row)]


async def get_decision(conn: Connection, campaign_id: int) -> Decision:
    """The settlement that stands, with names; for editors only. Raises CampaignNotFound."""
    row = await conn.fetchrow(
        """
        SELECT campaigns.state, blocked_by, campaigns.frozen_at, campaigns.settled_at, campaigns.announced_first_by,
            campaigns.announced_at, settlements.id AS settlement_id, settlements.result_sha256,
            coalesce(settlements.skipped, '[]') AS skipped
        FROM campaigns
        LEFT JOIN settlements ON settlements.campaign_id = campaigns.id AND settlements.undone_at IS NULL
        WHERE campaigns.id = $1
        """,
        campaign_id,
    )
    if row is None:
        raise CampaignNotFound
    first_by = row["announced_first_by"]
    return Decision(
        campaign_id=str(campaign_id),
        state=row["state"],
        blocked_by=row["blocked_by"],
        skipped=row["skipped"],
        frozen_at=row["frozen_at"],
        settled_at=row["settled_at"],
        result_sha256=row["result_sha256"],
        winners=await _list_winners(conn, row["settlement_id"]),
        reserves=await _list_reserves(conn, row["settlement_id"]),
        announced_first_by=None if first_by is None else str(first_by),
        announced_at=row["announced_at"],
    )


async def _list_winners(conn: Connection, settlement_id: int | None) -> list[Chosen]:
    rows = await conn.fetch(
        """
        SELECT winners.place, winners.rank, winners.account_id, accounts.name, winners.post_id, winners.score
        FROM winners JOIN accounts ON accounts.id = winners.account_id
        WHERE winners.settlement_id = $1 AND winners.state NOT IN ('lapsed', 'declined', 'forfeited')
        ORDER BY winners.place
        """,
        settlement_id,
    )
    return [_chosen(row) for row in rows]


async def _list_reserves(conn: Connection, settlement_id: int | None) -> list[Chosen]:
    rows = await conn.fetch(
        """
        SELECT reserves.position AS place, reserves.rank, reserves.account_id, accounts.name, reserves.post_id, reserves.score
        FROM reserves JOIN accounts ON accounts.id = reserves.account_id
        WHERE reserves.settlement_id = $1 AND reserves.promoted_at IS NULL
        ORDER BY reserves.position
        """,
        settlement_id,
    )
    return [_chosen(row) for row in rows]


def _chosen(row: Record) -> Chosen:
    return Chosen(
        place=row["place"],
        rank=row["rank"],
        user={"id": str(row["account_id"]), "name": row["name"]},
        post_id=str(row["post_id"]),
        score=row["score"],
    )


async def get_result(conn: Connection, campaign_id: int) -> bytes:
    """The result of an announced campaign: the signed document byte for byte, and joined to it the winners' names.

    Raises ResultNotFound before the announcement.
    """
    row = await conn.fetchrow(
        """
        SELECT settlements.id, settlements.result, campaigns.result_salt
        FROM campaigns
        JOIN settlements ON settlements.campaign_id = campaigns.id AND settlements.undone_at IS NULL
        WHERE campaigns.id = $1 AND campaigns.state IN ('announced', 'final', 'archived')
        """,
        campaign_id,
    )
    if row is None:
        raise ResultNotFound
    named = await conn.fetch(
        """
        SELECT winners.person, winners.account_id, accounts.name
        FROM winners JOIN accounts ON accounts.id = winners.account_id AND accounts.erased_at IS NULL
        WHERE winners.settlement_id = $1 AND winners.notified_at IS NOT NULL
        ORDER BY winners.id
        """,
        row["id"],
    )
    salt: bytes = row["result_salt"]
    people = {pseudonym(salt, each["person"], each["account_id"]): each["name"] for each in named}
    return with_people(row["result"], people)


def _items(prizes: Sequence[dict[str, Any]]) -> list[PrizeItem]:
    return msgspec.convert(list(prizes), list[PrizeItem])


def _prize_card(row: _Row) -> PrizeCard:
    assert row.notified_at is not None
    assert row.claim_ends_at is not None
    return PrizeCard(
        id=str(row.id),
        campaign=CampaignName(str(row.campaign_id), row.title),
        place=row.place,
        post_id=str(row.post_id),
        prizes=_items(row.prizes),
        state=row.state,
        state_reason=row.state_reason,
        needs=needed_fields(row.prizes),
        claim=row.masked,
        notified_at=row.notified_at,
        claim_ends_at=row.claim_ends_at,
    )


def _claim_card(row: _Row) -> ClaimCard:
    return ClaimCard(
        id=str(row.id),
        place=row.place,
        rank=row.rank,
        user={"id": str(row.account_id), "name": row.name},
        post_id=str(row.post_id),
        score=row.score,
        prizes=_items(row.prizes),
        state=row.state,
        state_reason=row.state_reason,
        claim=row.masked,
        notified_at=row.notified_at,
        claim_ends_at=row.claim_ends_at,
        claimed_at=row.claimed_at,
    )
