"""Timed lists of posts: latest, under a topic, of a person, of a campaign. Keyset paging, no optional predicates."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.paging import Position
from feed.postgres import Connection, many


class Listed(msgspec.Struct, frozen=True):
    """A post's place in a timed list."""

    id: int
    at: datetime

    @property
    def position(self) -> Position:
        """Where a list goes on after this post."""
        return Position(self.at, self.id)


async def list_latest(conn: Connection, after: Position, limit: int) -> list[Listed]:
    """Visible posts, newest first."""
    rows = await conn.fetch(
        """
        SELECT id, published_at AS at FROM visible_posts
        WHERE (published_at, id) < ($1, $2)
        ORDER BY published_at DESC, id DESC
        LIMIT $3
        """,
        after.at,
        after.id,
        limit,
    )
    return many(rows, Listed)


async def list_of_author(conn: Connection, author_id: int, after: Position, limit: int) -> list[Listed]:
    """A person's visible posts, newest first."""
    rows = await conn.fetch(
        """
        SELECT id, published_at AS at FROM visible_posts
        WHERE author_id = $1 AND (published_at, id) < ($2, $3)
        ORDER BY published_at DESC, id DESC
        LIMIT $4
        """,
        author_id,
        after.at,
        after.id,
        limit,
    )
    return many(rows, Listed)


async def list_own(conn: Connection, author_id: int, states: Sequence[str], before_id: int, limit: int) -> list[int]:
    """A person's own posts in these states, the youngest first."""
    rows = await conn.fetch(
        """
        SELECT id FROM posts
        WHERE author_id = $1 AND id < $2 AND state = ANY ($3::text[])
        ORDER BY id DESC
        LIMIT $4
        """,
        author_id,
        before_id,
        states,
        limit,
    )
    return [row["id"] for row in rows]


async def list_under_topic(conn: Connection, topic_id: int, after: Position, limit: int) -> list[Listed]:
    """Visible posts that bear a topic, newest first."""
    rows = await conn.fetch(
        """
        SELECT posts.id, posts.published_at AS at
        FROM topic_posts JOIN visible_posts AS posts ON posts.id = topic_posts.post_id
        WHERE topic_posts.topic_id = $1 AND (topic_posts.published_at, topic_posts.post_id) < ($2, $3)
        ORDER BY topic_posts.published_at DESC, topic_posts.post_id DESC
        LIMIT $4
        """,
        topic_id,
        after.at,
        after.id,
        limit,
    )
    return many(rows, Listed)


async def list_of_campaign(conn: Connection, campaign_id: int, after: Position, limit: int) -> list[Listed]:
    """Visible entries of a campaign, the latest to enter first."""
    rows = await conn.fetch(
        """
        SELECT posts.id, entries.entered_at AS at
        FROM entries JOIN visible_posts AS posts ON posts.id = entries.post_id
        WHERE entries.campaign_id = $1 AND (entries.entered_at, entries.post_id) < ($2, $3)
        ORDER BY entries.entered_at DESC, entries.post_id DESC
        LIMIT $4
        """,
        campaign_id,
        after.at,
        after.id,
        limit,
    )
    return many(rows, Listed)
