"""The SQL of topics."""

from collections.abc import Sequence

import msgspec

from feed.postgres import Connection, many, one
from feed.topics.model import NamedTopic, ResolvedTopic, Topic, TopicState


async def find_or_add_topics(conn: Connection, names: Sequence[tuple[str, str]]) -> dict[str, NamedTopic]:
    """The topics by key, for pairs of (key, name). Unknown ones are added."""
    if not names:
        return {}
    # Sorted, so that two posts with the same new topics cannot deadlock.
    ordered = sorted(dict(names).items())
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


async def list_by_key(conn: Connection, keys: Sequence[str]) -> dict[str, NamedTopic]:
    """The existing topics among `keys`, by key."""
    rows = await conn.fetch(
        """
        SELECT topics.id, topics.key, topics.name, topics.state, topics.alias_of,
               -- No join: for many keys the planner would read all topics.
               coalesce((SELECT state FROM topics AS targets WHERE targets.id = topics.alias_of), topics.state) AS target_state,
               EXISTS (
                   SELECT FROM taken_down_topics AS down WHERE down.topic_id IN (topics.id, topics.alias_of)
               ) AS is_taken_down,
               topics.review_stages, (SELECT stages FROM topic_stages WHERE topic_id = topics.id) AS stages
        FROM topics
        WHERE topics.key = ANY ($1::text[])
        """,
        keys,
    )
    return {topic.key: topic for topic in many(rows, NamedTopic)}


async def find_by_key(conn: Connection, key: str) -> NamedTopic | None:
    """The topic with this key, or None."""
    return (await list_by_key(conn, [key])).get(key)


async def find_id(conn: Connection, topic_id: int) -> int | None:
    """The id, if a topic has it."""
    found: int | None = await conn.fetchval("SELECT id FROM topics WHERE id = $1", topic_id)
    return found


async def find_resolved(conn: Connection, key: str) -> ResolvedTopic | None:
    """The topic that a key resolves to; None if it or its target is hidden, taken down or unknown. Such aliases are not in `ids`."""
    row = await conn.fetchrow(
        """
        SELECT target.id, target.name, target.state,
               target.id || ARRAY(
                   SELECT aliases.id FROM shown_topics AS aliases
                   WHERE aliases.alias_of = target.id
                   ORDER BY aliases.id
               ) AS ids,
               EXISTS (SELECT FROM public_topics WHERE public_topics.id = target.id) AS is_public
        FROM shown_topics AS named JOIN shown_topics AS target ON target.id = coalesce(named.alias_of, named.id)
        WHERE named.key = $1
        """,
        key,
    )
    return one(row, ResolvedTopic)


async def list_ids_under(conn: Connection, key: str) -> list[int]:
    """The ids of the topic with this key, or of its target, and of all its aliases, in any state; empty if unknown."""
    rows = await conn.fetch(
        """
        WITH target AS (
            SELECT coalesce(alias_of, id) AS id FROM topics WHERE key = $1
        )
        SELECT id FROM target
        UNION ALL
        SELECT aliases.id FROM topics AS aliases JOIN target ON aliases.alias_of = target.id
        ORDER BY id
        """,
        key,
    )
    return [row["id"] for row in rows]


async def lock_aliases(conn: Connection) -> None:
    """Serializes changes of aliases, and of the topics of campaigns, until the transaction ends. Taken before any row is locked.

    No alias resolves to another alias, and no campaign is published on a topic that is being closed, hidden or made an alias.
    """
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('feed.topic_aliases', 0))")


async def list_shown_aliases(conn: Connection, topic_id: int) -> list[int]:
    """The aliases of a topic that are neither hidden nor taken down."""
    rows = await conn.fetch("SELECT id FROM shown_topics WHERE alias_of = $1 ORDER BY id", topic_id)
    return [row["id"] for row in rows]


async def lock_topic(conn: Connection, key: str) -> Topic | None:
    """The topic with this key, locked until the transaction ends; None if unknown. New posts with the topic do not wait."""
    row = await conn.fetchrow(
        "SELECT id, key, name, state, alias_of, review_stages FROM topics WHERE key = $1 FOR NO KEY UPDATE", key
    )
    return one(row, Topic)


async def change_topic(
    conn: Connection, topic_id: int, *, state: TopicState, alias_of: int | None, review_stages: int
) -> Topic:
    """Sets state, target and stages of a topic. Returns the changed topic."""
    row = await conn.fetchrow(
        """
        UPDATE topics SET state = $2, alias_of = $3, review_stages = $4 WHERE id = $1
        RETURNING id, key, name, state, alias_of, review_stages
        """,
        topic_id,
        state,
        alias_of,
        review_stages,
    )
    return msgspec.convert(row, Topic)


async def change_aliases(conn: Connection, topic_id: int, target_id: int) -> None:
    """Makes all aliases of one topic aliases of another."""
    await conn.execute("UPDATE topics SET alias_of = $2 WHERE alias_of = $1", topic_id, target_id)
