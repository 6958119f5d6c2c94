"""The SQL of media that are kept as evidence: those of posts that were taken down, rejected, or deleted during a dispute."""

from datetime import timedelta

import msgspec

from feed.cases.holds import TAKEDOWNS, State
from feed.postgres import Connection, many


class KeptMedium(msgspec.Struct, frozen=True):
    """A medium of a post that nobody sees any more, and for how long."""

    id: int
    post_id: int
    state: State


async def list_kept(
    conn: Connection, *, after_id: int, longer_than: timedelta, limit: int
) -> tuple[int | None, list[KeptMedium]]:
    """Of the next media of posts, those whose post was hidden for good so long ago; and the last one looked at, None at the end.

    A post that waits for a decision is not one of them, whatever its age.
    """
    page = await conn.fetch(
        """
        SELECT id, post_id FROM media
        WHERE id > $1 AND used_as = 'post' AND removed_at IS NULL
        ORDER BY id
        LIMIT $2
        """,
        after_id,
        limit,
    )
    if not page:
        return None, []
    rows = await conn.fetch(
        """
        SELECT given.id, posts.id AS post_id, posts.state
        FROM unnest($1::bigint[], $2::bigint[]) AS given (id, post_id)
        JOIN posts ON posts.id = given.post_id
        WHERE (posts.state IN ('rejected', 'removed', 'deleted') OR posts.holds & $4 <> 0)
            AND coalesce(
                (SELECT max(at) FROM post_states AS changed WHERE changed.post_id = posts.id), posts.deleted_at, posts.created_at
            ) < now() - $3::interval
        """,
        [row["id"] for row in page],
        [row["post_id"] for row in page],
        longer_than,
        int(TAKEDOWNS),
    )
    return page[-1]["id"], many(rows, KeptMedium)
