"""Reports by users: targets, outcomes, errors, and which reports count toward hiding a target."""

from typing import Annotated, Any, Literal, NewType

import msgspec

from feed.accounts.model import Standing
from feed.cases.model import Subject
from feed.errors import Conflict, FieldError, Forbidden
from feed.texts import prose, text_problems

ReportId = NewType("ReportId", int)
TargetKind = Literal["post", "comment", "user", "topic"]
# `open` while a reviewer has not decided.
ReportState = Literal["open", "upheld", "dismissed"]

NOTE = prose(500, required=False, shown_as="report")
Note = Annotated[str, NOTE.bound]

# Of how many days the earlier reports of a person say how reliable it is.
RECORD_DAYS = 90
_DISMISSED_MOST = 5


class OwnTarget(Forbidden):
    """What is reported belongs to the reporter's person, with this account or another one."""


class AlreadyReported(Conflict):
    """The person has reported this revision already, with this account or another one."""


class Target(msgspec.Struct, frozen=True):
    """What a report is about."""

    kind: TargetKind
    id: int


class Reported(msgspec.Struct, frozen=True):
    """A target as others see it now. `revision` is 0 for what has no revisions; `content` is kept as evidence."""

    subject: Subject
    revision: int
    content: dict[str, Any]
    # Whether its author works for the site now: a threshold of reports does not hide it.
    by_staff: bool = False


class Reporter(msgspec.Struct, frozen=True):
    """The person behind a report, with the outcomes of its reports in the last days."""

    person: bytes
    verified: bool
    banned: bool
    muted: bool
    leaving: bool
    upheld: int
    dismissed: int

    def require_access(self) -> None:
        """Raises Banned or AccountLeaving if the person may not report."""
        error = Standing(banned=self.banned, muted=self.muted, leaving=self.leaving).act_error
        if error is not None:
            raise error


class Thresholds(msgspec.Struct, frozen=True):
    """How many persons' reports hide a target until a reviewer has decided, by its kind; 0: any number hides nothing.

    `after_approval` multiplies them for a revision that a reviewer has approved.
    """

    post: int = 5
    comment: int = 3
    after_approval: int = 3

    def for_target(self, kind: TargetKind, *, approved: bool) -> int:
        """The number of persons whose reports hide such a target; 0: none do."""
        least = {"post": self.post, "comment": self.comment}.get(kind, 0)
        return least * self.after_approval if approved else least


class DecidedReport(msgspec.Struct, frozen=True):
    """A report whose reporter is to be notified of its present state."""

    id: ReportId
    reporter_id: int
    target_kind: TargetKind
    target_id: int
    post_id: int | None
    state: ReportState
    notified: ReportState
    reason_code: str
    verdict_id: int


def counts(reporter: Reporter) -> bool:
    """Whether a report of this person counts toward hiding its target; it is decided by a reviewer in any case.

    Not of a person without a verified phone, of which there may be any number, nor of one who is muted, nor of one whose
    reports were mostly dismissed.
    """
    unreliable = reporter.dismissed >= _DISMISSED_MOST and reporter.dismissed > 3 * reporter.upheld
    return reporter.verified and not reporter.muted and not unreliable


def note_problems(note: str | None) -> list[FieldError]:
    """The problems of a report's note."""
    return [] if note is None else text_problems("note", note, NOTE)
