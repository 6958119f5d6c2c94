"""The SQL that reads what was published last, for the dry run of new words."""

from feed.postgres import Connection

_POSTS = 1_000
_COMMENTS = 1_000


async def list_recent_texts(conn: Connection) -> list[str]:
    """The texts of the newest visible posts and comments."""
    rows = await conn.fetch(
        """
        (
            SELECT revisions.text
            FROM (SELECT id, revision FROM visible_posts ORDER BY id DESC LIMIT $1) AS newest
            JOIN post_revisions AS revisions
              ON revisions.post_id = newest.id AND revisions.revision = newest.revision
        )
        UNION ALL
        (SELECT text FROM visible_comments ORDER BY id DESC LIMIT $2)
        """,
        _POSTS,
        _COMMENTS,
    )
    return [row["text"] for row in rows]
