"""The SQL of comments."""

from collections.abc import Sequence

from feed.comments.model import Comment, CommentId, CommentNotFound
from feed.postgres import Connection, columns, many, one
from feed.posts.model import State


async def add_comment(
    conn: Connection,
    *,
    comment_id: int | None,
    post_id: int,
    author_id: int,
    root_id: int | None,
    reply_to_id: int | None,
    text: str,
    ip_region: str | None,
) -> CommentId:
    """A comment, visible at once. `comment_id` is the id that an idempotency key has reserved, if there is one."""
    return CommentId(
        await conn.fetchval(
            """
            INSERT INTO comments (id, post_id, author_id, root_id, reply_to_id, text, ip_region, state)
            VALUES (coalesce($1, next_id()), $2, $3, $4, $5, $6, $7, 'published')
            RETURNING id
            """,
            comment_id,
            post_id,
            author_id,
            root_id,
            reply_to_id,
            text,
            ip_region,
        )
    )


async def find_comment(conn: Connection, comment_id: int) -> Comment | None:
    """The comment in whatever state it is."""
    row = await conn.fetchrow(
        """
        SELECT id, post_id, author_id, root_id, reply_to_id, text, state, like_count, created_at
        FROM comments WHERE id = $1
        """,
        comment_id,
    )
    return one(row, Comment)


async def lock_comment(conn: Connection, comment_id: int) -> Comment:
    """The comment, held until the transaction ends, and its root with it in the order of ids. Raises CommentNotFound."""
    rows = await conn.fetch(
        """
        SELECT id, post_id, author_id, root_id, reply_to_id, text, state, like_count, created_at
        FROM comments
        WHERE id = ANY (ARRAY[$1::bigint, (SELECT root_id FROM comments WHERE id = $1)])
        ORDER BY id
        FOR UPDATE
        """,
        comment_id,
    )
    for comment in many(rows, Comment):
        if comment.id == comment_id:
            return comment
    raise CommentNotFound


async def lock_comments(conn: Connection, comment_ids: Sequence[int]) -> dict[int, Comment]:
    """Locks in the order of ids: whoever moves several comments calls this first. Unknown ones are absent."""
    rows = await conn.fetch(
        """
        SELECT id, post_id, author_id, root_id, reply_to_id, text, state, like_count, created_at
        FROM comments
        WHERE id = ANY ($1::bigint[])
        ORDER BY id
        FOR UPDATE
        """,
        comment_ids,
    )
    return {comment.id: comment for comment in many(rows, Comment)}


async def change_state(conn: Connection, comment_id: int, state: State) -> None:
    """Moves a locked comment to `state`; a deletion is stamped by the database clock."""
    await conn.execute(
        "UPDATE comments SET state = $2, deleted_at = CASE WHEN $2 = 'deleted' THEN clock_timestamp() END WHERE id = $1",
        comment_id,
        state,
    )


async def change_reply_count(conn: Connection, root_id: int, *, by: int) -> None:
    """Moves the number of published replies that a root shows."""
    await conn.execute("UPDATE comments SET reply_count = reply_count + $2 WHERE id = $1", root_id, by)


async def change_like_counts(conn: Connection, moved: Sequence[tuple[int, int, int]]) -> dict[int, int]:
    """Moves the likes of locked comments, given as (post, comment, by). The counts after the move, by comment."""
    rows = await conn.fetch(
        """
        UPDATE comments SET like_count = comments.like_count + given.by
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS given (post_id, id, by)
        WHERE comments.post_id = given.post_id AND comments.id = given.id
        RETURNING comments.id, comments.like_count
        """,
        *columns(moved, 3),
    )
    return {row["id"]: row["like_count"] for row in rows}
