"""The SQL of boards. It only reads, except for the rebuild number in `installation`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from feed.boards.hot_score import COMMENT_WEIGHT, PERIOD
from feed.boards.model import LogHead, Position, epoch_of
from feed.changes.store import stamp_of
from feed.postgres import Connection, many


class Post(msgspec.Struct, frozen=True):
    """A post's counters under their version, and whether others see it."""

    post_id: int
    author_id: int
    version: int
    visible: bool
    published_at: datetime | None
    like_count: int
    own_like_count: int
    comment_count: int
    own_comment_count: int


class Entry(msgspec.Struct, frozen=True):
    """An entry of a campaign that has a board, and whether it competes."""

    campaign_id: int
    post_id: int
    author_id: int
    entered_at: datetime
    competes: bool


async def get_log_head(conn: Connection) -> LogHead:
    """The epoch and the end of the change log. Read it before the rows that are written with its position."""
    row = await conn.fetchrow(
        """
        SELECT token, rebuild, (SELECT oid FROM pg_database WHERE datname = current_database()) AS oid, last_number,
               (SELECT numbered_at FROM change_log WHERE number = last_number) AS numbered_at
        FROM installation, change_numbers
        """
    )
    assert row is not None
    return LogHead(
        epoch=epoch_of(await _find_history(conn), row["oid"], row["token"], row["rebuild"]),
        position=Position(row["last_number"], stamp_of(row["numbered_at"]) if row["numbered_at"] else ""),
    )


async def list_campaigns(conn: Connection, states: Sequence[str]) -> list[int]:
    """The campaigns in these states, by id."""
    rows = await conn.fetch("SELECT id FROM campaigns WHERE state = ANY($1::text[]) ORDER BY id", states)
    return [row["id"] for row in rows]


async def _find_history(conn: Connection) -> str:
    """The cluster's identifier and timeline, which a restore or promotion changes. Empty without the privilege to read them.

    The timeline is that of the WAL being written, because the one of the last checkpoint lags behind a promotion.
    """
    allowed = await conn.fetchval("SELECT has_function_privilege('pg_control_system()', 'execute')")
    if not allowed:
        return ""
    history: str = await conn.fetchval(
        """
        SELECT system_identifier || '.' || CASE WHEN pg_is_in_recovery() THEN ''
               ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END
        FROM pg_control_system()
        """
    )
    return history


async def list_posts(conn: Connection, post_ids: Sequence[int]) -> list[Post]:
    """The existing ones among the posts."""
    rows = await conn.fetch(
        """
        SELECT posts.id AS post_id, posts.author_id, stats.version, visible_posts.id IS NOT NULL AS visible,
               posts.published_at, stats.like_count, stats.own_like_count, stats.comment_count, stats.own_comment_count
        FROM post_stats AS stats
        JOIN posts ON posts.id = stats.post_id
        LEFT JOIN visible_posts ON visible_posts.id = stats.post_id
        WHERE stats.post_id = ANY($1::bigint[])
        """,
        post_ids,
    )
    return many(rows, Post)


async def list_hottest(conn: Connection, limit: int, reach: timedelta) -> list[Post]:
    """All posts that can be among the `limit` hottest, by a score in floating point with a tolerance of 0.00001.

    The newest posts are always candidates. No post that was published more than `reach` before them can rank above them.
    """
    rows = await conn.fetch(
        """
        WITH oldest AS (
            SELECT published_at FROM visible_posts ORDER BY published_at DESC, id DESC OFFSET $1 - 1 LIMIT 1
        ), scored AS MATERIALIZED (
            SELECT posts.id AS post_id, posts.author_id, stats.version, posts.published_at, stats.like_count,
                   stats.own_like_count, stats.comment_count, stats.own_comment_count,
                   log(
                       1 + (stats.like_count - stats.own_like_count)::double precision
                       + $4 * (stats.comment_count - stats.own_comment_count)
                   ) + extract(epoch FROM posts.published_at)::double precision / $3 AS score
            FROM visible_posts AS posts
            JOIN post_stats AS stats ON stats.post_id = posts.id
            WHERE posts.published_at >= coalesce((SELECT published_at FROM oldest) - $2::interval, '-infinity')
        ), edge AS (
            SELECT score FROM scored ORDER BY score DESC OFFSET $1 - 1 LIMIT 1
        )
        SELECT post_id, author_id, version, true AS visible, published_at, like_count, own_like_count, comment_count,
               own_comment_count
        FROM scored
        WHERE score >= coalesce((SELECT score FROM edge) - 0.00001, '-infinity')
        """,
        limit,
        reach,
        PERIOD.total_seconds(),
        float(COMMENT_WEIGHT),
    )
    return many(rows, Post)


async def list_entries(conn: Connection, post_ids: Sequence[int], campaign_ids: Sequence[int]) -> list[Entry]:
    """The entries of these posts in these campaigns.

    An entry competes if the post is visible, the judged revision has the topic and the media that the rules ask for, and the entry is
    not disqualified.
    """
    rows = await conn.fetch(
        """
        SELECT entries.campaign_id, entries.post_id, entries.author_id, entries.entered_at,
               visible_posts.id IS NOT NULL AND entries.disqualified_at IS NULL
                   AND coalesce(judged.bears_topic AND judged.media_suffice, false) AS competes
        FROM entries
        LEFT JOIN visible_posts ON visible_posts.id = entries.post_id
        LEFT JOIN judged_revisions AS judged
            ON judged.campaign_id = entries.campaign_id AND judged.post_id = entries.post_id
        WHERE entries.post_id = ANY($1::bigint[]) AND entries.campaign_id = ANY($2::bigint[])
        """,
        post_ids,
        campaign_ids,
    )
    return many(rows, Entry)


async def list_entered(conn: Connection, post_ids: Sequence[int], campaign_ids: Sequence[int]) -> dict[int, list[int]]:
    """The entries among the posts, competing or not, by campaign."""
    rows = await conn.fetch(
        """
        SELECT campaign_id, array_agg(post_id ORDER BY post_id) AS post_ids
        FROM entries
        WHERE post_id = ANY($1::bigint[]) AND campaign_id = ANY($2::bigint[])
        GROUP BY campaign_id
        """,
        post_ids,
        campaign_ids,
    )
    return {row["campaign_id"]: row["post_ids"] for row in rows}


async def start_epoch(conn: Connection) -> None:
    """Starts a new epoch, so that all keys in Redis become obsolete.

    The number follows the clock, so that a restored database does not assign a number again.
    """
    await conn.execute(
        """
        UPDATE installation
        SET rebuild = greatest(rebuild + 1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
        """
    )


async def list_sample_posts(conn: Connection, count: int) -> list[int]:
    """The `count` newest visible posts, and as many from a random id on."""
    rows = await conn.fetch(
        """
        (SELECT id FROM visible_posts ORDER BY published_at DESC, id DESC LIMIT $1)
        UNION
        (SELECT id FROM visible_posts
         WHERE id >= (SELECT min(id) + (random() * (max(id) - min(id)))::bigint FROM posts)
         ORDER BY id LIMIT $1)
        """,
        count,
    )
    return [row["id"] for row in rows]


async def list_sample_entries(conn: Connection, campaign_id: int, count: int) -> list[int]:
    """The posts of up to `count` entries from a random id on."""
    rows = await conn.fetch(
        """
        SELECT post_id
        FROM entries
        WHERE campaign_id = $1 AND post_id >= (
            SELECT min(post_id) + (random() * (max(post_id) - min(post_id)))::bigint FROM entries WHERE campaign_id = $1
        )
        ORDER BY post_id
        LIMIT $2
        """,
        campaign_id,
        count,
    )
    return [row["post_id"] for row in rows]
