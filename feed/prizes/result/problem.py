"""The type of a problem that the verification of a result reports."""

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One inconsistency: its code, the path in the document, and the expected value where there is one."""

    code: str
    where: str
    expected: str = ""
