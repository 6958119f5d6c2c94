"""Appeals: which decisions they are against, their outcomes and errors."""

from datetime import datetime
from typing import Annotated, Literal, NewType

import msgspec

from feed.cases.model import CaseId, Subject
from feed.errors import Conflict, NotFound
from feed.texts import prose

AppealId = NewType("AppealId", int)
# What a decision is, and what it is about.
DecisionKind = Literal["verdict", "sanction", "takedown", "machine"]
DecidedKind = Literal["post", "comment", "user", "name", "bio", "avatar"]
# What was done: an item removed, refused or taken down, a person muted, banned or taken down.
Effect = Literal["remove", "reject", "mute", "ban", "takedown"]
# The targets by which an appeal names its decision; `decision`: by its own id.
AppealTargetKind = Literal["post", "comment", "user", "name", "bio", "avatar", "decision"]
# `open` while a reviewer has not decided.
AppealState = Literal["open", "upheld", "rejected"]

TEXT = prose(1000, shown_as="appeal")
AppealText = Annotated[str, TEXT.bound]


class DecisionNotFound(NotFound):
    """No decision in force against the account is about this."""


class AlreadyAppealed(Conflict):
    """There was an appeal against the decision already."""


class AppealClosed(Conflict):
    """The time to appeal against the decision is over."""


class AppealTarget(msgspec.Struct, frozen=True):
    """What an appeal names: the item or the account that was decided about, or the decision."""

    kind: AppealTargetKind
    id: int


class Decision(msgspec.Struct, frozen=True):
    """A decision in force. `in_time`: its time to appeal is not over."""

    id: int
    kind: DecisionKind
    account_id: int
    target_kind: DecidedKind
    target_id: int
    post_id: int | None
    comment_id: int | None
    revision: int | None
    effect: Effect
    reason_code: str
    made_at: datetime
    until: datetime | None
    appealed: bool
    in_time: bool

    @property
    def subject(self) -> Subject:
        """What the case of an appeal is about."""
        return Subject(
            author_id=self.account_id,
            post_id=self.post_id,
            comment_id=self.comment_id,
            account_id=self.account_id if self.post_id is None else None,
            revision=self.revision,
        )


class Appeal(msgspec.Struct, frozen=True):
    """A row of `appeals`, with what its decision is about."""

    id: AppealId
    case_id: CaseId
    decision_kind: DecisionKind
    decision_id: int
    account_id: int
    state: AppealState
    target_kind: DecidedKind
    target_id: int
    post_id: int | None
    effect: Effect
    decision_reason: str
    reason_code: str | None
    verdict_id: int | None
    # Of the decision.
    in_force: bool = False
    # Of the case of a verdict.
    decision_case_id: int | None = None


def appealable(decisions: list[Decision]) -> Decision:
    """The decision that an appeal is against: the latest without one. Raises DecisionNotFound, AlreadyAppealed, AppealClosed."""
    if not decisions:
        raise DecisionNotFound
    fresh = [decision for decision in decisions if not decision.appealed]
    if not fresh:
        raise AlreadyAppealed
    in_time = [decision for decision in fresh if decision.in_time]
    if not in_time:
        raise AppealClosed
    return max(in_time, key=lambda decision: decision.id)
