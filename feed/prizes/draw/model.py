"""Types and errors of draws, public numbers and their corrections."""

from datetime import datetime
from typing import Literal

import msgspec

from feed.errors import Conflict, FieldError, NotFound
from feed.prizes.draw.beacon import PublicNumber, Source

# `misread`: the right issue with wrong digits or time. `publisher_corrected`: the publisher has changed the number.
CorrectionReason = Literal["misread", "wrong_issue", "publisher_corrected"]


class NoNumberToCorrect(Conflict):
    """No public number has decided a draw, or its settlement is in force and has to be undone first."""


class ThirdPersonRequired(Conflict):
    """At least one of the two editors who correct a number must not have entered it."""


class AgreedNumber(msgspec.Struct, frozen=True):
    """A public number that decides or has decided a draw, and its editors. Only corrections have a reason."""

    round: str
    value: str
    appeared_at: datetime
    entered_by: list[int]
    reason_code: CorrectionReason | None
    entered_at: datetime

    @property
    def number(self) -> PublicNumber:
        """The number itself."""
        return PublicNumber(self.round, self.value, self.appeared_at)


class AwaitingBeacon(Conflict):
    """The list is frozen and the draw waits for its public value; this cannot be forced with a reason."""


class DrawNotFound(NotFound):
    """No such campaign, or it has no draw."""


class NoNumberWanted(Conflict):
    """The campaign does not wait for a public number: no draw, no published list, another source's window, or it has a value."""


class BeaconMismatch(Conflict):
    """Another editor has entered a different number; both are stored until two people agree. Names the fields that differ."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__()
        self.errors = errors


class Beacon(msgspec.Struct, frozen=True, kw_only=True):
    """The value of a draw: a public one, or our own if no public one came in time.

    `chain` and `signature` are those of drand, `entered_by` the two editors of a public number. Our own value has no time.
    """

    source: Source
    chain: str | None = None
    round: str
    value: str
    signature: bytes | None = None
    appeared_at: datetime | None = None
    entered_by: list[int] | None = None


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """The draw of a settlement. `beacon` is None while its value is waited for, `list_published_at` until the list is published.

    `listed_in` is the earlier settlement whose list is used; None if the settlement uses its own.
    """

    list_sha256: bytes
    ticket_count: int
    listed_in: int | None
    list_published_at: datetime | None
    beacon: Beacon | None


class DrawInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that determines the order of tickets: the list, the revealed nonce and the value."""

    draw: Draw
    tickets: list[bytes]
    nonce: bytes
    nonce_sha256: bytes
    # The public numbers of the draw: the wrong ones in order, then the one that counts.
    numbers: list[AgreedNumber] = []
