"""Prizes for their winners, and the published result of a campaign."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec

from feed.campaigns.prize_kinds import KINDS, all_claim_fields
from feed.pagination import Position
from feed.postgres import Connection, many
from feed.prizes import settlement_store
from feed.prizes.claims.form import needed_fields
from feed.prizes.model import PrizeNotFound, WinnerState
from feed.prizes.result.document import pseudonym, with_attachments
from feed.screens.posts.page_render import tag_of
from feed.screens.prizes.names import published_names
from feed.texts import among

Id = str


class CampaignName(msgspec.Struct, frozen=True):
    """The campaign that a prize comes from."""

    id: Id
    title: str


class ResultVersion(msgspec.Struct, frozen=True):
    """A version of a published result as one viewer sees it; `tag`: its entity tag, without quotes."""

    settlement_id: int
    amendment_count: int
    people: dict[str, str]
    tag: bytes


class PrizeItem(msgspec.Struct, frozen=True):
    """One of the prizes of a place."""

    name: str
    kind: Annotated[str, among(tuple(KINDS))]
    per_winner: int
    value_cny: str | None = None


class Parcel(msgspec.Struct, frozen=True):
    """A shipment: carrier, tracking number, time of shipment."""

    carrier: str
    tracking_no: str
    shipped_at: datetime


class PrizeCard(msgspec.Struct, frozen=True, kw_only=True):
    """A prize as its winner sees it. `needs`: the fields that its claim must contain."""

    id: Id
    campaign: CampaignName
    place: int
    post_id: Id | None
    comment_id: Id | None
    prizes: list[PrizeItem]
    state: WinnerState
    state_reason: str | None
    needs: list[Annotated[str, among([field.name for field in all_claim_fields()])]]
    claim: dict[str, str] | None
    shipment: Parcel | None
    notified_at: datetime
    claim_ends_at: datetime


class _Row(msgspec.Struct, frozen=True):
    id: int
    campaign_id: int
    title: str
    place: int
    post_id: Id | None
    comment_id: Id | None
    prizes: list[dict[str, Any]]
    state: WinnerState
    state_reason: str | None
    masked: dict[str, str] | None
    carrier: str | None
    tracking_no: str | None
    shipped_at: datetime | None
    notified_at: datetime
    claim_ends_at: datetime


async def list_prizes(conn: Connection, account_id: int, after: Position, limit: int) -> list[PrizeCard]:
    """The prizes of which the account has been notified, newest first."""
    rows = await conn.fetch(
        """
        SELECT winners.id, winners.campaign_id, campaigns.draft ->> 'title' AS title, winners.place, winners.post_id::text, winners.comment_id::text,
            winners.prizes, winners.state, winners.state_reason, claims.masked,
            shipments.carrier, shipments.tracking_no, shipments.shipped_at, winners.notified_at, winners.claim_ends_at
        FROM winners
        JOIN campaigns ON campaigns.id = winners.campaign_id
        LEFT JOIN claims ON claims.winner_id = winners.id
        LEFT JOIN shipments ON shipments.winner_id = winners.id
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
    """One prize. Raises PrizeNotFound, also before the winner is notified."""
    rows = await conn.fetch(
        """
        SELECT winners.id, winners.campaign_id, campaigns.draft ->> 'title' AS title, winners.place, winners.post_id::text, winners.comment_id::text,
            winners.prizes, winners.state, winners.state_reason, claims.masked,
            shipments.carrier, shipments.tracking_no, shipments.shipped_at, winners.notified_at, winners.claim_ends_at
        FROM winners
        JOIN campaigns ON campaigns.id = winners.campaign_id
        LEFT JOIN claims ON claims.winner_id = winners.id
        LEFT JOIN shipments ON shipments.winner_id = winners.id
        WHERE winners.id = $1 AND winners.notified_at IS NOT NULL
        """,
        winner_id,
    )
    if not rows:
        raise PrizeNotFound
    return _prize_card(many(rows, _Row)[0])


async def get_result_version(conn: Connection, campaign_id: int, viewer_id: int | None = None) -> ResultVersion:
    """What the result of an announced campaign consists of for a viewer, without reading its document.

    Names are masked as in the list of winners, except for staff and for the winner's own accounts. Raises ResultNotFound before
    the announcement.
    """
    announced = await settlement_store.get_announced(conn, campaign_id)
    named = await conn.fetch(
        """
        SELECT held_places.person, held_places.account_id, accounts.name,
            ranked_name(accounts.name, accounts.age_band) AS ranked_name,
            EXISTS (SELECT FROM rights_now WHERE rights_now.account_id = $2)
                OR held_places.account_id IN (SELECT same_id FROM same_person_accounts WHERE account_id = $2) AS is_whole,
            held_places.notified_at IS NOT NULL AND accounts.erased_at IS NULL AS is_named
        FROM held_places JOIN accounts ON accounts.id = held_places.account_id
        WHERE held_places.settlement_id = $1
        ORDER BY held_places.id
        """,
        announced.id,
        viewer_id,
    )
    # Over all winners, as in their list, so that both have the same names.
    names = published_names({each["account_id"]: each["ranked_name"] for each in named})
    people = {
        pseudonym(announced.result_salt, each["person"], each["account_id"]): each["name"]
        if each["is_whole"]
        else names[each["account_id"]]
        for each in named
        if each["is_named"]
    }
    parts = [announced.result_sha256, announced.amendments, people]
    return ResultVersion(announced.id, len(announced.amendments), people, tag_of(msgspec.json.encode(parts)))


async def read_result(conn: Connection, version: ResultVersion) -> bytes:
    """The result as JSON: the signed document byte for byte, with amendments and names attached."""
    document = await conn.fetchval("SELECT result FROM settlements WHERE id = $1", version.settlement_id)
    amended = await conn.fetch(
        "SELECT document FROM amendments WHERE settlement_id = $1 ORDER BY number LIMIT $2",
        version.settlement_id,
        version.amendment_count,
    )
    return with_attachments(document, [each["document"] for each in amended], version.people)


def shown_score(score: str, *, is_drawn: bool) -> str | None:
    """The score of a winner or reserve as it is served: a draw has none, although a column holds one."""
    return None if is_drawn else score


def items_of(prizes: Sequence[dict[str, Any]]) -> list[PrizeItem]:
    """The prizes of a place on the wire."""
    return msgspec.convert(list(prizes), list[PrizeItem])


def parcel_of(carrier: str | None, tracking_no: str | None, shipped_at: datetime | None) -> Parcel | None:
    """The shipment on the wire; None before it is shipped."""
    if carrier is None or tracking_no is None or shipped_at is None:
        return None
    return Parcel(carrier, tracking_no, shipped_at)


def _prize_card(row: _Row) -> PrizeCard:
    return PrizeCard(
        id=str(row.id),
        campaign=CampaignName(str(row.campaign_id), row.title),
        place=row.place,
        post_id=row.post_id,
        comment_id=row.comment_id,
        prizes=items_of(row.prizes),
        state=row.state,
        state_reason=row.state_reason,
        needs=needed_fields(row.prizes),
        claim=row.masked,
        shipment=parcel_of(row.carrier, row.tracking_no, row.shipped_at),
        notified_at=row.notified_at,
        claim_ends_at=row.claim_ends_at,
    )
