"""The SQL of media that are kept as evidence: of posts that were taken down, rejected, or deleted during a dispute, and of former revisions."""

from datetime import timedelta

import msgspec

from feed.cases.holds import TAKEDOWNS
from feed.media.model import RemovedFor
from feed.postgres import Connection, many


class KeptMedium(msgspec.Struct, frozen=True):
    """A medium of a post that is not visible any more, and why."""

    id: int
    post_id: int
    reason: RemovedFor


async def list_kept(
    conn: Connection, *, after_id: int, longer_than: timedelta, limit: int
) -> tuple[int | None, list[KeptMedium]]:
    """Of the next media of posts, those that have been out of sight for so long; and the last one looked at, None at the end.

    Their post was hidden for good, or shows a revision without them, and no later one that has them waits or was refused lately.
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
        WITH seen AS (
            SELECT given.id, posts.id AS post_id, posts.revision, posts.state,
                   (posts.state IN ('rejected', 'removed', 'deleted') OR posts.holds & $4 <> 0) AS hidden,
                   coalesce(
                       (SELECT max(at) FROM post_states AS changed WHERE changed.post_id = posts.id), posts.deleted_at, posts.created_at
                   ) AS changed_at
            FROM unnest($1::bigint[], $2::bigint[]) AS given (id, post_id)
            JOIN posts ON posts.id = given.post_id
        )
        SELECT id, post_id, CASE WHEN NOT hidden THEN 'replaced' WHEN state = 'deleted' THEN 'deleted' ELSE 'taken_down' END AS reason
        FROM seen
        WHERE (hidden AND changed_at < now() - $3::interval)
            OR (
                NOT hidden AND EXISTS (
                    SELECT FROM post_revisions AS without
                    WHERE without.post_id = seen.post_id AND without.revision <= seen.revision AND without.refused_at IS NULL
                        AND NOT seen.id = ANY (without.media_ids)
                        AND coalesce(without.approved_at, without.created_at) < now() - $3::interval
                        AND NOT EXISTS (
                            SELECT FROM post_revisions AS later
                            WHERE later.post_id = seen.post_id AND later.revision > without.revision
                                AND seen.id = ANY (later.media_ids)
                                AND (later.refused_at IS NULL OR later.refused_at >= now() - $3::interval)
                        )
                )
            )
        """,
        [row["id"] for row in page],
        [row["post_id"] for row in page],
        longer_than,
        int(TAKEDOWNS),
    )
    return page[-1]["id"], many(rows, KeptMedium)
