"""The SQL of topics."""

from collections.abc import Sequence

import msgspec

from feed.postgres import Connection, many


class Topic(msgspec.Struct, frozen=True):
    """A topic: one per key, shown by the name under which it was first used."""

    id: int
    key: str
    name: str
    state: str


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
    rows = await conn.fetch("SELECT id, key, name, state FROM topics WHERE key = ANY ($1::text[])", keys)
    return {topic.key: topic for topic in many(rows, Topic)}


async def find_by_key(conn: Connection, key: str) -> Topic | None:
    """The topic of a key."""
    return (await list_by_key(conn, [key])).get(key)
