"""The SQL of media: reading and locking."""

from collections.abc import Sequence

from feed.media.model import MediaNotFound, Medium
from feed.postgres import Connection, many, one


async def find_medium(conn: Connection, media_id: int) -> Medium | None:
    """The medium in any state, removed ones too; None if there is none."""
    return one(
        await conn.fetchrow(
            """
            SELECT id, owner_id, kind, state, key, used_as, post_id, campaign_id, alt, content_type, byte_count, sha256, part_bytes,
                   upload_expires_at, uploaded_at, attempts, progress, cover_ms, width, height, duration_ms, placeholder,
                   renditions, perceptual_hash, ai_source, error_code, created_at, removed_at
            FROM media WHERE id = $1
            """,
            media_id,
        ),
        Medium,
    )


async def lock_medium(conn: Connection, media_id: int) -> Medium:
    """The medium, locked until the transaction ends. Raises MediaNotFound, also for a removed one."""
    found = await lock_media(conn, [media_id])
    if not found:
        raise MediaNotFound
    return found[0]


async def lock_media(conn: Connection, media_ids: Sequence[int]) -> list[Medium]:
    """Locks media in the order of their ids; unknown and removed ones are absent."""
    rows = await conn.fetch(
        """
        SELECT id, owner_id, kind, state, key, used_as, post_id, campaign_id, alt, content_type, byte_count, sha256, part_bytes,
               upload_expires_at, uploaded_at, attempts, progress, cover_ms, width, height, duration_ms, placeholder,
               renditions, perceptual_hash, ai_source, error_code, created_at, removed_at
        FROM media
        WHERE id = ANY ($1::bigint[]) AND removed_at IS NULL
        ORDER BY id
        FOR UPDATE
        """,
        media_ids,
    )
    return many(rows, Medium)


async def record_base(conn: Connection, url: str) -> None:
    """Records the public address below which the files are: that of avatars is made by the function `avatar_address`."""
    await conn.execute("UPDATE media_base SET url = $1 WHERE url <> $1", url)
