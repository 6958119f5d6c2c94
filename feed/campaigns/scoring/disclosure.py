"""Which numbers by reason may be published: a small one tells an author who a single liker is."""

from collections.abc import Mapping
from typing import Literal

LEAST_SHOWN = 10
# The sum of what is not shown by its reason.
OTHER: Literal["other"] = "other"
# They tell who is on the jury, and what editors have found, while both can still be acted on.
_SECRET_BEFORE_ANNOUNCEMENT = frozenset({"juror", "voided"})


def disclosed(counts: Mapping[str, int], *, announced: bool) -> dict[str, int]:
    """The numbers by reason in their order, with all small and all secret ones in one sum at the end. The total stays the same."""
    shown = {
        reason: count
        for reason, count in counts.items()
        if count >= LEAST_SHOWN and reason != OTHER and (announced or reason not in _SECRET_BEFORE_ANNOUNCEMENT)
    }
    rest = sum(counts.values()) - sum(shown.values())
    return shown | {OTHER: rest} if rest else shown
