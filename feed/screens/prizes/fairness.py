"""The fairness report: for editors, between the settlement and the announcement and ever after."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import Literal

import msgspec
from asyncpg import Record

from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.model import Rules
from feed.postgres import Connection, Pool
from feed.prizes import settlement_store
from feed.prizes.fairness import scenarios as scrutiny
from feed.prizes.fairness.liker_clusters import Cluster, find_clusters
from feed.prizes.fairness.scenarios import Distribution, EngagementEvent, ScenarioName
from feed.prizes.model import SheetNotFound, SheetRow
from feed.prizes.result.selection import Selection
from feed.prizes.settlement import sheet_store
from feed.prizes.settlement_store import SettlementSummary
from feed.screens.cache import TimedCache
from feed.screens.prizes.cards import Id
from feed.screens.prizes.fairness_store import acts_of, count_remarks, read_acts

# Whose likes and comments are looked at: the best entries, until there is so much to read of them.
MOST_ACTS = 200_000
# A report changes with the settlement only. Whoever asks again within that time is told the same.
_KEPT_SECONDS = 60.0
_KEPT_MOST = 8


class FairWinner(msgspec.Struct, frozen=True, kw_only=True):
    """A winner of the result; margins are points to the next person and to the first who does not win."""

    rank: int
    post_id: Id
    score: str
    parts: dict[str, str]
    margin_to_next: str | None
    margin_to_first_without_prize: str | None
    likes: Distribution | None
    comments: Distribution | None


class Move(msgspec.Struct, frozen=True):
    """An entry, with its rank as it is and as it would have been."""

    post_id: Id
    rank: int | None
    rank_then: int | None


class RankThen(msgspec.Struct, frozen=True, kw_only=True):
    """A winner's rank as it is, and that of the same person's best entry as it would have been."""

    post_id: Id
    rank: int
    post_id_then: Id
    rank_then: int
    wins_then: bool


class OtherWay(msgspec.Struct, frozen=True):
    """Who would have won if it had been counted otherwise: where each winner would be, and who moves in and out."""

    name: ScenarioName
    same_winners: bool
    winners: list[Id]
    ranks: list[RankThen]
    enters: list[Move]
    leaves: list[Move]


class LikerPair(msgspec.Struct, frozen=True):
    """Two entries, the likers of each, and how many they share; `by_chance`: if everybody liked at random."""

    post_ids: list[Id]
    likers: list[int]
    shared: int
    by_chance: int


class LikerCluster(msgspec.Struct, frozen=True):
    """Entries with unusually many likers in common; of its `pair_count` pairs the strongest."""

    post_ids: list[Id]
    pair_count: int
    pairs: list[LikerPair]


class FairnessCard(msgspec.Struct, frozen=True, kw_only=True):
    """What to look at before announcing. Of `entries` the best ones, as far as the work is bounded.

    `looked_at`: whose likers and commenters were read. `compared`: so many of these, the best, were compared with each
    other, and in `clusters` are the largest of `clusters_found`. A winner that was not looked at has no `likes`.
    In a draw nothing is counted, so there is nothing but the tickets' order.
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
    """Works out one report at a time, apart from the loop; whoever asks for the same meanwhile, or soon again, gets it too."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._turn = asyncio.Semaphore(1)
        self._kept: TimedCache[_Report] = TimedCache(_KEPT_MOST)

    async def get(self, campaign_id: int) -> FairnessCard:
        """The report of the settlement that stands. Raises SheetNotFound while there is no result."""
        async with self._pool.acquire() as conn:
            standing = await settlement_store.find_settled(conn, campaign_id)
        if standing is None:
            raise SheetNotFound
        read = partial(self._read, campaign_id, standing)
        return (await self._kept.get(standing.id, read, seconds=_KEPT_SECONDS)).card

    async def _read(self, campaign_id: int, standing: SettlementSummary) -> _Report:
        # Who waits for the turn holds neither a thread nor a connection.
        async with self._turn:
            return _Report(await self._work_out(campaign_id, standing), time.monotonic())

    async def _work_out(self, campaign_id: int, standing: SettlementSummary) -> FairnessCard:
        async with self._pool.acquire() as conn:
            rules = await lifecycle.get_rules(conn, campaign_id, standing.rules_version)
            if rules.method == "draw":
                return await _read_draw(conn, campaign_id, standing.id)
            rows = await sheet_store.list_sheet_in_batches(conn, standing.id)
        now, front = await asyncio.to_thread(_look, rows, rules)
        async with self._pool.acquire() as conn:
            remarks = await count_remarks(conn, front)
            weights = await asyncio.to_thread(_weights, rows, now, remarks)
            read = await read_acts(conn, campaign_id, weights)
        return await asyncio.to_thread(_report, campaign_id, rows, rules, now, list(weights), read)


def _look(rows: Sequence[SheetRow], rules: Rules) -> tuple[Selection, list[int]]:
    now = scrutiny.select_actual(rows, rules)
    return now, scrutiny.top_entries(rows, now.ranks, {}, max_cost=MOST_ACTS)


def _weights(rows: Sequence[SheetRow], now: Selection, remarks: dict[int, int]) -> dict[int, int]:
    """How much is to be read of each entry that is looked at, the best first."""
    weights = {row.post_id: scrutiny.reading_cost(row, remarks.get(row.post_id, 0)) for row in rows}
    return {post_id: weights[post_id] for post_id in scrutiny.top_entries(rows, now.ranks, remarks, max_cost=MOST_ACTS)}


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
    now: Selection,
    front: Sequence[int],
    read: Sequence[Record],
) -> FairnessCard:
    acts = acts_of(read)
    winning = {each.post_id for each in now.winners}
    of_winners = [act for act in acts if act.post_id in winning]
    likes, comments = (
        scrutiny.distributions_of(of_winners, liked=True),
        scrutiny.distributions_of(of_winners, liked=False),
    )
    rings = find_clusters(_likers(acts, front))
    return FairnessCard(
        campaign_id=str(campaign_id),
        method="ranked",
        entries=len(rows),
        looked_at=len(front),
        compared=rings.compared,
        top_likers=len(scrutiny.top_likers(acts)),
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
            for each in scrutiny.margins_of(now, rules)
        ],
        other_ways=[_other_way(each) for each in scrutiny.scenarios_of(rows, acts, rules, now)],
        clusters_found=rings.found,
        clusters=[_cluster(each) for each in rings.clusters],
    )


def _likers(acts: Sequence[EngagementEvent], front: Sequence[int]) -> dict[int, set[int]]:
    likers: dict[int, set[int]] = {post_id: set() for post_id in front}
    for act in acts:
        if act.liked:
            likers[act.post_id].add(act.person)
    return likers


def _other_way(each: scrutiny.Scenario) -> OtherWay:
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
