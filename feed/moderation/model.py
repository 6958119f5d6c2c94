"""Verdicts, their reasons, and the states that they lead to."""

from collections.abc import Collection
from typing import Annotated, Literal, NewType, Protocol, get_args

import msgspec

from feed.cases.holds import State
from feed.cases.model import STAGE_LAST, CaseStale, CaseState, Kind
from feed.errors import Conflict, FieldError, Forbidden, NotFound
from feed.numbers import Ordinal
from feed.reasons import AdverseReason, VerdictReason
from feed.reports.model import ReportState
from feed.texts import prose, text_problems

VerdictId = NewType("VerdictId", int)
BatchId = NewType("BatchId", int)
VerdictKind = Literal["approve", "reject", "remove", "restore", "dismiss", "escalate"]

NOTE = prose(500, required=False)
BATCH_MOST = 50

Note = Annotated[str, NOTE.bound]


class OwnSubject(Forbidden):
    """The subject belongs to the reviewer's person, with this account or another one."""


class OwnCampaign(Forbidden):
    """The reviewer's person has created, changed or published a campaign that the subject is part of."""


class StaffProtected(Forbidden):
    """Only an admin may impose a sanction on staff."""


class AlreadyJudged(Conflict):
    """The reviewer has judged the case at another stage, or what the appeal is against, with this account or another one."""


class SignaturesMissing(Conflict):
    """The text is the newsroom's: it is published by its signatures, and not by reviewers."""


class VerdictNotApplicable(Conflict):
    """The verdict does not apply to the subject's state."""


class BatchNotFound(NotFound):
    """The reviewer has no such batch with a verdict in force."""


# The reasons for hiding a subject or for a sanction, which its author reads.
ADVERSE_REASONS: tuple[AdverseReason, ...] = get_args(AdverseReason)
# The verdicts that hide a subject.
HIDING: tuple[VerdictKind, ...] = ("remove", "reject")
# The verdicts that stand for the content: each is an approval of it, and the last one of its chain publishes it.
APPROVING: tuple[VerdictKind, ...] = ("approve", "restore")


class NewVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A verdict to record; `version` is the version of the case that the reviewer saw."""

    verdict: VerdictKind
    version: Ordinal
    # Required by the verdicts that hide a subject.
    reason_code: VerdictReason | None = None
    note: Note | None = None

    @property
    def reason(self) -> str:
        """The reason code; `fine` if none was given, which only verdicts in favour of the author allow."""
        return "fine" if self.reason_code is None else self.reason_code


class VerdictResult(msgspec.Struct, frozen=True):
    """A recorded verdict; `post_id` is the post whose lists and boards may have changed."""

    verdict_id: VerdictId
    post_id: int | None


class Verdict(msgspec.Struct, frozen=True):
    """A verdict in force. `state_before`: of its subject; None: not recorded, it was visible."""

    id: VerdictId
    case_id: int
    stage: int
    reviewer_id: int
    verdict: VerdictKind
    lifted_holds: int = 0
    state_before: State | None = None


class JudgedSubject(msgspec.Struct, frozen=True):
    """A locked subject. `state` is None for an account.

    `judged`: the state of the revision that the case is about. It differs from `state` while others see an approved revision and a
    newer one waits (`pending`) or was refused (`rejected`). `approved`: the revision has been published once, or needs no chain.
    `stages`: the approvals that its publication needs; `approvers`: an account of each person who has approved this content, and
    `elsewhere` of those who have done so in another case or at another stage.
    """

    state: State | None
    judged: State | None
    content_sha256: bytes | None
    approved: bool
    stages: int
    approvers: frozenset[int]
    elsewhere: frozenset[int]
    # It waits for signatures of the newsroom.
    unsigned: bool = False

    def is_last(self, others: Collection[int]) -> bool:
        """Whether one more approval publishes it. `others`: the accounts of the person who gives it, whose former ones do not count."""
        return self.approved or len(self.approvers - set(others)) + 1 >= self.stages

    @property
    def is_newer(self) -> bool:
        """Whether others see an approved revision while the case is about a newer one."""
        return self.state != self.judged


NO_SUBJECT = JudgedSubject(None, None, None, approved=True, stages=0, approvers=frozenset(), elsewhere=frozenset())


def adverse_reason_problems(reason_code: str | None) -> list[FieldError]:
    """The problems of the reason for hiding a subject or for a sanction. It is required, and its author reads it."""
    if reason_code is None:
        return [FieldError("reason_code", "required")]
    return (
        []
        if reason_code in ADVERSE_REASONS
        else [FieldError("reason_code", "unknown_value", {"allowed": list(ADVERSE_REASONS)})]
    )


def verdict_problems(*, verdict: VerdictKind, reason_code: VerdictReason | None, note: str | None) -> list[FieldError]:
    """The problems of a verdict's fields."""
    problems: list[FieldError] = []
    if verdict in HIDING:
        problems += adverse_reason_problems(reason_code)
    if note is not None:
        problems += text_problems("note", note, NOTE)
    return problems


class Judged(Protocol):
    """What of a case decides which verdicts apply."""

    @property
    def kind(self) -> Kind: ...
    @property
    def state(self) -> CaseState: ...
    @property
    def stage(self) -> int: ...


def applicable_verdicts(case: Judged, state: State | None) -> list[VerdictKind]:
    """The verdicts that apply to a case while its subject has this state, in the order of their names' list."""
    return [verdict for verdict in get_args(VerdictKind) if _applies(case, verdict, state)]


def _applies(case: Judged, verdict: VerdictKind, state: State | None) -> bool:
    try:
        state_after(case, verdict, state)
    except (CaseStale, VerdictNotApplicable):
        return False
    return True


def state_after(case: Judged, verdict: VerdictKind, state: State | None) -> State | None:
    """The state of the subject after the verdict (None: an account, which has no state).

    A closed case accepts only verdicts that hide a visible subject or restore a hidden one.
    Raises CaseStale, VerdictNotApplicable.
    """
    if case.kind == "report":
        return _state_after_report(case, verdict, state)
    if case.kind == "appeal":
        return _state_after_appeal(case, verdict, state)
    if state == "deleted" or (case.state == "closed" and verdict not in ("remove", "reject", "restore")):
        raise CaseStale
    if verdict == "escalate":
        if case.stage >= STAGE_LAST:
            raise VerdictNotApplicable
        return state
    hidden = state in ("removed", "rejected")
    if not (hidden if verdict == "restore" else verdict != "dismiss" and state is not None and not hidden):
        raise VerdictNotApplicable
    ends: dict[VerdictKind, State] = {
        "approve": "published",
        "restore": "published",
        "remove": "removed",
        "reject": "rejected",
    }
    return ends.get(verdict, state)


def _state_after_appeal(case: Judged, verdict: VerdictKind, state: State | None) -> State | None:
    """The state of what an appeal is about: `restore` upholds the appeal, `dismiss` rejects it; both close its case for good.

    Its subject may be visible or deleted meanwhile, or has no state.
    """
    if case.state == "closed":
        raise CaseStale
    if verdict == "escalate" and case.stage < STAGE_LAST:
        return state
    if verdict not in ("restore", "dismiss"):
        raise VerdictNotApplicable
    return "published" if verdict == "restore" and state in ("removed", "rejected") else state


def _state_after_report(case: Judged, verdict: VerdictKind, state: State | None) -> State | None:
    """The state of what was reported: `remove` and `reject` uphold its reports, `approve`, `dismiss` and `restore` dismiss them.

    They can be judged although the subject is hidden or deleted meanwhile, or has no state: then the verdict changes the reports alone.
    """
    if case.state == "closed" and verdict not in ("remove", "reject", "restore"):
        raise CaseStale
    if verdict == "escalate":
        if case.stage >= STAGE_LAST:
            raise VerdictNotApplicable
        return state
    visible = state in ("published", "pending")
    if verdict in HIDING:
        if case.state == "closed" and not visible:
            raise VerdictNotApplicable
        return _AFTER_HIDING[verdict] if visible else state
    if verdict == "restore":
        if state not in ("removed", "rejected"):
            raise VerdictNotApplicable
        return "published"
    if verdict == "approve" and not visible:
        raise VerdictNotApplicable
    return state


_AFTER_HIDING: dict[VerdictKind, State] = {"remove": "removed", "reject": "rejected"}
# What a verdict says of the reports of its subject.
REPORTS_AFTER: dict[VerdictKind, ReportState] = {
    "remove": "upheld",
    "reject": "upheld",
    "approve": "dismissed",
    "dismiss": "dismissed",
    "restore": "dismissed",
}
