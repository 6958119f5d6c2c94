"""Comments of which nobody has been told yet: the inbox follows them from behind, at no cost to whoever comments."""

from feed.comments.model import CommentId
from feed.postgres import Connection


async def take_untold(conn: Connection, *, limit: int) -> list[CommentId]:
    """Marks visible comments as told and returns them, oldest first; each is taken by one transaction that commits."""
    rows = await conn.fetch(
        """
        WITH due AS (
            SELECT post_id, id FROM comments
            WHERE NOT told AND state = 'published'
            ORDER BY id
            LIMIT $1
            FOR NO KEY UPDATE SKIP LOCKED
        ), taken AS (
            UPDATE comments SET told = true
            FROM due
            WHERE comments.post_id = due.post_id AND comments.id = due.id
            RETURNING comments.id
        )
        SELECT id FROM taken ORDER BY id
        """,
        limit,
    )
    return [CommentId(row["id"]) for row in rows]
