"""Lists of posts by time: latest, with videos, of topics, of an author, of a campaign. Keyset paging, no optional predicates."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.pagination import Position
from feed.postgres import Connection, many


class Listed(msgspec.Struct, frozen=True):
    """A post of a list, with the time that it is ordered by."""

    id: int
    at: datetime

    @property
    def position(self) -> Position:
        """The list position of this post, for the next page's cursor."""
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
    """An author's visible posts, newest first."""
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
    """The ids of an author's posts in these states, newest first."""
    rows = await conn.fetch(
        """
        SELECT id FROM posts
        WHERE author_id = $1 AND id < $2 AND shown_state(state, holds) = ANY ($3::text[])
        ORDER BY id DESC
        LIMIT $4
        """,
        author_id,
        before_id,
        states,
        limit,
    )
    return [row["id"] for row in rows]


async def list_under_topics(conn: Connection, topic_ids: Sequence[int], after: Position, limit: int) -> list[Listed]:
    """Visible posts with one of these topics (a topic and its aliases), newest first, each once."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT found.published_at AS at, found.id
        FROM unnest($1::bigint[]) AS wanted (topic_id)
        CROSS JOIN LATERAL (
            SELECT posts.id, posts.published_at
            FROM topic_posts JOIN visible_posts AS posts ON posts.id = topic_posts.post_id
            WHERE topic_posts.topic_id = wanted.topic_id AND (topic_posts.published_at, topic_posts.post_id) < ($2, $3)
            ORDER BY topic_posts.published_at DESC, topic_posts.post_id DESC
            LIMIT $4
        ) AS found
        ORDER BY at DESC, id DESC
        LIMIT $4
        """,
        topic_ids,
        after.at,
        after.id,
        limit,
    )
    return many(rows, Listed)


async def list_topics_of(conn: Connection, post_ids: Sequence[int]) -> dict[int, list[int]]:
    """The topic ids of each post that has any; an alias counts as the topic that it resolves to."""
    rows = await conn.fetch(
        """
        SELECT topic_posts.post_id, array_agg(DISTINCT coalesce(aliases.alias_of, topic_posts.topic_id)) AS topic_ids
        FROM topic_posts
        LEFT JOIN topics AS aliases ON aliases.id = topic_posts.topic_id AND aliases.alias_of IS NOT NULL
        WHERE topic_posts.post_id = ANY ($1::bigint[])
        GROUP BY topic_posts.post_id
        """,
        post_ids,
    )
    return {row["post_id"]: row["topic_ids"] for row in rows}


async def list_videos(conn: Connection, after: Position, limit: int) -> list[Listed]:
    """Visible posts with a video, newest first."""
    rows = await conn.fetch(
        """
        SELECT id, published_at AS at FROM visible_posts
        WHERE has_video AND (published_at, id) < ($1, $2)
        ORDER BY published_at DESC, id DESC
        LIMIT $3
        """,
        after.at,
        after.id,
        limit,
    )
    return many(rows, Listed)


async def list_newest_entries(conn: Connection, campaign_id: int, limit: int) -> list[int]:
    """The post ids of a campaign's newest visible entries, by post id: ids grow with the time of creation."""
    rows = await conn.fetch(
        """
        SELECT entries.post_id
        FROM entries JOIN visible_posts AS posts ON posts.id = entries.post_id
        WHERE entries.campaign_id = $1
        ORDER BY entries.post_id DESC
        LIMIT $2
        """,
        campaign_id,
        limit,
    )
    return [row["post_id"] for row in rows]


async def get_position(conn: Connection, post_id: int) -> Position:
    """The position of a post in lists by time, whatever its state; of an unknown post, by the creation time in its id."""
    row = await conn.fetchrow(
        """
        SELECT coalesce(
                   (SELECT coalesce(published_at, created_at) FROM posts WHERE id = $1),
                   to_timestamp(($1::bigint >> 20) / 1000.0)
               ) AS at
        """,
        post_id,
    )
    assert row is not None
    return Position(row["at"], post_id)


async def get_clock_second(conn: Connection) -> int:
    """The database clock in seconds since 1970."""
    return int(await conn.fetchval("SELECT extract(epoch FROM clock_timestamp())::bigint"))


async def list_of_campaign(conn: Connection, campaign_id: int, after: Position, limit: int) -> list[Listed]:
    """Visible entries of a campaign, by time of entry, newest first."""
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
