"""The SQL of what media are used for: locking them for a use, and attaching them."""

from collections.abc import Sequence

import msgspec

from feed.media.model import Kind, MediaId, MediaState, Use
from feed.postgres import Connection, columns, many


class UsableMedium(msgspec.Struct, frozen=True):
    """What decides whether a medium may be used. `is_uploaded`: all of its bytes have arrived. `list_file`: its smallest picture."""

    id: MediaId
    owner_id: int
    kind: Kind
    state: MediaState
    used_as: Use | None
    post_id: int | None
    campaign_id: int | None
    is_uploaded: bool
    list_file: str | None = None


async def lock_for_use(
    conn: Connection, media_ids: Sequence[int], *, owner_ids: Sequence[int]
) -> dict[int, UsableMedium]:
    """Locks media of these owners in the order of their ids, until the transaction ends; unknown and removed ones are absent.

    Media of other accounts are absent too: a request neither takes nor waits for their locks.

    Locks of posts and their statistics come before those of media: a job that makes a medium ready commits before it locks posts.
    """
    if not media_ids:
        return {}
    rows = await conn.fetch(
        """
        SELECT id, owner_id, kind, state, used_as, post_id, campaign_id, uploaded_at IS NOT NULL AS is_uploaded,
               jsonb_path_query_first(renditions, '$[*] ? (@.name == "list").file') #>> '{}' AS list_file
        FROM media
        WHERE id = ANY ($1::bigint[]) AND owner_id = ANY ($2::bigint[]) AND removed_at IS NULL
        ORDER BY id
        FOR UPDATE
        """,
        media_ids,
        owner_ids,
    )
    return {each.id: each for each in many(rows, UsableMedium)}


async def attach_to_posts(conn: Connection, pairs: Sequence[tuple[int, int]]) -> None:
    """Attaches locked media to posts, for good: pairs of medium and post."""
    if not pairs:
        return
    await conn.execute(
        """
        UPDATE media SET used_as = 'post', post_id = given.post_id
        FROM unnest($1::bigint[], $2::bigint[]) AS given (id, post_id)
        WHERE media.id = given.id
        """,
        *columns(pairs, 2),
    )


async def list_attached(conn: Connection, post_ids: Sequence[int]) -> list[int]:
    """The media that are attached to these posts and not removed, those of former revisions too."""
    rows = await conn.fetch(
        "SELECT id FROM media WHERE post_id = ANY ($1::bigint[]) AND removed_at IS NULL ORDER BY id", post_ids
    )
    return [row["id"] for row in rows]


async def attach_as(conn: Connection, media_id: int, use: Use, *, campaign_id: int | None = None) -> str:
    """Attaches a locked photo to a profile or a campaign, and returns its key."""
    return str(
        await conn.fetchval(
            "UPDATE media SET used_as = $2, campaign_id = $3 WHERE id = $1 RETURNING key", media_id, use, campaign_id
        )
    )
