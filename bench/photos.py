"""Posts with nine photos each, for pages that are compared with pages of text. Rows only: pages read no file."""

import msgspec

from feed.postgres import Pool, transaction
from feed.renditions.images.pictures import SIDES, fitted

PHOTOS = 9
_WIDTH, _HEIGHT = 4032, 3024
_PLACEHOLDER = "3OcRJYB4d3h/iIeHeEh3eIhw+j2w"


async def add_photos(pool: Pool, topic: str, *, posts: int) -> None:
    """Attaches nine ready photos to each of the newest `posts` posts of the topic; none if there are photos already."""
    async with transaction(pool) as conn:
        if await conn.fetchval("SELECT EXISTS (SELECT FROM media)"):
            return
        await conn.execute(
            """
            WITH newest AS (
                SELECT posts.id, posts.author_id, posts.revision
                FROM topic_posts
                JOIN topics ON topics.id = topic_posts.topic_id
                JOIN posts ON posts.id = topic_posts.post_id
                WHERE topics.name = $1
                ORDER BY topic_posts.published_at DESC, posts.id DESC
                LIMIT $2
            ), added AS (
                INSERT INTO media (owner_id, kind, state, key, used_as, post_id, content_type, byte_count, part_bytes,
                                   upload_expires_at, uploaded_at, width, height, placeholder, renditions, ready_at)
                SELECT author_id, 'image', 'ready', substr(md5(id || ' ' || number), 1, 22), 'post', id, 'image/jpeg', 1000,
                       1000, now(), now(), $4, $5, $6, $7::jsonb, now()
                FROM newest CROSS JOIN generate_series(1, $3) AS number
                RETURNING id, post_id
            )
            UPDATE post_revisions SET media_ids = of_post.ids
            FROM newest
            JOIN (SELECT post_id, array_agg(id ORDER BY id) AS ids FROM added GROUP BY post_id) AS of_post
              ON of_post.post_id = newest.id
            WHERE post_revisions.post_id = newest.id AND post_revisions.revision = newest.revision
            """,
            topic,
            posts,
            PHOTOS,
            _WIDTH,
            _HEIGHT,
            _PLACEHOLDER,
            msgspec.to_builtins(_renditions()),
        )


def _renditions() -> list[dict[str, str | int]]:
    found: list[dict[str, str | int]] = []
    for size, side in SIDES.items():
        width, height = fitted((_WIDTH, _HEIGHT), side)
        for suffix, ending, content_type in (("", "webp", "image/webp"), ("_jpeg", "jpg", "image/jpeg")):
            found.append(
                {
                    "name": f"{size}{suffix}",
                    "file": f"{size}.{ending}",
                    "content_type": content_type,
                    "width": width,
                    "height": height,
                    "byte_count": 100_000,
                }
            )
    return found
