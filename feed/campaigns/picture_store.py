"""The SQL of the pictures of campaigns."""

from collections.abc import Sequence

from feed.media.attachment_store import UsableMedium
from feed.postgres import Connection, many


async def list_attached(conn: Connection, campaign_id: int) -> list[int]:
    """The pictures of the campaign that are not removed."""
    rows = await conn.fetch(
        "SELECT id FROM media WHERE campaign_id = $1 AND removed_at IS NULL ORDER BY id", campaign_id
    )
    return [row["id"] for row in rows]


async def lock_usable(
    conn: Connection, media_ids: Sequence[int], *, campaign_id: int | None
) -> dict[int, UsableMedium]:
    """Locks media of accounts that may edit campaigns now, and those of the campaign, in the order of their ids.

    All others are absent: a request neither takes nor waits for locks of what the campaign cannot use. Called after locking the campaign.
    """
    if not media_ids:
        return {}
    rows = await conn.fetch(
        """
        SELECT id, owner_id, kind, state, used_as, post_id, campaign_id, uploaded_at IS NOT NULL AS is_uploaded
        FROM media
        WHERE id = ANY ($1::bigint[]) AND removed_at IS NULL
            AND (campaign_id = $2 OR EXISTS (
                SELECT FROM rights_now WHERE rights_now.account_id = media.owner_id AND role IN ('editor', 'admin')
            ))
        ORDER BY id
        FOR UPDATE
        """,
        media_ids,
        campaign_id,
    )
    return {each.id: each for each in many(rows, UsableMedium)}
