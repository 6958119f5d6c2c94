"""Leasing cases, recording verdicts and undoing them."""

from collections.abc import Sequence

from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.cases import store as cases
from feed.cases.model import (
    LEASES_MOST,
    STAGE_LAST,
    Case,
    CaseFilter,
    CaseId,
    CaseLeased,
    CaseNotFound,
    CaseNotLeased,
    CaseStale,
    LeasesFull,
)
from feed.changes.store import Announce, announce_nothing
from feed.errors import FeedError, FieldError, Invalid
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.moderation import queue_store as queue
from feed.moderation import verdict_store as store
from feed.moderation.disputes import reopen_disputes, reopened_case, restores_item, settle_disputes
from feed.moderation.model import (
    APPROVING,
    BATCH_MOST,
    HIDING,
    AlreadyJudged,
    BatchId,
    BatchNotFound,
    NewVerdict,
    OwnCampaign,
    OwnSubject,
    Verdict,
    VerdictNotApplicable,
    VerdictResult,
    adverse_reason_problems,
    state_after,
    verdict_problems,
)
from feed.moderation.notices import undone_notice, verdict_notice, verdict_once_key
from feed.moderation.subjects import hide, keep_waiting, lock_case, lock_subject, publish, show_again
from feed.pagination import OLDEST
from feed.postgres import Connection, Pool, transaction
from feed.texts import normalised

# The result of each item of a batch.
Outcome = VerdictResult | FeedError

# How many cases are looked at together for some that the reviewer may judge.
_SEARCHED_MOST = 2_000


async def lease_cases(
    pool: Pool, reviewer_id: AccountId, case_filter: CaseFilter, *, count: int, request: KeyedRequest | None = None
) -> list[CaseId]:
    """Leases up to `count` free cases to the reviewer, the most urgent first; returns their ids. Raises LeasesFull.

    Fewer, if the person would have more than `LEASES_MOST`. A repeated request gets the cases that the reviewer has leased now.
    """
    async with idempotent_transaction(pool, reviewer_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return await cases.list_leased(conn, reviewer_id)
        # Locked, so that requests of the person at once do not exceed the limit together.
        same = await accounts.lock_same_person(conn, reviewer_id)
        room = LEASES_MOST - await cases.count_leased(conn, same)
        if room <= 0:
            raise LeasesFull
        return await _lease(conn, reviewer_id, case_filter, min(count, room))


async def _lease(conn: Connection, reviewer_id: AccountId, case_filter: CaseFilter, count: int) -> list[CaseId]:
    """Leases the first of the free cases that the reviewer may judge and that no other request is just leasing."""
    leased: list[CaseId] = []
    after = OLDEST
    wanted = count
    while len(leased) < count:
        found = await queue.list_open(conn, case_filter, after, wanted, free=True)
        leased += await cases.lease_free(conn, reviewer_id, [each.id for each in found], count=count - len(leased))
        if len(found) < wanted:
            break
        after = found[-1].position
        wanted = min(4 * wanted, _SEARCHED_MOST)
    return leased


async def release_case(
    pool: Pool, reviewer_id: AccountId, case_id: CaseId, request: KeyedRequest | None = None
) -> None:
    """Ends the reviewer's lease of a case; a case without a lease stays as it is. Raises CaseNotFound, CaseLeased."""
    async with idempotent_transaction(pool, reviewer_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        if await cases.remove_lease(conn, case_id, reviewer_id):
            return
        await _require_not_leased_by_another(conn, reviewer_id, case_id)


async def extend_case(pool: Pool, reviewer_id: AccountId, case_id: CaseId, request: KeyedRequest | None = None) -> None:
    """Renews the reviewer's lease of a case. Raises CaseNotFound, CaseLeased, and CaseNotLeased when the lease has ended."""
    async with idempotent_transaction(pool, reviewer_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        if await cases.extend_lease(conn, case_id, reviewer_id):
            return
        await _require_not_leased_by_another(conn, reviewer_id, case_id)
        raise CaseNotLeased


async def judge_case(
    pool: Pool,
    reviewer_id: AccountId,
    case_id: CaseId,
    new: NewVerdict,
    request: KeyedRequest | None = None,
    *,
    announce: Announce = announce_nothing,
) -> VerdictResult | None:
    """Records a verdict and applies it to its subject; None for a repeated request.

    Raises Invalid, CaseNotFound, OwnSubject, CaseLeased, CaseStale, AlreadyJudged, VerdictNotApplicable.
    """
    if problems := verdict_problems(verdict=new.verdict, reason_code=new.reason_code, note=new.note):
        raise Invalid(*problems)
    async with idempotent_transaction(pool, reviewer_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return None
        judged = await _judge(conn, reviewer_id, case_id, new)
        await cases.renew_leases(conn, reviewer_id)
    _announce(announce, judged)
    return judged


async def judge_cases(
    pool: Pool,
    reviewer_id: AccountId,
    items: Sequence[tuple[CaseId, NewVerdict]],
    request: KeyedRequest | None = None,
    *,
    announce: Announce = announce_nothing,
) -> tuple[BatchId, list[Outcome]]:
    """Records one verdict on many cases, each in its own transaction; returns the batch and each result, in order. Raises Invalid.

    The error of one case does not affect the others. A repeated request continues where the first one was interrupted.
    """
    problems = (
        [] if 1 <= len(items) <= BATCH_MOST else [FieldError("cases", "out_of_range", {"least": 1, "most": BATCH_MOST})]
    )
    for _, new in items[:1]:
        problems += verdict_problems(verdict=new.verdict, reason_code=new.reason_code, note=new.note)
    if problems:
        raise Invalid(*problems)
    async with idempotent_transaction(pool, reviewer_id, request) as (conn, attempt):
        reserved_id = attempt.reserved_id
        batch_id = await store.next_batch_id(conn) if reserved_id is None else BatchId(reserved_id)
        judged = await store.list_judged(conn, batch_id, reviewer_id) if attempt.is_repeat else {}
        await cases.renew_leases(conn, reviewer_id)
    outcomes: list[Outcome] = []
    for case_id, new in items:
        if case_id in judged:
            outcomes.append(judged[case_id])
            continue
        # A transaction for each: fifty posts locked together would delay all likes of them.
        try:
            async with transaction(pool) as conn:
                outcomes.append(await _judge(conn, reviewer_id, case_id, new, batch_id))
        except FeedError as error:
            outcomes.append(error)
        else:
            _announce(announce, outcomes[-1])
    first = {case_id: index for index, (case_id, _) in reversed([*enumerate(items)])}
    if any(isinstance(outcomes[index], CaseStale) for index in first.values()):
        # The same request may have been sent at the same time, and its attempts have judged the cases in turns.
        async with pool.acquire() as conn:
            judged = await store.list_judged(conn, batch_id, reviewer_id)
        for case_id, index in first.items():
            outcomes[index] = judged.get(case_id, outcomes[index])
    return batch_id, outcomes


async def undo_verdicts(
    pool: Pool,
    reviewer_id: AccountId,
    batch_id: BatchId,
    request: KeyedRequest | None = None,
    *,
    announce: Announce = announce_nothing,
) -> list[tuple[CaseId, Outcome]]:
    """Undoes the reviewer's own batch, each case in its own transaction; returns each case's result. Raises BatchNotFound.

    A case with a later verdict stays as it is, with CaseStale as its result. A subject that is hidden again is so by the verdict that
    hid it before, for its reason; without one the result is VerdictNotApplicable.
    """
    outcomes: list[tuple[CaseId, Outcome]] = []
    async with idempotent_transaction(pool, reviewer_id, request) as (conn, attempt):
        if attempt.is_repeat:
            undone = await store.list_judged(conn, batch_id, reviewer_id, undone=True)
            outcomes.extend(undone.items())
        verdicts = await store.list_of_batch(conn, batch_id, reviewer_id)
        if not verdicts and not outcomes:
            raise BatchNotFound
    for verdict in verdicts:
        try:
            async with transaction(pool) as conn:
                outcomes.append((CaseId(verdict.case_id), await _undo(conn, verdict)))
        except FeedError as error:
            outcomes.append((CaseId(verdict.case_id), error))
        else:
            _announce(announce, outcomes[-1][1])
    return outcomes


def _announce(announce: Announce, outcome: Outcome) -> None:
    """Announces the post of a case after the commit of its verdict."""
    if isinstance(outcome, VerdictResult) and outcome.post_id is not None:
        announce([outcome.post_id])


async def _judge(
    conn: Connection, reviewer_id: AccountId, case_id: CaseId, new: NewVerdict, batch_id: BatchId | None = None
) -> VerdictResult:
    case = await lock_case(conn, case_id)
    bars = await cases.list_bars(conn, case_id, reviewer_id)
    if "own" in bars:
        raise OwnSubject
    if "organiser" in bars:
        raise OwnCampaign
    if case.held_by not in (None, reviewer_id):
        raise CaseLeased
    if case.version != new.version:
        raise CaseStale(decision=await store.get_decision(conn, case_id))
    if "judged" in bars:
        raise AlreadyJudged
    kind = new.verdict
    subject = await lock_subject(conn, case)
    # Removing takes down what others see; any other verdict is about the revision of the case.
    state = subject.state if kind == "remove" else subject.judged
    after = state_after(case, kind, state)
    if case.kind == "appeal" and after != state and not await restores_item(conn, case):
        after = state

    # A second verdict of a person at the same stage replaces the first.
    same = await accounts.list_same_person(conn, reviewer_id)
    in_force = await store.list_in_force(conn, case_id)
    approves = kind in APPROVING and (case.kind != "appeal" or after != state)
    if (kind == "approve" or (approves and not subject.approved)) and not subject.elsewhere.isdisjoint(same):
        raise AlreadyJudged
    await store.mark_undone(conn, [verdict.id for verdict in in_force if verdict.reviewer_id in same])
    verdict_id = await store.add_verdict(
        conn,
        case,
        reviewer_id=reviewer_id,
        verdict=kind,
        reason_code=new.reason,
        note=normalised(new.note),
        content_sha256=subject.content_sha256,
        batch_id=batch_id,
        state_before=state,
    )
    is_last = not approves or subject.is_last(same)
    if kind == "escalate":
        await cases.mark_open(conn, case_id, stage=case.stage + 1)
    elif is_last:
        await cases.mark_closed(conn, case_id)
    else:
        await _ask_for_another(conn, case)
    if not is_last:
        await keep_waiting(conn, case, subject)
    elif approves:
        await publish(conn, case, subject)
    elif after is not None and after != state:
        await hide(conn, case, subject, after)
    # A report may be right although its subject is hidden already; the outcome of an appeal has a notification of its own.
    notice = verdict_notice(case, verdict_id, kind, new.reason, subject=subject, is_last=is_last)
    if notice is not None and case.kind != "appeal" and (case.kind != "report" or after != state):
        await inbox.add_notifications(conn, [notice])
    if is_last or case.kind in ("report", "appeal"):
        await settle_disputes(conn, case, verdict_id, kind, by=reviewer_id, reason_code=new.reason)
    await _record(conn, reviewer_id, f"case.{kind}", case, reason_code=new.reason, verdict_id=str(verdict_id))
    return VerdictResult(verdict_id, case.post_id)


async def _ask_for_another(conn: Connection, case: Case) -> None:
    """Puts the case into the queue of the next stage; of a dispute about a refused text, the case of the text itself."""
    if case.kind in ("post", "comment"):
        await cases.mark_open(conn, case.id, stage=min(case.stage + 1, STAGE_LAST))
        return
    await cases.mark_closed(conn, case.id)
    chain = await cases.find_chain_case(conn, case)
    if chain is not None:
        await cases.mark_open(conn, chain.id, stage=min(chain.stage + 1, STAGE_LAST))


async def _undo(conn: Connection, verdict: Verdict) -> VerdictResult:
    case = await lock_case(conn, verdict.case_id)
    if "own" in await cases.list_bars(conn, case.id, verdict.reviewer_id):
        raise OwnSubject
    in_force = await store.list_in_force(conn, case.id)
    if not in_force or in_force[-1].id != verdict.id:
        raise CaseStale
    subject = await lock_subject(conn, case)
    state = subject.judged if verdict.verdict == "reject" else subject.state
    after = state
    if verdict.verdict in HIDING and state in ("removed", "rejected"):
        after = verdict.state_before or ("published" if subject.approved else "pending")
    elif verdict.verdict == "restore" and state in ("published", "pending"):
        # One that has upheld an appeal may have found its subject restored.
        after = state if verdict.state_before == state else "removed"
    elif (state == "deleted" and case.kind not in ("report", "appeal")) or (
        verdict.verdict == "escalate" and case.state == "closed"
    ):
        raise CaseStale
    elif verdict.verdict == "approve" and subject.approved and subject.stages and state == "published":
        after = "pending"
    await store.mark_undone(conn, [verdict.id])
    reason_code = "mistaken"
    if verdict.verdict == "restore":
        # Hidden again for the reason that its author was given, never without one.
        await store.mark_hiding_in_force(conn, verdict.id)
        hidden_for = await store.find_hiding_reason(conn, case)
        if after == "removed" and adverse_reason_problems(hidden_for):
            raise VerdictNotApplicable
        reason_code = hidden_for or reason_code
        await cases.mark_closed(conn, case.id)
    elif await reopened_case(conn, case) == case.id:
        await cases.mark_open(conn, case.id, stage=verdict.stage)
    else:
        await cases.mark_closed(conn, case.id)
    await reopen_disputes(conn, case, verdict)
    if after is not None and after != state:
        if after == "pending":
            await keep_waiting(conn, case, subject)
        elif after == "published":
            await show_again(conn, case, subject)
        else:
            await hide(conn, case, subject, after)
        # An unread notification of the verdict is removed instead.
        author_id = case.author_id if case.kind != "appeal" else None
        if author_id is not None and not await inbox.remove_unseen(conn, author_id, verdict_once_key(verdict.id)):
            await inbox.add_notifications(conn, [undone_notice(case, verdict.id, reason_code, after=after)])
    await _record(conn, verdict.reviewer_id, "case.undo", case, verdict_id=str(verdict.id))
    return VerdictResult(verdict.id, case.post_id)


async def _require_not_leased_by_another(conn: Connection, reviewer_id: AccountId, case_id: CaseId) -> None:
    case = await cases.find_case(conn, case_id)
    if case is None:
        raise CaseNotFound
    if case.held_by not in (None, reviewer_id):
        raise CaseLeased


async def _record(conn: Connection, actor_id: AccountId | int, action: str, case: Case, **detail: str) -> None:
    subject = case.subject
    if case.revision is not None:
        detail["revision"] = str(case.revision)
    await audit.add(conn, actor_id, action, subject.kind, subject.id, {"case_id": str(case.id), **detail})
