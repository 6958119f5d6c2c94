"""What a verdict means for reports and appeals. The caller opens the transaction."""

from feed.cases.model import CaseId
from feed.inbox import store as inbox
from feed.postgres import Connection, Pool, transaction
from feed.reports import appeal_store, store
from feed.reports.appeal_model import Appeal
from feed.reports.model import ReportState
from feed.reports.notices import appeal_key, appeal_notice, outcome_key, outcome_notice

# So many reporters are notified with the verdict, the others by the worker: a verdict locks its post.
_NOTIFIED_AT_ONCE = 50
_BATCH_SIZE = 500


async def decide_reports(conn: Connection, case_id: CaseId, state: ReportState, verdict_id: int) -> None:
    """Decides the reports of a case and notifies their reporters, the first ones at once."""
    await store.mark_decided(conn, case_id, state, verdict_id)
    await _notify(conn, limit=_NOTIFIED_AT_ONCE)


async def reopen_reports(conn: Connection, case_id: CaseId, *, in_case: CaseId) -> None:
    """Opens the reports of a case again, in another case of the same subject if that one is open."""
    await store.mark_open(conn, case_id)
    if in_case != case_id:
        await store.move_open(conn, from_case=case_id, to_case=in_case)
    await _notify(conn, limit=_NOTIFIED_AT_ONCE)


async def decide_appeal(conn: Connection, appeal: Appeal, verdict_id: int, *, reason_code: str | None) -> None:
    """Decides an appeal and notifies its author: it is rejected for the reason, or upheld without one."""
    await appeal_store.mark_decided(conn, appeal.id, verdict_id, reason_code=reason_code)
    await _notify_appeal(conn, appeal.case_id)


async def reopen_appeal(conn: Connection, appeal: Appeal) -> None:
    """Opens a decided appeal again. An unread notification of the decision is removed, else its author is notified."""
    await appeal_store.mark_open(conn, appeal.id)
    if not await inbox.remove_unseen(conn, appeal.account_id, appeal_key(appeal, appeal.state)):
        await _notify_appeal(conn, appeal.case_id)


async def _notify_appeal(conn: Connection, case_id: CaseId) -> None:
    appeal = await appeal_store.find_of_case(conn, case_id)
    assert appeal is not None
    if await store.list_notifiable(conn, [appeal.account_id]):
        await inbox.add_notifications(conn, [appeal_notice(appeal)])


async def notify_reporters(pool: Pool) -> bool:
    """Notifies reporters whose reports were decided, or opened again. False if there are none."""
    async with transaction(pool) as conn:
        return await _notify(conn, limit=_BATCH_SIZE)


async def _notify(conn: Connection, *, limit: int) -> bool:
    reports = await store.take_to_notify(conn, limit=limit)
    known = await store.list_notifiable(conn, [report.reporter_id for report in reports])
    notices = []
    for report in reports:
        if report.reporter_id not in known:
            continue
        # An unread notification of a decision that was withdrawn is removed instead.
        withdrawn = report.state == "open"
        if withdrawn and await inbox.remove_unseen(conn, report.reporter_id, outcome_key(report, report.notified)):
            continue
        notices.append(outcome_notice(report))
    await inbox.add_notifications(conn, notices)
    return bool(reports)
