"""The original of a medium: read from the storage in parts, and compared with what was announced."""

import asyncio
import hashlib
from pathlib import Path

from feed.media.inputs import list_parts
from feed.media.model import part_name
from feed.renditions.model import RenderingFailed
from feed.storage.protocol import ObjectStorage

# Written and hashed in a thread in pieces of this size.
_PIECE_BYTES = 1 << 20


async def fetch_original(
    storage: ObjectStorage, key: str, target: Path, *, byte_count: int, part_bytes: int, sha256: bytes | None
) -> bytes:
    """Writes the original to the file `target` and returns its SHA-256, with a piece in memory at a time.

    Raises RenderingFailed if a part is missing or has another size (`size_mismatch`), or the whole another hash
    (`checksum_mismatch`), and StorageUnavailable.
    """
    digest = hashlib.sha256()
    with target.open("xb") as file:

        def take(piece: bytes) -> None:
            digest.update(piece)
            file.write(piece)

        for part in list_parts(byte_count, part_bytes):
            received = 0
            held = bytearray()
            try:
                async for piece in storage.read(part_name(key, part.number)):
                    received += len(piece)
                    if received > part.byte_count:
                        raise RenderingFailed(
                            "size_mismatch", f"part {part.number} has more than {part.byte_count} bytes"
                        )
                    held += piece
                    if len(held) >= _PIECE_BYTES:
                        await asyncio.to_thread(take, bytes(held))
                        held.clear()
            except FileNotFoundError:
                raise RenderingFailed("size_mismatch", f"part {part.number} is missing") from None
            if received != part.byte_count:
                raise RenderingFailed("size_mismatch", f"part {part.number} has {received} bytes of {part.byte_count}")
            await asyncio.to_thread(take, bytes(held))
    found = digest.digest()
    if sha256 is not None and found != sha256:
        raise RenderingFailed("checksum_mismatch")
    return found
