"""The structure of a JPEG file, and of an MPO, which is several of them. Pure; total on any bytes.

The decoder gets the segments that it needs and no other one: a second picture, a thumbnail or a broken EXIF block is nothing to it.
"""

import re
import struct

import msgspec

from feed.renditions.images.source import Metadata, Source, check_size
from feed.renditions.model import RenderingFailed

SIGNATURE = b"\xff\xd8\xff"

_BASELINE = {0xC0, 0xC1}
_PROGRESSIVE = 0xC2
# Lossless, hierarchical and arithmetic coding: no camera writes these.
_OTHER_FRAMES = {0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)}
_HUFFMAN_TABLE, _QUANTISATION_TABLE, _RESTART_INTERVAL, _SCAN, _END, _COMMENT = 0xC4, 0xDB, 0xDD, 0xDA, 0xD9, 0xFE
_STANDALONE = {0x01, *range(0xD0, 0xD8)}
# A marker within the data of a scan: neither a stuffed byte nor a restart.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

_SEGMENTS_MOST = 20_000
# A progressive file has about ten; each is another pass over all blocks.
_SCANS_MOST = 64
_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
# Instead of an end: no code of a Huffman table is all ones, so a decoder gets hardly a block out of these, and then waits for more.
_NO_CODE = b"\xff\x00" * 16
_END_MARKER = b"\xff\xd9"

_EXIF = b"Exif\x00\x00"
_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_XMP_EXTENSION = b"http://ns.adobe.com/xmp/extension/\x00"
_ICC = b"ICC_PROFILE\x00"
_ADOBE = b"Adobe"
# A shorter one says nothing, and the decoder would fail at it.
_ADOBE_BYTES = 12


class _Frame(msgspec.Struct):
    width: int
    height: int
    components: list[int]
    progressive: bool
    # The lowest bit of each coefficient that the scans have given so far, by component.
    coefficients: dict[int, list[int | None]]
    scans: int = 0


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.kept = [SIGNATURE[:2]]
        self.metadata = Metadata()
        self.profile: dict[int, bytes] = {}
        # Documents in several segments: a manifest, and XMP that is too long for one.
        self.parts: tuple[list[bytes], list[bytes]] = ([], [])
        self.frame: _Frame | None = None
        self.interleaved = False

    def read(self) -> Source:
        end, ended = self._segments()
        frame = self.frame
        if frame is None or not frame.scans:
            raise RenderingFailed("truncated", "no picture")
        single = not frame.progressive and frame.scans == 1 and self.interleaved
        if not single:
            self._check_coverage(frame, ended=ended)
        for parts in self.parts:
            self.metadata.add(b"".join(parts))
        self.metadata.color_profile = b"".join(self.profile[number] for number in sorted(self.profile))
        # The decoder fills what is missing before an end with grey, and says nothing. Without an end it misses it. But a picture in
        # several scans is not decoded without one.
        content = b"".join([*self.kept, _NO_CODE, b"" if single else _END_MARKER])
        other = b"" if single else b"".join([*self.kept, bytes(64), _END_MARKER])
        return Source("JPEG", frame.width, frame.height, 1, content, end, self.metadata, other)

    def _segments(self) -> tuple[int, bool]:
        """Reads all segments. Returns where the file ends, and whether it says so."""
        data, position = self.data, 2
        for _ in range(_SEGMENTS_MOST):
            while data[position : position + 2] == b"\xff\xff":
                position += 1
            marker = data[position : position + 2]
            if len(marker) < 2:
                return len(data), False
            code = marker[1]
            if marker[0] != 0xFF or code == 0:
                raise RenderingFailed("corrupt", f"no marker at {position}")
            if code == _END:
                return position + 2, True
            if code in _STANDALONE:
                position += 2
                continue
            length = int.from_bytes(data[position + 2 : position + 4], "big")
            after = position + 2 + length
            if after > len(data) or length < 2:
                raise RenderingFailed("truncated" if after > len(data) else "corrupt", f"segment at {position}")
            payload = data[position + 4 : after]
            if code == _SCAN:
                found = _MARKER.search(data, after)
                after = len(data) if found is None else found.start()
                self._scan(payload)
                self.kept.append(data[position:after])
            else:
                self._segment(code, payload, data[position:after])
            position = after
        raise RenderingFailed("corrupt", "too many segments")

    def _segment(self, code: int, payload: bytes, segment: bytes) -> None:
        if code in _BASELINE or code == _PROGRESSIVE:
            self._start_frame(payload, progressive=code == _PROGRESSIVE)
            self.kept.append(segment)
        elif code in _OTHER_FRAMES:
            raise RenderingFailed("unsupported_type", f"JPEG of kind {code:x}")
        elif code in (_HUFFMAN_TABLE, _QUANTISATION_TABLE, _RESTART_INTERVAL):
            self.kept.append(segment)
        elif code == 0xE0 and payload.startswith(b"JFIF\x00"):
            # Without its thumbnail.
            self.kept.append(_JFIF)
        elif code == 0xEE and payload.startswith(_ADOBE) and len(payload) >= _ADOBE_BYTES:
            # Says how the colours are stored.
            self.kept.append(segment)
        elif code == 0xE1 and payload.startswith(_EXIF):
            self.metadata.exif = self.metadata.exif or payload
            self.metadata.add(payload)
        elif code == 0xE2 and payload.startswith(_ICC):
            self.profile.setdefault(payload[len(_ICC)] if len(payload) > len(_ICC) else 0, payload[len(_ICC) + 2 :])
        elif code == 0xE1 and payload.startswith(_XMP_EXTENSION):
            # After the digest, the length and the offset.
            self.parts[1].append(payload[len(_XMP_EXTENSION) + 40 :])
        elif code == 0xEB and payload.startswith(b"JP"):
            # Each part has the header of its box again.
            first = payload[4:8] == b"\x00\x00\x00\x01"
            self.parts[0].append(payload[8 if first else 16 :])
        elif code >= 0xE0:
            self.metadata.add(payload)

    def _start_frame(self, payload: bytes, *, progressive: bool) -> None:
        if self.frame is not None or len(payload) < 6:
            raise RenderingFailed("corrupt", "two pictures in one")
        precision, height, width, count = struct.unpack_from(">BHHB", payload)
        if precision != 8:
            raise RenderingFailed("unsupported_type", f"JPEG of {precision} bits")
        components = [*payload[6 : 6 + 3 * count : 3]]
        if len(components) != count or count not in (1, 3, 4) or len(payload) < 6 + 3 * count:
            raise RenderingFailed("corrupt", f"{count} components")
        check_size(width, height)
        self.frame = _Frame(width, height, components, progressive, {each: [None] * 64 for each in components})

    def _scan(self, payload: bytes) -> None:
        frame = self.frame
        if frame is None or not payload or len(payload) < 4 + 2 * payload[0]:
            raise RenderingFailed("corrupt", "a scan of nothing")
        count = payload[0]
        components = payload[1 : 1 + 2 * count : 2]
        first, last, bits = payload[1 + 2 * count : 4 + 2 * count]
        frame.scans += 1
        if frame.scans > _SCANS_MOST:
            raise RenderingFailed("corrupt", "too many scans")
        self.interleaved = set(components) == set(frame.components)
        if not frame.progressive:
            first, last, bits = 0, 63, 0
        for component in components:
            known = frame.coefficients.get(component)
            if known is None or not first <= last <= 63:
                raise RenderingFailed("corrupt", "a scan of nothing")
            known[first : last + 1] = [bits & 15] * (last + 1 - first)

    @staticmethod
    def _check_coverage(frame: _Frame, *, ended: bool) -> None:
        """A picture in several scans is complete when each coefficient has been given to its last bit."""
        if not ended:
            raise RenderingFailed("truncated", "no end")
        for component, known in frame.coefficients.items():
            # Colour may have no detail; brightness, the first component, has.
            needed = known if component == frame.components[0] else known[:1]
            if any(each is None for each in needed) or any(known):
                raise RenderingFailed("truncated", "scans are missing")


def read_jpeg(data: bytes) -> Source:
    """Reads a file that begins with the signature. Raises RenderingFailed."""
    return _Reader(data).read()
