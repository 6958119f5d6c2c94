"""What a draw waits for: its beacons in the order of the rules, each for its time, and how a number from outside is spelled."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from feed.campaigns.model import BEACON_DELAY, Rules, time_text
from feed.errors import FieldError, Invalid

Source = Literal["public_number", "drand", "own"]
# Publishers print the minute: words whose times are nearer than this do not differ in them.
PRINTED = timedelta(minutes=1)
ROUND_LONGEST = 40
VALUE_LONGEST = 100

_ROUND = re.compile(r"[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*")
_NUMBERS = re.compile(r"[0-9]+(?: [0-9]+)*")
_BETWEEN = re.compile(r"[\s,、;:+|/]+")


class Window(msgspec.Struct, frozen=True):
    """While this source is waited for: its value appears at `not_before` or later, and is here before `until`."""

    source: Source
    not_before: datetime
    until: datetime


class PublicNumber(msgspec.Struct, frozen=True):
    """What somebody says the public number is, in its one spelling."""

    round: str
    value: str
    appeared_at: datetime

    def differing_fields(self, other: "PublicNumber") -> list[str]:
        """The names of what the two do not agree in."""
        apart = abs(self.appeared_at - other.appeared_at) >= PRINTED
        differs = {"round": self.round != other.round, "value": self.value != other.value, "appeared_at": apart}
        return [name for name, differ in differs.items() if differ]


def windows(rules: Rules, published_at: datetime) -> list[Window]:
    """The sources of the rules, one after the other from the publication of the list on."""
    wait = timedelta(hours=rules.beacon_wait_hours)
    starts = [published_at + number * wait for number in range(len(rules.beacon_order))]
    return [
        Window(source, start + BEACON_DELAY, start + wait)
        for source, start in zip(_sources(rules.beacon_order), starts, strict=True)
    ]


def window_at(rules: Rules, published_at: datetime, now: datetime) -> Window | None:
    """What is waited for now; None when every source of the rules has had its time."""
    return next((window for window in windows(rules, published_at) if now < window.until), None)


def read_round(text: str) -> str | None:
    """The issue of a public number in its one spelling: digits and letters, perhaps with hyphens. None for anything else."""
    found = unicodedata.normalize("NFKC", text).strip()
    return found if len(found) <= ROUND_LONGEST and _ROUND.fullmatch(found) else None


def read_number(text: str) -> str | None:
    """A public number in its one spelling: groups of ASCII digits with one space between. None for anything else."""
    found = _BETWEEN.sub(" ", unicodedata.normalize("NFKC", text)).strip()
    return found if len(found) <= VALUE_LONGEST and _NUMBERS.fullmatch(found) else None


def read_public_number(round_: str, value: str, appeared_at: datetime, window: Window, now: datetime) -> PublicNumber:
    """The number of this window as somebody says it. Raises Invalid, which names each field that cannot be right."""
    issue, number = read_round(round_), read_number(value)
    wrong = []
    if issue is None:
        wrong.append(FieldError("round", "invalid_value"))
    if number is None:
        wrong.append(FieldError("value", "invalid_value"))
    if appeared_at.tzinfo is None:
        wrong.append(FieldError("appeared_at", "no_time_zone"))
    elif appeared_at < window.not_before:
        wrong.append(FieldError("appeared_at", "too_early", {"earliest": time_text(window.not_before)}))
    elif appeared_at > now:
        wrong.append(FieldError("appeared_at", "in_the_future"))
    elif appeared_at >= window.until:
        wrong.append(FieldError("appeared_at", "too_late", {"until": time_text(window.until)}))
    if wrong or issue is None or number is None:
        raise Invalid(*wrong)
    return PublicNumber(issue, number, appeared_at)


def _sources(order: Sequence[str]) -> list[Source]:
    return msgspec.convert(order, list[Source])
