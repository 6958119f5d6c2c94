"""When two people agree on a public number: every entry of four editors, after every combination of earlier entries."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import msgspec
import pytest

from feed.accounts.model import SecondPersonRequired
from feed.prizes.draw.agreement import NumberEntry, find_agreement, has_decided
from feed.prizes.draw.beacon import PublicNumber
from feed.prizes.draw.model import Beacon, BeaconMismatch, ThirdPersonRequired

AT = datetime(2026, 9, 20, 13, 30, tzinfo=UTC)
NUMBER = PublicNumber("2026137", "03 07 12", AT)
SECONDS_LATER = PublicNumber("2026137", "03 07 12", AT + timedelta(seconds=59))
OTHER = PublicNumber("2026138", "03 07 13", AT + timedelta(minutes=1))
# Accounts 1 and 2 belong to one person; account 4 has no phone, so it is a person of its own.
PERSONS = {1: b"anna", 2: b"anna", 3: b"bo", 4: b"4"}


def entry(editor_id: int, number: PublicNumber = NUMBER, reason_code: str | None = None) -> NumberEntry:
    fields = {"editor_id": editor_id, "person": PERSONS[editor_id], "reason_code": reason_code}
    return msgspec.convert(msgspec.structs.asdict(number) | fields, NumberEntry)


def every_case() -> Iterator[tuple[NumberEntry, list[NumberEntry], set[int]]]:
    """A new entry, the earlier entries, and the accounts that were mistaken: always all accounts of a person."""
    numbers = (None, NUMBER, SECONDS_LATER, OTHER)
    for editor_id, number, mistaken in product(PERSONS, numbers[1:], ((), (1, 2), (3,), (1, 2, 3), (1, 2, 3, 4))):
        for entered in product(numbers, repeat=len(PERSONS)):
            earlier = [entry(each, value) for each, value in zip(PERSONS, entered, strict=True) if value is not None]
            yield entry(editor_id, number or NUMBER), earlier, set(mistaken)


def test_two_people_decide_with_equal_entries_unless_both_were_mistaken() -> None:
    cases = 0
    for new, earlier, mistaken in every_case():
        cases += 1
        found = find_agreement(new, earlier, mistaken=mistaken)
        person = {1: "anna", 2: "anna", 3: "bo", 4: "no phone"}
        equal = [
            each for each in earlier if (each.value == new.value) and person[each.editor_id] != person[new.editor_id]
        ]
        deciding = [each for each in equal if not {each.editor_id, new.editor_id} <= mistaken]
        assert found.matching == (deciding[0] if deciding else None)
        if deciding:
            assert found.outcome() == "accepted"
            assert found.entered_by == [deciding[0].editor_id, new.editor_id]
            assert found.number == PublicNumber(new.round, new.value, max(new.appeared_at, deciding[0].appeared_at))
    assert cases == 4 * 3 * 5 * 4**4


def test_an_entry_that_does_not_decide_gets_the_error_that_names_what_is_missing() -> None:
    for new, earlier, mistaken in every_case():
        found = find_agreement(new, earlier, mistaken=mistaken)
        if found.matching is not None:
            assert found.conflict is None
            continue
        others = [each for each in earlier if each.person != new.person]
        own = [each for each in earlier if each.person == new.person]
        if any(each.value == new.value for each in others):
            assert isinstance(found.conflict, ThirdPersonRequired)
        elif others:
            assert isinstance(found.conflict, BeaconMismatch)
            names = [each.field for each in found.conflict.errors]
            assert names == others[-1].differing_fields(new)
            assert {each.code for each in found.conflict.errors} == {"differs"}
        elif any(each.value == new.value for each in own):
            assert isinstance(found.conflict, SecondPersonRequired)
        else:
            assert found.conflict is None
            assert found.outcome() == "recorded"
            continue
        with pytest.raises(type(found.conflict)):
            found.outcome()


@pytest.mark.parametrize("same", [1, 2])
@pytest.mark.parametrize("mistaken", [(), (1, 2)])
def test_an_entry_repeated_with_other_seconds_still_needs_a_second_person(same: int, mistaken: tuple[int, ...]) -> None:
    """A regression: entering and correcting a number once differed here."""
    found = find_agreement(entry(same, SECONDS_LATER), [entry(1)], mistaken=mistaken)
    assert isinstance(found.conflict, SecondPersonRequired)


def test_corrections_for_different_reasons_do_not_agree() -> None:
    found = find_agreement(entry(1, reason_code="misread"), [entry(3, reason_code="wrong_issue")])
    assert isinstance(found.conflict, BeaconMismatch)
    assert [each.field for each in found.conflict.errors] == ["reason_code"]
    assert find_agreement(entry(1, reason_code="misread"), [entry(3, reason_code="misread")]).outcome() == "accepted"


@pytest.mark.parametrize(
    ("change", "decided"),
    [
        ({}, True),
        ({"editor_id": 3}, True),
        ({"editor_id": 2}, False),
        ({"value": " ０３，07+12"}, True),
        ({"appeared_at": AT + timedelta(seconds=59)}, True),
        ({"appeared_at": AT + timedelta(seconds=60)}, False),
        ({"appeared_at": AT.replace(tzinfo=None)}, False),
        ({"round_": "2026138"}, False),
        ({"round_": ""}, False),
        ({"value": "03 07"}, False),
        ({"value": "三"}, False),
    ],
)
def test_an_editor_whose_number_decided_may_repeat_the_entry(change: dict[str, object], decided: bool) -> None:
    beacon = Beacon(
        source="public_number",
        round=NUMBER.round,
        value=NUMBER.value,
        appeared_at=NUMBER.appeared_at,
        entered_by=[1, 3],
    )
    sent = {"editor_id": 1, "round_": NUMBER.round, "value": NUMBER.value, "appeared_at": AT} | change
    assert has_decided(beacon, **sent) is decided  # type: ignore[arg-type]
    assert not has_decided(None, **sent)  # type: ignore[arg-type]
    assert not has_decided(Beacon(source="own", round="", value="00"), **sent)  # type: ignore[arg-type]
