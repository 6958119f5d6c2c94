"""The notifications of reports: to reporters about the outcome, to authors about what waits. Pure.

Authors read neither who has reported nor what the reporter wrote; reporters do not read who the author is.
"""

from feed.cases.model import Subject
from feed.inbox.model import NewNotification
from feed.links import post_page
from feed.reports.appeal_model import Appeal, AppealState
from feed.reports.model import DecidedReport, ReportState

_TEMPLATES: dict[ReportState, str] = {
    "upheld": "report.upheld",
    "dismissed": "report.dismissed",
    "open": "report.reopened",
}


def outcome_notice(report: DecidedReport) -> NewNotification:
    """The notification of a reporter that the report was decided, or that the decision was withdrawn."""
    return NewNotification(
        account_id=report.reporter_id,
        kind="report_result",
        template=_TEMPLATES[report.state],
        params={"target": report.target_kind, "reason": report.reason_code},
        once_key=outcome_key(report, report.state),
        # A link to what may be removed leads nowhere.
        deep_link=None,
        subject={
            "kind": "report",
            "id": str(report.id),
            "target": {"kind": report.target_kind, "id": str(report.target_id)},
            "state": report.state,
        },
    )


def outcome_key(report: DecidedReport, state: ReportState) -> str:
    """The `once_key` of the notification that the report is in this state by its latest verdict."""
    return f"report:{report.id}:{state}:{report.verdict_id}"


def appeal_notice(appeal: Appeal) -> NewNotification:
    """The notification of an author about the outcome of an appeal, or that it is open again."""
    template = {"upheld": "appeal.upheld", "rejected": "appeal.rejected", "open": "appeal.reopened"}[appeal.state]
    return NewNotification(
        account_id=appeal.account_id,
        kind="review_result",
        template=template,
        params={"decided": appeal.effect} | ({"reason": appeal.reason_code} if appeal.state == "rejected" else {}),
        once_key=appeal_key(appeal, appeal.state),
        deep_link=None if appeal.post_id is None else post_page(appeal.post_id),
        subject={
            "kind": "appeal",
            "id": str(appeal.id),
            "target": {"kind": appeal.target_kind, "id": str(appeal.target_id)},
            "state": appeal.state,
        },
    )


def appeal_key(appeal: Appeal, state: AppealState) -> str:
    """The `once_key` of the notification that the appeal is in this state by its latest verdict."""
    return f"appeal:{appeal.id}:{state}:{appeal.verdict_id}"


def waiting_notice(subject: Subject, once_key: str) -> NewNotification:
    """The notification of an author whose post or comment is hidden until a reviewer has decided."""
    return _of_author(subject, "review.waiting", once_key)


def shown_again_notice(subject: Subject, verdict_id: int) -> NewNotification:
    """The notification of an author whose post or comment is visible again."""
    return _of_author(subject, "review.shown_again", shown_again_key(verdict_id))


def shown_again_key(verdict_id: int) -> str:
    """The `once_key` of that notification, by which it can be removed."""
    return f"verdict:{verdict_id}:shown"


def _of_author(subject: Subject, template: str, once_key: str) -> NewNotification:
    assert subject.author_id is not None
    kind = "comment" if subject.comment_id is not None else "post"
    return NewNotification(
        account_id=subject.author_id,
        kind="review_result",
        template=template,
        params={"subject": kind},
        once_key=once_key,
        deep_link=None if subject.post_id is None else post_page(subject.post_id),
        subject={"kind": kind, "id": str(subject.comment_id or subject.post_id)},
    )
