"""Correcting a public number that was entered wrongly: the reasons there are, and the states that refuse."""

from datetime import datetime
from typing import Literal

import msgspec

from feed.errors import Conflict, FieldError, NotFound
from feed.prizes.draw.beacon import PublicNumber, Source

# Misread: of the issue that decides, other digits or another time. The publisher may have corrected the number too.
CorrectionReason = Literal["misread", "wrong_issue", "publisher_corrected"]


class NoNumberToCorrect(Conflict):
    """No public number has decided, or its settlement stands: it is undone first, before announcing or for an objection."""


class ThirdPersonRequired(Conflict):
    """One of the two who correct a number is somebody who has not entered it."""


class AgreedNumber(msgspec.Struct, frozen=True):
    """A public number by which lots are or were drawn, and who entered it. The first one has no reason."""

    round: str
    value: str
    appeared_at: datetime
    entered_by: list[int]
    reason_code: CorrectionReason | None
    entered_at: datetime

    @property
    def word(self) -> PublicNumber:
        """The number itself."""
        return PublicNumber(self.round, self.value, self.appeared_at)


class AwaitingBeacon(Conflict):
    """The list is frozen and the lots are not drawn before the public value is there: no reason makes that shorter."""


class DrawNotFound(NotFound):
    """No such campaign, or its winners are not drawn by lot."""


class NoNumberWanted(Conflict):
    """No public number is waited for: it is no draw, not frozen, not this source's time, or the value is there already."""


class BeaconMismatch(Conflict):
    """Another editor has entered something else; both words are kept until two people agree. Names the fields that differ."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__()
        self.errors = errors


class Beacon(msgspec.Struct, frozen=True, kw_only=True):
    """The public value that decided, or our own where none came. What has no time or signature has none."""

    source: Source
    chain: str | None = None
    round: str
    value: str
    signature: bytes | None = None
    appeared_at: datetime | None = None
    entered_by: list[int] | None = None


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """The lots of a frozen sheet. The beacon is empty while it is waited for, and the time until the list is stamped.

    `listed_in`: the earlier settlement whose list was drawn from and stays the one of the campaign; None: its own.
    """

    list_sha256: bytes
    ticket_count: int
    listed_in: int | None
    list_published_at: datetime | None
    beacon: Beacon | None


class DrawInputs(msgspec.Struct, frozen=True, kw_only=True):
    """All that an order of tickets follows from: the list that was drawn from, the revealed nonce and the value that appeared."""

    draw: Draw
    tickets: list[bytes]
    nonce: bytes
    nonce_sha256: bytes
    # What was entered for the draw: the number that decided last, and before it those that were wrong.
    numbers: list[AgreedNumber] = []
