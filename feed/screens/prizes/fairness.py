"""The fairness report, for editors: margins, likers in common and other ways of counting. Available from the opening on."""

import asyncio
import time
from collections.abc import Hashable, Sequence
from datetime import datetime
from functools import partial
from typing import Literal

import msgspec
from asyncpg import Record

from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns import store as campaigns
from feed.campaigns.model import Rules
from feed.campaigns.store import Campaign
from feed.postgres import Connection, Pool
from feed.prizes import settlement_store
from feed.prizes.fairness import scenarios
from feed.prizes.fairness.liker_clusters import Cluster, find_clusters
from feed.prizes.fairness.scenarios import Distribution, EngagementEvent, ScenarioName
from feed.prizes.model import Settlement, SheetNotFound, SheetRow
from feed.prizes.result.selection import Selection
from feed.prizes.settlement import sheet_store
from feed.screens.cache import TimedCache
from feed.screens.prizes.cards import Id
from feed.screens.prizes.fairness_store import (
    count_comments,
    list_commenters_or_likers,
    list_entrants,
    list_first_winners,
    list_tickets,
    read_engagement,
    to_events,
)
from feed.screens.prizes.live_sheet import read_live_sheet

# The best entries are examined until their likes and comments together reach this number.
MAX_EVENTS = 200_000
# A report changes with the settlement only.
_CACHE_SECONDS = 60.0
_MAX_BYTES = 16_000_000


class FairWinner(msgspec.Struct, frozen=True, kw_only=True):
    """A winner; margins are the points to the next person and to the first without a prize. A draw has no scores."""

    rank: int
    post_id: Id | None
    comment_id: Id | None
    score: str | None
    parts: dict[str, str]
    margin_to_next: str | None
    margin_to_first_without_prize: str | None
    likes: Distribution | None
    comments: Distribution | None


class Move(msgspec.Struct, frozen=True):
    """An entry with its actual rank and its rank in the scenario."""

    post_id: Id
    rank: int | None
    rank_then: int | None


class RankThen(msgspec.Struct, frozen=True, kw_only=True):
    """A winner's actual rank, and the rank of the same person's best entry in the scenario."""

    post_id: Id
    rank: int
    post_id_then: Id
    rank_then: int
    wins_then: bool


class OtherWay(msgspec.Struct, frozen=True):
    """The winners under another way of counting: the actual winners' ranks in it, and who enters and leaves."""

    name: ScenarioName
    same_winners: bool
    winners: list[Id]
    ranks: list[RankThen]
    enters: list[Move]
    leaves: list[Move]


class LikerPair(msgspec.Struct, frozen=True):
    """Two entries, the likers of each, and the likers in common; `by_chance`: the number to expect if likes were random."""

    post_ids: list[Id]
    likers: list[int]
    shared: int
    by_chance: int


class LikerCluster(msgspec.Struct, frozen=True):
    """Entries with unusually many likers in common; `pairs` are the strongest of `pair_count` pairs."""

    post_ids: list[Id]
    pair_count: int
    pairs: list[LikerPair]


class FairnessCard(msgspec.Struct, frozen=True, kw_only=True):
    """The report to check while the campaign runs and before the announcement. The work is bounded, so only the best of all `entries` are examined.

    `provisional`: there is no result, and the report is about the sheet as it would be at `as_of`; its winners are those who would
    win then. `basis` is `engagement` until the marks are locked: the scores contain no quality.
    `looked_at`: the number of entries whose likers and commenters were read; `compared`: the number of these, the best, that
    were compared with each other; `clusters` are the largest of `clusters_found`. A winner that was not examined has no `likes`.
    In a draw engagement is not counted, so only the winners, if there are any, and the `entrants` are given: the numbers of persons
    with a ticket by the age of their account and the hour when they entered.
    """

    campaign_id: Id
    method: Literal["ranked", "draw"]
    provisional: bool
    as_of: datetime
    basis: Literal["engagement", "full"]
    entries: int
    looked_at: int
    compared: int
    top_likers: int
    winners: list[FairWinner]
    entrants: Distribution | None
    other_ways: list[OtherWay]
    clusters_found: int
    clusters: list[LikerCluster]


class _Report(msgspec.Struct, frozen=True):
    card: FairnessCard
    read_at: float


class FairnessReports:
    """Cached reports, computed one at a time in a thread, so that the event loop is not blocked."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._semaphore = asyncio.Semaphore(1)
        self._reports: TimedCache[_Report] = TimedCache(seconds=_CACHE_SECONDS, max_bytes=_MAX_BYTES, size=_size_of)

    async def get(self, campaign_id: int) -> FairnessCard:
        """The report on the settlement in force, or else on the sheet as it would be now.

        Raises SheetNotFound before the opening, of a cancelled campaign, and of an unknown one.
        """
        async with self._pool.acquire() as conn:
            campaign = await campaigns.find_campaign(conn, campaign_id)
            settlement = await settlement_store.find_settlement(conn, campaign_id)
        if campaign is None or not campaign.has_opened or campaign.state == "cancelled":
            raise SheetNotFound
        read = partial(self._read, campaign, settlement)
        key = campaign_id, None if settlement is None else (settlement.id, settlement.has_result)
        return (await self._reports.get(key, read, seconds=_CACHE_SECONDS)).card

    async def _read(self, campaign: Campaign, settlement: Settlement | None) -> _Report:
        # A caller that waits for the semaphore holds neither a thread nor a connection.
        async with self._semaphore:
            return _Report(await self._compute(campaign, settlement), time.monotonic())

    async def _compute(self, campaign: Campaign, settlement: Settlement | None) -> FairnessCard:
        version = campaign.rules_version if settlement is None else settlement.rules_version
        assert version is not None
        async with self._pool.acquire() as conn:
            as_of = await conn.fetchval("SELECT clock_timestamp()")
            rules = await lifecycle.get_rules(conn, campaign.id, version)
            head = _Head(campaign, settlement, as_of)
            if rules.method == "draw":
                return await _read_draw(conn, head, rules)
            if settlement is None:
                sheet = await read_live_sheet(conn, campaign, max_cost=MAX_EVENTS)
                rows, entries = sheet.rows, sheet.entries
            else:
                rows = await sheet_store.list_sheet_in_batches(conn, settlement.id)
                entries = len(rows)
        actual, top = await asyncio.to_thread(_select_top, rows, rules)
        async with self._pool.acquire() as conn:
            comment_counts = await count_comments(conn, top)
            costs = await asyncio.to_thread(_reading_costs, rows, actual, comment_counts)
            engagement = await read_engagement(conn, campaign.id, costs)
        return await asyncio.to_thread(_report, head, entries, rows, rules, actual, list(costs), engagement)


class _Head(msgspec.Struct, frozen=True):
    """What a report is about."""

    campaign: Campaign
    settlement: Settlement | None
    as_of: datetime

    @property
    def provisional(self) -> bool:
        return self.settlement is None or not self.settlement.has_result

    @property
    def basis(self) -> Literal["engagement", "full"]:
        return "full" if self.settlement is not None or self.campaign.marks_locked_at is not None else "engagement"


def _size_of(_: Hashable, report: _Report) -> int:
    # Objects take several times the bytes of their JSON.
    return 4 * len(msgspec.json.encode(report.card))


def _select_top(rows: Sequence[SheetRow], rules: Rules) -> tuple[Selection, list[int]]:
    actual = scenarios.select_actual(rows, rules)
    return actual, scenarios.top_entries(rows, actual.ranks, {}, max_cost=MAX_EVENTS)


def _reading_costs(rows: Sequence[SheetRow], actual: Selection, comment_counts: dict[int, int]) -> dict[int, int]:
    """The numbers of likes and comments to read of the examined entries by post id, best entry first."""
    costs = {row.entry_id: scenarios.reading_cost(row, comment_counts.get(row.entry_id, 0)) for row in rows}
    return {
        post_id: costs[post_id]
        for post_id in scenarios.top_entries(rows, actual.ranks, comment_counts, max_cost=MAX_EVENTS)
    }


async def _read_draw(conn: Connection, head: _Head, rules: Rules) -> FairnessCard:
    winners = []
    if head.settlement is not None:
        winners = await list_first_winners(conn, head.settlement.id)
        entered = await list_tickets(conn, head.settlement.id, most=MAX_EVENTS)
        entries = await conn.fetchval("SELECT count(*) FROM sheet_rows WHERE settlement_id = $1", head.settlement.id)
    elif rules.entry_by == "post":
        entered = await list_entrants(conn, head.campaign.id, most=MAX_EVENTS)
        entries = await conn.fetchval("SELECT count(*) FROM entries WHERE campaign_id = $1", head.campaign.id)
    else:
        counted = await list_commenters_or_likers(conn, head.campaign.id, most=MAX_EVENTS)
        entered = [each for each in counted if each["has_ticket"]]
        entries = counted[0]["entries"] if counted else 0
    return FairnessCard(
        campaign_id=str(head.campaign.id),
        method="draw",
        provisional=head.provisional,
        as_of=head.as_of,
        basis=head.basis,
        entries=entries,
        looked_at=0,
        compared=0,
        top_likers=0,
        winners=[
            FairWinner(
                rank=each["rank"],
                post_id=each["post_id"],
                comment_id=each["comment_id"],
                score=None,
                parts={},
                margin_to_next=None,
                margin_to_first_without_prize=None,
                likes=None,
                comments=None,
            )
            for each in winners
        ],
        entrants=await asyncio.to_thread(_distribution_of, entered),
        other_ways=[],
        clusters_found=0,
        clusters=[],
    )


def _distribution_of(entered: Sequence[Record]) -> Distribution:
    events = [
        EngagementEvent(0, person, True, row["entered_at"], row["created_at"]) for person, row in enumerate(entered)
    ]
    return scenarios.distribution_of(events)


def _report(
    head: _Head,
    entries: int,
    rows: Sequence[SheetRow],
    rules: Rules,
    actual: Selection,
    top: Sequence[int],
    engagement: Sequence[Record],
) -> FairnessCard:
    events = to_events(engagement)
    winner_ids = {each.entry_id for each in actual.winners}
    winner_events = [event for event in events if event.post_id in winner_ids]
    likes = scenarios.distributions_of(winner_events, liked=True)
    comments = scenarios.distributions_of(winner_events, liked=False)
    clusters = find_clusters(_likers(events, top))
    return FairnessCard(
        campaign_id=str(head.campaign.id),
        method="ranked",
        provisional=head.provisional,
        as_of=head.as_of,
        basis=head.basis,
        entries=entries,
        looked_at=len(top),
        compared=clusters.compared,
        top_likers=len(scenarios.top_likers(events)),
        winners=[
            FairWinner(
                rank=each.rank,
                post_id=str(each.post_id),
                comment_id=None,
                score=each.score,
                parts={"quality": each.quality, "likes": each.likes, "comments": each.comments},
                margin_to_next=each.to_next,
                margin_to_first_without_prize=each.to_first_without_prize,
                likes=likes.get(each.post_id),
                comments=comments.get(each.post_id),
            )
            for each in scenarios.margins_of(actual, rules)
        ],
        entrants=None,
        other_ways=[_other_way(each) for each in scenarios.scenarios_of(rows, events, rules, actual)],
        clusters_found=clusters.found,
        clusters=[_cluster(each) for each in clusters.clusters],
    )


def _likers(events: Sequence[EngagementEvent], top: Sequence[int]) -> dict[int, set[int]]:
    likers: dict[int, set[int]] = {post_id: set() for post_id in top}
    for event in events:
        if event.liked:
            likers[event.post_id].add(event.person)
    return likers


def _other_way(each: scenarios.Scenario) -> OtherWay:
    return OtherWay(
        each.name,
        not each.enters and not each.leaves,
        [str(post_id) for post_id in each.winners],
        [
            RankThen(
                post_id=str(shift.post_id),
                rank=shift.rank,
                post_id_then=str(shift.post_id_then),
                rank_then=shift.rank_then,
                wins_then=shift.wins_then,
            )
            for shift in each.shifts
        ],
        [Move(str(moved.post_id), moved.rank, moved.rank_then) for moved in each.enters],
        [Move(str(moved.post_id), moved.rank, moved.rank_then) for moved in each.leaves],
    )


def _cluster(each: Cluster) -> LikerCluster:
    return LikerCluster(
        [str(post_id) for post_id in each.posts],
        each.pair_count,
        [
            LikerPair([str(post_id) for post_id in pair.posts], list(pair.likers), pair.shared, pair.by_chance)
            for pair in each.pairs
        ],
    )
