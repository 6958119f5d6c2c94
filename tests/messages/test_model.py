from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.messages.model import (
    LONGEST_VALUE,
    REFUSED_WORDS,
    SHANGHAI,
    TEMPLATES,
    Expire,
    MessageId,
    Purpose,
    Send,
    Wait,
    Waiting,
    earliest_send,
    fitted,
    next_step,
    priority_of,
    read_quiet_hours,
    text_of,
)

NIGHT = read_quiet_hours("22:00-08:00")
NOTICE = {"campaign": "爱读书的深圳人", "date": "10 月 1 日"}


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


def waiting(**changes: object) -> Waiting:
    given = {
        "id": MessageId(1),
        "purpose": Purpose.PRIZE_NOTICE,
        "once_key": "prize:1",
        "sealed": b"",
        "not_before": shanghai(9),
        "expires_at": None,
        "now": shanghai(10),
    }
    return Waiting(**(given | changes))  # type: ignore[arg-type]


def test_a_due_message_goes() -> None:
    assert next_step(waiting(), NIGHT) == Send()


def test_a_message_waits_for_its_time_and_for_the_morning_after_it() -> None:
    assert next_step(waiting(not_before=shanghai(11)), NIGHT) == Wait(timedelta(hours=1))
    assert next_step(waiting(not_before=shanghai(23)), NIGHT) == Wait(timedelta(hours=22))


def test_what_has_expired_or_will_before_it_may_go_is_not_sent() -> None:
    assert next_step(waiting(expires_at=shanghai(10)), NIGHT) == Expire()
    assert next_step(waiting(now=shanghai(23), expires_at=shanghai(7, day=21)), NIGHT) == Expire()
    assert next_step(waiting(expires_at=shanghai(10, 1)), NIGHT) == Send()


@pytest.mark.parametrize("purpose", Purpose)
def test_no_template_says_what_providers_refuse(purpose: Purpose) -> None:
    for word in (*REFUSED_WORDS, "中奖", "抽奖", "奖品", "http", "www.", ".com", ".cn", "://"):
        assert word not in TEMPLATES[purpose]
    assert len(TEMPLATES[purpose]) <= 70


@pytest.mark.parametrize("title", ["幸运大抽奖", "看 https://x.cn/y", "www.dute.net", "来 x.com 吧"])
def test_a_title_that_would_have_the_message_refused_is_not_shown(title: str) -> None:
    params = fitted(Purpose.PRIZE_NOTICE, NOTICE | {"campaign": title})

    assert params["campaign"] == "社区"
    assert text_of(Purpose.PRIZE_NOTICE, params) == (
        "【读特】您参加的“社区”活动有新的结果通知，请在 10 月 1 日 前到读特App“消息”查看并填写收件信息。"
    )


def test_a_long_title_is_cut() -> None:
    params = fitted(Purpose.PRIZE_NOTICE, NOTICE | {"campaign": "读" * 60})

    assert len(params["campaign"]) == LONGEST_VALUE
    assert params["campaign"].endswith("…")


def test_a_template_takes_its_own_values_and_no_others() -> None:
    for params in ({}, {"campaign": "a"}, NOTICE | {"url": "x"}):
        with pytest.raises(ValueError, match="prize_notice takes"):
            fitted(Purpose.PRIZE_NOTICE, params)


def test_a_sign_in_overtakes_notices() -> None:
    assert priority_of(Purpose.SIGN_IN_CODE) > priority_of(Purpose.PRIZE_NOTICE)
