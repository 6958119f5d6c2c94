"""What editors do to lists that nobody wrote: to posts on the hot list, and to topics. And what may be wrong with it."""

from datetime import datetime
from typing import Literal, get_args

import msgspec

from feed.errors import Conflict, FieldError
from feed.texts import text_problem

HotActionKind = Literal["pin", "boost", "suppress"]
HOT_ACTION_KINDS: tuple[HotActionKind, ...] = get_args(HotActionKind)

REASON_LONGEST = 200
# More would be a list of its own.
PINS_MOST = 10


class PinsFull(Conflict):
    """As many posts are pinned as may be."""


class TopicInCampaign(Conflict):
    """A campaign that has not ended takes its entries by this topic."""


class HotAction(msgspec.Struct, frozen=True):
    """What an editor did to a post on the hot list. It stands until `until`, or until somebody ended it before."""

    id: int
    post_id: int
    action: HotActionKind
    reason: str
    until: datetime
    made_by: int
    made_at: datetime
    ended_at: datetime | None
    ended_by: int | None
    in_force: bool


def hot_problems(action: str, reason: str, until: datetime) -> list[FieldError]:
    """Everything that keeps these values from being an action."""
    problems = []
    if action not in HOT_ACTION_KINDS:
        problems.append(FieldError("action", "unknown_value", {"allowed": list(HOT_ACTION_KINDS)}))
    if problem := text_problem(reason, shortest=1, longest=REASON_LONGEST):
        problems.append(FieldError("reason", problem, {"longest": REASON_LONGEST}))
    # Times at the calendar's ends have no equal in another zone; nobody means them.
    if not 2000 <= until.year <= 9000:
        problems.append(FieldError("until", "invalid_value"))
    return problems
