"""The SQL that adds and shows revisions of posts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from feed.postgres import Connection, columns
from feed.posts.model import Content, TopicAt


class Revision(NamedTuple):
    """An immutable revision. `approved`: it passed the machine check and needs no review before it is shown. `refused`: by that check."""

    post_id: int
    revision: int
    content: Content
    topics: Sequence[TopicAt]
    content_sha256: bytes
    author_id: int
    approved: bool
    refused: bool
    # The newsroom signs it before it is shown.
    signed_first: bool


class ShownMedia(msgspec.Struct, frozen=True):
    """The media of the revision that a post shows now, and of the one before; `holds`: of the post."""

    former: list[int]
    shown: list[int]
    holds: int


async def add_revisions(conn: Connection, revisions: Sequence[Revision]) -> None:
    """Inserts revisions of different posts."""
    await conn.execute(
        """
        INSERT INTO post_revisions
            (post_id, revision, text, media_ids, topics, topic_ids, content_sha256, author_id, created_at, approved_at, refused_at,
             signed_first)
        SELECT given.post_id, given.revision, given.text, given.media_ids::bigint[], given.topics::jsonb,
               coalesce((SELECT array_agg(DISTINCT (topic ->> 'id')::bigint)
                         FROM jsonb_array_elements(given.topics::jsonb) AS topic), '{}'),
               given.content_sha256, given.author_id, made.at,
               CASE WHEN given.approved THEN made.at END, CASE WHEN given.refused THEN made.at END,
               given.signed_first
        FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bigint[], $8::boolean[],
                    $9::boolean[], $10::boolean[])
            AS given (post_id, revision, text, media_ids, topics, content_sha256, author_id, approved, refused, signed_first)
        JOIN posts ON posts.id = given.post_id
        CROSS JOIN LATERAL (
            -- A first revision has the time of its post: a separate reading of the clock could be after a deadline that the post met.
            SELECT CASE WHEN given.revision = 1 THEN posts.created_at ELSE clock_timestamp() END AS at
        ) AS made
        """,
        *columns([_revision_columns(each) for each in revisions], 10),
    )


def _revision_columns(each: Revision) -> tuple[Any, ...]:
    content = each.content
    # The ids as the text of an array: an array of arrays of different lengths is no parameter.
    media_ids = f"{{{','.join(map(str, content.media_ids))}}}"
    reviewed = (each.approved, each.refused, each.signed_first)
    return (
        *(
            each.post_id,
            each.revision,
            content.text,
            media_ids,
            msgspec.json.encode(each.topics).decode(),
            each.content_sha256,
            each.author_id,
        ),
        *reviewed,
    )


async def show_revision(conn: Connection, post_id: int, revision: int) -> ShownMedia:
    """Makes `revision` the shown revision of a locked post, and the newest one if it is newer than that.

    Returns its media and those of the one that was shown.
    """
    row = await conn.fetchrow(
        """
        WITH former AS (
            SELECT revisions.media_ids
            FROM posts JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
            WHERE posts.id = $1
        ), now AS (
            SELECT media_ids, media_ids <> '{}' AND EXISTS (
                       SELECT FROM media WHERE media.id = ANY (media_ids) AND media.kind = 'video'
                   ) AS has_video
            FROM post_revisions
            WHERE post_id = $1 AND revision = $2
        ), changed AS (
            UPDATE posts
            SET revision = $2, latest_revision = greatest(latest_revision, $2), has_video = now.has_video,
                edited_at = CASE WHEN revision = $2 THEN edited_at ELSE clock_timestamp() END
            FROM now
            WHERE id = $1
            RETURNING holds
        )
        SELECT former.media_ids AS former, now.media_ids AS shown, changed.holds FROM former, now, changed
        """,
        post_id,
        revision,
    )
    return msgspec.convert(row, ShownMedia)


async def keep_waiting(conn: Connection, post_id: int, revision: int) -> None:
    """Makes `revision` the newest one of a locked post, which goes on showing the former one."""
    await conn.execute("UPDATE posts SET latest_revision = $2 WHERE id = $1", post_id, revision)


async def get_latest_content(conn: Connection, post_id: int) -> Content:
    """The text and the media of the newest revision."""
    row = await conn.fetchrow(
        """
        SELECT revisions.text, revisions.media_ids
        FROM posts JOIN post_revisions AS revisions
          ON revisions.post_id = posts.id AND revisions.revision = posts.latest_revision
        WHERE posts.id = $1
        """,
        post_id,
    )
    return msgspec.convert(row, Content)
