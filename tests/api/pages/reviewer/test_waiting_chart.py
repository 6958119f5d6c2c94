"""The chart of waiting times: its bars stay within it, whatever the numbers are."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from feed.api.pages.reviewer.waiting_chart import HEIGHT, WIDTH, short, waiting_chart


def _hour(hour: int, stage: int, median: int, slow: int) -> dict[str, Any]:
    at = f"2026-11-28T{hour:02d}:00:00Z"
    return {"hour": at, "stage": stage, "median_seconds": median, "slow_seconds": max(median, slow)}


def _waiting(hours: list[dict[str, Any]]) -> dict[str, Any]:
    return {"since": "2026-11-28T00:00:00Z", "until": "2026-11-28T23:59:00Z", "hours": hours}


@given(st.lists(st.builds(_hour, st.integers(0, 23), st.integers(1, 3), st.integers(0, 10**7), st.integers(0, 10**7))))
def test_bars_stay_within_the_chart(hours: list[dict[str, Any]]) -> None:
    chart = waiting_chart(_waiting(hours))
    for bar in chart.bars:
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH
        assert 0 <= bar.slow_y <= bar.median_y <= HEIGHT
        assert 0 < bar.median_height <= bar.slow_height


def test_an_hour_stands_over_its_mark() -> None:
    chart = waiting_chart(_waiting([_hour(4, 1, 60, 120)]))
    (mark,) = [each for each in chart.marks if each.hour == 12]
    (bar,) = chart.bars
    # 4:00 in UTC is noon in Shanghai.
    assert bar.x < mark.x < bar.x + bar.width


def test_a_chart_without_decisions_has_no_bars() -> None:
    assert waiting_chart(_waiting([])).bars == []


def test_lengths_of_time_are_short() -> None:
    assert [short(each, "en") for each in (30, 300, 7200)] == ["30 s", "5 min", "2 h"]
    assert [short(each, "zh-CN") for each in (30, 300, 7200)] == ["30 秒", "5 分", "2 时"]
