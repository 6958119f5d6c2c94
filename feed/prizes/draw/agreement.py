"""Whether editors agree in a public number: it takes the equal entries of two people, whatever the number of their accounts."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from feed.campaigns.errors import SecondPersonRequired
from feed.errors import Conflict, FieldError
from feed.prizes.draw.beacon import PublicNumber, read_number, read_round
from feed.prizes.draw.model import Beacon, BeaconMismatch, CorrectionReason, ThirdPersonRequired

EntryOutcome = Literal["recorded", "accepted"]


class NumberEntry(msgspec.Struct, frozen=True):
    """A number as one editor enters it, and which person the editor is."""

    editor_id: int
    person: bytes
    round: str
    value: str
    appeared_at: datetime
    # Of a correction only: why the number before it was wrong.
    reason_code: CorrectionReason | None = None

    @property
    def word(self) -> PublicNumber:
        """The number itself."""
        return PublicNumber(self.round, self.value, self.appeared_at)

    def differing_fields(self, other: "NumberEntry") -> list[str]:
        """The names of the fields in which the two differ."""
        reason = ["reason_code"] if self.reason_code != other.reason_code else []
        return self.word.differing_fields(other.word) + reason


class Agreement(msgspec.Struct, frozen=True):
    """What an entry amounts to, with the entries that were there before it."""

    entry: NumberEntry
    # The entry of another person with which this one decides.
    second: NumberEntry | None = None
    # What the editor is answered instead. The entry is kept all the same: a third person may agree with it.
    conflict: Conflict | None = None

    @property
    def number(self) -> PublicNumber:
        """What the two have agreed in. Should they be seconds apart, the later time: never younger than both say."""
        assert self.second is not None
        return PublicNumber(self.entry.round, self.entry.value, max(self.entry.appeared_at, self.second.appeared_at))

    @property
    def entered_by(self) -> list[int]:
        """The accounts of the two, the earlier entry first."""
        assert self.second is not None
        return [self.second.editor_id, self.entry.editor_id]

    def answer(self) -> EntryOutcome:
        """To be called after the commit. Raises SecondPersonRequired, ThirdPersonRequired and BeaconMismatch."""
        if self.conflict is not None:
            raise self.conflict
        return "recorded" if self.second is None else "accepted"


def find_agreement(entry: NumberEntry, before: Sequence[NumberEntry], *, mistaken: Collection[int] = ()) -> Agreement:
    """Whether `entry` and one of the entries `before` it decide.

    `before` has the latest entry of each account, the oldest first; one of the editor's own among them is replaced by `entry`.
    Two of the `mistaken`, who have entered the number that is being corrected, do not decide by themselves.
    """
    others = [each for each in before if each.person != entry.person]
    agreeing = [each for each in others if not each.differing_fields(entry)]
    for each in agreeing:
        if entry.editor_id not in mistaken or each.editor_id not in mistaken:
            return Agreement(entry, second=each)
    if agreeing:
        return Agreement(entry, conflict=ThirdPersonRequired())
    if others:
        fields = [FieldError(name, "differs") for name in others[-1].differing_fields(entry)]
        return Agreement(entry, conflict=BeaconMismatch(*fields))
    if any(not each.differing_fields(entry) for each in before):
        return Agreement(entry, conflict=SecondPersonRequired())
    return Agreement(entry)


def has_decided(beacon: Beacon | None, editor_id: int, round_: str, value: str, appeared_at: datetime) -> bool:
    """Whether this is the entry of one of the two who have decided, sent again."""
    if beacon is None or beacon.appeared_at is None or editor_id not in (beacon.entered_by or ()):
        return False
    issue, number = read_round(round_), read_number(value)
    if issue is None or number is None or appeared_at.tzinfo is None:
        return False
    return not PublicNumber(issue, number, appeared_at).differing_fields(
        PublicNumber(beacon.round, beacon.value, beacon.appeared_at)
    )
