"""The structure of a WebP file. Pure; total on any bytes. The decoder gets the picture, or the first frame of an animation."""

import struct

from feed.renditions.images.source import METADATA_BYTES, Metadata, Source, check_size
from feed.renditions.model import RenderingFailed

_CHUNKS_MOST = 20_000
_ALPHA, _ANIMATION = 0x10, 0x02
# Of a frame within an animation, before its own chunks.
_FRAME_HEADER = 16


def is_webp(data: bytes) -> bool:
    """Whether the bytes begin as a WebP file does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def read_webp(data: bytes) -> Source:
    """Reads a file of this type. Raises RenderingFailed."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise RenderingFailed("truncated", f"{end} bytes expected")
    kept: dict[bytes, bytes] = {}
    canvas: tuple[int, int] | None = None
    picture: tuple[int, int] | None = None
    frames, metadata, position = 0, Metadata(), 12
    for _ in range(_CHUNKS_MOST):
        if position + 8 > end:
            break
        kind, length = struct.unpack_from("<4sI", data, position)
        after = position + 8 + length
        if after > end:
            raise RenderingFailed("truncated", f"chunk at {position}")
        payload = data[position + 8 : after]
        if kind == b"VP8X" and length >= 10:
            canvas = 1 + int.from_bytes(payload[4:7], "little"), 1 + int.from_bytes(payload[7:10], "little")
            check_size(*canvas)
            # No profile and no metadata follow.
            kept[kind] = bytes([payload[0] & (_ALPHA | _ANIMATION)]) + payload[1:10]
        elif kind in (b"VP8 ", b"VP8L"):
            picture = picture or _picture_size(kind, payload)
            kept.setdefault(kind, payload)
        elif kind == b"ANMF":
            frames += 1
            if frames == 1:
                picture = _frame_size(payload)
                kept[kind] = payload
        elif kind in (b"ALPH", b"ANIM"):
            kept.setdefault(kind, payload)
        elif kind == b"ICCP":
            metadata.color_profile = payload[:METADATA_BYTES]
        elif kind == b"EXIF":
            metadata.exif = payload
            metadata.add(payload)
        else:
            metadata.add(payload)
        position = after + length % 2
    if picture is None:
        raise RenderingFailed("corrupt", "no picture")
    size = canvas or picture
    for each in (size, picture):
        check_size(*each, max(1, frames))
    order = (b"VP8X", b"ANIM", b"ANMF") if frames else (b"VP8X", b"ALPH", b"VP8 ", b"VP8L")
    chunks = b"".join(_chunk(kind, kept[kind]) for kind in order if kind in kept)
    content = b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks
    return Source("WEBP", *size, max(1, frames), content, min(end + end % 2, len(data)), metadata)


def _chunk(kind: bytes, payload: bytes) -> bytes:
    return kind + struct.pack("<I", len(payload)) + payload + b"\x00" * (len(payload) % 2)


def _frame_size(payload: bytes) -> tuple[int, int]:
    if len(payload) < _FRAME_HEADER:
        raise RenderingFailed("corrupt", "an empty frame")
    return 1 + int.from_bytes(payload[6:9], "little"), 1 + int.from_bytes(payload[9:12], "little")


def _picture_size(kind: bytes, payload: bytes) -> tuple[int, int]:
    if kind == b"VP8 " and payload[3:6] == b"\x9d\x01\x2a" and len(payload) >= 10:
        width, height = struct.unpack_from("<HH", payload, 6)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and payload[:1] == b"\x2f" and len(payload) >= 5:
        bits = int.from_bytes(payload[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    raise RenderingFailed("corrupt", "no header of a picture")
