"""How a settled campaign stands: by its frozen sheet, which the result was made of, and never counted anew."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial

import msgspec

from feed.boards.model import Row
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.model import Rules
from feed.campaigns.scoring.score import micro_points, score
from feed.postgres import Pool
from feed.prizes import settlement_store
from feed.prizes.fairness import scenarios as scrutiny
from feed.prizes.model import SheetRow
from feed.prizes.settlement import sheet_store
from feed.prizes.settlement_store import SettlementSummary
from feed.ranking_snapshots import LONGEST
from feed.screens.cache import TimedCache

# A sheet never changes, and a settlement that replaces another has a number of its own.
_KEPT_SECONDS = 3600.0
_KEPT_MOST = 64


class _Best(msgspec.Struct, frozen=True):
    rows: list[Row]
    read_at: float


class FinalLeaderboards:
    """The best entries of settled campaigns. One sheet is read at a time, apart from the loop, once in an hour."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._turn = asyncio.Semaphore(1)
        self._kept: TimedCache[_Best] = TimedCache(_KEPT_MOST)

    async def best(self, campaign_id: int) -> list[Row] | None:
        """The best entries, at most as many as a ranked list shows, the best first; None: no settlement stands."""
        async with self._pool.acquire() as conn:
            standing = await settlement_store.find_settled(conn, campaign_id)
        if standing is None:
            return None
        read = partial(self._read, campaign_id, standing)
        return (await self._kept.get(standing.id, read, seconds=_KEPT_SECONDS)).rows

    async def _read(self, campaign_id: int, standing: SettlementSummary) -> _Best:
        async with self._turn, self._pool.acquire() as conn:
            rules = await lifecycle.get_rules(conn, campaign_id, standing.rules_version)
            sheet = await sheet_store.list_sheet_in_batches(conn, standing.id)
        return _Best(await asyncio.to_thread(_best, sheet, rules), time.monotonic())


def _best(sheet: Sequence[SheetRow], rules: Rules) -> list[Row]:
    ranks = scrutiny.select_actual(sheet, rules).ranks
    rows = [(ranks[row.post_id], row) for row in sheet if row.post_id in ranks]
    return [_row(row, rules) for rank, row in sorted(rows, key=lambda each: each[0]) if rank <= LONGEST]


def _row(row: SheetRow, rules: Rules) -> Row:
    points = score(row.quality, row.likes_counted, row.commenters_counted, rules.weights, rules.caps)
    return Row(
        post_id=row.post_id,
        author_id=row.account_id,
        score=micro_points(points),
        likes=row.likes_counted,
        comments=row.commenters_counted,
        at=row.entered_at,
        quality=row.quality,
    )
