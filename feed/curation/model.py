"""Hot actions, their validation, and the errors of curation."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from feed.errors import Conflict, FieldError
from feed.texts import line, text_problems

HotActionKind = Literal["pin", "boost", "suppress"]

REASON = line(200)
HotReason = Annotated[str, REASON.bound]
# With more pins the top of the hot list would be editorial only.
PINS_MOST = 10


class PinsFull(Conflict):
    """The maximum number of posts is pinned."""


class PostNotSigned(Conflict):
    """The post is the newsroom's and is not signed by all stages."""


class TopicInCampaign(Conflict):
    """A campaign that has not ended uses this topic."""


class HotAction(msgspec.Struct, frozen=True):
    """An editor's action on a post of the hot list, in force until `until` or until an editor ends it before."""

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


def hot_problems(reason: str, until: datetime) -> list[FieldError]:
    """All problems of the members of a hot action; empty if they are valid."""
    problems = text_problems("reason", reason, REASON)
    # Times near the limits of `datetime` overflow when they are converted to another time zone.
    if not 2000 <= until.year <= 9000:
        problems.append(FieldError("until", "invalid_value"))
    return problems
