"""The elements of a WebM file (RFC 8794), read as far as to know where it ends. Pure; total on any bytes."""

_HEADER, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
# Between the header and the segment nothing but padding and checksums is allowed.
_BETWEEN = (b"\xec", b"\xbf")
_ELEMENTS_MOST = 16


def is_webm(head: bytes) -> bool:
    """Whether a file that begins so is WebM."""
    return head.startswith(_HEADER) and b"webm" in head[:64]


def segment_end(head: bytes) -> int | None:
    """Where the file ends, by the length of its segment; None if it has none, as in a recording that nothing has finished."""
    position = 0
    for _ in range(_ELEMENTS_MOST):
        name = next((each for each in (_HEADER, _SEGMENT, *_BETWEEN) if head.startswith(each, position)), b"")
        length, start = _length_at(head, position + len(name))
        if not name or length is None:
            return None
        position = start + length
        if name == _SEGMENT:
            return position
    return None


def _length_at(head: bytes, position: int) -> tuple[int | None, int]:
    """A length, of which the zeros in front say how many bytes it has, and where it ends; None for an unknown one."""
    first = head[position] if position < len(head) else 0
    count = 9 - first.bit_length()
    if count > 8 or position + count > len(head):
        return None, position
    value = int.from_bytes(head[position : position + count]) & ((1 << 7 * count) - 1)
    return None if value == (1 << 7 * count) - 1 else value, position + count
