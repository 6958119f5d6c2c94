"""The boxes of an MP4 or QuickTime file (ISO/IEC 14496-12), read without decoding anything.

Every read is bounded, and every length is checked against the box around it: the file may say anything.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import BinaryIO

import msgspec

# What a box of metadata may hold before it is not read any more.
_PAYLOAD_MOST = 2 * 1024 * 1024
_METADATA_MOST = 8 * 1024 * 1024
_BOXES_MOST = 10_000
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
    """What the boxes of a file say. `end`: where its last box ends. `track_seconds`: how long each track is shown or heard, by its header."""

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


# HEIF and AVIF have the same boxes; they are pictures.
_PICTURES = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"})


def read_layout(file: BinaryIO) -> Layout:
    """The layout of the file. Never fails: what is not understood is left out, what is cut off is not `complete`."""
    size = file.seek(0, 2)
    layout = Layout(kinds=[])
    for box in _children(file, 0, size):
        if box.kind not in _OUTERMOST and box.end == size and layout.has_index and layout.has_data:
            # No box, but something that was appended; zeros at its beginning look like a box of the rest.
            break
        layout.end = box.end
        layout.kinds.append(box.kind)
        layout.complete = layout.complete and box.complete
        if box.kind == b"moov" and box.complete:
            layout.has_index = True
            layout.index_first = not layout.has_data
            _read_index(file, box, layout, 0)
        elif box.kind == b"mdat":
            layout.has_data = True
        elif box.kind in _METADATA:
            _keep(file, box, layout)
    return layout


def _children(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    for _ in range(_BOXES_MOST):
        if end - start < 8:
            return
        file.seek(start)
        head = file.read(16)
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


def _read_index(file: BinaryIO, parent: Box, layout: Layout, depth: int) -> None:
    for box in _children(file, parent.start, parent.end):
        if box.kind in _CONTAINERS and depth < _DEPTH_MOST:
            _read_index(file, box, layout, depth + 1)
        elif box.kind == b"stsd":
            _read_descriptions(file, box, layout)
        elif box.kind == b"mvhd":
            file.seek(box.start)
            header = file.read(24)
            layout.ticks_per_second = int.from_bytes(header[20:24] if header[:1] == b"\x01" else header[12:16])
        elif box.kind == b"tkhd":
            _read_track_header(file, box, layout)
        elif box.kind in _METADATA:
            _keep(file, box, layout)


_STRAIGHT = b"".join(value.to_bytes(4) for value in (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000))


def _read_track_header(file: BinaryIO, box: Box, layout: Layout) -> None:
    file.seek(box.start)
    header = file.read(min(box.end - box.start, 128))
    is_long = header[:1] == b"\x01"
    matrix = header[52:88] if is_long else header[40:76]
    layout.rotated = layout.rotated or matrix != _STRAIGHT
    if layout.ticks_per_second:
        ticks = int.from_bytes(header[28:36] if is_long else header[20:24])
        layout.track_seconds.append(Fraction(ticks, layout.ticks_per_second))


def _read_descriptions(file: BinaryIO, box: Box, layout: Layout) -> None:
    """The kinds of the samples of a track: whether they are encrypted, and how Dolby Vision is told."""
    for entry in _children(file, box.start + 8, box.end):
        layout.encrypted = layout.encrypted or entry.kind in (b"encv", b"enca", b"drmi", b"drms")
        file.seek(entry.start)
        payload = file.read(min(entry.end - entry.start, _PAYLOAD_MOST))
        for kind in (b"dvcC", b"dvvC", b"dvwC"):
            at = payload.find(kind, 78)
            if at >= 4 and len(payload) >= at + 4 + 5:
                bits = int.from_bytes(payload[at + 6 : at + 9])
                layout.dolby_vision = DolbyVision(profile=bits >> 17, compatibility=bits >> 4 & 15)


def _keep(file: BinaryIO, box: Box, layout: Layout) -> None:
    kept = sum(len(payload) for payload in layout.metadata)
    length = min(box.end - box.start, _PAYLOAD_MOST, _METADATA_MOST - kept)
    if length > 0:
        file.seek(box.start)
        layout.metadata.append(file.read(length))
