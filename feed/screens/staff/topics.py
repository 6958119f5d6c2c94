"""Topics as editors see them: hidden ones too, with what editors have changed."""

import msgspec

from feed.cases.chain import ReviewChain, chain_of
from feed.postgres import Connection, many
from feed.screens.posts.cards import Id
from feed.topics.model import TopicNotFound, TopicState


class EditorTopicCard(msgspec.Struct, frozen=True):
    """A topic for editors; hidden ones are included."""

    id: Id
    name: str
    state: TopicState
    alias_of_id: Id | None
    review_chain: ReviewChain
    # The name of the topic that it is an alias of.
    alias_of: str | None


class _Row(msgspec.Struct, frozen=True):
    id: int
    name: str
    state: TopicState
    alias_of_id: int | None
    alias_of: str | None
    review_stages: int


async def get_topic(conn: Connection, key: str) -> EditorTopicCard:
    """The topic with this key, in any state. Raises TopicNotFound."""
    rows = await conn.fetch(
        """
        SELECT topics.id, topics.name, topics.state, topics.alias_of AS alias_of_id, targets.name AS alias_of, topics.review_stages
        FROM topics LEFT JOIN topics AS targets ON targets.id = topics.alias_of
        WHERE topics.key = $1
        """,
        key,
    )
    if not rows:
        raise TopicNotFound
    return _card(many(rows, _Row)[0])


async def list_changed(conn: Connection, *, before_id: int, limit: int) -> list[EditorTopicCard]:
    """Topics that editors have changed, with ids below `before_id`, the newest topic first."""
    rows = await conn.fetch(
        """
        SELECT topics.id, topics.name, topics.state, topics.alias_of AS alias_of_id, targets.name AS alias_of, topics.review_stages
        FROM topics LEFT JOIN topics AS targets ON targets.id = topics.alias_of
        -- As the index `topics_changed`.
        WHERE (topics.state <> 'allowed' OR topics.alias_of IS NOT NULL OR topics.review_stages > 0) AND topics.id < $1
        ORDER BY topics.id DESC
        LIMIT $2
        """,
        before_id,
        limit,
    )
    return [_card(row) for row in many(rows, _Row)]


def _card(row: _Row) -> EditorTopicCard:
    alias_of_id = None if row.alias_of_id is None else str(row.alias_of_id)
    return EditorTopicCard(str(row.id), row.name, row.state, alias_of_id, chain_of(row.review_stages), row.alias_of)
