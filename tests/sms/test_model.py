from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.sms.model import (
    SHANGHAI,
    Expire,
    HeldBy,
    Lane,
    MessageId,
    Purpose,
    QueuedMessage,
    Send,
    Wait,
    earliest_send,
    lane_of,
    next_step,
    read_quiet_hours,
    read_reference,
    reference_of,
)

NIGHT = read_quiet_hours("22:00-08:00")


def shanghai(hour: int, minute: int = 0, *, day: int = 20) -> datetime:
    return datetime(2026, 9, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "earliest"),
    [
        (shanghai(7, 59), shanghai(8)),
        (shanghai(8), shanghai(8)),
        (shanghai(15), shanghai(15)),
        (shanghai(21, 59), shanghai(21, 59)),
        (shanghai(22), shanghai(8, day=21)),
        (shanghai(23, 30), shanghai(8, day=21)),
        (shanghai(0, day=21), shanghai(8, day=21)),
        (datetime(2026, 9, 20, 16, 30, tzinfo=UTC), shanghai(8, day=21)),
    ],
)
def test_a_notice_waits_for_the_morning_in_shanghai(now: datetime, earliest: datetime) -> None:
    assert earliest_send(Purpose.PRIZE_NOTICE, now, NIGHT) == earliest


def test_hours_of_one_day_may_be_quiet_too() -> None:
    noon = read_quiet_hours("12:00-14:00")

    assert earliest_send(Purpose.CLAIM_REMINDER, shanghai(13), noon) == shanghai(14)
    assert earliest_send(Purpose.CLAIM_REMINDER, shanghai(14), noon) == shanghai(14)


def test_a_sign_in_code_rings_at_night() -> None:
    assert earliest_send(Purpose.SIGN_IN_CODE, shanghai(3), NIGHT) == shanghai(3)


@pytest.mark.parametrize("setting", ["", "off"])
def test_quiet_hours_can_be_switched_off(setting: str) -> None:
    assert earliest_send(Purpose.PRIZE_NOTICE, shanghai(3), read_quiet_hours(setting)) == shanghai(3)


@pytest.mark.parametrize("setting", ["22:00", "ten-eight", "25:00-08:00"])
def test_quiet_hours_that_cannot_be_read_are_refused(setting: str) -> None:
    with pytest.raises(ValueError):
        read_quiet_hours(setting)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))
def test_no_notice_ever_goes_in_the_quiet_hours(now: datetime) -> None:
    earliest = earliest_send(Purpose.PRIZE_NOTICE, now, NIGHT)

    assert now <= earliest < now + timedelta(hours=10, microseconds=1)
    assert 8 <= earliest.astimezone(SHANGHAI).hour < 22
    assert earliest_send(Purpose.PRIZE_NOTICE, earliest, NIGHT) == earliest


def waiting(**changes: object) -> QueuedMessage:
    given = {
        "id": MessageId(1),
        "purpose": Purpose.PRIZE_NOTICE,
        "once_key": "prize:1",
        "sealed": b"",
        "person": None,
        "not_before": shanghai(9),
        "expires_at": None,
        "now": shanghai(10),
    }
    return QueuedMessage(**(given | changes))  # type: ignore[arg-type]


def test_a_due_message_goes() -> None:
    assert next_step(waiting(), NIGHT) == Send()


def test_a_message_waits_for_its_time_and_for_the_morning_after_it() -> None:
    assert next_step(waiting(not_before=shanghai(11)), NIGHT) == Wait(timedelta(hours=1))
    assert next_step(waiting(not_before=shanghai(23)), NIGHT) == Wait(timedelta(hours=22))
    assert next_step(waiting(now=shanghai(23)), NIGHT) == Wait(timedelta(hours=9), HeldBy.QUIET_HOURS)


def test_what_has_expired_or_will_before_it_may_go_is_not_sent() -> None:
    assert next_step(waiting(expires_at=shanghai(10)), NIGHT) == Expire()
    assert next_step(waiting(now=shanghai(23), expires_at=shanghai(7, day=21)), NIGHT) == Expire()
    assert next_step(waiting(expires_at=shanghai(10, 1)), NIGHT) == Send()


def test_a_sign_in_waits_behind_no_notice() -> None:
    assert lane_of(Purpose.SIGN_IN_CODE) == Lane.CODES
    assert lane_of(Purpose.PRIZE_NOTICE) == lane_of(Purpose.CLAIM_REMINDER) == Lane.NOTICES


@given(st.integers(1, 2**63 - 1), st.integers(1, 2**31 - 1))
def test_a_reference_names_one_attempt(message_id: int, attempt: int) -> None:
    assert read_reference(reference_of(MessageId(message_id), attempt)) == (message_id, attempt)


@pytest.mark.parametrize(
    "text", ["", "-", "1-", "-1", "1-2-3", "x", "1 ", "１", "9" * 20, str(2**63), f"1-{2**31}", "0x1"]
)
def test_what_others_use_as_references_is_none_of_ours(text: str) -> None:
    assert read_reference(text) is None
