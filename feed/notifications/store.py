"""SQL for notifications: the position in the change log, posts with due likes, and comments."""

from collections.abc import Sequence
from datetime import datetime

from feed.notifications.model import CommentEvent, Group, Liker
from feed.postgres import Connection, columns, many


async def lock_position(conn: Connection) -> int | None:
    """Locks the position in the change log; None while another worker holds it."""
    position: int | None = await conn.fetchval("SELECT number FROM inbox_position FOR UPDATE SKIP LOCKED")
    return position


async def mark_changed_due(conn: Connection, after: int, *, limit: int) -> tuple[int, int]:
    """Marks the likes of changed posts as due. Returns the new position and the number of changes read.

    A post is due at most every ten seconds, however many likes it gets meanwhile.
    """
    row = await conn.fetchrow(
        """
        WITH seen AS (
            SELECT number, post_id FROM change_log WHERE number > $1 ORDER BY number LIMIT $2
        ), noted AS (
            INSERT INTO like_groups (post_id, due_at)
            SELECT stats.post_id, greatest(now(), held.refreshed_at + interval '10 seconds')
            FROM (SELECT DISTINCT post_id FROM seen) AS changed
            JOIN post_stats AS stats ON stats.post_id = changed.post_id
            LEFT JOIN like_groups AS held ON held.post_id = changed.post_id
            WHERE held.due_at IS NULL AND (held.post_id IS NOT NULL OR stats.like_count > stats.own_like_count)
            ON CONFLICT (post_id) DO UPDATE SET due_at = excluded.due_at
        )
        SELECT coalesce(max(number), $1) AS position, count(*) AS count FROM seen
        """,
        after,
        limit,
    )
    assert row is not None
    return row["position"], row["count"]


async def mark_position(conn: Connection, number: int) -> None:
    """Stores the position in the change log."""
    await conn.execute("UPDATE inbox_position SET number = $1", number)


async def list_due_groups(conn: Connection, *, limit: int) -> list[Group]:
    """Posts whose likes changed since the last notification. Only under the lock of the position."""
    rows = await conn.fetch(
        """
        SELECT posts.id AS post_id, posts.author_id, stats.like_count - stats.own_like_count AS like_count,
               due.like_count AS notified_count, due.newest_at AS notified_until, accounts.erased_at IS NOT NULL AS author_erased
        FROM (SELECT post_id, like_count, newest_at FROM like_groups WHERE due_at <= now() ORDER BY due_at LIMIT $1) AS due
        JOIN post_stats AS stats ON stats.post_id = due.post_id
        JOIN posts ON posts.id = due.post_id
        JOIN accounts ON accounts.id = posts.author_id
        """,
        limit,
    )
    return many(rows, Group)


async def list_newest_likers(conn: Connection, groups: Sequence[Group], *, each: int) -> list[Liker]:
    """The newest likers of each post except its author, newest first."""
    rows = await conn.fetch(
        """
        SELECT given.post_id, newest.account_id, accounts.name, newest.liked_at, accounts.erased_at IS NOT NULL AS erased,
               EXISTS (
                   SELECT FROM past_likes
                   WHERE past_likes.post_id = given.post_id AND past_likes.account_id = newest.account_id
               ) AS liked_before
        FROM unnest($1::bigint[], $2::bigint[]) AS given (post_id, author_id)
        CROSS JOIN LATERAL (
            SELECT likes.account_id, likes.liked_at FROM likes
            WHERE likes.post_id = given.post_id AND likes.account_id <> given.author_id AND likes.liked_at > '-infinity'
            ORDER BY likes.liked_at DESC, likes.account_id DESC
            LIMIT $3
        ) AS newest
        JOIN accounts ON accounts.id = newest.account_id
        ORDER BY given.post_id, newest.liked_at DESC, newest.account_id DESC
        """,
        *columns([(group.post_id, group.author_id) for group in groups], 2),
        each,
    )
    return many(rows, Liker)


async def mark_notified(conn: Connection, event: Sequence[tuple[int, int, datetime | None]]) -> None:
    """Stores post, like count and newest like as notified. The marks only rise, so that no like is news twice."""
    await conn.execute(
        """
        UPDATE like_groups
        SET due_at = NULL, refreshed_at = now(), like_count = greatest(like_groups.like_count, given.like_count),
            newest_at = greatest(like_groups.newest_at, given.newest_at)
        FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) AS given (post_id, like_count, newest_at)
        WHERE like_groups.post_id = given.post_id
        """,
        *columns(event, 3),
    )


async def list_comment_events(conn: Connection, comment_ids: Sequence[int]) -> list[CommentEvent]:
    """The comments with the authors to notify."""
    rows = await conn.fetch(
        """
        SELECT comments.post_id, comments.id AS comment_id, comments.author_id AS actor_id, actor.name AS actor_name,
               comments.text, author.id AS post_author_id, answered.id AS answered_author_id
        FROM comments
        JOIN posts ON posts.id = comments.post_id
        JOIN accounts AS actor ON actor.id = comments.author_id
        LEFT JOIN accounts AS author ON author.id = posts.author_id AND author.erased_at IS NULL
        LEFT JOIN comments AS first ON first.post_id = comments.post_id AND first.id = comments.reply_to_id
        LEFT JOIN accounts AS answered ON answered.id = first.author_id AND answered.erased_at IS NULL
        WHERE comments.id = ANY ($1::bigint[])
        ORDER BY comments.id
        """,
        comment_ids,
    )
    return many(rows, CommentEvent)
