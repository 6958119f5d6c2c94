from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feed.sms.model import SHANGHAI, HeldBy, MessageId, Purpose, QueuedMessage, Wait, read_quiet_hours
from feed.sms.provider import Registration
from feed.sms.quotas import next_day, wait_for_code
from feed.sms.registry import REGISTRATIONS, code_windows

ALIYUN = code_windows("aliyun", known=True)


@pytest.mark.parametrize("registration", REGISTRATIONS, ids=lambda registration: registration.name)
def test_unknown_devices_leave_a_part_of_each_quota_to_known_ones(registration: Registration[Any]) -> None:
    known, unknown = code_windows(registration.name, known=True), code_windows(registration.name, known=False)
    assert all(less < all_of_it or all_of_it == 1 for (_, less), (_, all_of_it) in zip(unknown, known, strict=True))
    # A window with a quota of one is short, so that a known device waits for a minute at most.
    assert all(seconds <= 60 for seconds, quota in known if quota == 1)


@pytest.mark.parametrize(
    ("ages", "wait"),
    [
        ([], 0),
        ([61], 0),
        ([60], 0),
        ([20.5], 40),
        ([20.5, 90, 100, 110], 40),
        ([70, 90, 100, 110, 3599], 2),
        ([70, 90, 100, 110, 3601], 0),
        ([61 + 3600 * n for n in range(10)], 86_400 - 61 - 9 * 3600 + 1),
    ],
)
def test_a_code_waits_for_the_narrowest_window_that_is_full(ages: list[float], wait: int) -> None:
    assert wait_for_code(ages, ALIYUN) == wait
    assert wait_for_code(ages[::-1], ALIYUN) == wait


def test_after_the_wait_the_code_may_go() -> None:
    for ages in ([0.0], [20.5], [1, 2, 3, 4, 5]):
        wait = wait_for_code(ages, ALIYUN)
        assert wait > 0
        assert wait_for_code([age + wait for age in ages], ALIYUN) == 0
        assert wait_for_code([age + wait - 1.5 for age in ages], ALIYUN) > 0


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (datetime(2026, 9, 20, 9, tzinfo=SHANGHAI), datetime(2026, 9, 21, 8, tzinfo=SHANGHAI)),
        (datetime(2026, 9, 20, 23, 59, tzinfo=SHANGHAI), datetime(2026, 9, 21, 8, tzinfo=SHANGHAI)),
        (datetime(2026, 9, 20, 0, 0, tzinfo=SHANGHAI), datetime(2026, 9, 21, 8, tzinfo=SHANGHAI)),
        (datetime(2026, 9, 20, 17, 0, tzinfo=UTC), datetime(2026, 9, 22, 8, tzinfo=SHANGHAI)),
    ],
)
def test_what_is_over_a_day_s_quota_waits_for_the_next_morning(now: datetime, until: datetime) -> None:
    message = QueuedMessage(MessageId(1), Purpose.PRIZE_NOTICE, "prize:1", b"", None, now, None, now)

    assert next_day(message, read_quiet_hours("22:00-08:00")) == Wait(until - now, HeldBy.QUOTA)
    assert next_day(message, None) == Wait(until - now - timedelta(hours=8), HeldBy.QUOTA)
