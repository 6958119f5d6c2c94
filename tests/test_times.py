"""Times have a zone and lie within a range in which they can be converted and added to."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from feed.errors import InvalidValue
from feed.times import read_instant


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("0001-01-01T00:00:00+14:00", "out_of_range"),
        ("1999-12-31T23:59:59Z", "out_of_range"),
        ("9000-01-01T00:00:00Z", "out_of_range"),
        ("9999-12-31T23:59:59-14:00", "out_of_range"),
        ("10000-01-01T00:00:00Z", "not_time"),
        ("2026-12-31T23:59:60Z", "not_time"),
        ("2026-02-30T00:00:00Z", "not_time"),
        ("2026-12-31T24:00:00Z", "not_time"),
        ("2026-12-31", "not_time"),
        ("２０２６-12-31T00:00:00Z", "not_time"),
        ("2026-12-31T10:00:00", "no_time_zone"),
        ("2026-12-31T10:00:00." + "0" * 200_000 + "Z", "not_time"),
        ("", "not_time"),
        (1_800_000_000, "not_time"),
        ("1.5", "not_time"),
        (True, "not_time"),
        (None, "not_time"),
        (datetime(2026, 1, 1), "no_time_zone"),
    ],
)
def test_an_unusable_time_is_rejected(value: Any, code: str) -> None:
    with pytest.raises(InvalidValue) as rejected:
        read_instant(value)
    assert rejected.value.code == code


@pytest.mark.parametrize(
    "text", ["2026-12-31T23:59:59.123456789Z", "2026-12-31t23:59:59z", "2027-01-01T07:59:59+08:00"]
)
def test_a_time_with_a_zone_is_read(text: str) -> None:
    assert abs(read_instant(text) - datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)) < timedelta(seconds=1)


@pytest.mark.parametrize("edge", ["2000-01-01T00:00:00Z", "8999-12-31T23:59:59.999999Z"])
def test_the_first_and_the_last_time_can_be_converted_to_every_zone(edge: str) -> None:
    for hours in range(-23, 24):
        moved = read_instant(edge).astimezone(timezone(timedelta(hours=hours))) + timedelta(days=3650)
        assert moved.year < 9999
