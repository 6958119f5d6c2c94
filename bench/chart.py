"""Draws the figures of a run beside those of comparable systems: `python -m bench.chart REPORT.json docs/images/benchmark.svg`.

CPU of all processes (server, Postgres, Redis or Valkey, worker) in microseconds per request, on a logarithmic scale.
"""

import math
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path

import msgspec

from bench.report import Report
from bench.rounds import Figure

# Measured on 23 November 2026 on a machine of the same kind (2 cores, Postgres 15, wrk, 8 connections): server, Postgres and Redis
# together, for a newest page of 20 of a signed-in user and for a like. The four RealWorld backends do what `feed` does
# (author, counts, liked by me); NodeBB and BookWyrm do more per request.
PEERS = (
    ("RealWorld on FastAPI (nsidnev)", 22_054, 3_465),
    ("RealWorld on FastAPI (borys25ol)", 33_520, 8_427),
    ("RealWorld on Express, Prisma", 50_185, 5_899),
    ("RealWorld on Django Ninja", 52_237, 21_206),
    ("NodeBB", 39_942, 22_580),
    ("BookWyrm", 539_999, 67_152),
)
_WIDTH, _LEFT, _BAR, _ROW = 900, 290, 11, 34
_TOP, _BOTTOM = 74, 46
_LEAST, _MOST = 10.0, 1_000_000.0
_PAGE, _LIKE = "#2f6fab", "#d08a2e"
_INK, _PALE = "#57606a", "#8c959f33"


class Bar(msgspec.Struct, frozen=True):
    """CPU of a page and of a like in microseconds per request; None: not measured."""

    name: str
    page: float | None
    like: float | None
    own: bool = False


def bars_of(report: Report) -> list[Bar]:
    """The hello, `feed`, the plain Go service and the peers. Raises KeyError if one of the first three was not measured."""
    figures = {figure.key: figure for some in report.figures.values() for figure in some}
    hello, go_latest, go_like = figures["hello"], figures["go latest"], figures["go like"]
    return [
        Bar("a hello of the same framework", _sum(hello), _sum(hello)),
        Bar("feed", _sum(figures["latest"]), _sum(figures["like"]), own=True),
        Bar("a plain Go service, no cache", _sum(go_latest), _sum(go_like)),
        *(Bar(name, page, like) for name, page, like in PEERS),
    ]


def _sum(figure: Figure) -> float:
    # What runs in the background belongs to a write; a base has none of it.
    middle = figure.median
    if not figure.base:
        return middle.served_us
    return middle.served_us + middle.postgres_us + middle.valkey_us + middle.worker_us


def chart(bars: Sequence[Bar], note: str) -> str:
    """The chart as SVG, readable on light and dark pages."""
    height = _TOP + _ROW * len(bars) + _BOTTOM
    bottom = height - _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" font-family="system-ui, sans-serif" font-size="13">',
        f"<title>{escape(_title(bars))}</title>",
        f'<text x="16" y="26" font-size="16" font-weight="600" fill="{_INK}">CPU per request, all processes, µs (logarithmic: each line is ten times the one before)</text>',
        f'<rect x="16" y="40" width="14" height="{_BAR}" fill="{_PAGE}"/><text x="36" y="50" fill="{_INK}">newest page of 20 posts, signed in</text>',
        f'<rect x="290" y="40" width="14" height="{_BAR}" fill="{_LIKE}"/><text x="310" y="50" fill="{_INK}">one like</text>',
    ]
    step = _LEAST
    while step <= _MOST:
        x = _x(step)
        parts.append(f'<line x1="{x:.0f}" y1="{_TOP - 8}" x2="{x:.0f}" y2="{bottom}" stroke="{_PALE}"/>')
        parts.append(f'<text x="{x:.0f}" y="{bottom + 16}" text-anchor="middle" fill="{_INK}">{step:,.0f}</text>')
        step *= 10
    for number, bar in enumerate(bars):
        y = _TOP + _ROW * number
        weight = ' font-weight="700"' if bar.own else ""
        parts.append(
            f'<text x="{_LEFT - 10}" y="{y + 16}" text-anchor="end" fill="{_INK}"{weight}>{escape(bar.name)}</text>'
        )
        for value, color, offset in ((bar.page, _PAGE, 0), (bar.like, _LIKE, _BAR + 1)):
            if value is not None:
                end = _x(value)
                parts.append(
                    f'<rect x="{_LEFT}" y="{y + offset}" width="{end - _LEFT:.1f}" height="{_BAR}" fill="{color}"/>'
                )
                parts.append(
                    f'<text x="{end + 5:.0f}" y="{y + offset + 10}" fill="{_INK}" font-size="11">{value:,.0f}</text>'
                )
    parts.append(f'<text x="16" y="{height - 8}" fill="{_INK}" font-size="11">{escape(note)}</text></svg>')
    return "\n".join(parts) + "\n"


def _title(bars: Sequence[Bar]) -> str:
    return "; ".join(f"{bar.name}: page {bar.page or 0:,.0f} µs, like {bar.like or 0:,.0f} µs" for bar in bars)


def _x(value: float) -> float:
    share = math.log(value / _LEAST) / math.log(_MOST / _LEAST)
    return _LEFT + share * (_WIDTH - _LEFT - 60)


def main(source: Path, target: Path) -> None:
    """Reads a report and writes the chart."""
    report = msgspec.json.decode(source.read_bytes(), type=Report)
    note = (
        f"feed, hello and Go: {report.at:%d %B %Y}, {report.machine['cores']} cores. "
        "The others: 23 November 2026, 2 cores. How: docs/explanation/performance.md"
    )
    target.write_text(chart(bars_of(report), note), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
