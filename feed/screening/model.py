"""What the machine check finds in a text: a verdict, a risk and labels with the place of each hit."""

from typing import Any, Literal

import msgspec

Verdict = Literal["pass", "review", "block"]
Level = Literal["review", "block"]
# What a text is shown as. Each kind of text passes through the same check.
TextKind = Literal[
    "post",
    "comment",
    "name",
    "bio",
    "place",
    "alt",
    "topic",
    "campaign",
    "prize",
    "objection",
    "report",
    "appeal",
]

# The provider of results that this installation computes itself.
LOCAL = "local"


class Label(msgspec.Struct, frozen=True):
    """One hit: why (`label`, a reason code), which listed term, and where: code points of the text as it was sent.

    `layer` is the part of the check that found it. A hit that concerns the whole text has the length of the text.
    """

    label: str
    level: Level
    term: str
    start: int
    length: int
    layer: str


class MachineResult(msgspec.Struct, frozen=True):
    """The result of a check. It is stored with the case in the same form, whichever layer or provider judged.

    `risk` is 0 to 100. `list_version` is the version of the word list that was in force; 0 without a list.
    """

    verdict: Verdict
    risk: int = 0
    labels: list[Label] = []
    list_version: int = 0
    provider: str = LOCAL

    @property
    def reason_code(self) -> str | None:
        """The reason that the author reads: that of the first hit of the strictest level. None for a text that passed."""
        found = [each.label for each in self.labels if each.level == self.verdict]
        return found[0] if found else None

    def stored(self) -> dict[str, Any]:
        """The result as it is stored in `cases.machine`."""
        stored: dict[str, Any] = msgspec.to_builtins(self)
        return stored


PASSED = MachineResult("pass")
