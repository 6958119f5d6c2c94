"""Whether editors agree on a public number: two equal entries of different persons, not only of different accounts."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from feed.accounts.model import SecondPersonRequired
from feed.errors import Conflict, FieldError
from feed.prizes.draw.beacon import PublicNumber, read_number, read_round
from feed.prizes.draw.model import Beacon, BeaconMismatch, CorrectionReason, ThirdPersonRequired

EntryOutcome = Literal["recorded", "accepted"]


class NumberEntry(msgspec.Struct, frozen=True):
    """A public number as one editor has entered it, with the editor's person."""

    editor_id: int
    person: bytes
    round: str
    value: str
    appeared_at: datetime
    # Only of a correction: why the previous number was wrong.
    reason_code: CorrectionReason | None = None

    @property
    def number(self) -> PublicNumber:
        """The number itself."""
        return PublicNumber(self.round, self.value, self.appeared_at)

    def differing_fields(self, other: "NumberEntry") -> list[str]:
        """The names of the fields in which two entries differ."""
        reason = ["reason_code"] if self.reason_code != other.reason_code else []
        return self.number.differing_fields(other.number) + reason


class Agreement(msgspec.Struct, frozen=True):
    """What an entry leads to, together with the earlier ones."""

    entry: NumberEntry
    # The equal entry of another person, if there is one: the two decide.
    matching: NumberEntry | None = None
    # The error for the editor otherwise. The entry is stored all the same: another person may agree with it later.
    conflict: Conflict | None = None

    @property
    def number(self) -> PublicNumber:
        """The number that both have entered. If their times differ within the tolerance, the later one counts."""
        assert self.matching is not None
        return PublicNumber(self.entry.round, self.entry.value, max(self.entry.appeared_at, self.matching.appeared_at))

    @property
    def entered_by(self) -> list[int]:
        """The accounts of the two editors, that of the earlier entry first."""
        assert self.matching is not None
        return [self.matching.editor_id, self.entry.editor_id]

    def outcome(self) -> EntryOutcome:
        """Whether the number is decided. Call it after the commit, because an entry is stored even if it conflicts.

        Raises SecondPersonRequired, ThirdPersonRequired, BeaconMismatch.
        """
        if self.conflict is not None:
            raise self.conflict
        return "recorded" if self.matching is None else "accepted"


def find_agreement(entry: NumberEntry, earlier: Sequence[NumberEntry], *, mistaken: Collection[int] = ()) -> Agreement:
    """Whether `entry` and one of the `earlier` entries decide the number.

    `earlier` has the latest entry of each account, the oldest first; an entry of the same editor is replaced by `entry`.
    `mistaken` are the accounts that entered the number which is being corrected: two of them cannot decide by themselves.
    """
    others = [each for each in earlier if each.person != entry.person]
    agreeing = [each for each in others if not each.differing_fields(entry)]
    for each in agreeing:
        if entry.editor_id not in mistaken or each.editor_id not in mistaken:
            return Agreement(entry, matching=each)
    if agreeing:
        return Agreement(entry, conflict=ThirdPersonRequired())
    if others:
        fields = [FieldError(name, "differs") for name in others[-1].differing_fields(entry)]
        return Agreement(entry, conflict=BeaconMismatch(*fields))
    if any(not each.differing_fields(entry) for each in earlier):
        return Agreement(entry, conflict=SecondPersonRequired())
    return Agreement(entry)


def has_decided(beacon: Beacon | None, editor_id: int, round_: str, value: str, appeared_at: datetime) -> bool:
    """Whether this repeats the entry of one of the two editors whose number the draw has."""
    if beacon is None or beacon.appeared_at is None or editor_id not in (beacon.entered_by or ()):
        return False
    issue, digits = read_round(round_), read_number(value)
    if issue is None or digits is None or appeared_at.tzinfo is None:
        return False
    return not PublicNumber(issue, digits, appeared_at).differing_fields(
        PublicNumber(beacon.round, beacon.value, beacon.appeared_at)
    )
