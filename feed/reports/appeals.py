"""Appealing against a decision."""

from feed.accounts import sanctions
from feed.accounts.model import AccountId
from feed.cases import dispute_store
from feed.changes import store as changes
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.postgres import Pool
from feed.reports import appeal_store as store
from feed.reports.appeal_model import TEXT, AlreadyAppealed, AppealId, AppealTarget, appealable
from feed.texts import require_text


async def appeal_decision(
    pool: Pool,
    account_id: AccountId,
    target: AppealTarget,
    *,
    text: str,
    days: int,
    request: KeyedRequest | None = None,
) -> AppealId:
    """Appeals against the latest decision in force about the target, once, and queues it for a person who has not decided yet.

    Also while the account is muted or banned. `days`: how long after a decision it can be appealed.
    Raises Invalid, DecisionNotFound, AlreadyAppealed, AppealClosed.
    """
    text = require_text("text", text, TEXT)
    async with idempotent_transaction(pool, account_id, request) as (conn, attempt):
        if attempt.is_repeat:
            assert attempt.reserved_id is not None
            return AppealId(attempt.reserved_id)
        decision = appealable(await store.list_in_force(conn, account_id, target, days=days))
        # Read again under the lock under which it would be undone.
        if decision.post_id is not None:
            await changes.lock_stats(conn, [decision.post_id])
        else:
            await sanctions.lock_account(conn, decision.account_id)
        decision = appealable(
            await store.list_in_force(conn, account_id, AppealTarget("decision", decision.id), days=days)
        )
        case_id = await dispute_store.add_appeal_case(conn, decision.subject)
        appeal_id = await store.add_appeal(
            conn, attempt.reserved_id, decision, case_id=case_id, account_id=account_id, text=text
        )
        if appeal_id is None:
            raise AlreadyAppealed
    return appeal_id
