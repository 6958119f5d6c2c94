"""The SQL of comments."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from feed.accounts.model import AccountId
from feed.cases.holds import State, is_visible
from feed.comments.model import Comment, CommentId, CommentNotFound
from feed.postgres import Connection, columns, many, one
from feed.posts.model import PostId


class NewRow(NamedTuple):
    """A comment to insert, visible at once if its state is `published`. `id` is reserved by its idempotency key; None without a key."""

    id: int | None
    post_id: int
    author_id: int
    root_id: int | None
    reply_to_id: int | None
    text: str
    ip_region: str | None
    state: State


class Target(msgspec.Struct, frozen=True):
    """A comment that a new comment replies to. `is_protected`: strangers to its author cannot reply now."""

    id: CommentId
    post_id: PostId
    author_id: AccountId
    root_id: CommentId | None
    state: State
    holds: int
    is_protected: bool

    @property
    def is_visible(self) -> bool:
        """Whether others see it."""
        return is_visible(self)


async def add_comments(conn: Connection, rows: Sequence[NewRow]) -> list[CommentId]:
    """Inserts comments and returns their ids in the order of the rows. `created_at` is set at the insert, under the post's lock."""
    added = await conn.fetch(
        """
        WITH given AS MATERIALIZED (
            -- Where a child has written is not stored.
            SELECT place, coalesce(id, next_id()) AS id, post_id, author_id, root_id, reply_to_id, text,
                   CASE
                       WHEN NOT EXISTS (SELECT FROM accounts WHERE accounts.id = author_id AND age_band = 'under_14')
                       THEN ip_region
                   END AS ip_region, state
            FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[])
                WITH ORDINALITY AS given (id, post_id, author_id, root_id, reply_to_id, text, ip_region, state, place)
        ), added AS (
            INSERT INTO comments (id, post_id, author_id, root_id, reply_to_id, text, ip_region, state)
            SELECT id, post_id, author_id, root_id, reply_to_id, text, ip_region, state FROM given ORDER BY place
        )
        SELECT id FROM given ORDER BY place
        """,
        *columns(rows, 8),
    )
    return [CommentId(row["id"]) for row in added]


async def list_targets(conn: Connection, comment_ids: Sequence[int]) -> dict[int, Target]:
    """The comments by id, in any state; unknown ones are absent."""
    rows = await conn.fetch(
        """
        SELECT comments.id, comments.post_id, comments.author_id, comments.root_id, comments.state, comments.holds,
               coalesce(authors.protected_until > clock_timestamp(), false) AS is_protected
        FROM comments JOIN accounts AS authors ON authors.id = comments.author_id
        WHERE comments.id = ANY ($1::bigint[])
        """,
        comment_ids,
    )
    return {target.id: target for target in many(rows, Target)}


async def find_comment(conn: Connection, comment_id: int) -> Comment | None:
    """The comment in any state, or None."""
    row = await conn.fetchrow(
        """
        SELECT id, post_id, author_id, root_id, reply_to_id, text, state, holds, like_count, created_at, revision, latest_revision
        FROM comments WHERE id = $1
        """,
        comment_id,
    )
    return one(row, Comment)


async def lock_comment(conn: Connection, comment_id: int) -> Comment:
    """The comment, locked until the transaction ends; its root is locked too, in the order of ids. Raises CommentNotFound."""
    rows = await conn.fetch(
        """
        SELECT id, post_id, author_id, root_id, reply_to_id, text, state, holds, like_count, created_at, revision, latest_revision
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
    """Locks comments in the order of ids; writers of several comments call it first. Unknown ones are absent."""
    rows = await conn.fetch(
        """
        SELECT id, post_id, author_id, root_id, reply_to_id, text, state, holds, like_count, created_at, revision, latest_revision
        FROM comments
        WHERE id = ANY ($1::bigint[])
        ORDER BY id
        FOR UPDATE
        """,
        comment_ids,
    )
    return {comment.id: comment for comment in many(rows, Comment)}


async def change_state(conn: Connection, comment_id: int, state: State) -> None:
    """Sets the state of a locked comment; a deletion also sets `deleted_at`."""
    await conn.execute(
        "UPDATE comments SET state = $2, deleted_at = CASE WHEN $2 = 'deleted' THEN clock_timestamp() END WHERE id = $1",
        comment_id,
        state,
    )


async def change_holds(conn: Connection, holds: Mapping[int, int]) -> None:
    """Sets the holds of locked comments, given by id."""
    await conn.execute(
        """
        UPDATE comments SET holds = given.holds
        FROM unnest($1::bigint[], $2::integer[]) AS given (id, holds)
        WHERE comments.id = given.id
        """,
        list(holds),
        list(holds.values()),
    )


async def change_reply_counts(conn: Connection, deltas: Mapping[int, int]) -> None:
    """Adds to the reply counts of root comments, given by id. A caller that changes several has locked them."""
    await conn.execute(
        """
        UPDATE comments SET reply_count = reply_count + given.by
        FROM unnest($1::bigint[], $2::integer[]) AS given (id, by)
        WHERE comments.id = given.id
        """,
        list(deltas),
        list(deltas.values()),
    )


async def change_like_counts(conn: Connection, deltas: Sequence[tuple[int, int, int]]) -> dict[int, int]:
    """Adds to the like counts of locked comments, given as (post, comment, by). Returns the new counts by comment."""
    rows = await conn.fetch(
        """
        UPDATE comments SET like_count = comments.like_count + given.by
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS given (post_id, id, by)
        WHERE comments.post_id = given.post_id AND comments.id = given.id
        RETURNING comments.id, comments.like_count
        """,
        *columns(deltas, 3),
    )
    return {row["id"]: row["like_count"] for row in rows}


async def take_unnotified(conn: Connection, *, limit: int) -> list[CommentId]:
    """Marks visible comments with pending notifications as notified, and returns their ids, oldest first.

    Each comment is returned to one committed transaction only.
    """
    rows = await conn.fetch(
        """
        WITH due AS (
            SELECT post_id, id FROM visible_comments
            WHERE NOT told
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
