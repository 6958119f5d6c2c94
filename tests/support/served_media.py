"""A medium with files in the storage, and the addresses by which they are asked for."""

from typing import Any

import msgspec

from feed.media.model import folder_of
from feed.storage.protocol import ObjectStorage
from tests.support import make_media
from tests.support.make import Runs


class Stored(msgspec.Struct, frozen=True):
    """A row of `media` whose file `full.webp` has these bytes."""

    id: int
    key: str
    content: bytes

    @property
    def path(self) -> str:
        """Where the file is served."""
        return f"/media/{self.key}/full.webp"


async def store_medium(
    conn: Runs, storage: ObjectStorage, owner_id: int, content: bytes = b"0123456789", **given: Any
) -> Stored:
    """A medium as `make_media.medium` makes it, with one file."""
    media_id = await make_media.medium(conn, owner_id, **given)
    rendition = {
        "name": "full",
        "file": "full.webp",
        "content_type": "image/webp",
        "width": 800,
        "height": 600,
        "byte_count": len(content),
    }
    key = await conn.fetchval(
        "UPDATE media SET renditions = CASE WHEN state = 'ready' THEN $2::jsonb ELSE '[]' END WHERE id = $1 RETURNING key",
        media_id,
        [rendition],
    )
    await storage.put(f"{folder_of(key)}full.webp", content, content_type="image/webp")
    return Stored(media_id, key, content)
