"""The SQL of images that are taken down: their hashes, and the media that match one.

It says nothing about duplicates: a photo that its owner has deleted, or that was removed with its post, may be uploaded again.
"""

from collections.abc import Sequence

from feed.postgres import Connection
from feed.renditions.model import NEAR

# Of a chunk: a few milliseconds.
_COMPARED = 5_000


async def lock_blocked_images(conn: Connection) -> None:
    """Waits for the media that are becoming ready, and makes others wait: each is compared by `is_taken_down`, or by `compare_next`.

    Taken before any row of `media` is locked.
    """
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('feed.blocked_images', 0))")


async def is_taken_down(conn: Connection, *, sha256: bytes | None, perceptual_hash: bytes | None) -> bool:
    """Whether the image is one that moderators have taken down: the same file, or one that looks the same.

    Called in the transaction that makes the medium ready.
    """
    await conn.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended('feed.blocked_images', 0))")
    found: bool = await conn.fetchval(
        """
        SELECT EXISTS (SELECT FROM blocked_images WHERE sha256 = $1)
            OR EXISTS (
                SELECT FROM blocked_images
                WHERE perceptual_hash IS NOT NULL AND image_distance(perceptual_hash, $2) <= $3
            )
        """,
        sha256,
        perceptual_hash,
        NEAR,
    )
    return found


async def add_blocked_images(
    conn: Connection, takedown_id: int, *, sha256: Sequence[bytes] = (), perceptual_hash: Sequence[bytes] = ()
) -> None:
    """Adds the hashes of a takedown. The blocked images are locked."""
    await conn.execute(
        """
        INSERT INTO blocked_images (takedown_id, sha256, perceptual_hash)
        SELECT $1::bigint, sha256, NULL::bytea FROM unnest($2::bytea[]) AS given (sha256)
        UNION ALL
        SELECT $1::bigint, NULL, perceptual_hash FROM unnest($3::bytea[]) AS given (perceptual_hash)
        """,
        takedown_id,
        sha256,
        perceptual_hash,
    )


async def remove_blocked_images(conn: Connection, takedown_id: int) -> None:
    """Ends the block of a takedown's hashes, and of the media that match them."""
    await conn.execute("DELETE FROM blocked_images WHERE takedown_id = $1", takedown_id)
    await conn.execute("DELETE FROM blocked_media WHERE takedown_id = $1", takedown_id)


async def compare_next(conn: Connection, takedown_id: int) -> bool:
    """Records which media of the next chunk contain an image of the takedown. False: all have been compared."""
    await conn.execute(
        """
        WITH same AS (
            SELECT id, sha256 FROM blocked_images WHERE takedown_id = $1 AND sha256 IS NOT NULL AND compared_to = 0
        ), found AS (
            INSERT INTO blocked_media (media_id, takedown_id)
            SELECT media.id, $1::bigint FROM same JOIN media ON media.sha256 = same.sha256
            ON CONFLICT DO NOTHING
        )
        UPDATE blocked_images SET compared_to = 9223372036854775807
        FROM same
        WHERE blocked_images.id = same.id
        """,
        takedown_id,
    )
    # The image that has been compared with the fewest media, and the next of those.
    compared: int | None = await conn.fetchval(
        """
        WITH image AS (
            SELECT id, perceptual_hash, compared_to
            FROM blocked_images
            WHERE takedown_id = $1 AND perceptual_hash IS NOT NULL AND compared_to < 9223372036854775807
            ORDER BY id
            LIMIT 1
        ), chunk AS MATERIALIZED (
            SELECT media.id, media.perceptual_hash
            FROM media
            WHERE media.id > (SELECT compared_to FROM image)
            ORDER BY media.id
            LIMIT $2
        ), found AS (
            INSERT INTO blocked_media (media_id, takedown_id)
            SELECT chunk.id, $1::bigint
            FROM chunk CROSS JOIN image
            WHERE image_distance(chunk.perceptual_hash, image.perceptual_hash) <= $3
            ON CONFLICT DO NOTHING
        )
        UPDATE blocked_images
        SET compared_to = CASE WHEN (SELECT count(*) FROM chunk) < $2 THEN 9223372036854775807 ELSE (SELECT max(id) FROM chunk) END
        FROM image
        WHERE blocked_images.id = image.id
        RETURNING 1
        """,
        takedown_id,
        _COMPARED,
        NEAR,
    )
    return compared is not None
