"""Numbers on the command line, bounded while they are read."""

import argparse
from collections.abc import Callable

from feed.ids import parse_id

_DIGITS_MOST = 10


def read_id(text: str) -> int:
    """The type of an argument that is an id. Raises ArgumentTypeError."""
    id_ = parse_id(text)
    if id_ is None:
        raise argparse.ArgumentTypeError(f"no id: {text[:40]!r}")
    return id_


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number in a range. It raises ArgumentTypeError."""

    def read_number(text: str) -> int:
        plain = text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MOST
        if not plain or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"no whole number from {least} to {most}: {text[:40]!r}")
        return int(text)

    return read_number
