"""Setting aside a role or a ban that held at the deadline and was ended before the freeze, by two people."""

from typing import Literal

from feed.accounts import approval_store
from feed.accounts import store as accounts
from feed.accounts.approvals import approve
from feed.accounts.model import AccountId, SecondPersonRequired
from feed.audit import store as audit
from feed.campaigns.entries import ended_fact_store as facts
from feed.campaigns.entries import store as entries
from feed.campaigns.errors import FactNotFound
from feed.campaigns.locking import increment_versions, lock_judgeable_campaign
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.postgres import Pool
from feed.texts import read_reason

SetAsideOutcome = Literal["recorded", "set_aside"]
FactKind = Literal["staff", "banned"]


async def set_fact_aside(
    pool: Pool,
    campaign_id: int,
    account_id: int,
    kind: FactKind,
    *,
    by: AccountId,
    reason: str,
    request: KeyedRequest | None = None,
) -> SetAsideOutcome:
    """Records the first request, or sets the person's ended facts of the kind aside: they exclude nothing then.

    Returns which of the two happened. Until the freeze: a settlement is undone before. Both are other persons than the one it is
    about.
    Raises Invalid, CampaignNotFound, CampaignNotOpen, CampaignSettled, CampaignCancelled, FactNotFound, SecondPersonRequired.
    """
    why = read_reason(reason)
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        campaign = await lock_judgeable_campaign(conn, campaign_id)
        holders = await facts.list_holders(conn, campaign_id, account_id, kind)
        if not holders:
            # Of a repeated request that was the second one.
            if attempt.is_repeat or await facts.is_set_aside(conn, campaign_id, account_id, kind):
                return "set_aside"
            raise FactNotFound
        if attempt.is_repeat:
            return "recorded"
        if await accounts.are_one_person(conn, account_id, by):
            raise SecondPersonRequired
        # The smallest account stands for the person.
        first_by = await approve(conn, "set_fact_aside", campaign.id, [kind, str(holders[0])], by=by)
        detail = {"user_ids": [str(each) for each in holders], "kind": kind, "reason": why}
        if first_by is None:
            await audit.add(conn, by, "fact_set_aside_first", "campaign", campaign_id, detail)
            return "recorded"
        await facts.add_set_aside(conn, campaign_id, holders, kind, why=why, asked_by=first_by, agreed_by=by)
        await approval_store.remove_approvals(conn, "set_fact_aside", campaign.id)
        await increment_versions(conn, await entries.list_engaged_by(conn, campaign_id, holders))
        await audit.add(conn, by, "fact_set_aside", "campaign", campaign_id, detail)
    return "set_aside"
