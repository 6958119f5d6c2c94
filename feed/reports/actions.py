"""Reporting posts, comments, accounts and topics."""

from collections.abc import Awaitable, Callable

from feed.accounts import sanctions
from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.cases import dispute_store
from feed.cases.holds import Hold
from feed.cases.model import CaseId, Subject
from feed.changes import store as changes
from feed.changes.store import Announce, announce_nothing
from feed.comments import hide_show as comment_visibility
from feed.comments import store as comments
from feed.comments.model import CommentNotFound
from feed.errors import Invalid
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.postgres import Connection, Pool
from feed.posts import hide_show as post_visibility
from feed.reasons import ReportReason
from feed.reports import store, target_store
from feed.reports.model import (
    AlreadyReported,
    OwnTarget,
    Reported,
    ReportId,
    Target,
    TargetKind,
    Thresholds,
    counts,
    note_problems,
)
from feed.reports.notices import waiting_notice
from feed.texts import normalised

# By reason: how soon a reviewer should have decided. Others wait as long as a new post.
_URGENT_REASONS: frozenset[ReportReason] = frozenset({"illegal", "fraud", "minors", "privacy", "violence", "porn"})
_URGENT_MINUTES = 10
_MINUTES = 30


async def report_target(
    pool: Pool,
    reporter_id: AccountId,
    target: Target,
    *,
    reason_code: ReportReason,
    note: str | None = None,
    thresholds: Thresholds | None = None,
    request: KeyedRequest | None = None,
    announce: Announce = announce_nothing,
) -> ReportId:
    """Reports what others see and queues it for review, together with the other open reports of it. Returns the report's id.

    The reports of enough persons hide a post or comment until a reviewer has decided. Older ones than the last approval of
    the revision by a reviewer do not count, and then it takes more of them; what staff has written is not hidden.

    Raises Invalid, Banned, AccountLeaving, OwnTarget, AlreadyReported, PostNotFound, CommentNotFound, AccountNotFound, TopicNotFound.
    """
    if problems := note_problems(note):
        raise Invalid(*problems)
    hidden: int | None = None
    async with idempotent_transaction(pool, reporter_id, request) as (conn, attempt):
        if attempt.is_repeat:
            assert attempt.reserved_id is not None
            return ReportId(attempt.reserved_id)
        reported = await _LOCK[target.kind](conn, target.id)
        subject = reported.subject
        reporter = await store.get_reporter(conn, reporter_id)
        reporter.require_access()
        if subject.author_id in await accounts.list_same_person(conn, reporter_id):
            raise OwnTarget
        case_id = await dispute_store.add_report_case(
            conn, subject, due_minutes=_URGENT_MINUTES if reason_code in _URGENT_REASONS else _MINUTES
        )
        report_id = await store.add_report(
            conn,
            attempt.reserved_id,
            case_id=case_id,
            kind=target.kind,
            target_id=subject.id,
            revision=reported.revision,
            reporter_id=reporter_id,
            person=reporter.person,
            reason_code=reason_code,
            note=normalised(note),
            counts=counts(reporter),
        )
        if report_id is None:
            raise AlreadyReported
        await store.add_evidence(conn, case_id, reported)
        if await _reaches_threshold(conn, target.kind, reported, thresholds or Thresholds()):
            await _hide(conn, subject, case_id)
            hidden = subject.post_id
    if hidden is not None:
        announce([hidden])
    return report_id


async def _reaches_threshold(conn: Connection, kind: TargetKind, reported: Reported, thresholds: Thresholds) -> bool:
    """Whether the open reports hide the target."""
    subject = reported.subject
    if subject.post_id is None or reported.by_staff:
        return False
    if subject.comment_id is None:
        approved_at = await store.find_post_approval(conn, subject.post_id, reported.revision)
    else:
        approved_at = await store.find_comment_approval(conn, subject.comment_id, reported.revision)
    least = thresholds.for_target(kind, approved=approved_at is not None)
    return least > 0 and await store.count_persons(conn, subject.id, since=approved_at) >= least


async def _hide(conn: Connection, subject: Subject, case_id: CaseId) -> None:
    """Hides a visible post or comment until a reviewer has decided."""
    assert subject.post_id is not None
    if subject.comment_id is None:
        await post_visibility.change_holds(conn, subject.post_id, add=Hold.REPORT)
    else:
        await comment_visibility.change_holds(conn, subject.comment_id, add=Hold.REPORT)
    await inbox.add_notifications(conn, [waiting_notice(subject, f"case:{case_id}:waiting")])
    await audit.add(conn, None, "report.hide", subject.kind, subject.id, {"case_id": str(case_id)})


async def _lock_post(conn: Connection, post_id: int) -> Reported:
    await changes.lock_stats(conn, [post_id])
    return await target_store.get_post(conn, post_id)


async def _lock_comment(conn: Connection, comment_id: int) -> Reported:
    comment = await comments.find_comment(conn, comment_id)
    if comment is None:
        raise CommentNotFound
    await changes.lock_stats(conn, [comment.post_id])
    return await target_store.get_comment(conn, comment_id)


async def _lock_user(conn: Connection, account_id: int) -> Reported:
    await sanctions.lock_account(conn, account_id)
    return await target_store.get_user(conn, account_id)


# A topic has nothing that changes: its one open case orders the reports.
_LOCK: dict[TargetKind, Callable[[Connection, int], Awaitable[Reported]]] = {
    "post": _lock_post,
    "comment": _lock_comment,
    "user": _lock_user,
    "topic": target_store.get_topic,
}
