"""The structure of a PNG file. Pure; total on any bytes. The decoder gets the picture's own chunks: no text to inflate, no animation."""

import struct
import zlib

from feed.renditions.images.source import METADATA_BYTES, Metadata, Source, check_size
from feed.renditions.model import RenderingFailed

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
# Grey and RGB: the one transparent colour is given in the bits of the picture.
_OF_A_COLOR = {0, 2}
_CHUNKS_MOST = 200_000
# Of one compressed text, and how many of them are inflated: whatever they hold, and whether they are broken, they cost so much at most.
_TEXT_BYTES = 256 * 1024
_INFLATED_MOST = 32
# One colour in samples of two bytes.
_TRANSPARENT_COLOR_BYTES = 6


def read_png(data: bytes) -> Source:
    """Reads a file that begins with the signature. Raises RenderingFailed."""
    kept, texts, frames = [SIGNATURE], _Texts(), 1
    size: tuple[int, int] | None = None
    depth = colors = 0
    position, complete = len(SIGNATURE), False
    for _ in range(_CHUNKS_MOST):
        if position + 12 > len(data):
            raise RenderingFailed("truncated", "no end")
        length, kind = struct.unpack_from(">I4s", data, position)
        after = position + 12 + length
        if size is None and (kind != b"IHDR" or length != 13):
            raise RenderingFailed("corrupt", "no header")
        if after > len(data):
            raise RenderingFailed("truncated", f"chunk at {position}")
        payload = data[position + 8 : position + 8 + length] if kind != b"IDAT" else b""
        if kind == b"IHDR":
            width, height, depth, colors = struct.unpack_from(">IIBB", payload)
            size = width, height
            check_size(*size)
        elif kind == b"acTL" and length >= 4:
            frames = max(1, int.from_bytes(payload[:4], "big"))
        else:
            texts.take(kind, payload)
        if kind == b"tRNS" and colors in _OF_A_COLOR:
            kept.append(_in_eight_bits(payload, depth))
        elif kind in _KEPT:
            kept.append(data[position:after])
        position = after
        if kind == b"IEND":
            complete = True
            break
    if size is None or not complete:
        raise RenderingFailed("corrupt", "too many chunks")
    check_size(*size, frames)
    return Source("PNG", *size, frames, b"".join(kept), position, texts.metadata)


def _in_eight_bits(payload: bytes, depth: int) -> bytes:
    """The chunk of the transparent colour as its decoder looks for it: in the eight bits that it decodes each sample to."""
    payload = payload[:_TRANSPARENT_COLOR_BYTES]
    samples = struct.unpack(f">{len(payload) // 2}H", payload[: len(payload) // 2 * 2])
    scaled = [
        each >> 8 if depth == 16 else each * 255 // (2**depth - 1) if depth in (2, 4) else each for each in samples
    ]
    body = b"tRNS" + struct.pack(f">{len(scaled)}H", *(each & 0xFFFF for each in scaled))
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


class _Texts:
    """What the chunks beside the picture say, with what is left of the limit of compressed ones."""

    def __init__(self) -> None:
        self.metadata = Metadata()
        self._has_profile = False
        self._left = _INFLATED_MOST

    def take(self, kind: bytes, payload: bytes) -> None:
        """Takes a chunk. Of several profiles the first one counts, as for the decoder."""
        metadata = self.metadata
        if kind == b"iCCP" and not self._has_profile:
            _, _, rest = payload.partition(b"\x00")
            self._has_profile = True
            metadata.color_profile = _inflated(rest[1:], METADATA_BYTES)
        elif kind == b"cICP" and len(payload) >= 2:
            metadata.color_numbers = payload[0], payload[1]
        elif kind == b"eXIf":
            metadata.exif = payload
            metadata.add(payload)
        elif kind == b"zTXt":
            key, _, rest = payload.partition(b"\x00")
            metadata.add(key + b"\x00" + self._inflated_text(rest[1:]))
        elif kind == b"iTXt":
            key, _, rest = payload.partition(b"\x00")
            # Compressed or not, the method, the language and the translated key.
            fields = rest[2:].split(b"\x00", 2)
            text = fields[-1]
            metadata.add(key + b"\x00" + (self._inflated_text(text) if rest[:1] == b"\x01" else text))
        elif kind in (b"tEXt", b"caBX"):
            metadata.add(payload)

    def _inflated_text(self, data: bytes) -> bytes:
        if not self._left:
            return b""
        self._left -= 1
        return _inflated(data, _TEXT_BYTES)


def _inflated(data: bytes, most: int) -> bytes:
    """As much of compressed data as is looked at; nothing of broken ones."""
    try:
        return zlib.decompressobj().decompress(data, most)
    except zlib.error:
        return b""
