"""SQL that erases what rows of media say of their owner, once their objects are to be removed."""

from feed.postgres import Connection


async def empty_media(conn: Connection, owner_id: int, *, limit: int) -> int:
    """Empties some removed media of the account. Returns how many. Their objects are removed by a job that needs the key only."""
    tag = await conn.execute(
        """
        UPDATE media SET alt = '', sha256 = NULL, placeholder = NULL, perceptual_hash = NULL
        WHERE id IN (
            SELECT id FROM media
            WHERE owner_id = $1 AND removed_at IS NOT NULL
                AND (alt <> '' OR num_nonnulls(sha256, placeholder, perceptual_hash) > 0)
            LIMIT $2
        )
        """,
        owner_id,
        limit,
    )
    return int(tag.split()[-1])
