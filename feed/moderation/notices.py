"""The notifications of verdicts and sanctions. Pure."""

from typing import Any

from feed.accounts.sanctions import Sanction
from feed.cases.holds import State
from feed.cases.model import Case
from feed.inbox.model import NewNotification
from feed.links import post_page
from feed.moderation.model import APPROVING, JudgedSubject, VerdictId, VerdictKind

# Of the verdicts that change something for the author.
_TEMPLATES: dict[VerdictKind, str] = {
    "remove": "review.removed",
    "reject": "review.rejected",
    "restore": "review.restored",
}
# The fields of a profile that are judged by a case of their own: of an account, not of a post or a comment.
PROFILE_FIELDS = ("name", "bio", "avatar")


def verdict_once_key(verdict_id: VerdictId) -> str:
    """The `once_key` of the notification of a verdict, by which it can be removed."""
    return f"verdict:{verdict_id}"


def verdict_notice(
    case: Case, verdict_id: VerdictId, verdict: VerdictKind, reason_code: str, *, subject: JudgedSubject, is_last: bool
) -> NewNotification | None:
    """The notification of the author; None for a verdict that changes nothing for the author. `is_last`: no approval is missing."""
    template = _TEMPLATES.get(verdict) if is_last else None
    if verdict == "reject" and subject.is_newer:
        template = "review.edit_rejected"
    elif verdict in APPROVING and is_last and subject.judged in ("pending", "rejected") and not subject.approved:
        template = "review.edit_published" if subject.is_newer else "review.published"
    # An account or a topic is not hidden by a verdict; a field of a profile is.
    if template is None or (case.post_id is None and case.kind not in PROFILE_FIELDS):
        return None
    return _notice(case, template, verdict, reason_code, once_key=verdict_once_key(verdict_id))


def revised_notice(case: Case, revision: int) -> NewNotification:
    """The notification that a reviewer has edited the post or comment; the author of a post may read both texts."""
    assert case.author_id is not None
    assert case.post_id is not None
    kind = "post" if case.comment_id is None else "comment"
    id_ = case.comment_id or case.post_id
    return NewNotification(
        account_id=case.author_id,
        kind="review_result",
        template="review.revised" if kind == "post" else "review.comment_revised",
        params={},
        once_key=f"revised:{id_}:{revision}",
        deep_link=post_page(case.post_id),
        subject={"kind": kind, "id": str(id_), "revision": revision},
    )


def undone_notice(case: Case, verdict_id: VerdictId, reason_code: str, *, after: State) -> NewNotification:
    """The notification that a verdict was undone: the subject is visible or waits again, or is hidden for `reason_code`."""
    once_key = f"verdict:{verdict_id}:undone"
    if after == "pending":
        return _notice(case, "review.undone_waiting", "escalate", "fine", once_key=once_key)
    if after == "published":
        return _notice(case, "review.undone_shown", "restore", reason_code, once_key=once_key)
    return _notice(case, "review.undone_hidden", "remove", reason_code, once_key=once_key)


def _notice(case: Case, template: str, verdict: VerdictKind, reason_code: str, *, once_key: str) -> NewNotification:
    assert case.author_id is not None
    if case.kind in PROFILE_FIELDS:
        return _profile_notice(case, template, verdict, reason_code, once_key=once_key)
    kind = "comment" if case.comment_id is not None else "post"
    return NewNotification(
        account_id=case.author_id,
        kind="review_result",
        template=template,
        params={"subject": kind, "stage": case.stage, "reason": reason_code},
        once_key=once_key,
        deep_link=None if case.post_id is None else post_page(case.post_id),
        subject={
            "kind": kind,
            "id": str(case.comment_id or case.post_id),
            "verdict": verdict,
            "reason_code": reason_code,
            "stage": case.stage,
        },
    )


def _profile_notice(
    case: Case, template: str, verdict: VerdictKind, reason_code: str, *, once_key: str
) -> NewNotification:
    assert case.author_id is not None
    shown = template in ("review.restored", "review.undone_shown")
    return NewNotification(
        account_id=case.author_id,
        kind="review_result",
        template="review.profile_shown" if shown else "review.profile_rejected",
        params={"subject": case.kind, "stage": case.stage, "reason": reason_code},
        once_key=once_key,
        subject={
            "kind": case.kind,
            "id": str(case.account_id),
            "verdict": verdict,
            "reason_code": reason_code,
            "stage": case.stage,
        },
    )


def ai_label_notice(author_id: int, post_id: int, audit_id: int, *, labelled: bool) -> NewNotification:
    """The notification that a reviewer has labelled a post as made by AI, or has taken the label away."""
    return NewNotification(
        account_id=author_id,
        kind="review_result",
        template="post.ai_labelled" if labelled else "post.ai_unlabelled",
        params={},
        once_key=f"ai_label:{audit_id}",
        deep_link=post_page(post_id),
        subject={"kind": "post", "id": str(post_id)},
    )


def sanction_notice(sanction: Sanction) -> NewNotification:
    """The notification of a new sanction."""
    said: dict[str, Any] = {"sanction": sanction.kind, "reason": sanction.reason_code}
    if sanction.until is None:
        return _of_sanction(sanction, "sanction.for_good", said, once_key=f"sanction:{sanction.id}")
    return _of_sanction(
        sanction, "sanction.until", said | {"until": sanction.until}, once_key=f"sanction:{sanction.id}"
    )


def lifted_notice(sanction: Sanction) -> NewNotification:
    """The notification of a lifted sanction."""
    return _of_sanction(
        sanction, "sanction.lifted", {"sanction": sanction.kind}, once_key=f"sanction:{sanction.id}:lifted"
    )


def lapsed_notice(sanction: Sanction) -> NewNotification:
    """The notification of a sanction that has ended by the clock."""
    return _of_sanction(
        sanction, "sanction.lapsed", {"sanction": sanction.kind}, once_key=f"sanction:{sanction.id}:lapsed"
    )


def _of_sanction(sanction: Sanction, template: str, said: dict[str, Any], *, once_key: str) -> NewNotification:
    return NewNotification(
        account_id=sanction.account_id,
        kind="system",
        template=template,
        params=said,
        once_key=once_key,
        subject={"kind": "sanction", "id": str(sanction.id), "reason_code": sanction.reason_code},
    )
