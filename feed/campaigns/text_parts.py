"""Helpers of several sections of the rules text: sections, placeholders, times."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

# Printed in place of a field that is not filled in yet.
BLANK = "【待填写】"
_SHENZHEN = ZoneInfo("Asia/Shanghai")
_DIGITS = "一二三四五六七八九"


class Section(msgspec.Struct, frozen=True):
    """A section of the rules text. An item is one sentence or more; a tuple is an item and its sub-items."""

    heading: str
    items: tuple[str | tuple[str, ...], ...]


def section(heading: str, *items: str | tuple[str, ...] | None) -> Section:
    """A section of these items, without those that are None or empty."""
    return Section(heading, tuple(item for item in items if item))


def lines_of(sections: Iterable[Section]) -> list[str]:
    """The lines of the sections, which are numbered 一、; their items 1., sub-items （1）. A single item or sub-item has no number.

    Each line begins with a number or with words of ours, and no field of the rules adds a line.
    """
    lines = []
    for number, each in enumerate(sections, 1):
        lines += ["", f"{numeral(number)}、{each.heading}"]
        for place, item in enumerate(each.items, 1):
            first, *below = (item,) if isinstance(item, str) else item
            if len(below) == 1:
                first, below = first + below[0], []
            lines.append(one_line(first) if len(each.items) == 1 else f"{place}. {one_line(first)}")
            lines += [f"（{n}）{one_line(text)}" for n, text in enumerate(below, 1)]
    return lines


def one_line(text: str) -> str:
    """The text on one line. Rules from before the check of line breaks may contain some."""
    return " ".join(text.splitlines())


def numeral(number: int) -> str:
    """A number from 1 to 99 in Chinese: 三, 十, 十二, 二十."""
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens - 1]}十") + (_DIGITS[ones - 1] if ones else "")


def local_time(at: datetime, *, ends: bool = False) -> str:
    """The local time in Shenzhen as it is written in Chinese: 2026年9月20日9时30分.

    With `ends`, midnight is 24时 of the day before. Seconds and fractions are printed unless they are zero: the text must not
    differ from what is executed.
    """
    local = at.astimezone(_SHENZHEN)
    is_midnight = ends and local.time() == time.min
    day = local - timedelta(days=1) if is_midnight else local
    seconds = f"{local.second}" + f".{local:%f}".rstrip("0").rstrip(".")
    clock = "24时" if is_midnight else f"{local.hour}时"
    if seconds != "0":
        clock += f"{local.minute}分{seconds}秒"
    elif local.minute:
        clock += f"{local.minute}分"
    return f"{day.year}年{day.month}月{day.day}日{clock}"


def period(start: datetime, end: datetime, *, ends: bool = False) -> str:
    """From `start` to `end`; the year is printed once if it is the same."""
    first = local_time(start)
    return f"{first}至{same_year(first, local_time(end, ends=ends))}"


def same_year(first: str, last: str) -> str:
    """The second of two times, without its year if that is the year of the first."""
    return last[5:] if first[:5] == last[:5] else last


def winner_word(*, is_draw: bool) -> str:
    """The word for a winner: of a draw, or of a ranked campaign."""
    return "中奖者" if is_draw else "获奖者"
