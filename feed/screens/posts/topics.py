"""Topics on the wire, by name, by prefix and by trend."""

import hashlib
import time
from collections.abc import Hashable, Sequence

import msgspec
from redis.asyncio import Redis

from feed import ranking_snapshots as snapshots
from feed.pagination import Cursors, Page
from feed.postgres import Connection, Pool, many
from feed.ranking_snapshots import MAX_RANKED, SnapshotPosition
from feed.screens.cache import TimedCache
from feed.topics import store as topics
from feed.topics.model import ResolvedTopic, TopicNotFound, TopicState

_CACHE_SECONDS = 1.0
_MAX_BYTES = 4_000_000
# The last code point: a prefix with it appended is the upper bound of the keys with that prefix.
_LAST_CHARACTER = "\U0010ffff"


class TopicCard(msgspec.Struct, frozen=True):
    """A topic. The counts are posts of the last three days and their authors, both 0 for a topic that is not trending."""

    id: str
    name: str
    state: TopicState
    author_count: int
    post_count: int


class _CachedTopic(msgspec.Struct, frozen=True):
    topic: ResolvedTopic
    read_at: float


class _CachedSearch(msgspec.Struct, frozen=True):
    """Topic ids in their order; `second` is the database clock at the time of the read."""

    ids: list[int]
    second: int
    read_at: float


class Topics:
    """Topics by name and by prefix, each read at most once a second."""

    def __init__(self, pool: Pool, redis: Redis, cursors: Cursors) -> None:
        self._pool = pool
        self._redis = redis
        self._cursors = cursors
        self._by_key: TimedCache[_CachedTopic] = TimedCache(
            seconds=_CACHE_SECONDS, max_bytes=_MAX_BYTES, size=_size_of_topic
        )
        self._by_prefix: TimedCache[_CachedSearch] = TimedCache(
            seconds=_CACHE_SECONDS, max_bytes=_MAX_BYTES, size=_size_of_search
        )

    async def resolve(self, key: str) -> ResolvedTopic:
        """The topic that the key resolves to. Raises TopicNotFound, also for one that is hidden or that no visible post has."""

        async def read() -> _CachedTopic:
            read_at = time.monotonic()
            async with self._pool.acquire() as conn:
                topic = await topics.find_resolved(conn, key)
            if topic is None or not topic.is_public:
                raise TopicNotFound
            return _CachedTopic(topic, read_at)

        return (await self._by_key.get(key, read, seconds=_CACHE_SECONDS)).topic

    async def page(self, prefix: str, *, cursor: str | None, limit: int) -> Page[TopicCard]:
        """Topics whose keys have the prefix: trending ones first, then the others by key; without a prefix only trending ones.

        Raises CursorInvalid, CursorExpired.
        """
        name = f"topics:{hashlib.blake2b(prefix.encode(), digest_size=8).hexdigest()}"
        bookmark = self._cursors.read(name, cursor, SnapshotPosition) if cursor else SnapshotPosition()
        ids = await snapshots.find(self._redis, name, bookmark.name)
        if ids is None:
            found = await self._by_prefix.get(prefix, lambda: self._search(prefix), seconds=_CACHE_SECONDS)
            ids = found.ids
            if not cursor and len(ids) > limit:
                snapshot, ids = await snapshots.save(self._redis, name, ids, second=found.second)
                bookmark = SnapshotPosition(snapshot)
        end = bookmark.start + limit
        async with self._pool.acquire() as conn:
            cards = await list_cards(conn, ids[bookmark.start : end])
        next_cursor = self._cursors.write(name, SnapshotPosition(bookmark.name, end)) if len(ids) > end else None
        return Page(cards, next_cursor)

    async def _search(self, prefix: str) -> _CachedSearch:
        read_at = time.monotonic()
        async with self._pool.acquire() as conn:
            trending, second = await list_trending(conn, prefix, MAX_RANKED)
            others = await list_by_prefix(conn, prefix, MAX_RANKED) if prefix else []
        return _CachedSearch(list(dict.fromkeys(trending + others))[:MAX_RANKED], second, read_at)


def _size_of_topic(_: Hashable, found: _CachedTopic) -> int:
    return 500 + 40 * len(found.topic.ids)


def _size_of_search(_: Hashable, found: _CachedSearch) -> int:
    return 500 + 40 * len(found.ids)


async def list_trending(conn: Connection, prefix: str, limit: int) -> tuple[list[int], int]:
    """The ids of trending topics whose keys have the prefix, best first, and the database clock in seconds since 1970."""
    row = await conn.fetchrow(
        """
        SELECT extract(epoch FROM clock_timestamp())::bigint AS second,
               ARRAY(
                   SELECT trends.topic_id
                   FROM topic_trends AS trends JOIN public_topics AS topics ON topics.id = trends.topic_id
                   WHERE topics.state = 'allowed' AND topics.alias_of IS NULL AND starts_with(topics.key, $1)
                   ORDER BY trends.score DESC, trends.topic_id DESC
                   LIMIT $2
               ) AS ids
        """,
        prefix,
        limit,
    )
    assert row is not None
    return row["ids"], row["second"]


async def list_by_prefix(conn: Connection, prefix: str, limit: int) -> list[int]:
    """The ids of topics whose keys have the prefix, by key; an alias as the topic that it resolves to."""
    rows = await conn.fetch(
        """
        SELECT target.id
        FROM (
            SELECT id, key, alias_of FROM public_topics
            WHERE key COLLATE "C" >= $1 AND key COLLATE "C" < $2
            ORDER BY key COLLATE "C"
            LIMIT $3
        ) AS found
        JOIN public_topics AS target ON target.id = coalesce(found.alias_of, found.id)
        ORDER BY found.key COLLATE "C"
        """,
        prefix,
        prefix + _LAST_CHARACTER,
        limit,
    )
    return [row["id"] for row in rows]


async def list_cards(conn: Connection, topic_ids: Sequence[int]) -> list[TopicCard]:
    """The topics in the order of the ids, without those that have become hidden or an alias, or are taken down."""
    rows = await conn.fetch(
        """
        SELECT topics.id::text AS id, topics.name, topics.state,
               coalesce(trends.author_count, 0) AS author_count, coalesce(trends.post_count, 0) AS post_count
        FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position)
        JOIN public_topics AS topics ON topics.id = wanted.id
        LEFT JOIN topic_trends AS trends ON trends.topic_id = topics.id
        WHERE topics.alias_of IS NULL
        ORDER BY wanted.position
        """,
        topic_ids,
    )
    return many(rows, TopicCard)
