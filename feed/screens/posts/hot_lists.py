"""What moves people most: everywhere, under a topic, among a campaign's entries. Ranked once a second for everybody who looks."""

import time
from collections.abc import Callable, Sequence

import msgspec
from redis.asyncio import Redis

from feed.boards import compute, redis_store
from feed.boards import store as boards
from feed.boards.diversity import diversify
from feed.boards.editorial_order import apply_editorial_order, sort_by_score
from feed.boards.model import HOT, HOT_SHOWN, Row
from feed.curation import store as curation
from feed.pagination import NEWEST
from feed.postgres import Connection, Pool
from feed.ranking_snapshots import LONGEST
from feed.screens.cache import TimedCache
from feed.screens.posts import feeds

# The same as a page's: so a page is never more than a second behind, ranking and all.
_KEPT_SECONDS = 1.0
_LISTS_MOST = 200


class Ranking(msgspec.Struct, frozen=True):
    """A list's order, when it was read, and in which second by the database clock."""

    ids: Sequence[int]
    second: int
    read_at: float


class HotSnapshot(msgspec.Struct, frozen=True):
    """The hottest posts of all by their own score, the topics of each, and the order in which they are shown."""

    rows: list[Row]
    topics: dict[int, list[int]]
    shown: Ranking

    @property
    def read_at(self) -> float:
        """As old as the order is."""
        return self.shown.read_at


class HotLists:
    """Ranks at most once a second, however many read."""

    def __init__(self, pool: Pool, redis: Redis, epoch: Callable[[], str | None]) -> None:
        """`epoch()`: under which the boards in Redis are read now."""
        self._pool = pool
        self._redis = redis
        self._epoch = epoch
        self._snapshots: TimedCache[HotSnapshot] = TimedCache(1)
        self._lists: TimedCache[Ranking] = TimedCache(_LISTS_MOST)

    async def rank_all(self) -> Ranking:
        """The hot list: with what editors have done, and without floods."""
        return (await self._snapshot()).shown

    async def rank_topics(self, topic_ids: Sequence[int]) -> Ranking:
        """Posts that bear one of these topics: the newest thousand, and whatever of the hot list bears one.

        What editors do to the hot list is no matter here.
        """

        async def read() -> Ranking:
            snapshot = await self._snapshot()
            wanted = frozenset(topic_ids)
            hot = [row for row in snapshot.rows if not wanted.isdisjoint(snapshot.topics.get(row.post_id, ()))]
            async with self._pool.acquire() as conn:
                newest = await feeds.list_under_topics(conn, topic_ids, NEWEST, LONGEST)
                return await _rank(conn, snapshot, hot, [row.id for row in newest])

        return await self._lists.get(("topics", *topic_ids), read, seconds=_KEPT_SECONDS)

    async def rank_campaign(self, campaign_id: int) -> Ranking:
        """Entries that others see: the newest thousand, and whatever of the hot list is one."""

        async def read() -> Ranking:
            snapshot = await self._snapshot()
            async with self._pool.acquire() as conn:
                entered = await boards.list_entered(conn, [row.post_id for row in snapshot.rows], [campaign_id])
                among = frozenset(entered.get(campaign_id, ()))
                newest = await feeds.list_newest_entries(conn, campaign_id, LONGEST)
                return await _rank(conn, snapshot, [row for row in snapshot.rows if row.post_id in among], newest)

        return await self._lists.get(("campaign", campaign_id), read, seconds=_KEPT_SECONDS)

    async def _snapshot(self) -> HotSnapshot:
        return await self._snapshots.get((), self._read_snapshot, seconds=_KEPT_SECONDS)

    async def _read_snapshot(self) -> HotSnapshot:
        read_at = time.monotonic()
        rows = await redis_store.top(self._redis, HOT, epoch=self._epoch(), limit=HOT_SHOWN)
        async with self._pool.acquire() as conn:
            if rows is None:
                rows = await compute.hot_ranking(conn, HOT_SHOWN)
            actions = await curation.list_in_force(conn)
            known = {row.post_id: row for row in sort_by_score(rows)[:HOT_SHOWN]}
            lifted = [each.post_id for each in actions if each.action != "suppress"]
            if lifted:
                # What editors lift need not be among the hottest; and it is there as it is now, or not at all.
                known = {post_id: row for post_id, row in known.items() if post_id not in lifted}
                known |= await _read_rows(conn, lifted)
            topics = await feeds.list_topics_of(conn, list(known))
            second = await feeds.get_clock_second(conn)
        everything = list(known.values())
        shown = apply_editorial_order(everything, actions, topics)[:LONGEST]
        return HotSnapshot(everything, topics, Ranking(shown, second, read_at))


async def _rank(conn: Connection, snapshot: HotSnapshot, hot: Sequence[Row], newest: Sequence[int]) -> Ranking:
    """The best of both by score, without a flood by one author; as old as the moment is."""
    rows = {row.post_id: row for row in hot} | await _read_rows(conn, newest)
    ids = diversify(sort_by_score(list(rows.values()))[:LONGEST], {})
    return Ranking(ids, snapshot.shown.second, snapshot.read_at)


async def _read_rows(conn: Connection, post_ids: Sequence[int]) -> dict[int, Row]:
    """The rows of those of the posts that others see, as they are now."""
    rows = [compute.hot_row(post) for post in await boards.list_posts(conn, post_ids)]
    return {row.post_id: row for row in rows if row is not None}
