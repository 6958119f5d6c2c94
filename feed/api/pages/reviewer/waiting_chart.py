"""The geometry of the chart of waiting times: a bar for each hour and stage, for a template that draws it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from feed.api.html.formats import parse_time
from feed.api.html.rendering import words

WIDTH, HEIGHT = 720, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 12, 28
# Of an axis: steps that people read as times.
_STEPS = (10, 30, 60, 300, 600, 1800, 3600, 7200, 14_400, 28_800, 86_400)
_LINES_MOST = 4


class Bar(NamedTuple):
    """The waiting times of one hour and stage: `slow_*` of nine of ten cases, `median_*` of half of them."""

    stage: int
    x: float
    width: float
    median_y: float
    median_height: float
    slow_y: float
    slow_height: float
    hour: Mapping[str, Any]


class Line(NamedTuple):
    """A line of the grid at a number of seconds."""

    seconds: int
    y: float


class Mark(NamedTuple):
    """An hour under the axis."""

    hour: int
    x: float


class WaitingChart(NamedTuple):
    """The chart; without bars nothing was decided."""

    width: int
    height: int
    bars: list[Bar]
    lines: list[Line]
    marks: list[Mark]
    baseline: float
    left: int
    right: int


def waiting_chart(waiting: Mapping[str, Any]) -> WaitingChart:
    """The chart of a response of the operation."""
    since = parse_time(waiting["since"])
    count = max(int((parse_time(waiting["until"]) - since) / timedelta(hours=1)) + 1, 1)
    hours: Sequence[Mapping[str, Any]] = waiting["hours"]
    step = _step(max((each["slow_seconds"] for each in hours), default=0))
    most = step * _LINES_MOST
    slot = (WIDTH - _LEFT - _RIGHT) / count
    stages = sorted({each["stage"] for each in hours})
    tall = HEIGHT - _TOP - _BOTTOM
    wide = slot * 0.8 / max(len(stages), 1)

    def bar(each: Mapping[str, Any]) -> Bar:
        x = _LEFT + slot * _index(each["hour"], since) + slot * 0.1 + wide * stages.index(each["stage"])
        # Also a short wait is seen.
        median = max(tall * min(each["median_seconds"] / most, 1), 1.5)
        slow = max(tall * min(each["slow_seconds"] / most, 1), median)
        low = HEIGHT - _BOTTOM
        return Bar(
            stage=each["stage"],
            x=round(x, 1),
            width=round(wide - 1, 1),
            median_y=round(low - median, 1),
            median_height=round(median, 1),
            slow_y=round(low - slow, 1),
            slow_height=round(slow, 1),
            hour=each,
        )

    return WaitingChart(
        WIDTH,
        HEIGHT,
        [bar(each) for each in hours],
        [Line(step * n, round(HEIGHT - _BOTTOM - tall * n / _LINES_MOST, 1)) for n in range(1, _LINES_MOST + 1)],
        [
            Mark((since + timedelta(hours=n)).hour, round(_LEFT + slot * (n + 0.5), 1))
            for n in range(count)
            if (since + timedelta(hours=n)).hour % 3 == 0
        ],
        HEIGHT - _BOTTOM,
        _LEFT,
        WIDTH - _RIGHT,
    )


def _index(hour: str, since: datetime) -> int:
    return round((parse_time(hour) - since) / timedelta(hours=1))


def _step(longest: int) -> int:
    return next((step for step in _STEPS if step * _LINES_MOST >= longest), -(-longest // _LINES_MOST))


def short(seconds: int, language: str) -> str:
    """A length of time as axes show it: 30 秒, 5 分, 2 时."""
    t = words(language)
    if seconds < 60:
        return t(f"{seconds} 秒", f"{seconds} s")
    if seconds < 3600:
        return t(f"{seconds // 60} 分", f"{seconds // 60} min")
    return t(f"{seconds // 3600} 时", f"{seconds // 3600} h")


def age_in_seconds(now: datetime, since: str) -> int:
    """How long something of the API waits."""
    return max(int((now - parse_time(since)).total_seconds()), 0)
