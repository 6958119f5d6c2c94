"""The course of a prize as its page shows it: the steps in their order, and what its winner may do now. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from feed.api.html.formats import parse_time
from feed.campaigns.prize_kinds import PrizeKind, kinds_of

Step = Literal["won", "claimed", "verified", "shipped", "collected", "codes", "received"]
# The steps that are behind a prize in each state; a prize that was lost stops where it was.
_REACHED: dict[str, tuple[Step, ...]] = {
    "selected": ("won",),
    "notified": ("won",),
    "viewed": ("won",),
    "claimed": ("won", "claimed"),
    "verified": ("won", "claimed", "verified"),
    "shipped": ("won", "claimed", "verified", "shipped"),
    "received": ("won", "claimed", "verified", "shipped", "collected", "codes", "received"),
}
_LOST = ("lapsed", "declined", "forfeited")
_CLAIMABLE = ("notified", "viewed", "claimed")


class PrizeStep(msgspec.Struct, frozen=True):
    """A step, when it was if that is known, and its state: `done`, `now`, or `later`."""

    name: Step
    at: str | None
    status: Literal["done", "now", "later"]


class Allowed(msgspec.Struct, frozen=True):
    """What the winner may do now. The operations decide again; this only chooses the forms that are shown."""

    claim: bool
    decline: bool
    codes: bool
    receive: bool


def prize_course(prize: Mapping[str, Any]) -> list[PrizeStep]:
    """The steps of a prize of these kinds; empty for one that was lost."""
    if prize["state"] in _LOST:
        return []
    reached = _REACHED[prize["state"]]
    steps = _steps(_kinds(prize["prizes"]))
    at = {"won": prize["notified_at"], "shipped": prize["shipment"] and prize["shipment"]["shipped_at"]}
    # The first step that is not behind it is the one that it waits for.
    waits = next((step for step in steps if step not in reached), None)
    return [
        PrizeStep(step, at.get(step), "done" if step in reached else "now" if step == waits else "later")
        for step in steps
    ]


def allowed(prize: Mapping[str, Any], *, is_final: bool, now: datetime) -> Allowed:
    """What the winner may do with a prize; `is_final`: the result of its campaign is final."""
    state = prize["state"]
    kinds = _kinds(prize["prizes"])
    in_time = now < parse_time(prize["claim_ends_at"])
    shipped = any(kind.is_shipped for kind in kinds)
    given = state in ("claimed", "verified", "shipped", "received")
    return Allowed(
        claim=state in _CLAIMABLE and in_time,
        decline=state in _CLAIMABLE,
        codes=is_final and given and any(kind.has_codes for kind in kinds),
        receive=is_final and (state == "shipped" or (state == "verified" and not shipped)),
    )


def _kinds(prizes: Iterable[Mapping[str, Any]]) -> list[PrizeKind]:
    return kinds_of(each["kind"] for each in prizes)


def _steps(kinds: Iterable[PrizeKind]) -> list[Step]:
    kinds = list(kinds)
    shipped, collected = any(kind.is_shipped for kind in kinds), any(kind.is_collected for kind in kinds)
    steps: list[Step] = ["won", "claimed"]
    if shipped or collected:
        steps.append("verified")
    if shipped:
        steps.append("shipped")
    if collected:
        steps.append("collected")
    if any(kind.has_codes for kind in kinds):
        steps.append("codes")
    return [*steps, "received"]
