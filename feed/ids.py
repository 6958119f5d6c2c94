"""Ids as text: in paths, bodies and on the command line. Pure."""

MAX_ID = 2**63 - 1
_MOST_DIGITS = len(str(MAX_ID))


def parse_id(text: str) -> int | None:
    """The id that the text spells; None for what no row can have: anything but ASCII digits, zero, and more than `MAX_ID`."""
    # The length comes first: Python takes long to read a number of many digits.
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        return None
    number = int(text)
    return number if 0 < number <= MAX_ID else None
