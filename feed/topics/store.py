"""The SQL of topics."""

from collections.abc import Sequence

import msgspec

from feed.postgres import Connection, many, one
from feed.topics.model import ResolvedTopic, Topic, TopicState


async def find_or_add_topics(conn: Connection, names: Sequence[tuple[str, str]]) -> dict[str, Topic]:
    """Topics by key for pairs of (key, name); the unknown ones are made."""
    if not names:
        return {}
    ordered = sorted(
        dict(names).items()
    )  # One order for everybody: two posts with the same new topics cannot deadlock.
    keys = [key for key, _ in ordered]
    known = await list_by_key(conn, keys)
    if len(known) < len(keys):
        await conn.execute(
            """
            INSERT INTO topics (key, name)
            SELECT key, name FROM unnest($1::text[], $2::text[]) AS given (key, name)
            ORDER BY key
            ON CONFLICT (key) DO NOTHING
            """,
            keys,
            [name for _, name in ordered],
        )
        known = await list_by_key(conn, keys)
    return known


async def list_by_key(conn: Connection, keys: Sequence[str]) -> dict[str, Topic]:
    """The known ones among `keys`."""
    rows = await conn.fetch("SELECT id, key, name, state, alias_of FROM topics WHERE key = ANY ($1::text[])", keys)
    return {topic.key: topic for topic in many(rows, Topic)}


async def find_by_key(conn: Connection, key: str) -> Topic | None:
    """The topic of a key."""
    return (await list_by_key(conn, [key])).get(key)


async def find_resolved(conn: Connection, key: str) -> ResolvedTopic | None:
    """The topic that a key stands for; None where it or its target is hidden. A hidden name shows no posts under its target."""
    row = await conn.fetchrow(
        """
        SELECT target.id, target.name, target.state,
               target.id || ARRAY(
                   SELECT aliases.id FROM topics AS aliases
                   WHERE aliases.alias_of = target.id AND aliases.state <> 'hidden'
                   ORDER BY aliases.id
               ) AS ids
        FROM topics AS named JOIN topics AS target ON target.id = coalesce(named.alias_of, named.id)
        WHERE named.key = $1 AND named.state <> 'hidden' AND target.state <> 'hidden'
        """,
        key,
    )
    return one(row, ResolvedTopic)


async def lock_aliases(conn: Connection) -> None:
    """Lets one change what stands for what at a time, until the transaction ends: so no alias ever leads to another."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('feed.topic_aliases', 0))")


async def lock_topic(conn: Connection, key: str) -> Topic | None:
    """The topic of a key, held until the transaction ends. Posts that bear it go on."""
    row = await conn.fetchrow("SELECT id, key, name, state, alias_of FROM topics WHERE key = $1 FOR NO KEY UPDATE", key)
    return one(row, Topic)


async def change_topic(conn: Connection, topic_id: int, *, state: TopicState, alias_of: int | None) -> Topic:
    """The topic as it is afterwards."""
    row = await conn.fetchrow(
        """
        UPDATE topics SET state = $2, alias_of = $3 WHERE id = $1
        RETURNING id, key, name, state, alias_of
        """,
        topic_id,
        state,
        alias_of,
    )
    return msgspec.convert(row, Topic)


async def change_aliases(conn: Connection, topic_id: int, target_id: int) -> None:
    """What stood for one topic stands for another."""
    await conn.execute("UPDATE topics SET alias_of = $2 WHERE alias_of = $1", topic_id, target_id)
