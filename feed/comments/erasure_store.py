"""SQL that erases the comments of an account. A comment with an open case keeps its text, hidden, until the case is decided."""

from typing import NamedTuple

from feed.postgres import Connection


class CommentAt(NamedTuple):
    """A comment and its post."""

    post_id: int
    comment_id: int


async def list_undeleted(conn: Connection, author_id: int, *, limit: int) -> list[CommentAt]:
    """Some of the author's comments in any state but deleted, by post and id."""
    rows = await conn.fetch(
        """
        SELECT post_id, id FROM comments
        WHERE author_id = $1 AND state <> 'deleted'
        ORDER BY post_id, id
        LIMIT $2
        """,
        author_id,
        limit,
    )
    return [CommentAt(row["post_id"], row["id"]) for row in rows]


async def empty_comments(conn: Connection, author_id: int, *, limit: int) -> int:
    """Empties text and region of some deleted comments of the author; with replies, the empty comment stays. Returns how many."""
    tag = await conn.execute(
        """
        UPDATE comments SET text = '', ip_region = NULL
        WHERE (post_id, id) IN (
            SELECT post_id, id FROM comments AS held
            WHERE author_id = $1 AND state = 'deleted' AND (text <> '' OR ip_region IS NOT NULL)
              AND NOT EXISTS (
                  SELECT FROM cases
                  WHERE cases.post_id = held.post_id AND cases.comment_id = held.id AND cases.state = 'open'
              )
            LIMIT $2
        )
        """,
        author_id,
        limit,
    )
    return int(tag.split()[-1])


async def empty_revisions(conn: Connection, author_id: int, *, limit: int) -> int:
    """Empties some revisions of deleted comments of the author, also those that a reviewer has written, as `empty_comments` does. Returns how many."""
    tag = await conn.execute(
        """
        UPDATE comment_revisions SET text = '', content_sha256 = ''
        WHERE (post_id, comment_id, revision) IN (
            SELECT held.post_id, held.comment_id, held.revision
            FROM comment_revisions AS held
            JOIN comments ON comments.post_id = held.post_id AND comments.id = held.comment_id
            WHERE comments.author_id = $1 AND comments.state = 'deleted' AND held.text <> ''
              AND NOT EXISTS (
                  SELECT FROM cases
                  WHERE cases.post_id = held.post_id AND cases.comment_id = held.comment_id AND cases.state = 'open'
              )
            LIMIT $2
        )
        """,
        author_id,
        limit,
    )
    return int(tag.split()[-1])


async def list_by_hold(conn: Connection, author_id: int, hold: int, *, held: bool, limit: int) -> list[CommentAt]:
    """Some of the author's comments that are not deleted and have, or lack, the hold."""
    rows = await conn.fetch(
        """
        SELECT post_id, id FROM comments
        WHERE author_id = $1 AND state <> 'deleted' AND (holds & $2 <> 0) = $3
        ORDER BY post_id, id
        LIMIT $4
        """,
        author_id,
        int(hold),
        held,
        limit,
    )
    return [CommentAt(row["post_id"], row["id"]) for row in rows]
