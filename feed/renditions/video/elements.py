"""The elements of a WebM file (RFC 8794), read as far as to know where it ends. Total on any bytes."""

from typing import BinaryIO

_HEADER, _SEGMENT, _CLUSTER = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
_PADDING = frozenset({b"\xec", b"\xbf"})
# What a segment and its clusters consist of (RFC 9559, 5.1): seek head, info, tracks, cues, attachments, chapters, tags; the time of a
# cluster, silent tracks, position, size of the one before, and its blocks.
_WITHIN = _PADDING | {
    *(
        _CLUSTER,
        b"\x11\x4d\x9b\x74",
        b"\x15\x49\xa9\x66",
        b"\x16\x54\xae\x6b",
        b"\x1c\x53\xbb\x6b",
        b"\x19\x41\xa4\x69",
    ),
    *(b"\x10\x43\xa7\x70", b"\x12\x54\xc3\x67", b"\xe7", b"\x58\x54", b"\xa7", b"\xab", b"\xa3", b"\xa0", b"\xaf"),
}
# A name has four bytes at most, a length eight.
_HEAD_BYTES = 12
_ELEMENTS_MOST = 2_000_000


def is_webm(head: bytes) -> bool:
    """Whether a file that begins so is WebM."""
    return head.startswith(_HEADER) and b"webm" in head[:64]


def segment_end(file: BinaryIO) -> int | None:
    """Where the file ends, by the length of its segment, which may be behind its last byte; None if it begins with no segment.

    In a recording that nothing has finished the length is unknown: its end is where none of its elements begins, or the last is cut off.
    """
    size, position = file.seek(0, 2), 0
    outside, segment = _PADDING | {_HEADER}, frozenset({_SEGMENT})
    for _ in range(_ELEMENTS_MOST):
        name, length, start = _element_at(file, position)
        if name in segment:
            if length is not None:
                return start + length
            outside, segment, position = _WITHIN, frozenset(), start
        elif name in outside and (length is not None or name == _CLUSTER):
            position = start + (length or 0)
        else:
            break
    return None if segment else min(position, size)


def _element_at(file: BinaryIO, position: int) -> tuple[bytes, int | None, int]:
    """The name of an element, its length, None for an unknown one, and where its content begins; no name for what is no element."""
    file.seek(position)
    head = file.read(_HEAD_BYTES)
    named = _leading(head, 0, 4)
    sized = _leading(head, named, 8)
    if not named or not sized:
        return b"", None, position
    mask = (1 << 7 * sized) - 1
    length = int.from_bytes(head[named : named + sized]) & mask
    return head[:named], None if length == mask else length, position + named + sized


def _leading(head: bytes, at: int, most: int) -> int:
    """How many bytes a number has, by the zeros in front of its first bit; 0 if there is none of so many bytes."""
    first = head[at] if at < len(head) else 0
    count = 9 - first.bit_length()
    return count if count <= most and at + count <= len(head) else 0
