"""What verdicts, and undoing them, mean for the reports of their subject. The caller opens the transaction and has locked the subject."""

from feed.cases import dispute_store, holds
from feed.cases.holds import NONE, Hold
from feed.cases.model import Case, CaseId, Subject
from feed.comments import hide_show as comment_visibility
from feed.inbox import store as inbox
from feed.moderation import verdict_store
from feed.moderation.model import HIDING, REPORTS_AFTER, Verdict, VerdictId, VerdictKind
from feed.postgres import Connection
from feed.posts import hide_show as post_visibility
from feed.reports.notices import shown_again_key, shown_again_notice, waiting_notice
from feed.reports.outcomes import decide_reports, reopen_reports

# Holds that wait for a reviewer, whose verdict lifts them.
_LIFTED = Hold.REPORT


async def settle_disputes(conn: Connection, case: Case, verdict_id: VerdictId, verdict: VerdictKind) -> None:
    """Applies a final verdict to the reports of its subject, and lifts the hold of the reports.

    A verdict on another case of the subject decides its reports too if it hides the subject; if it lets it be shown, they wait
    for their own decision, without hiding it meanwhile.
    """
    state = REPORTS_AFTER.get(verdict)
    if state is None:
        return
    if case.kind == "report":
        await decide_reports(conn, case.id, state, verdict_id)
    elif verdict in HIDING and (other_id := await dispute_store.find_open_report(conn, case.subject)) is not None:
        await dispute_store.close_with(conn, other_id, verdict_id)
        await decide_reports(conn, other_id, state, verdict_id)
    if case.post_id is None:
        return
    before = await _change_holds(conn, case.subject, remove=_LIFTED)
    lifted = Hold(before.holds) & _LIFTED
    if lifted:
        await verdict_store.mark_lifted(conn, verdict_id, lifted)
        if before.state == "published" and before.holds == lifted and case.author_id is not None:
            await inbox.add_notifications(conn, [shown_again_notice(case.subject, verdict_id)])


async def reopen_disputes(conn: Connection, case: Case, verdict: Verdict) -> None:
    """Takes back what an undone verdict meant for the reports of its subject; the case of the verdict is open again, or closed."""
    if case.kind == "report":
        await _sync_reports(conn, case)
    elif (other_id := await dispute_store.find_closed_with(conn, verdict.id)) is not None:
        open_id = await dispute_store.find_open_report(conn, case.subject)
        if open_id is None:
            await dispute_store.open_again(conn, other_id)
        await reopen_reports(conn, other_id, in_case=open_id or other_id)
    if case.post_id is not None and verdict.lifted_holds:
        before = await _change_holds(conn, case.subject, add=Hold(verdict.lifted_holds))
        shown = holds.is_visible(before) and case.author_id is not None
        if shown and not await inbox.remove_unseen(conn, case.author_id or 0, shown_again_key(verdict.id)):
            await inbox.add_notifications(conn, [waiting_notice(case.subject, f"verdict:{verdict.id}:waiting")])


async def reopened_case(conn: Connection, case: Case) -> CaseId:
    """The case in which the reports of an undone verdict wait: this one, or the one that newer reports have opened meanwhile."""
    if case.kind != "report":
        return case.id
    return await dispute_store.find_open_report(conn, case.subject) or case.id


async def _sync_reports(conn: Connection, case: Case) -> None:
    """Gives the reports of a case the outcome of its latest verdict in force, or opens them again."""
    final = [each for each in await verdict_store.list_in_force(conn, case.id) if each.verdict in REPORTS_AFTER]
    if final:
        await decide_reports(conn, case.id, REPORTS_AFTER[final[-1].verdict], final[-1].id)
    else:
        await reopen_reports(conn, case.id, in_case=await reopened_case(conn, case))


async def _change_holds(conn: Connection, subject: Subject, *, add: Hold = NONE, remove: Hold = NONE) -> holds.Held:
    """Changes the holds of a post or comment; returns it as it was before."""
    if subject.comment_id is not None:
        return await comment_visibility.change_holds(conn, subject.comment_id, add=add, remove=remove)
    assert subject.post_id is not None
    return await post_visibility.change_holds(conn, subject.post_id, add=add, remove=remove)
