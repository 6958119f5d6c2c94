"""Rows of photos and videos with sensible defaults, beside `tests.support.make`."""

from itertools import count

from tests.support.make import Runs

_numbers = count(1)
_RENDITIONS: list[dict[str, str | int]] = [
    {
        "name": "full",
        "file": "full.webp",
        "content_type": "image/webp",
        "width": 800,
        "height": 600,
        "byte_count": 9,
    },
    {
        "name": "list",
        "file": "list.webp",
        "content_type": "image/webp",
        "width": 400,
        "height": 300,
        "byte_count": 5,
    },
]


async def medium(
    conn: Runs,
    owner_id: int,
    *,
    kind: str = "image",
    state: str = "ready",
    post_id: int | None = None,
    used_as: str | None = None,
    campaign_id: int | None = None,
    perceptual_hash: bytes | None = None,
    sha256: bytes | None = None,
    ai_source: str | None = None,
    alt: str = "",
) -> int:
    """A row of `media` without objects. With `post_id` it is the last one of the post's shown revision, which waits for it unless it is ready."""
    key = f"{next(_numbers):032x}"
    media_id = int(
        await conn.fetchval(
            """
            INSERT INTO media (
                owner_id, kind, state, key, used_as, post_id, campaign_id, content_type, byte_count, part_bytes, upload_expires_at,
                uploaded_at, width, height, renditions, perceptual_hash, error_code, ready_at, failed_at, sha256, ai_source, alt
            )
            VALUES (
                $1, $2, $3, $4, $5, $6, $7, CASE $2 WHEN 'image' THEN 'image/jpeg' ELSE 'video/mp4' END, 1000, 1000,
                now() + interval '1 day', now(), CASE WHEN $3 = 'ready' THEN 800 END, CASE WHEN $3 = 'ready' THEN 600 END,
                CASE WHEN $3 = 'ready' THEN $8::jsonb ELSE '[]' END, $9, CASE WHEN $3 = 'failed' THEN 'corrupt' END,
                CASE WHEN $3 = 'ready' THEN now() END, CASE WHEN $3 = 'failed' THEN now() END, $10, $11, $12
            )
            RETURNING id
            """,
            owner_id,
            kind,
            state,
            key,
            "post" if post_id is not None else used_as,
            post_id,
            campaign_id,
            _RENDITIONS,
            perceptual_hash,
            sha256,
            ai_source,
            alt,
        )
    )
    if post_id is not None:
        await conn.execute(
            """
            UPDATE post_revisions SET media_ids = media_ids || $2::bigint
            FROM posts WHERE posts.id = $1 AND post_id = posts.id AND post_revisions.revision = posts.revision
            """,
            post_id,
            media_id,
        )
        if state != "ready":
            await conn.execute("UPDATE posts SET holds = holds | 32 WHERE id = $1", post_id)
    return media_id


async def make_ready(conn: Runs, media_id: int) -> None:
    """What a worker commits when the renditions stand."""
    await conn.execute(
        """
        UPDATE media
        SET state = 'ready', ready_at = clock_timestamp(), width = 800, height = 600, progress = 100, error_code = NULL,
            failed_at = NULL, renditions = $2
        WHERE id = $1
        """,
        media_id,
        _RENDITIONS,
    )


async def fail(conn: Runs, media_id: int, code: str = "truncated") -> None:
    """What a worker commits when a file cannot be processed."""
    await conn.execute(
        "UPDATE media SET state = 'failed', failed_at = clock_timestamp(), error_code = $2 WHERE id = $1",
        media_id,
        code,
    )
