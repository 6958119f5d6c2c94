"""What a topic looks like on the wire, and the list of those that people write about or search for."""

import hashlib
import time
from collections.abc import Sequence

import msgspec
from redis.asyncio import Redis

from feed import ranking_snapshots as snapshots
from feed.pagination import Cursors, Page
from feed.postgres import Connection, Pool, many
from feed.ranking_snapshots import LONGEST, Bookmark
from feed.screens.cache import TimedCache
from feed.topics import store as topics
from feed.topics.model import ResolvedTopic, TopicNotFound, TopicState

_KEPT_SECONDS = 1.0
_NAMES_MOST = 2_000
_SEARCHES_MOST = 500
# The last character that a key can hold; behind it begins the next prefix.
_LAST = "\U0010ffff"


class TopicCard(msgspec.Struct, frozen=True):
    """A topic. The counts are of the last three days: posts, and the people who wrote them; both 0 for one that hardly anybody uses."""

    id: str
    name: str
    state: TopicState
    author_count: int
    post_count: int


class Named(msgspec.Struct, frozen=True):
    """What a name stands for, and when that was read."""

    topic: ResolvedTopic
    read_at: float


class Found(msgspec.Struct, frozen=True):
    """Topics in their order, the second of the reading by the database clock, and when that was."""

    ids: list[int]
    second: int
    read_at: float


class Topics:
    """Topics by name and by prefix, each read at most once a second."""

    def __init__(self, pool: Pool, redis: Redis, cursors: Cursors) -> None:
        self._pool = pool
        self._redis = redis
        self._cursors = cursors
        self._named: TimedCache[Named] = TimedCache(_NAMES_MOST)
        self._found: TimedCache[Found] = TimedCache(_SEARCHES_MOST)

    async def resolve(self, key: str) -> ResolvedTopic:
        """What the key stands for. Raises TopicNotFound also for what is hidden."""

        async def read() -> Named:
            read_at = time.monotonic()
            async with self._pool.acquire() as conn:
                topic = await topics.find_resolved(conn, key)
            if topic is None:
                raise TopicNotFound
            return Named(topic, read_at)

        return (await self._named.get(key, read, seconds=_KEPT_SECONDS)).topic

    async def page(self, prefix: str, *, cursor: str | None, limit: int) -> Page[TopicCard]:
        """Topics whose key begins so: first those that people write about now, then the others by their keys.

        Without a prefix only the first. Raises CursorInvalid, CursorExpired.
        """
        place = f"topics:{hashlib.blake2b(prefix.encode(), digest_size=8).hexdigest()}"
        mark = self._cursors.read(place, cursor, Bookmark) if cursor else Bookmark()
        ids = await snapshots.find(self._redis, place, mark.name)
        if ids is None:
            found = await self._found.get(prefix, lambda: self._search(prefix), seconds=_KEPT_SECONDS)
            ids = found.ids
            if not cursor and len(ids) > limit:
                name, ids = await snapshots.share(self._redis, place, ids, second=found.second)
                mark = Bookmark(name)
        end = mark.start + limit
        async with self._pool.acquire() as conn:
            cards = await list_cards(conn, ids[mark.start : end])
        more = self._cursors.write(place, Bookmark(mark.name, end)) if len(ids) > end else None
        return Page(cards, more)

    async def _search(self, prefix: str) -> Found:
        read_at = time.monotonic()
        async with self._pool.acquire() as conn:
            trending, second = await list_trending(conn, prefix, LONGEST)
            others = await list_by_prefix(conn, prefix, LONGEST) if prefix else []
        return Found(list(dict.fromkeys(trending + others))[:LONGEST], second, read_at)


async def list_trending(conn: Connection, prefix: str, limit: int) -> tuple[list[int], int]:
    """What people write about now under keys that begin so, the most of it first; and the second by the database clock."""
    row = await conn.fetchrow(
        """
        SELECT extract(epoch FROM clock_timestamp())::bigint AS second,
               ARRAY(
                   SELECT trends.topic_id
                   FROM topic_trends AS trends JOIN topics ON topics.id = trends.topic_id
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
    """Topics by the keys that begin so; for a name that stands for another topic that one."""
    rows = await conn.fetch(
        """
        SELECT target.id
        FROM (
            SELECT id, key, alias_of FROM topics
            WHERE key COLLATE "C" >= $1 AND key COLLATE "C" < $2 AND state <> 'hidden'
            ORDER BY key COLLATE "C"
            LIMIT $3
        ) AS found
        JOIN topics AS target ON target.id = coalesce(found.alias_of, found.id)
        WHERE target.state <> 'hidden'
        ORDER BY found.key COLLATE "C"
        """,
        prefix,
        prefix + _LAST,
        limit,
    )
    return [row["id"] for row in rows]


async def list_cards(conn: Connection, topic_ids: Sequence[int]) -> list[TopicCard]:
    """The topics in the order of their ids' list, without those that are hidden or stand for another one by now."""
    rows = await conn.fetch(
        """
        SELECT topics.id::text AS id, topics.name, topics.state,
               coalesce(trends.author_count, 0) AS author_count, coalesce(trends.post_count, 0) AS post_count
        FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (id, place)
        JOIN topics ON topics.id = asked.id
        LEFT JOIN topic_trends AS trends ON trends.topic_id = topics.id
        WHERE topics.state <> 'hidden' AND topics.alias_of IS NULL
        ORDER BY asked.place
        """,
        topic_ids,
    )
    return many(rows, TopicCard)


async def get_topic(conn: Connection, key: str) -> TopicCard:
    """The topic that a key stands for. Raises TopicNotFound also for what is hidden."""
    topic = await topics.find_resolved(conn, key)
    cards = await list_cards(conn, [] if topic is None else [topic.id])
    if not cards:
        raise TopicNotFound
    return cards[0]
