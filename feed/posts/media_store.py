"""The SQL of posts that wait for their media."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.cases.holds import Hold
from feed.postgres import Connection, many

# How long ago a medium may have failed for its author to be notified now: the worker notifies at once, unless it is killed.
_TOLD_WITHIN_DAYS = 2


class FailedMedium(msgspec.Struct, frozen=True):
    """A failed medium of the revision that a post shows. `place`: its number among them, from 1."""

    media_id: int
    post_id: int
    author_id: int
    place: int
    count: int
    error_code: str
    failed_at: datetime | None


async def list_waiting(conn: Connection, media_ids: Sequence[int]) -> list[int]:
    """The posts that have any of these media and wait for media."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT posts.id
        FROM media JOIN posts ON posts.id = media.post_id
        WHERE media.id = ANY ($1::bigint[]) AND posts.holds & $2 <> 0
        ORDER BY id
        """,
        media_ids,
        int(Hold.MEDIA),
    )
    return [row["id"] for row in rows]


async def list_left_waiting(conn: Connection, *, limit: int) -> list[int]:
    """Some posts that wait for media although those of the revision that they show are all ready."""
    rows = await conn.fetch(
        """
        SELECT posts.id
        FROM posts
        JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
        -- As the index has it, whose bit is Hold.MEDIA.
        WHERE posts.holds & 32 <> 0 AND posts.state <> 'deleted'
            AND NOT EXISTS (SELECT FROM media WHERE media.id = ANY (revisions.media_ids) AND media.state <> 'ready')
        ORDER BY posts.id
        LIMIT $1
        """,
        limit,
    )
    return [row["id"] for row in rows]


async def list_ready(conn: Connection, post_ids: Sequence[int]) -> list[int]:
    """Those of the posts of whose shown revisions all media are ready."""
    rows = await conn.fetch(
        """
        SELECT posts.id
        FROM posts
        JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
        WHERE posts.id = ANY ($1::bigint[])
            AND NOT EXISTS (SELECT FROM media WHERE media.id = ANY (revisions.media_ids) AND media.state <> 'ready')
        ORDER BY posts.id
        """,
        post_ids,
    )
    return [row["id"] for row in rows]


async def are_ready(conn: Connection, media_ids: Sequence[int]) -> bool:
    """Whether all of these media are ready."""
    waits: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM media WHERE id = ANY ($1::bigint[]) AND state <> 'ready')", media_ids
    )
    return not waits


async def list_failed(conn: Connection, media_ids: Sequence[int]) -> list[FailedMedium]:
    """Those of the media that have failed and belong to the revision that a post shows."""
    rows = await conn.fetch(
        """
        SELECT media.id AS media_id, posts.id AS post_id, posts.author_id, array_position(revisions.media_ids, media.id) AS place,
               cardinality(revisions.media_ids) AS count, media.error_code, media.failed_at
        FROM media
        JOIN posts ON posts.id = media.post_id AND posts.state <> 'deleted'
        JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
        WHERE media.id = ANY ($1::bigint[]) AND media.state = 'failed' AND media.removed_at IS NULL
            AND media.id = ANY (revisions.media_ids)
        ORDER BY media.id
        """,
        media_ids,
    )
    return many(rows, FailedMedium)


async def list_lately_failed(conn: Connection, *, limit: int) -> list[int]:
    """Some media of posts that have failed lately, whose authors have no notification of it."""
    rows = await conn.fetch(
        """
        SELECT media.id
        FROM posts
        JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
        JOIN media ON media.id = ANY (revisions.media_ids)
        WHERE posts.holds & 32 <> 0 AND posts.state <> 'deleted'
            AND media.state = 'failed' AND media.removed_at IS NULL AND media.failed_at > now() - make_interval(days => $2)
            AND NOT EXISTS (
                SELECT FROM inbox
                WHERE inbox.account_id = posts.author_id AND inbox.once_key = 'media_failed:' || media.id
            )
        ORDER BY media.id
        LIMIT $1
        """,
        limit,
        _TOLD_WITHIN_DAYS,
    )
    return [row["id"] for row in rows]


async def awaits_first_showing(conn: Connection, post_id: int) -> bool:
    """Whether the post was never visible to others: it waits for its first review, or has waited for media since it was sent."""
    waits: bool = await conn.fetchval(
        """
        SELECT published_at IS NULL OR (
            NOT (state = 'published' AND holds = 0)
            AND (holds & $2 <> 0 OR EXISTS (SELECT FROM post_states WHERE post_id = posts.id AND holds_before & $2 <> 0))
            AND NOT EXISTS (
                SELECT FROM post_states WHERE post_id = posts.id AND state_before = 'published' AND holds_before = 0
            )
        )
        FROM posts WHERE id = $1
        """,
        post_id,
        int(Hold.MEDIA),
    )
    return waits


async def date_first_showing(conn: Connection, post_ids: Sequence[int]) -> None:
    """Makes now the publication of locked posts that become visible for the first time, and have waited for media before.

    They are at the top of lists by time, as if they had been sent now. When they were sent stays.
    """
    await conn.execute(
        """
        UPDATE posts SET published_at = clock_timestamp()
        WHERE id = ANY ($1::bigint[]) AND published_at IS NOT NULL
            AND EXISTS (SELECT FROM post_states WHERE post_id = posts.id AND holds_before & $2 <> 0)
            AND NOT EXISTS (
                SELECT FROM post_states WHERE post_id = posts.id AND state_before = 'published' AND holds_before = 0
            )
        """,
        post_ids,
        int(Hold.MEDIA),
    )


async def label_by_metadata(conn: Connection, post_ids: Sequence[int]) -> None:
    """Labels posts as made by AI whose shown media say so in their metadata, instead of their authors' own words.

    The label stays when an edit drops these media. What a reviewer has decided stays too.
    """
    await conn.execute(
        """
        UPDATE posts SET ai_generated = true, ai_label_source = 'metadata'
        FROM post_revisions AS revisions
        WHERE posts.id = ANY ($1::bigint[]) AND revisions.post_id = posts.id AND revisions.revision = posts.revision
            AND coalesce(posts.ai_label_source, 'declared') = 'declared'
            AND EXISTS (SELECT FROM media WHERE media.id = ANY (revisions.media_ids) AND media.ai_source IS NOT NULL)
        """,
        post_ids,
    )
