"""What a topic looks like on the wire."""

import msgspec

from feed.postgres import Connection, one
from feed.topics.model import TopicNotFound


class TopicCard(msgspec.Struct, frozen=True):
    """A topic."""

    id: str
    name: str
    state: str


async def get_topic(conn: Connection, key: str) -> TopicCard:
    """The topic of a key. Raises TopicNotFound also for a hidden one."""
    row = await conn.fetchrow(
        "SELECT id::text AS id, name, state FROM topics WHERE key = $1 AND state <> 'hidden'", key
    )
    topic = one(row, TopicCard)
    if topic is None:
        raise TopicNotFound
    return topic
