"""Leaderboards of settled campaigns, from the frozen sheet that the result was computed from."""

import asyncio
import time
from collections.abc import Hashable, Sequence
from functools import partial

import msgspec

from feed.boards.model import Row
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.model import Rules
from feed.campaigns.scoring.score import micro_points, score
from feed.postgres import Pool
from feed.prizes import settlement_store
from feed.prizes.fairness import scenarios
from feed.prizes.model import SheetRow
from feed.prizes.settlement import sheet_store
from feed.prizes.settlement_store import SettlementSummary
from feed.ranking_snapshots import MAX_RANKED
from feed.screens.cache import TimedCache

# A sheet never changes, and a settlement that replaces another has its own id.
_CACHE_SECONDS = 3600.0
_MAX_BYTES = 16_000_000
_ROW_BYTES = 500


class _CachedRows(msgspec.Struct, frozen=True):
    rows: list[Row]
    read_at: float


class FinalLeaderboards:
    """Cached leaderboards of settled campaigns. One sheet is ranked at a time, in a thread, so that the event loop is not blocked."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._semaphore = asyncio.Semaphore(1)
        self._leaderboards: TimedCache[_CachedRows] = TimedCache(
            seconds=_CACHE_SECONDS, max_bytes=_MAX_BYTES, size=_size_of
        )

    async def list_best(self, campaign_id: int) -> list[Row] | None:
        """The best entries in their order, MAX_RANKED at most; None: no settlement is in force."""
        async with self._pool.acquire() as conn:
            settlement = await settlement_store.find_settled(conn, campaign_id)
        if settlement is None:
            return None
        read = partial(self._read_sheet, campaign_id, settlement)
        return (await self._leaderboards.get(settlement.id, read, seconds=_CACHE_SECONDS)).rows

    async def _read_sheet(self, campaign_id: int, settlement: SettlementSummary) -> _CachedRows:
        async with self._semaphore, self._pool.acquire() as conn:
            rules = await lifecycle.get_rules(conn, campaign_id, settlement.rules_version)
            sheet = await sheet_store.list_sheet_in_batches(conn, settlement.id)
        return _CachedRows(await asyncio.to_thread(_rank, sheet, rules), time.monotonic())


def _size_of(_: Hashable, cached: _CachedRows) -> int:
    return _ROW_BYTES * len(cached.rows)


def _rank(sheet: Sequence[SheetRow], rules: Rules) -> list[Row]:
    ranks = scenarios.select_actual(sheet, rules).ranks
    rows = [(ranks[row.entry_id], row) for row in sheet if row.entry_id in ranks]
    return [_row(row, rules) for rank, row in sorted(rows, key=lambda each: each[0]) if rank <= MAX_RANKED]


def _row(row: SheetRow, rules: Rules) -> Row:
    points = score(row.quality, row.likes_counted, row.commenters_counted, rules.weights, rules.caps)
    return Row(
        post_id=row.entry_id,
        author_id=row.account_id,
        score=micro_points(points),
        likes=row.likes_counted,
        comments=row.commenters_counted,
        at=row.entered_at,
        quality=row.quality,
    )
