"""Correcting a public number that was entered wrongly: the reasons there are, and the states that refuse."""

from datetime import datetime
from typing import Literal

import msgspec

from feed.errors import Conflict
from feed.prizes.draw.beacon import Word

# Misread: of the issue that decides, other digits or another time. The publisher may have corrected the number too.
CorrectionReason = Literal["misread", "wrong_issue", "publisher_corrected"]


class NoNumberToCorrect(Conflict):
    """No public number has decided, or its settlement stands: it is undone first, before announcing or for an objection."""


class ThirdPersonRequired(Conflict):
    """One of the two who correct a number is somebody who has not entered it."""


class Number(msgspec.Struct, frozen=True):
    """A public number by which lots are or were drawn, and who entered it. The first one has no reason."""

    round: str
    value: str
    appeared_at: datetime
    entered_by: list[int]
    reason_code: CorrectionReason | None
    entered_at: datetime

    @property
    def word(self) -> Word:
        """The number itself."""
        return Word(self.round, self.value, self.appeared_at)
