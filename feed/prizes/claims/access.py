"""Claim access: an admin grants another person access to a campaign's claims for a limited time."""

from datetime import datetime, timedelta

from feed.accounts import store as accounts
from feed.accounts.model import AccountId, AccountNotFound, SecondPersonRequired
from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.errors import CampaignNotFound
from feed.campaigns.model import time_text
from feed.numbers import Range
from feed.postgres import Pool, transaction
from feed.prizes.claims import store as claims_store
from feed.texts import read_reason

ACCESS_DAYS = Range(1, 30)


async def grant_access(
    pool: Pool, campaign_id: int, account_id: int, *, by: AccountId, days: int, reason: str
) -> datetime:
    """Grants access to the claims of a campaign for `days`, in place of an earlier grant. Returns when it expires.

    Raises Invalid, AccountNotFound, SecondPersonRequired, CampaignNotFound.
    """
    reason = read_reason(reason)
    async with transaction(pool) as conn:
        if await accounts.find_account(conn, account_id) is None:
            raise AccountNotFound
        if await accounts.are_one_person(conn, account_id, by):
            raise SecondPersonRequired
        until = await claims_store.add_access(
            conn, campaign_id, account_id, by=by, reason=reason, lasts=timedelta(days=days)
        )
        detail = {"to": str(account_id), "until": time_text(until), "reason": reason}
        await audit.add(conn, by, "grant_claim_access", "campaign", campaign_id, detail)
    return until


async def end_access(pool: Pool, campaign_id: int, account_id: int, *, by: AccountId) -> None:
    """Ends an account's access from this commit on; a second time changes nothing.

    Raises CampaignNotFound, AccountNotFound.
    """
    async with transaction(pool) as conn:
        if await lifecycle.lock_published(conn, campaign_id) is None:
            raise CampaignNotFound
        if await accounts.find_account(conn, account_id) is None:
            raise AccountNotFound
        if await claims_store.end_access(conn, campaign_id, account_id):
            await audit.add(conn, by, "end_claim_access", "campaign", campaign_id, {"of": str(account_id)})
