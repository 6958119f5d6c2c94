"""The hot list, and the hot order of a topic's posts and of a campaign's entries, each ranked at most once a second."""

import time
from collections.abc import Callable, Hashable, Sequence

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
from feed.ranking_snapshots import MAX_RANKED
from feed.screens.cache import TimedCache
from feed.screens.posts import feeds

# As for pages of posts: a ranking's `read_at` becomes the page's, so that together they are at most a second old.
_CACHE_SECONDS = 1.0
_MAX_BYTES = 8_000_000
# A row of the hot list with its topics.
_ROW_BYTES = 600


class Ranking(msgspec.Struct, frozen=True):
    """Post ids in their order; `second` is the database clock and `read_at` the monotonic clock at the time of the read."""

    ids: Sequence[int]
    second: int
    read_at: float


class HotSnapshot(msgspec.Struct, frozen=True):
    """The hottest posts by score, the topics of each, and the hot list that is shown."""

    rows: list[Row]
    topics: dict[int, list[int]]
    shown: Ranking

    @property
    def read_at(self) -> float:
        """The time of the shown list's read."""
        return self.shown.read_at


class HotLists:
    """Cached rankings, each computed at most once a second."""

    def __init__(self, pool: Pool, redis: Redis, epoch: Callable[[], str | None]) -> None:
        """`epoch()` is the present epoch of the boards in Redis."""
        self._pool = pool
        self._redis = redis
        self._epoch = epoch
        self._snapshots: TimedCache[HotSnapshot] = TimedCache(
            seconds=_CACHE_SECONDS, max_bytes=_MAX_BYTES, size=_size_of_snapshot
        )
        self._lists: TimedCache[Ranking] = TimedCache(
            seconds=_CACHE_SECONDS, max_bytes=_MAX_BYTES, size=_size_of_ranking
        )

    async def rank_all(self) -> Ranking:
        """The hot list, with the editors' actions and the limits per author and topic applied."""
        return (await self._snapshot()).shown

    async def rank_topics(self, topic_ids: Sequence[int]) -> Ranking:
        """Posts with one of these topics: the newest thousand, and all of the hot list's. Editors' actions do not apply."""

        async def read() -> Ranking:
            snapshot = await self._snapshot()
            wanted = frozenset(topic_ids)
            hot = [row for row in snapshot.rows if not wanted.isdisjoint(snapshot.topics.get(row.post_id, ()))]
            async with self._pool.acquire() as conn:
                newest = await feeds.list_under_topics(conn, topic_ids, NEWEST, MAX_RANKED)
                return await _rank(conn, snapshot, hot, [row.id for row in newest])

        return await self._lists.get(("topics", *topic_ids), read, seconds=_CACHE_SECONDS)

    async def rank_campaign(self, campaign_id: int) -> Ranking:
        """Visible entries of a campaign: the newest thousand, and all that are on the hot list. Editors' actions do not apply."""

        async def read() -> Ranking:
            snapshot = await self._snapshot()
            async with self._pool.acquire() as conn:
                entered = await boards.list_entered(conn, [row.post_id for row in snapshot.rows], [campaign_id])
                among = frozenset(entered.get(campaign_id, ()))
                newest = await feeds.list_newest_entries(conn, campaign_id, MAX_RANKED)
                return await _rank(conn, snapshot, [row for row in snapshot.rows if row.post_id in among], newest)

        return await self._lists.get(("campaign", campaign_id), read, seconds=_CACHE_SECONDS)

    async def _snapshot(self) -> HotSnapshot:
        return await self._snapshots.get((), self._read_snapshot, seconds=_CACHE_SECONDS)

    async def _read_snapshot(self) -> HotSnapshot:
        read_at = time.monotonic()
        rows = await redis_store.top(self._redis, HOT, epoch=self._epoch(), limit=HOT_SHOWN)
        async with self._pool.acquire() as conn:
            if rows is None:
                rows = await compute.hot_ranking(conn, HOT_SHOWN)
            actions = await curation.list_in_force(conn)
            by_id = {row.post_id: row for row in sort_by_score(rows)[:HOT_SHOWN]}
            promoted = [each.post_id for each in actions if each.action != "suppress"]
            if promoted:
                # Pinned and boosted posts need not be among the hottest; their rows come from Postgres, where hidden ones have none.
                by_id = {post_id: row for post_id, row in by_id.items() if post_id not in promoted}
                by_id |= await _read_rows(conn, promoted)
            topics = await feeds.list_topics_of(conn, list(by_id))
            second = await feeds.get_clock_second(conn)
        hottest = list(by_id.values())
        shown = apply_editorial_order(hottest, actions, topics)[:MAX_RANKED]
        return HotSnapshot(hottest, topics, Ranking(shown, second, read_at))


async def _rank(conn: Connection, snapshot: HotSnapshot, hot: Sequence[Row], newest: Sequence[int]) -> Ranking:
    """The best of both by score, with the limit per author applied; as old as the snapshot."""
    rows = {row.post_id: row for row in hot} | await _read_rows(conn, newest)
    ids = diversify(sort_by_score(list(rows.values()))[:MAX_RANKED], {})
    return Ranking(ids, snapshot.shown.second, snapshot.read_at)


async def _read_rows(conn: Connection, post_ids: Sequence[int]) -> dict[int, Row]:
    """The present rows of those posts that are public."""
    rows = [compute.hot_row(post) for post in await boards.list_posts(conn, post_ids)]
    return {row.post_id: row for row in rows if row is not None}


def _size_of_snapshot(_: Hashable, snapshot: HotSnapshot) -> int:
    return _ROW_BYTES * len(snapshot.rows)


def _size_of_ranking(_: Hashable, ranking: Ranking) -> int:
    return 40 * len(ranking.ids)
