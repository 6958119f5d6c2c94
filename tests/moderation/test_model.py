"""The state of a subject after a verdict, and the fields of verdicts."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from feed.cases.holds import State
from feed.cases.model import Case, CaseId, CaseStale, CaseState, Kind
from feed.moderation.model import (
    VerdictKind,
    VerdictNotApplicable,
    state_after,
    verdict_problems,
)

NOW = datetime(2026, 9, 1, tzinfo=UTC)


def a_case(*, kind: Kind = "post", state: CaseState = "open", stage: int = 1) -> Case:
    return Case(
        id=CaseId(1),
        kind=kind,
        stage=stage,
        state=state,
        version=1,
        stages=0,
        risk=0,
        post_id=10,
        comment_id=None,
        account_id=None,
        topic_id=None,
        revision=1,
        author_id=1,
        machine={},
        held_by=None,
        due_at=NOW,
        created_at=NOW,
        closed_at=None if state == "open" else NOW,
    )


@pytest.mark.parametrize(
    ("verdict", "state", "after"),
    [
        ("approve", "published", "published"),
        ("approve", "pending", "published"),
        ("remove", "published", "removed"),
        ("remove", "pending", "removed"),
        ("reject", "published", "rejected"),
        ("reject", "pending", "rejected"),
        ("restore", "removed", "published"),
        ("restore", "rejected", "published"),
        ("escalate", "published", "published"),
    ],
)
def test_a_verdict_leaves_its_subject_in_one_state(verdict: VerdictKind, state: State, after: State) -> None:
    assert state_after(a_case(), verdict, state) == after


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        ("approve", "removed"),
        ("remove", "removed"),
        ("reject", "rejected"),
        ("restore", "published"),
        ("restore", "pending"),
        ("dismiss", "published"),
    ],
)
def test_a_verdict_that_does_not_apply_is_rejected(verdict: VerdictKind, state: State) -> None:
    with pytest.raises(VerdictNotApplicable):
        state_after(a_case(), verdict, state)


@pytest.mark.parametrize("verdict", get_args(VerdictKind))
def test_a_deleted_subject_cannot_be_judged(verdict: VerdictKind) -> None:
    with pytest.raises(CaseStale):
        state_after(a_case(), verdict, "deleted")


@pytest.mark.parametrize("verdict", ["approve", "escalate", "dismiss"])
def test_a_closed_case_rejects_other_verdicts(verdict: VerdictKind) -> None:
    with pytest.raises(CaseStale):
        state_after(a_case(state="closed"), verdict, "published")


def test_a_closed_case_accepts_the_opposite_verdict() -> None:
    closed = a_case(state="closed")
    assert state_after(closed, "remove", "published") == "removed"
    assert state_after(closed, "restore", "removed") == "published"


def test_dismissing_a_report_does_not_change_its_subject() -> None:
    assert state_after(a_case(kind="report"), "dismiss", "published") == "published"


def test_the_last_stage_cannot_be_escalated() -> None:
    with pytest.raises(VerdictNotApplicable):
        state_after(a_case(stage=3), "escalate", "published")


def test_all_invalid_fields_are_named_at_once() -> None:
    problems = verdict_problems(verdict="remove", reason_code="fine", note="\x00")
    assert {problem.field for problem in problems} == {"reason_code", "note"}
    assert verdict_problems(verdict="approve", reason_code="fine", note=None) == []
