"""The SQL of comments."""

import msgspec

from feed.comments.model import Comment, CommentId, CommentNotFound
from feed.postgres import Connection, one
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
) -> CommentId:
    """A comment, visible at once. `comment_id` is the id that an idempotency key has reserved, if there is one."""
    return CommentId(
        await conn.fetchval(
            """
            INSERT INTO comments (id, post_id, author_id, root_id, reply_to_id, text, state)
            VALUES (coalesce($1, next_id()), $2, $3, $4, $5, $6, 'published')
            RETURNING id
            """,
            comment_id,
            post_id,
            author_id,
            root_id,
            reply_to_id,
            text,
        )
    )


async def find_comment(conn: Connection, comment_id: int) -> Comment | None:
    """The comment in whatever state it is."""
    row = await conn.fetchrow(
        """
        SELECT id, post_id, author_id, root_id, reply_to_id, text, state, created_at
        FROM comments WHERE id = $1
        """,
        comment_id,
    )
    return one(row, Comment)


async def lock_comment(conn: Connection, comment_id: int) -> Comment:
    """The comment, held until the transaction ends. Raises CommentNotFound."""
    row = await conn.fetchrow(
        """
        SELECT id, post_id, author_id, root_id, reply_to_id, text, state, created_at
        FROM comments WHERE id = $1 FOR UPDATE
        """,
        comment_id,
    )
    if row is None:
        raise CommentNotFound
    return msgspec.convert(row, Comment)


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
