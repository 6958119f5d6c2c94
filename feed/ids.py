"""Ids as text: in paths, bodies and on the command line. Pure."""

from typing import Annotated

from feed.texts import opaque

# An id in a body. Longer ones are none; malformed ones are rejected where they are read.
GivenId = Annotated[str, opaque(40)]

MAX_ID = 2**63 - 1
DIGITS_MOST = len(str(MAX_ID))


def parse_id(text: str) -> int | None:
    """Parses an id. None unless the text is ASCII digits for a number from 1 to `MAX_ID`.

    Leading zeros are rejected: the same id would have many paths, and a retry by another one would act again.
    """
    # The length is checked first: parsing a number with many digits is slow.
    if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS_MOST) or text[0] == "0":
        return None
    number = int(text)
    return number if number <= MAX_ID else None
