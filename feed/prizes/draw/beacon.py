"""Beacons of a draw: when each source is waited for, and the canonical form of public numbers."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec

from feed.campaigns.model import BEACON_DELAY, Rules, time_text
from feed.errors import FieldError, Invalid
from feed.texts import as_typed, opaque

Source = Literal["public_number", "drand", "own"]
# Publishers print times to the minute, so entries whose times differ by less count as equal.
TIME_TOLERANCE = timedelta(minutes=1)
MAX_ROUND_LENGTH = 40
MAX_VALUE_LENGTH = 100

# As they are typed: with spaces, in full or half width.
RoundText = Annotated[str, opaque(4 * MAX_ROUND_LENGTH)]
NumberText = Annotated[str, opaque(4 * MAX_VALUE_LENGTH)]

_ROUND = re.compile(r"[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*")
_NUMBERS = re.compile(r"[0-9]+(?: [0-9]+)*")
_SEPARATORS = re.compile(r"[\s,、;:+|/]+")


class Window(msgspec.Struct, frozen=True):
    """When a source is waited for: its value has to appear at `not_before` or later and be recorded before `until`."""

    source: Source
    not_before: datetime
    until: datetime


class PublicNumber(msgspec.Struct, frozen=True):
    """A public number in canonical form: the issue, the digits, and when it was published."""

    round: str
    value: str
    appeared_at: datetime

    def differing_fields(self, other: "PublicNumber") -> list[str]:
        """The names of the fields in which two numbers differ; times within the tolerance are equal."""
        times_differ = abs(self.appeared_at - other.appeared_at) >= TIME_TOLERANCE
        differs = {"round": self.round != other.round, "value": self.value != other.value, "appeared_at": times_differ}
        return [name for name, differ in differs.items() if differ]


def windows(rules: Rules, published_at: datetime) -> list[Window]:
    """The windows of the sources in the order of the rules, one after another from the publication of the list."""
    wait = timedelta(hours=rules.beacon_wait_hours)
    starts = [published_at + number * wait for number in range(len(rules.beacon_order))]
    return [
        Window(source, start + BEACON_DELAY, start + wait)
        for source, start in zip(_sources(rules.beacon_order), starts, strict=True)
    ]


def window_at(rules: Rules, published_at: datetime, now: datetime) -> Window | None:
    """The first window that is not over at `now`; None after the last one."""
    return next((window for window in windows(rules, published_at) if now < window.until), None)


def read_round(text: str) -> str | None:
    """The canonical form of an issue: ASCII digits and letters, with single hyphens in between. None if it is invalid."""
    canonical = as_typed(text).strip()
    return canonical if len(canonical) <= MAX_ROUND_LENGTH and _ROUND.fullmatch(canonical) else None


def read_number(text: str) -> str | None:
    """The canonical form of a public number: groups of ASCII digits, separated by one space. None if it is invalid."""
    canonical = _SEPARATORS.sub(" ", as_typed(text)).strip()
    return canonical if len(canonical) <= MAX_VALUE_LENGTH and _NUMBERS.fullmatch(canonical) else None


def read_public_number(round_: str, value: str, appeared_at: datetime, window: Window, now: datetime) -> PublicNumber:
    """The public number of a window as an editor enters it. Raises Invalid, which names each invalid field."""
    issue, digits = read_round(round_), read_number(value)
    errors = []
    if issue is None:
        errors.append(FieldError("round", "invalid_value"))
    if digits is None:
        errors.append(FieldError("value", "invalid_value"))
    if appeared_at.tzinfo is None:
        errors.append(FieldError("appeared_at", "no_time_zone"))
    elif appeared_at < window.not_before:
        errors.append(FieldError("appeared_at", "too_early", {"earliest": time_text(window.not_before)}))
    elif appeared_at > now:
        errors.append(FieldError("appeared_at", "in_the_future"))
    elif appeared_at >= window.until:
        errors.append(FieldError("appeared_at", "too_late", {"until": time_text(window.until)}))
    if errors or issue is None or digits is None:
        raise Invalid(*errors)
    return PublicNumber(issue, digits, appeared_at)


def _sources(order: Sequence[str]) -> list[Source]:
    return msgspec.convert(order, list[Source])
