"""The SQL of takedowns of images: their hashes, and what contains them."""

from collections.abc import Sequence

from feed.media import blocked_image_store as blocked
from feed.moderation.takedowns.model import Image
from feed.postgres import Connection


async def block(conn: Connection, takedown_id: int, image: Image) -> None:
    """Blocks the hashes of the image: what becomes ready from now on is compared with them."""
    await blocked.lock_blocked_images(conn)
    await blocked.add_blocked_images(
        conn,
        takedown_id,
        sha256=[] if image.sha256 is None else [image.sha256],
        perceptual_hash=[] if image.perceptual_hash is None else [image.perceptual_hash],
    )


async def unblock(conn: Connection, takedown_id: int) -> None:
    """Ends the block of the image. The posts that it hides are shown again in chunks."""
    await blocked.remove_blocked_images(conn, takedown_id)


async def list_posts_with(conn: Connection, takedown_id: int, *, limit: int) -> list[int]:
    """Posts whose shown revision contains an image of the takedown and that are not recorded under it yet."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT posts.id
        FROM blocked_media AS found
        JOIN media ON media.id = found.media_id
        JOIN posts ON posts.id = media.post_id AND posts.state <> 'deleted'
        JOIN post_revisions AS revisions
          ON revisions.post_id = posts.id AND revisions.revision = posts.revision AND media.id = ANY (revisions.media_ids)
        WHERE found.takedown_id = $1
            AND NOT EXISTS (SELECT FROM takedown_posts AS held WHERE held.takedown_id = $1 AND held.post_id = posts.id)
        LIMIT $2
        """,
        takedown_id,
        limit,
    )
    return [row["id"] for row in rows]


async def list_others(conn: Connection, takedown_id: int, *, limit: int) -> list[int]:
    """Media that contain an image of the takedown and are in no post: avatars, covers, prize pictures, and what waits for its use."""
    rows = await conn.fetch(
        """
        SELECT media.id
        FROM blocked_media AS found JOIN media ON media.id = found.media_id
        WHERE found.takedown_id = $1 AND media.used_as IS DISTINCT FROM 'post' AND media.removed_at IS NULL
        ORDER BY media.id
        LIMIT $2
        """,
        takedown_id,
        limit,
    )
    return [row["id"] for row in rows]


async def hand_over_posts(conn: Connection, post_ids: Sequence[int]) -> set[int]:
    """Records the posts under the takedowns of the other images that they contain. Returns those that stay hidden by one."""
    await conn.execute(
        """
        INSERT INTO takedown_posts (takedown_id, post_id)
        SELECT DISTINCT found.takedown_id, posts.id
        FROM posts
        JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
        JOIN blocked_media AS found ON found.media_id = ANY (revisions.media_ids)
        WHERE posts.id = ANY ($1::bigint[])
        ON CONFLICT DO NOTHING
        """,
        post_ids,
    )
    rows = await conn.fetch(
        """
        SELECT DISTINCT held.post_id
        FROM takedown_posts AS held JOIN takedowns ON takedowns.id = held.takedown_id AND takedowns.lifted_at IS NULL
        WHERE held.post_id = ANY ($1::bigint[]) AND takedowns.kind = 'image_hash'
        """,
        post_ids,
    )
    return {row["post_id"] for row in rows}


async def find_with_new_posts(conn: Connection) -> int | None:
    """A takedown in force with an image in the shown revision of a post that is not recorded: it was approved or restored since."""
    found: int | None = await conn.fetchval(
        """
        SELECT found.takedown_id
        FROM blocked_media AS found
        JOIN media ON media.id = found.media_id
        JOIN posts ON posts.id = media.post_id AND posts.state <> 'deleted'
        JOIN post_revisions AS revisions
          ON revisions.post_id = posts.id AND revisions.revision = posts.revision AND media.id = ANY (revisions.media_ids)
        WHERE NOT EXISTS (
            SELECT FROM takedown_posts AS held WHERE held.takedown_id = found.takedown_id AND held.post_id = posts.id
        )
        LIMIT 1
        """
    )
    return found
