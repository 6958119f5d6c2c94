"""How times, numbers and texts are written on pages. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

# The zone of every time that people read; China has had no daylight saving time since 1991.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
_TEN_THOUSAND = 10_000
# The largest first.
_UNITS = {"zh-CN": ((100_000_000, "亿"), (10_000, "万")), "en": ((1_000_000, "m"), (1_000, "k"))}
# The ending of an address, before what a grant adds.
_WEBP = re.compile(r"\.webp(?=\?|$)")


def parse_time(value: str | datetime) -> datetime:
    """A time of the API, in Shanghai time."""
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return at.astimezone(SHANGHAI)


def time_element(value: str | datetime | None, language: str, *, seconds: bool = False) -> Markup:
    """A `time` element: Shanghai time for people, UTC in its attribute; empty for None."""
    if value is None:
        return Markup("")
    at = parse_time(value)
    clock = f"{at:%H:%M:%S}" if seconds else f"{at:%H:%M}"
    words = (
        f"{at.year}年{at.month}月{at.day}日 {clock}"
        if language == "zh-CN"
        else f"{at.day} {at:%b} {at.year}, {clock} (Shanghai)"
    )
    machine = at.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")  # noqa: UP017 - the name of the zone is Z
    return Markup('<time datetime="{}">{}</time>').format(machine, words)


def count(number: int, language: str) -> str:
    """A number as lists show it: 12,345 is 1.2万 in Chinese and 12.3k in English; rounded down, with units up to 亿 and million."""
    if number < _TEN_THOUSAND:
        return str(number)
    for unit, words in _UNITS["zh-CN" if language == "zh-CN" else "en"]:
        if number >= unit:
            tenths = number * 10 // unit
            return f"{tenths // 10}.{tenths % 10}{words}" if tenths % 10 else f"{tenths // 10}{words}"
    return str(number)


def duration(milliseconds: int | None) -> str:
    """The length of a video as players show it: 0:42, 1:05:00."""
    total = round((milliseconds or 0) / 1000)
    hours, rest = divmod(total, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def jpeg_address(address: str) -> str:
    """The address of the same picture as JPEG, which stands beside its WebP."""
    return _WEBP.sub(".jpg", address)


def text_with_topics(text: str, topics: Sequence[Mapping[str, Any]]) -> Markup:
    """The text of a post with its topics as links. `start` and `length` count code points."""
    parts, at = [], 0
    for topic in sorted(topics, key=lambda each: each["start"]):
        start, end = topic["start"], topic["start"] + topic["length"]
        parts.append(escape(text[at:start]))
        parts.append(Markup('<a href="{}">{}</a>').format(topic_path(topic["name"]), text[start:end]))
        at = end
    parts.append(escape(text[at:]))
    return Markup("").join(parts)


def folded_text(text: str, topics: Sequence[Mapping[str, Any]], most: int, lines: int = 8) -> Markup | None:
    """The beginning of a long text with its topics as links; None for a text that is shown whole.

    It ends before a topic that it would cut.
    """
    end = len(text)
    rows = text.split("\n")
    if len(rows) > lines + 2:
        end = len("\n".join(rows[:lines]))
    if end > most + most // 4:
        end = most
    if end == len(text):
        return None
    for topic in topics:
        if topic["start"] < end < topic["start"] + topic["length"]:
            end = topic["start"]
    kept = [topic for topic in topics if topic["start"] + topic["length"] <= end]
    return text_with_topics(text[:end].rstrip(), kept) + "…"


def topic_path(name: str) -> str:
    """The page of a topic; a slash in its name is encoded."""
    return f"/topics/{quote(name, safe='')}"


def board_version(board: Mapping[str, Any] | None, most: int) -> str:
    """What the first ranks of a leaderboard show, as scripts compare it with live events; None is one that is not public."""
    if board is None:
        return "gone"
    rows = [f"{row['rank']}:{row['post']['id']}:{row['score']}" for row in board["items"] if row["rank"] <= most]
    return " ".join([*rows, f"{board['basis']}:{str(board['provisional']).lower()}"])
