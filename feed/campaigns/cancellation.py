"""Cancelling: a draft by whoever writes it; what people take part in, by two, for a reason that they are told."""

from typing import Literal

from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import cancellation_notices as notices
from feed.campaigns import cancellation_store as cancellations
from feed.campaigns import store
from feed.campaigns.cancellation_store import Untold
from feed.campaigns.errors import CampaignSettled, SecondPersonRequired
from feed.campaigns.inputs import removal_problems
from feed.campaigns.locking import hold, must_be_unsettled
from feed.errors import Invalid
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.postgres import Connection, Pool, transaction

_TOLD_AT_ONCE = 2_000
Cancelled = Literal["recorded", "cancelled"]


async def cancel_campaign(
    pool: Pool, editor_id: AccountId, campaign_id: int, reason: str = "", request: KeyedRequest | None = None
) -> Cancelled:
    """Ends the campaign without winners; a second time changes nothing.

    From the opening on it takes a reason and two people; the reason of the first is the one that is told, with the cancellation.
    Raises Invalid, SecondPersonRequired, CampaignSettled, CampaignNotFound.
    """
    async with idempotent_transaction(pool, editor_id, request) as (conn, attempt):
        campaign = await hold(conn, campaign_id)
        if campaign.state == "cancelled":
            return "cancelled"
        if attempt.is_repeat:
            return "recorded"
        must_be_unsettled(campaign)
        if campaign.has_opened and not await _is_agreed(conn, editor_id, campaign_id, reason):
            return "recorded"
        if not await store.mark_cancelled(conn, campaign_id):
            raise CampaignSettled
        if campaign.has_opened:
            # Of a large campaign the first of them; the worker goes through all, and also finds who was just entering.
            await _tell(conn, await cancellations.get_untold(conn, campaign_id))
        detail = {"state": campaign.state, "reason": reason or None}
        await audit.add(conn, editor_id, "campaign_cancelled", "campaign", campaign_id, detail)
    return "cancelled"


async def tell_next_cancellation(pool: Pool) -> bool:
    """Tells some of those who took part in a cancelled campaign. False when everybody knows."""
    async with transaction(pool) as conn:
        untold = await cancellations.lock_untold(conn)
        if untold is None:
            return False
        authors = await _tell(conn, untold)
        await cancellations.mark_told(conn, untold.campaign_id, up_to=authors[-1] if authors else None)
    return True


async def _tell(conn: Connection, untold: Untold) -> list[int]:
    """Tells the next ones, and says whom: who knows already is not told twice."""
    authors = await cancellations.list_authors(conn, untold.campaign_id, after=untold.told_up_to, limit=_TOLD_AT_ONCE)
    await inbox.add_inbox(conn, [notices.of_cancellation(untold, author) for author in authors])
    return authors


async def _is_agreed(conn: Connection, editor_id: AccountId, campaign_id: int, reason: str) -> bool:
    """Whether somebody else wants it too; otherwise this one now does. Raises Invalid, SecondPersonRequired."""
    asked = await cancellations.find_asked(conn, campaign_id)
    if asked is not None:
        if await accounts.are_one_person(conn, asked.asked_by, editor_id):
            raise SecondPersonRequired
        await cancellations.mark_agreed(conn, campaign_id, by=editor_id)
        return True
    if problems := removal_problems(reason):
        raise Invalid(*problems)
    await cancellations.add_asked(conn, campaign_id, by=editor_id, reason=reason)
    await audit.add(conn, editor_id, "campaign_cancel_proposed", "campaign", campaign_id, {"reason": reason})
    return False
