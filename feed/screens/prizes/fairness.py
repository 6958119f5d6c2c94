"""The fairness report, for editors: margins, likers in common and other ways of counting. Available from the settlement on."""

import asyncio
import time
from collections.abc import Hashable, Sequence
from functools import partial
from typing import Literal

import msgspec
from asyncpg import Record

from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.model import Rules
from feed.postgres import Connection, Pool
from feed.prizes import settlement_store
from feed.prizes.fairness import scenarios
from feed.prizes.fairness.liker_clusters import Cluster, find_clusters
from feed.prizes.fairness.scenarios import Distribution, EngagementEvent, ScenarioName
from feed.prizes.model import SheetNotFound, SheetRow
from feed.prizes.result.selection import Selection
from feed.prizes.settlement import sheet_store
from feed.prizes.settlement_store import SettlementSummary
from feed.screens.cache import TimedCache
from feed.screens.prizes.cards import Id
from feed.screens.prizes.fairness_store import count_comments, read_engagement, to_events

# The best entries are examined until their likes and comments together reach this number.
MAX_EVENTS = 200_000
# A report changes with the settlement only.
_CACHE_SECONDS = 60.0
_MAX_BYTES = 16_000_000


class FairWinner(msgspec.Struct, frozen=True, kw_only=True):
    """A winner; margins are the points to the next person and to the first without a prize."""

    rank: int
    post_id: Id
    score: str
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
    """The report to check before the announcement. The work is bounded, so only the best of all `entries` are examined.

    `looked_at`: the number of entries whose likers and commenters were read; `compared`: the number of these, the best, that
    were compared with each other; `clusters` are the largest of `clusters_found`. A winner that was not examined has no `likes`.
    In a draw only the winners are given, since engagement is not counted.
    """

    campaign_id: Id
    method: Literal["ranked", "draw"]
    entries: int
    looked_at: int
    compared: int
    top_likers: int
    winners: list[FairWinner]
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
        """The report of the settlement in force. Raises SheetNotFound while there is no result."""
        async with self._pool.acquire() as conn:
            settlement = await settlement_store.find_settled(conn, campaign_id)
        if settlement is None:
            raise SheetNotFound
        read = partial(self._read, campaign_id, settlement)
        return (await self._reports.get(settlement.id, read, seconds=_CACHE_SECONDS)).card

    async def _read(self, campaign_id: int, settlement: SettlementSummary) -> _Report:
        # A caller that waits for the semaphore holds neither a thread nor a connection.
        async with self._semaphore:
            return _Report(await self._compute(campaign_id, settlement), time.monotonic())

    async def _compute(self, campaign_id: int, settlement: SettlementSummary) -> FairnessCard:
        async with self._pool.acquire() as conn:
            rules = await lifecycle.get_rules(conn, campaign_id, settlement.rules_version)
            if rules.method == "draw":
                return await _read_draw(conn, campaign_id, settlement.id)
            rows = await sheet_store.list_sheet_in_batches(conn, settlement.id)
        actual, top = await asyncio.to_thread(_select_top, rows, rules)
        async with self._pool.acquire() as conn:
            comment_counts = await count_comments(conn, top)
            costs = await asyncio.to_thread(_reading_costs, rows, actual, comment_counts)
            engagement = await read_engagement(conn, campaign_id, costs)
        return await asyncio.to_thread(_report, campaign_id, rows, rules, actual, list(costs), engagement)


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


async def _read_draw(conn: Connection, campaign_id: int, settlement_id: int) -> FairnessCard:
    rows = await conn.fetch(
        """
        SELECT rank, post_id, score
        FROM winners
        WHERE settlement_id = $1
            AND NOT EXISTS (SELECT FROM amendments WHERE amendments.successor_id = winners.id)
        ORDER BY place
        """,
        settlement_id,
    )
    return FairnessCard(
        campaign_id=str(campaign_id),
        method="draw",
        entries=await conn.fetchval("SELECT count(*) FROM sheet_rows WHERE settlement_id = $1", settlement_id),
        looked_at=0,
        compared=0,
        top_likers=0,
        winners=[
            FairWinner(
                rank=each["rank"],
                post_id=str(each["post_id"]),
                score=each["score"],
                parts={},
                margin_to_next=None,
                margin_to_first_without_prize=None,
                likes=None,
                comments=None,
            )
            for each in rows
        ],
        other_ways=[],
        clusters_found=0,
        clusters=[],
    )


def _report(
    campaign_id: int,
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
        campaign_id=str(campaign_id),
        method="ranked",
        entries=len(rows),
        looked_at=len(top),
        compared=clusters.compared,
        top_likers=len(scenarios.top_likers(events)),
        winners=[
            FairWinner(
                rank=each.rank,
                post_id=str(each.post_id),
                score=each.score,
                parts={"quality": each.quality, "likes": each.likes, "comments": each.comments},
                margin_to_next=each.to_next,
                margin_to_first_without_prize=each.to_first_without_prize,
                likes=likes.get(each.post_id),
                comments=comments.get(each.post_id),
            )
            for each in scenarios.margins_of(actual, rules)
        ],
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
