"""The boxes of an MP4 or QuickTime file (ISO/IEC 14496-12), read without decoding anything.

Every length is checked against the box around it, and there is one limit of boxes and one of metadata for the whole file: the file may
say anything, and reading it takes time in proportion to its boxes.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import BinaryIO

import msgspec

# What a box of metadata may hold before it is not read any more, and all of them together.
_PAYLOAD_MOST = 2 * 1024 * 1024
_METADATA_MOST = 8 * 1024 * 1024
# Of the whole file, wherever they are. A recorder that writes each frame of five minutes as a fragment of its own makes a third of these.
BOXES_MOST = 200_000
_DEPTH_MOST = 10

# Boxes that contain boxes, on the way to what is looked for.
_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
# What may begin such a file: `ftyp` in all that phones write, the others in older QuickTime files.
_FIRST = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
# What is cut off if its end is not there; anything else without its end may be no box at all.
_OUTERMOST = _FIRST | {
    b"moof",
    b"mfra",
    b"styp",
    b"sidx",
    b"ssix",
    b"prft",
    b"emsg",
    b"udta",
    b"meta",
    b"uuid",
    b"jumb",
    b"PICT",
}
_METADATA = frozenset({b"udta", b"meta", b"uuid"})


class Box(msgspec.Struct, frozen=True):
    """`start` and `end`: of its payload, in the file. `complete`: whether the file, or the box around it, has all of it."""

    kind: bytes
    start: int
    end: int
    complete: bool


class DolbyVision(msgspec.Struct, frozen=True):
    """`compatibility` says what the base layer is to a decoder without Dolby Vision: 0 is nothing that it could show."""

    profile: int
    compatibility: int


class Layout(msgspec.Struct):
    """What the boxes of a file say. `end`: where its last box ends. `track_seconds`: how long each track is shown or heard, by its header.

    `complete`: all boxes have been read to their ends.
    """

    kinds: list[bytes]
    end: int = 0
    complete: bool = True
    has_index: bool = False
    has_data: bool = False
    index_first: bool = False
    encrypted: bool = False
    rotated: bool = False
    dolby_vision: DolbyVision | None = None
    ticks_per_second: int = 0
    track_seconds: list[Fraction] = msgspec.field(default_factory=list)
    metadata: list[bytes] = msgspec.field(default_factory=list)


def is_mp4(head: bytes) -> bool:
    """Whether a file that begins so is MP4 or QuickTime."""
    return len(head) >= 8 and head[4:8] in _FIRST and (head[4:8] != b"ftyp" or head[8:12] not in _PICTURES)


_STRAIGHT = b"".join(value.to_bytes(4) for value in (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000))
# HEIF and AVIF have the same boxes; they are pictures.
_PICTURES = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"})


def read_layout(file: BinaryIO) -> Layout:
    """The layout of the file. Never fails: what is not understood is left out, what is cut off or has too many boxes is not `complete`."""
    return _Reader(file).read()


class _Reader:
    """One pass over the boxes of a file, with what is left of its limits."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._layout = Layout(kinds=[])
        self._boxes_left = BOXES_MOST
        self._metadata_left = _METADATA_MOST

    def read(self) -> Layout:
        size, layout = self._file.seek(0, 2), self._layout
        for box in self._children(0, size):
            if box.kind not in _OUTERMOST and box.end == size and layout.has_index and layout.has_data:
                # No box, but something that was appended; zeros at its beginning look like a box of the rest.
                break
            layout.end = box.end
            layout.kinds.append(box.kind)
            layout.complete = layout.complete and box.complete
            if box.kind == b"moov" and box.complete:
                layout.has_index = True
                layout.index_first = not layout.has_data
                self._read_index(box, 0)
            elif box.kind == b"mdat":
                layout.has_data = True
            elif box.kind in _METADATA:
                self._keep(box)
        return layout

    def _children(self, start: int, end: int) -> Iterator[Box]:
        while end - start >= 8:
            if not self._boxes_left:
                self._layout.complete = False
                return
            self._boxes_left -= 1
            self._file.seek(start)
            head = self._file.read(16)
            if len(head) < 8:
                return
            length, kind = int.from_bytes(head[:4]), head[4:8]
            payload = start + 8
            if length == 1:
                length, payload = int.from_bytes(head[8:16]), start + 16
            elif length == 0:  # To the end of what is around it.
                length = end - start
            if length < payload - start:
                yield Box(kind, payload, end, complete=False)
                return
            yield Box(kind, payload, min(start + length, end), complete=start + length <= end)
            start += length

    def _read_index(self, parent: Box, depth: int) -> None:
        for box in self._children(parent.start, parent.end):
            if box.kind in _CONTAINERS and depth < _DEPTH_MOST:
                self._read_index(box, depth + 1)
            elif box.kind == b"stsd":
                self._read_descriptions(box)
            elif box.kind == b"mvhd":
                self._file.seek(box.start)
                header = self._file.read(24)
                ticks = header[20:24] if header[:1] == b"\x01" else header[12:16]
                self._layout.ticks_per_second = int.from_bytes(ticks)
            elif box.kind == b"tkhd":
                self._read_track_header(box)
            elif box.kind in _METADATA:
                self._keep(box)

    def _read_track_header(self, box: Box) -> None:
        layout = self._layout
        self._file.seek(box.start)
        header = self._file.read(min(box.end - box.start, 128))
        is_long = header[:1] == b"\x01"
        matrix = header[52:88] if is_long else header[40:76]
        layout.rotated = layout.rotated or matrix != _STRAIGHT
        if layout.ticks_per_second:
            ticks = int.from_bytes(header[28:36] if is_long else header[20:24])
            layout.track_seconds.append(Fraction(ticks, layout.ticks_per_second))

    def _read_descriptions(self, box: Box) -> None:
        """The kinds of the samples of a track: whether they are encrypted, and how Dolby Vision is recognised."""
        layout = self._layout
        for entry in self._children(box.start + 8, box.end):
            layout.encrypted = layout.encrypted or entry.kind in (b"encv", b"enca", b"drmi", b"drms")
            self._file.seek(entry.start)
            payload = self._file.read(min(entry.end - entry.start, _PAYLOAD_MOST))
            for kind in (b"dvcC", b"dvvC", b"dvwC"):
                at = payload.find(kind, 78)
                if at >= 4 and len(payload) >= at + 4 + 5:
                    bits = int.from_bytes(payload[at + 6 : at + 9])
                    layout.dolby_vision = DolbyVision(profile=bits >> 17, compatibility=bits >> 4 & 15)

    def _keep(self, box: Box) -> None:
        length = min(box.end - box.start, _PAYLOAD_MOST, self._metadata_left)
        if length > 0:
            self._file.seek(box.start)
            self._layout.metadata.append(self._file.read(length))
            self._metadata_left -= length
