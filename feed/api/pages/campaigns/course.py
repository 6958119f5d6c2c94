"""The course of a campaign as its page shows it: the steps in their order, and the time that is left. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec

from feed.api.html.formats import parse_time

Step = Literal["scheduled", "open", "judging", "announced", "final"]
# The step of a campaign in each state. A cancelled one has none.
_STEP_OF: dict[str, Step] = {
    "scheduled": "scheduled",
    "open": "open",
    "closed": "judging",
    "judging": "judging",
    "decided": "judging",
    "announced": "announced",
    "final": "final",
    "archived": "final",
}
_STEPS: tuple[Step, ...] = ("scheduled", "open", "judging", "announced", "final")


class CourseStep(msgspec.Struct, frozen=True):
    """A step, when it begins as far as that is known, and its state: `done`, `now`, or `later`."""

    name: Step
    at: str | None
    status: Literal["done", "now", "later"]


class Countdown(msgspec.Struct, frozen=True):
    """What a page counts down to."""

    event: Literal["starts", "ends", "objections", "claim"]
    until: str


class Remaining(msgspec.Struct, frozen=True):
    """Whole days, hours and minutes until a time; `over` once it has come."""

    days: int
    hours: int
    minutes: int
    over: bool


def course_of(campaign: Mapping[str, Any]) -> list[CourseStep]:
    """The steps of a published campaign; empty for a cancelled one."""
    now = _STEP_OF.get(campaign["state"])
    if now is None:
        return []
    begins: dict[Step, str | None] = {
        "scheduled": campaign["published_at"],
        "open": campaign["starts_at"],
        "judging": campaign["ends_at"],
        "announced": campaign["announced_at"],
        "final": campaign["objections_end_at"],
    }
    place = _STEPS.index(now)
    return [
        CourseStep(step, begins[step], "done" if at < place else "now" if at == place else "later")
        for at, step in enumerate(_STEPS)
    ]


def countdown_of(campaign: Mapping[str, Any]) -> Countdown | None:
    """The next time that its readers wait for: the opening, the end, the end of the objections. None where there is none."""
    match campaign["state"]:
        case "scheduled":
            return Countdown("starts", campaign["starts_at"])
        case "open":
            return Countdown("ends", campaign["ends_at"])
        case "announced":
            return Countdown("objections", campaign["objections_end_at"])
        case _:
            return None


def objections_run(campaign: Mapping[str, Any] | None, now: datetime) -> bool:
    """Whether objections to the result are taken; after the period the campaign stays `announced` until each is answered."""
    return campaign is not None and campaign["state"] == "announced" and now < parse_time(campaign["objections_end_at"])


def remaining(until: str, now: datetime) -> Remaining:
    """The time that is left, rounded up to minutes, so that nothing is over before its end."""
    left = parse_time(until) - now
    minutes = -(-max(left, timedelta(0)) // timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return Remaining(days, hours, minutes, left <= timedelta(0))


def percent(fraction: str) -> str:
    """A part of one as a percentage: 0.5 is 50, 0.125 is 12.5."""
    return f"{(Decimal(fraction) * 100).normalize():f}"


def share(part: str | None, of: str) -> str:
    """A part of a whole in per cent with one decimal, for the length of a bar; 0 of nothing."""
    whole = Decimal(of)
    return f"{Decimal(part or 0) * 100 / whole:.1f}" if whole else "0"


def two_places(points: str) -> str:
    """Points with two decimals, for reading; the whole number is in the result."""
    return f"{Decimal(points):.2f}"
