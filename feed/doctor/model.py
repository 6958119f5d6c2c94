"""The result of a check."""

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """The result of one check. `wrong`: an operator has to act."""

    about: str
    says: str
    wrong: bool = False
