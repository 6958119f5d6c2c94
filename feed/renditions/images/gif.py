"""The structure of a GIF file. Pure; total on any bytes. The decoder gets the first frame."""

from feed.renditions.images.source import Metadata, Source, check_size
from feed.renditions.model import RenderingFailed

SIGNATURES = (b"GIF87a", b"GIF89a")

_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_GRAPHIC_CONTROL = 0xF9


def read_gif(data: bytes) -> Source:
    """Reads a file that begins with a signature. Raises RenderingFailed."""
    _require(data, 13)
    width, height = _short(data, 6), _short(data, 8)
    position = 13 + _table_bytes(data[10])
    _require(data, position)
    kept, control, frames, metadata = [data[:position]], b"", 0, Metadata()
    while True:
        block = data[position] if position < len(data) else _TRAILER
        if block == _TRAILER:
            position = min(position + 1, len(data))
            break
        if block == _EXTENSION:
            _require(data, position + 2)
            after = _after_blocks(data, position + 2)
            if data[position + 1] == _GRAPHIC_CONTROL:
                control = data[position:after]
            else:
                # As it stands, and without the lengths of its blocks: XMP is written past them, other texts in them.
                metadata.add(data[position + 2 : after])
                metadata.add(_joined(data, position + 2, after))
        elif block == _IMAGE:
            _require(data, position + 10)
            # A frame may be larger than the canvas: the decoder makes room for it.
            width = max(width, _short(data, position + 1) + _short(data, position + 5))
            height = max(height, _short(data, position + 3) + _short(data, position + 7))
            after = _after_blocks(data, position + 10 + _table_bytes(data[position + 9]) + 1)
            frames += 1
            check_size(width, height, frames)
            if frames == 1:
                kept += [control, data[position:after], bytes([_TRAILER])]
        else:
            raise RenderingFailed("corrupt", f"block at {position}")
        position = after
    if not frames:
        raise RenderingFailed("truncated", "no picture")
    return Source("GIF", width, height, frames, b"".join(kept), position, metadata)


def _after_blocks(data: bytes, position: int) -> int:
    """Where a sequence of blocks with their lengths has ended."""
    while True:
        _require(data, position + 1)
        length = data[position]
        position += 1 + length
        if length == 0:
            return position


def _joined(data: bytes, position: int, after: int) -> bytes:
    """The content of a sequence of blocks that has been followed to its end."""
    parts = []
    while position < after:
        parts.append(data[position + 1 : position + 1 + data[position]])
        position += 1 + data[position]
    return b"".join(parts)


def _table_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _short(data: bytes, position: int) -> int:
    return data[position] | data[position + 1] << 8


def _require(data: bytes, end: int) -> None:
    if end > len(data):
        raise RenderingFailed("truncated", f"{end} bytes expected")
