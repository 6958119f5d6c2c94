"""What verdicts, and undoing them, mean for reports and appeals. The caller opens the transaction and has locked the subject."""

from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.cases import dispute_store, holds
from feed.cases import store as cases
from feed.cases.holds import NONE, Hold
from feed.cases.model import Case, CaseId, CaseStale, Subject
from feed.comments import hide_show as comment_visibility
from feed.inbox import store as inbox
from feed.moderation import verdict_store
from feed.moderation.model import (
    HIDING,
    REPORTS_AFTER,
    Verdict,
    VerdictId,
    VerdictKind,
    VerdictNotApplicable,
    adverse_reason_problems,
)
from feed.moderation.sanctions import lift_sanction
from feed.moderation.takedowns import store as takedown_store
from feed.moderation.takedowns.actions import end_takedown
from feed.postgres import Connection
from feed.posts import hide_show as post_visibility
from feed.profiles.changes import ChangeNotApplicable, apply_verdict
from feed.reasons import AdverseReason, listed
from feed.reports import appeal_store
from feed.reports.appeal_model import Appeal
from feed.reports.notices import shown_again_key, shown_again_notice, waiting_notice
from feed.reports.outcomes import decide_appeal, decide_reports, reopen_appeal, reopen_reports


def _lifted_by(case: Case) -> Hold:
    """The holds that wait for a reviewer, whose verdict on the case lifts them."""
    return Hold.REPORT | Hold.MACHINE if case.kind in ("post", "comment") else Hold.REPORT


async def settle_disputes(
    conn: Connection, case: Case, verdict_id: VerdictId, verdict: VerdictKind, *, by: AccountId, reason_code: str
) -> None:
    """Applies a final verdict to the reports of its subject and to appeals, and lifts the hold of the reports; of a look at the text,
    that of the machine check too.

    A verdict on another case of the subject decides its reports too if it hides the subject; if it lets it be shown, they wait
    for their own decision, without hiding it meanwhile. A subject that is restored needs no decision about an appeal any more.
    """
    if verdict == "escalate":
        return
    if case.kind == "appeal":
        await _decide_appeal(conn, case, verdict_id, verdict, by=by, reason_code=reason_code)
    elif case.kind == "report":
        await decide_reports(conn, case.id, REPORTS_AFTER[verdict], verdict_id)
    elif verdict in HIDING and (other_id := await dispute_store.find_open_report(conn, case.subject)) is not None:
        await dispute_store.close_with(conn, other_id, verdict_id)
        await decide_reports(conn, other_id, REPORTS_AFTER[verdict], verdict_id)
    if case.post_id is None or (case.kind == "appeal" and verdict == "dismiss"):
        return
    await uphold_moot_appeals(conn, case, verdict_id)
    before = await _change_holds(conn, case.subject, remove=_lifted_by(case))
    lifted = Hold(before.holds) & _lifted_by(case)
    if lifted:
        await verdict_store.mark_lifted(conn, verdict_id, lifted)
        if before.state == "published" and before.holds == lifted and case.author_id is not None:
            await inbox.add_notifications(conn, [shown_again_notice(case.subject, verdict_id)])


async def reopen_disputes(conn: Connection, case: Case, verdict: Verdict) -> None:
    """Takes back what an undone verdict meant for reports and appeals. Raises VerdictNotApplicable for what it has ended for good."""
    if case.kind == "appeal":
        await _reopen_appeal(conn, case, verdict)
    elif case.kind == "report":
        await _sync_reports(conn, case)
    for other in await dispute_store.list_closed_with(conn, verdict.id):
        if other.kind == "report":
            open_id = await dispute_store.find_open_report(conn, case.subject)
            if open_id is None:
                await dispute_store.open_again(conn, other.id)
            await reopen_reports(conn, other.id, in_case=open_id or other.id)
        elif (appeal := await appeal_store.find_of_case(conn, other.id)) is not None:
            await dispute_store.open_again(conn, other.id)
            await reopen_appeal(conn, appeal)
    if case.post_id is None:
        return
    await uphold_moot_appeals(conn, case, verdict.id)
    if verdict.lifted_holds:
        before = await _change_holds(conn, case.subject, add=Hold(verdict.lifted_holds))
        shown = holds.is_visible(before) and case.author_id is not None
        if shown and not await inbox.remove_unseen(conn, case.author_id or 0, shown_again_key(verdict.id)):
            await inbox.add_notifications(conn, [waiting_notice(case.subject, f"verdict:{verdict.id}:waiting")])


async def restores_item(conn: Connection, case: Case) -> bool:
    """Whether upholding the appeal of a case shows its post or comment: the verdict that it is against is what hides it."""
    appeal = await appeal_store.find_of_case(conn, case.id)
    return appeal is None or (appeal.decision_kind in ("verdict", "machine") and appeal.in_force)


async def uphold_moot_appeals(conn: Connection, case: Case, verdict_id: int) -> None:
    """Upholds the open appeals in other cases against decisions about the subject that are not in force any more."""
    for appeal in await appeal_store.list_moot(conn, case.subject.id):
        await dispute_store.close_with(conn, appeal.case_id, verdict_id)
        await decide_appeal(conn, appeal, verdict_id, reason_code=None)


async def _decide_appeal(
    conn: Connection, case: Case, verdict_id: VerdictId, verdict: VerdictKind, *, by: AccountId, reason_code: str
) -> None:
    appeal = await appeal_store.find_of_case(conn, case.id)
    if appeal is None:
        return
    if verdict == "dismiss":
        # Without a reason of its own the decision stands for the reason that was given first.
        reason = listed(appeal.decision_reason, AdverseReason) if adverse_reason_problems(reason_code) else reason_code
        await decide_appeal(conn, appeal, verdict_id, reason_code=reason)
        return
    if appeal.decision_kind == "sanction":
        await lift_sanction(conn, appeal.decision_id, by=by)
    elif appeal.decision_kind == "takedown":
        await _end_takedown(conn, appeal.decision_id, by=by)
    elif appeal.target_kind in ("name", "bio", "avatar"):
        await _show_profile(conn, appeal)
    await decide_appeal(conn, appeal, verdict_id, reason_code=None)


async def _end_takedown(conn: Connection, takedown_id: int, *, by: AccountId) -> None:
    await takedown_store.lock_takedowns(conn)
    takedown = await takedown_store.find_takedown(conn, takedown_id)
    if takedown is not None and takedown.lifted_at is None:
        await end_takedown(conn, by, takedown, "appeal")


async def _show_profile(conn: Connection, appeal: Appeal) -> None:
    """Shows a refused name, bio or picture, unless it was changed since."""
    if appeal.decision_case_id is None:
        return
    account = await accounts.find_account(conn, appeal.target_id)
    try:
        await apply_verdict(conn, appeal.decision_case_id, account, "published")
    except CaseStale:
        return
    except ChangeNotApplicable:
        raise VerdictNotApplicable from None


async def _reopen_appeal(conn: Connection, case: Case, verdict: Verdict) -> None:
    appeal = await appeal_store.find_of_case(conn, case.id)
    if appeal is None:
        return
    if appeal.state == "upheld" and (appeal.decision_kind in ("sanction", "takedown") or appeal.post_id is None):
        # What has ended is imposed anew, with its own reason and end: the person has acted since.
        raise VerdictNotApplicable
    await cases.mark_open(conn, case.id, stage=verdict.stage)
    await reopen_appeal(conn, appeal)


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
