"""Byte ranges of a request (RFC 9110, 14): one range is served exactly, several are answered with the whole. Pure."""

import re
from typing import NamedTuple

# Positions have fewer digits; a number of a thousand digits is slow to parse.
_RANGE = re.compile(r"\s*bytes\s*=\s*(?:(\d{1,18})\s*-\s*(\d{1,18})?|-\s*(\d{1,18}))\s*", re.ASCII | re.IGNORECASE)


class ByteRange(NamedTuple):
    """A part of a file: the first byte, and how many."""

    start: int
    length: int


class Unsatisfiable(Exception):
    """The range begins behind the end of the file, or is an empty suffix."""


def read_range(header: str | None, byte_count: int) -> ByteRange | None:
    """The range that a `Range` header asks for; None for the whole file, also for what is not understood and for several ranges.

    Raises Unsatisfiable.
    """
    match = None if header is None else _RANGE.fullmatch(header)
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        length = min(int(suffix), byte_count)
        if not length:
            raise Unsatisfiable
        return ByteRange(byte_count - length, length)
    start = int(first)
    if last is not None and int(last) < start:
        # Not a range at all, so it is as if there was none.
        return None
    if start >= byte_count:
        raise Unsatisfiable
    end = byte_count if last is None else min(int(last) + 1, byte_count)
    return ByteRange(start, end - start)
