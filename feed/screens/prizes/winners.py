"""The public list of winners, with masked names."""

from datetime import datetime
from typing import Literal

import msgspec

from feed.postgres import Connection, many
from feed.prizes.model import ResultNotFound
from feed.screens.prizes.cards import Id, PrizeItem, items_of, shown_score
from feed.screens.prizes.names import published_names


class WinnerCard(msgspec.Struct, frozen=True, kw_only=True):
    """The present holder of a place. `moved_up`: promoted from the reserves."""

    place: int
    rank: int
    name_masked: str
    post_id: Id | None
    comment_id: Id | None
    score: str | None
    prizes: list[PrizeItem]
    moved_up: bool


class ReserveCard(msgspec.Struct, frozen=True, kw_only=True):
    """One of the next in order, without a name. `moved_up`: holds or has held a place since."""

    position: int
    rank: int
    post_id: Id | None
    comment_id: Id | None
    moved_up: bool


class WinnersCard(msgspec.Struct, frozen=True, kw_only=True):
    """The present winners, without vacant places; objections are accepted until `objections_end_at`."""

    campaign_id: Id
    state: Literal["announced", "final", "archived"]
    announced_at: datetime
    objections_end_at: datetime
    result_sha256: str
    amendment_count: int
    items: list[WinnerCard]
    reserves: list[ReserveCard]


async def list_winners(conn: Connection, campaign_id: int) -> WinnersCard:
    """The winners of an announced campaign. Raises ResultNotFound before the announcement."""
    campaign = await conn.fetchrow(
        """
        SELECT campaigns.state, campaigns.announced_at, campaigns.objections_end_at, settlements.id AS settlement_id,
            settlements.result_sha256,
            (SELECT count(*) FROM amendments WHERE amendments.settlement_id = settlements.id) AS amendment_count
        FROM campaigns
        JOIN settlements ON settlements.campaign_id = campaigns.id AND settlements.undone_at IS NULL
        WHERE campaigns.id = $1 AND campaigns.state IN ('announced', 'final', 'archived')
        """,
        campaign_id,
    )
    if campaign is None:
        raise ResultNotFound
    rows = await conn.fetch(
        """
        SELECT held_places.place, held_places.rank, held_places.account_id,
            ranked_name(accounts.name, accounts.age_band) AS name, held_places.post_id::text, held_places.comment_id::text, held_places.score,
            EXISTS (SELECT FROM draws WHERE draws.settlement_id = held_places.settlement_id) AS is_drawn,
            held_places.prizes,
            EXISTS (SELECT FROM amendments WHERE amendments.successor_id = held_places.id) AS moved_up
        FROM held_places JOIN accounts ON accounts.id = held_places.account_id
        WHERE held_places.settlement_id = $1
        ORDER BY held_places.place
        """,
        campaign["settlement_id"],
    )
    reserves = await conn.fetch(
        """
        SELECT position, rank, post_id::text, comment_id::text, promoted_at IS NOT NULL AS moved_up
        FROM reserves
        WHERE settlement_id = $1
        ORDER BY position
        """,
        campaign["settlement_id"],
    )
    names = published_names({row["account_id"]: row["name"] for row in rows})
    return WinnersCard(
        campaign_id=str(campaign_id),
        state=campaign["state"],
        announced_at=campaign["announced_at"],
        objections_end_at=campaign["objections_end_at"],
        result_sha256=campaign["result_sha256"],
        amendment_count=campaign["amendment_count"],
        items=[
            WinnerCard(
                place=row["place"],
                rank=row["rank"],
                name_masked=names[row["account_id"]],
                post_id=row["post_id"],
                comment_id=row["comment_id"],
                score=shown_score(row["score"], is_drawn=row["is_drawn"]),
                prizes=items_of(row["prizes"]),
                moved_up=row["moved_up"],
            )
            for row in rows
        ],
        reserves=many(reserves, ReserveCard),
    )
