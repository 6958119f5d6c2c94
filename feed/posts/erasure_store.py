"""SQL that erases the posts of an account. A post with an open case keeps its text, hidden, until the case is decided."""

from feed.postgres import Connection


async def list_undeleted(conn: Connection, author_id: int, *, limit: int) -> list[int]:
    """The author's oldest posts in any state but deleted."""
    rows = await conn.fetch(
        "SELECT id FROM posts WHERE author_id = $1 AND state <> 'deleted' ORDER BY id LIMIT $2", author_id, limit
    )
    return [row["id"] for row in rows]


async def empty_posts(conn: Connection, author_id: int, *, limit: int) -> int:
    """Empties texts, places and regions of some deleted posts of the author, also in revisions by others. Returns how many rows."""
    changed: int = await conn.fetchval(
        """
        WITH free AS MATERIALIZED (
            SELECT posts.id, posts.location IS NOT NULL OR posts.ip_region IS NOT NULL AS is_placed
            FROM posts
            WHERE posts.author_id = $1 AND posts.state = 'deleted'
              AND NOT EXISTS (
                  SELECT FROM cases
                  WHERE cases.post_id = posts.id AND cases.comment_id IS NULL AND cases.state = 'open'
              )
        ), placed AS (
            UPDATE posts SET location = NULL, ip_region = NULL
            WHERE id IN (SELECT id FROM free WHERE is_placed LIMIT $2)
            RETURNING 1
        ), emptied AS (
            UPDATE post_revisions
            SET text = '', media_ids = '{}', topics = '[]', topic_ids = '{}', content_sha256 = sha256('')
            WHERE (post_id, revision) IN (
                SELECT held.post_id, held.revision
                FROM free JOIN post_revisions AS held ON held.post_id = free.id
                WHERE held.content_sha256 <> sha256('')
                LIMIT $2
            )
            RETURNING 1
        )
        SELECT (SELECT count(*) FROM placed) + (SELECT count(*) FROM emptied)
        """,
        author_id,
        limit,
    )
    return changed


async def list_by_hold(conn: Connection, author_id: int, hold: int, *, held: bool, limit: int) -> list[int]:
    """Some of the author's posts that are not deleted and have, or lack, the hold."""
    rows = await conn.fetch(
        """
        SELECT id FROM posts
        WHERE author_id = $1 AND state <> 'deleted' AND (holds & $2 <> 0) = $3
        ORDER BY id
        LIMIT $4
        """,
        author_id,
        int(hold),
        held,
        limit,
    )
    return [row["id"] for row in rows]


async def list_media_to_remove(conn: Connection, owner_id: int, *, limit: int) -> list[int]:
    """Some media of an erased account that are still stored, except for evidence in open cases.

    Covers and prize pictures of campaigns are the newspaper's: they stay.
    """
    rows = await conn.fetch(
        """
        SELECT media.id FROM media
        WHERE media.owner_id = $1 AND media.removed_at IS NULL
            AND media.used_as IS DISTINCT FROM 'cover' AND media.used_as IS DISTINCT FROM 'prize'
            AND NOT EXISTS (
                SELECT FROM cases
                WHERE cases.post_id = media.post_id AND cases.comment_id IS NULL AND cases.state = 'open'
            )
            AND NOT EXISTS (
                SELECT FROM cases
                WHERE media.used_as = 'avatar' AND cases.account_id = media.owner_id AND cases.state = 'open'
            )
        ORDER BY media.id
        LIMIT $2
        """,
        owner_id,
        limit,
    )
    return [row["id"] for row in rows]
