"""The second factor of whoever reads winners' details: an admin, who is another person, has let him in for a while."""

from datetime import datetime, timedelta

from feed.accounts import store as accounts
from feed.accounts.model import AccountId, AccountNotFound
from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.errors import CampaignNotFound, SecondPersonRequired
from feed.campaigns.model import time_text
from feed.errors import FieldError, Invalid
from feed.postgres import Pool, transaction
from feed.prizes.claims import store as claims_store
from feed.texts import read_reason

MOST_DAYS = 30


async def grant_access(
    pool: Pool, campaign_id: int, account_id: int, *, by: AccountId, days: int, reason: str
) -> datetime:
    """Lets somebody read the details of a campaign's winners; until when. A later grant stands in place of an earlier one.

    Raises Invalid, AccountNotFound, SecondPersonRequired, CampaignNotFound.
    """
    why = read_reason(reason)
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(FieldError("days", "out_of_range", {"least": 1, "most": MOST_DAYS}))
    async with transaction(pool) as conn:
        if await accounts.find_account(conn, account_id) is None:
            raise AccountNotFound
        if await accounts.are_one_person(conn, account_id, by):
            raise SecondPersonRequired
        until = await claims_store.add_access(
            conn, campaign_id, account_id, by=by, reason=why, lasts=timedelta(days=days)
        )
        detail = {"to": str(account_id), "until": time_text(until), "reason": why}
        await audit.add(conn, by, "grant_claim_access", "campaign", campaign_id, detail)
    return until


async def end_access(pool: Pool, campaign_id: int, account_id: int, *, by: AccountId) -> None:
    """Whom somebody has let in may read no more, from this commit on; a second time changes nothing.

    Raises CampaignNotFound, AccountNotFound.
    """
    async with transaction(pool) as conn:
        if await lifecycle.lock_published(conn, campaign_id) is None:
            raise CampaignNotFound
        if await accounts.find_account(conn, account_id) is None:
            raise AccountNotFound
        if await claims_store.end_access(conn, campaign_id, account_id):
            await audit.add(conn, by, "end_claim_access", "campaign", campaign_id, {"of": str(account_id)})
