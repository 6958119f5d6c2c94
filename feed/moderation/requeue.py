"""Opening the cases again that a reviewer has approved: of one whose decisions are no longer relied on."""

from datetime import datetime

from feed.accounts import store as accounts
from feed.accounts.approvals import require_right
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.cases import store as cases
from feed.cases.model import STAGE_LAST, CaseId
from feed.changes import store as changes
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.moderation import verdict_store as store
from feed.moderation.verdict_store import Approval
from feed.postgres import Pool, transaction
from feed.reasons import RequeueReason

# In one request, and in one transaction.
REQUEUED_MOST = 1_000
_AT_ONCE = 50


async def requeue_approvals(
    pool: Pool,
    actor_id: AccountId,
    reviewer_id: AccountId,
    *,
    since: datetime,
    reason_code: RequeueReason,
    request: KeyedRequest | None = None,
) -> tuple[int, bool]:
    """Opens the cases again in which the reviewer's person has approved what is visible still, for another person; nothing is hidden.

    Each is audited. Returns how many were opened, at most `REQUEUED_MOST`, and whether there are more. A repeated request goes on: a case
    that is open is left alone. Raises AccountNotFound, RoleMissing, Banned.
    """
    async with idempotent_transaction(pool, actor_id, request) as (conn, _):
        await require_right(conn, actor_id, ("admin",))
        await accounts.get_account(conn, reviewer_id)
        same = await accounts.list_same_person(conn, reviewer_id)
        found = await store.list_approvals(conn, same, since, REQUEUED_MOST + 1)
    requeued = 0
    chosen = found[:REQUEUED_MOST]
    for start in range(0, len(chosen), _AT_ONCE):
        requeued += await _requeue(pool, actor_id, chosen[start : start + _AT_ONCE], reason_code)
    return requeued, len(found) > REQUEUED_MOST


async def _requeue(pool: Pool, actor_id: AccountId, found: list[Approval], reason_code: RequeueReason) -> int:
    async with transaction(pool) as conn:
        await changes.lock_stats(conn, [each.post_id for each in found if each.post_id is not None])
        still = {
            each.verdict_id for each in await store.list_approvals_by_id(conn, [each.verdict_id for each in found])
        }
        for each in found:
            if each.verdict_id not in still:
                continue
            case = await cases.lock_case(conn, each.case_id)
            # At another stage than that of the approval, so that its person is barred from the case.
            await cases.mark_open(conn, CaseId(case.id), stage=each.stage % STAGE_LAST + 1)
            await audit.add(
                conn,
                actor_id,
                "case.requeue",
                case.subject.kind,
                case.subject.id,
                {"case_id": str(case.id), "reason_code": reason_code, "reviewer_id": str(each.reviewer_id)},
            )
    return len(still)
