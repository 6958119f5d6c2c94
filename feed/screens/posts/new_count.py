"""The number of new posts since a given one, counted in memory from the newest posts, which are read once a second."""

import time
from bisect import bisect_left
from collections.abc import Hashable

import msgspec

from feed.pagination import NEWEST, Position
from feed.postgres import Pool
from feed.screens.cache import TimedCache
from feed.screens.posts import feeds

# A count of this many means this many or more.
MAX_NEW_COUNT = 100
_CACHE_SECONDS = 1.0
_MAX_BYTES = 1_000_000


class Newest(msgspec.Struct, frozen=True):
    """The positions of the newest posts, oldest first."""

    positions: list[Position]
    read_at: float


class NewPostCounter:
    """Counts without a query of its own while the given post is among the newest."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._newest: TimedCache[Newest] = TimedCache(seconds=_CACHE_SECONDS, max_bytes=_MAX_BYTES, size=_size_of)

    async def count(self, since_id: int) -> int:
        """The number of visible posts that are newer than this one, 100 at most; a removed post keeps its position."""
        positions = (await self._newest.get((), self._read, seconds=_CACHE_SECONDS)).positions
        since = next((position for position in positions if position.id == since_id), None)
        if since is None:
            async with self._pool.acquire() as conn:
                since = await feeds.get_position(conn, since_id)
        newer = len(positions) - bisect_left(positions, since)
        return min(newer - (since in positions), MAX_NEW_COUNT)

    async def _read(self) -> Newest:
        read_at = time.monotonic()
        async with self._pool.acquire() as conn:
            rows = await feeds.list_latest(conn, NEWEST, MAX_NEW_COUNT + 1)
        return Newest([row.position for row in reversed(rows)], read_at)


def _size_of(_: Hashable, newest: Newest) -> int:
    return 200 * len(newest.positions)
