"""How many posts have come since somebody looked: counted from one reading a second of the newest ones."""

import time
from bisect import bisect_left

import msgspec

from feed.pagination import NEWEST, Position
from feed.postgres import Pool
from feed.screens.cache import TimedCache
from feed.screens.posts import feeds

# Nobody reads more than that at once; so many mean so many or more.
COUNTED_MOST = 100
_KEPT_SECONDS = 1.0


class Newest(msgspec.Struct, frozen=True):
    """The places of the newest posts in time, the oldest of them first."""

    places: list[Position]
    read_at: float


class NewPostCounter:
    """Counts without asking anybody, as long as what somebody saw last is among the newest."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._newest: TimedCache[Newest] = TimedCache(1)

    async def count(self, since_id: int) -> int:
        """How many visible posts stand before this one in latest, a hundred at most; where it stands, or stood, if it has gone."""
        places = (await self._newest.get((), self._read, seconds=_KEPT_SECONDS)).places
        since = next((place for place in places if place.id == since_id), None)
        if since is None:
            async with self._pool.acquire() as conn:
                since = await feeds.get_position(conn, since_id)
        newer = len(places) - bisect_left(places, since)
        return min(newer - (since in places), COUNTED_MOST)

    async def _read(self) -> Newest:
        read_at = time.monotonic()
        async with self._pool.acquire() as conn:
            found = await feeds.list_latest(conn, NEWEST, COUNTED_MOST + 1)
        return Newest([row.position for row in reversed(found)], read_at)
