"""Charts as SVG, made on the server: axes, labels and marks with classes for their colours, without script and styles. Pure.

A chart is a picture with a title and a summary; the page puts the same numbers into a table beside it.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from markupsafe import Markup, escape

from feed.api.html.rendering import words

WIDTH, HEIGHT = 400, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 12, 30
_TICKS = 4
# Labels below the axis, short ones and those with a date and an hour; more would overlap.
_LABELS_MOST, _LONG_LABELS_MOST = 4, 3
_BAR_MOST = 36.0


class Series(msgspec.Struct, frozen=True):
    """A series of numbers: its words for the legend, the class of its colour and pattern, and a number for each point."""

    words: str
    tone: str
    values: Sequence[int]


def time_chart(
    times: Sequence[datetime], series: Series, *, step: timedelta, title: str, summary: str, language: str
) -> Markup:
    """Bars over time. `times` are in the zone of their labels, one for each value."""
    top = nice_maximum(max(series.values, default=0))
    width = WIDTH - _LEFT - _RIGHT
    each = width / max(len(times), 1)
    bar = min(each * 0.8, _BAR_MOST)
    parts = [_frame(top, language)]
    for index, value in enumerate(series.values):
        if value:
            height = (HEIGHT - _TOP - _BOTTOM) * value / top
            left, y = _LEFT + each * index + (each - bar) / 2, HEIGHT - _BOTTOM - height
            parts.append(
                Markup(
                    '<rect class="bar {}" x="{}" y="{}" width="{}" height="{}"><title>{} · {}</title></rect>'
                ).format(
                    series.tone,
                    _number(left),
                    _number(y),
                    _number(bar),
                    _number(height),
                    _time_label(times[index], step, full=True),
                    value,
                )
            )
    parts.append(_time_axis(times, step, each))
    return _svg(Markup("").join(parts), title, summary)


def nice_maximum(most: int) -> int:
    """The least round number that is at least `most`, with whole numbers at its ticks; at least the number of ticks."""
    power: int = 10 ** (len(str(max(most, 1))) - 1)
    candidates = [power * step for step in (1, 2, 4, 5, 8, 10, 12)]
    return next(each for each in candidates if each >= max(most, _TICKS) and each % _TICKS == 0)


def label_places(count: int, most: int) -> list[int]:
    """The points that have a label: evenly spaced from the first on, at most `most`."""
    stride = max(1, math.ceil(count / most))
    return list(range(0, count, stride))


def _frame(top: int, language: str) -> Markup:
    """Lines and numbers of the vertical axis."""
    lines = []
    for tick in range(_TICKS + 1):
        y = HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * tick / _TICKS
        lines.append(
            Markup(
                '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/><text class="label end" x="{}" y="{}">{}</text>'
            ).format(
                "grid" if tick else "axis",
                _LEFT,
                WIDTH - _RIGHT,
                _number(y),
                _number(y),
                _LEFT - 6,
                _number(y + 5),
                _short(top * tick // _TICKS, language),
            )
        )
    return Markup("").join(lines)


def _time_axis(times: Sequence[datetime], step: timedelta, each: float) -> Markup:
    most = _LONG_LABELS_MOST if timedelta(hours=1) <= step < timedelta(days=1) else _LABELS_MOST
    return Markup("").join(
        Markup('<text class="label {}" x="{}" y="{}">{}</text>').format(
            # The last one must not leave the picture.
            "end" if index and index == len(times) - 1 else "middle" if index else "start",
            _number(_LEFT + each * (index + (1 if index and index == len(times) - 1 else 0.5 if index else 0))),
            HEIGHT - _BOTTOM + 20,
            _time_label(times[index], step),
        )
        for index in label_places(len(times), most)
    )


def _time_label(at: datetime, step: timedelta, *, full: bool = False) -> str:
    if full:
        return f"{at:%Y-%m-%d %H:%M}" if step < timedelta(days=1) else f"{at:%Y-%m-%d}"
    if step < timedelta(hours=1):
        return f"{at:%H:%M}"
    return f"{at.month}/{at.day} {at:%H}:00" if step < timedelta(days=1) else f"{at.month}/{at.day}"


def _svg(content: Markup, title: str, summary: str) -> Markup:
    return Markup(
        '<svg class="chart" role="img" viewBox="0 0 {} {}" aria-label="{}" preserveAspectRatio="xMidYMid meet">{}</svg>'
    ).format(WIDTH, HEIGHT, escape(f"{title}: {summary}"), content)


def _short(value: int, language: str) -> str:
    return str(value) if value < 10_000 else words(language)(f"{value / 10_000:g}万", f"{value / 1_000:g}k")


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
