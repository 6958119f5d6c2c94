"""What the verification of a result or of a proof reports."""

from typing import Literal

import msgspec

SignatureStatus = Literal["authentic", "unknown_key", "wrong", "key_over", "not_checked"]


class Problem(msgspec.Struct, frozen=True):
    """One inconsistency: its code, the path in the document, and the expected value where there is one."""

    code: str
    where: str
    expected: str = ""


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What the verifications of a result and of a proof have in common. Without problems the document is consistent in itself."""

    problems: list[Problem]
    signed: SignatureStatus
    # The key that the document says it is signed with.
    key_id: str | None = None

    @property
    def is_consistent(self) -> bool:
        """Whether everything that can be computed again comes out the same."""
        return not self.problems

    @property
    def is_valid(self) -> bool:
        """Whether the document is consistent and, if keys were given, signed with one of them."""
        return self.is_consistent and self.signed in ("authentic", "not_checked")
