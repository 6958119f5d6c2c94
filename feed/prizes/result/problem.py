"""What a verification of a result finds."""

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """Something that does not follow: what, where in the document, and what would."""

    code: str
    where: str
    expected: str = ""
