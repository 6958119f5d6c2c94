"""The SQL of the revisions of comments. They are kept from the first edit on; until then the comment is its only one."""

import msgspec

from feed.accounts.model import AccountId
from feed.comments.model import Comment
from feed.postgres import Connection, one


class CommentRevision(msgspec.Struct, frozen=True):
    """The content of a revision, and the result of its review."""

    text: str
    content_sha256: bytes
    approved: bool
    refused: bool


async def add_revision(
    conn: Connection,
    comment: Comment,
    author_id: AccountId,
    number: int,
    text: str,
    *,
    before: bytes,
    after: bytes,
    approved: bool,
    refused: bool,
) -> None:
    """Adds a revision by `author_id` to a locked comment, and with the first one also what was before. `before` and `after` are the hashes of both."""
    await conn.execute(
        """
        INSERT INTO comment_revisions
            (post_id, comment_id, revision, text, content_sha256, author_id, created_at, approved_at, refused_at)
        SELECT post_id, id, 1, text, $2::bytea, author_id, created_at, CASE WHEN $8::boolean THEN created_at END, NULL
        FROM comments WHERE id = $1 AND latest_revision = 1
        UNION ALL
        SELECT post_id, id, $3::integer, $4, $5::bytea, $9::bigint, clock_timestamp(),
               CASE WHEN $6::boolean THEN clock_timestamp() END, CASE WHEN $7::boolean THEN clock_timestamp() END
        FROM comments WHERE id = $1
        """,
        comment.id,
        before,
        number,
        text,
        after,
        approved,
        refused,
        comment.state == "published",
        author_id,
    )


async def show_revision(conn: Connection, comment_id: int, number: int) -> None:
    """Makes the revision the shown one of a locked comment, and the newest one if it is newer than that."""
    await conn.execute(
        """
        UPDATE comments
        SET text = revisions.text, revision = $2, latest_revision = greatest(comments.latest_revision, $2),
            -- The text before the first edit is not an edited one when an approval of the edit is taken back.
            edited_at = CASE WHEN $2 = 1 THEN NULL WHEN comments.revision = $2 THEN comments.edited_at ELSE clock_timestamp() END
        FROM comment_revisions AS revisions
        WHERE comments.id = $1 AND revisions.post_id = comments.post_id AND revisions.comment_id = comments.id
            AND revisions.revision = $2
        """,
        comment_id,
        number,
    )


async def keep_waiting(conn: Connection, comment_id: int, number: int) -> None:
    """Makes the revision the newest one of a locked comment, which goes on showing the former one."""
    await conn.execute("UPDATE comments SET latest_revision = $2 WHERE id = $1", comment_id, number)


async def find_revision(conn: Connection, comment: Comment, number: int) -> CommentRevision | None:
    """The revision; None of a comment that has not been edited."""
    row = await conn.fetchrow(
        """
        SELECT text, content_sha256, approved_at IS NOT NULL AS approved, refused_at IS NOT NULL AS refused
        FROM comment_revisions
        WHERE post_id = $1 AND comment_id = $2 AND revision = $3
        """,
        comment.post_id,
        comment.id,
        number,
    )
    return one(row, CommentRevision)


async def mark_reviewed(conn: Connection, comment_id: int, number: int, *, approved: bool | None) -> None:
    """Approves or refuses the revision, or with None lets it wait again. A repeated result keeps the time of the first one."""
    await conn.execute(
        """
        UPDATE comment_revisions AS revisions
        SET approved_at = CASE WHEN $3::boolean THEN coalesce(revisions.approved_at, clock_timestamp()) END,
            refused_at = CASE WHEN NOT $3::boolean THEN coalesce(revisions.refused_at, clock_timestamp()) END
        FROM comments
        WHERE comments.id = $1 AND revisions.post_id = comments.post_id AND revisions.comment_id = comments.id
            AND revisions.revision = $2
        """,
        comment_id,
        number,
        approved,
    )


async def find_approved_before(conn: Connection, comment: Comment, number: int) -> int | None:
    """The newest approved revision before this one; None without one."""
    found: int | None = await conn.fetchval(
        """
        SELECT max(revision) FROM comment_revisions
        WHERE post_id = $1 AND comment_id = $2 AND revision < $3 AND approved_at IS NOT NULL
        """,
        comment.post_id,
        comment.id,
        number,
    )
    return found


async def get_latest_text(conn: Connection, comment: Comment) -> str:
    """The text of the newest revision, shown or not."""
    found = await find_revision(conn, comment, comment.latest_revision)
    return comment.text if found is None else found.text


async def feature(conn: Connection, comment_id: int, *, featured: bool) -> None:
    """Puts a locked comment before the others of its post, or back among them."""
    await conn.execute(
        "UPDATE comments SET featured_at = CASE WHEN $2 THEN coalesce(featured_at, clock_timestamp()) END WHERE id = $1",
        comment_id,
        featured,
    )


async def list_featured(conn: Connection, post_id: int) -> list[int]:
    """The visible comments that the author of the post has put first."""
    rows = await conn.fetch(
        """
        SELECT id FROM comments
        WHERE post_id = $1 AND featured_at IS NOT NULL AND is_listed(state, holds, 0)
        ORDER BY featured_at, id
        """,
        post_id,
    )
    return [row["id"] for row in rows]
