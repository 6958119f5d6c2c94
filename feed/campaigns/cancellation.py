"""Cancelling a campaign: a draft or one that has not opened by one editor, an opened one by two people with a reason."""

from typing import Literal

from feed.accounts import approval_store
from feed.accounts.approvals import approve
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import cancellation_store, store
from feed.campaigns.cancellation_notices import cancellation_notice
from feed.campaigns.cancellation_store import Cancellation
from feed.campaigns.errors import CampaignSettled
from feed.campaigns.inputs import OPTIONAL_REASON, written_reason_problems
from feed.campaigns.locking import lock_campaign, require_unsettled
from feed.campaigns.store import Campaign
from feed.errors import Invalid
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.postgres import Connection, Pool, transaction
from feed.texts import require_text

_NOTIFIED_PER_TRANSACTION = 2_000
Outcome = Literal["recorded", "cancelled"]


async def cancel_campaign(
    pool: Pool, editor_id: AccountId, campaign_id: int, reason: str = "", request: KeyedRequest | None = None
) -> Outcome:
    """Ends the campaign without winners; `recorded` while a second person is required. Cancelling twice changes nothing.

    From the opening on it takes a reason and two people. Participants read the reason of the first.
    Raises Invalid, SecondPersonRequired, CampaignSettled, CampaignNotFound.
    """
    reason = require_text("reason", reason, OPTIONAL_REASON)
    async with idempotent_transaction(pool, editor_id, request) as (conn, attempt):
        campaign = await lock_campaign(conn, campaign_id)
        if campaign.state == "cancelled":
            return "cancelled"
        if attempt.is_repeat:
            return "recorded"
        require_unsettled(campaign)
        if campaign.has_opened and not await _is_approved(conn, editor_id, campaign, reason):
            return "recorded"
        if not await store.mark_cancelled(conn, campaign_id):
            raise CampaignSettled
        if campaign.has_opened:
            # Only the first authors of a large campaign; the worker notifies the others, and those whose entry was in flight.
            await _notify_authors(conn, await cancellation_store.get_cancellation(conn, campaign_id))
        detail = {"state": campaign.state, "reason": reason or None}
        await audit.add(conn, editor_id, "campaign_cancelled", "campaign", campaign_id, detail)
    return "cancelled"


async def notify_next_cancellation(pool: Pool) -> bool:
    """Notifies the next authors of a cancelled campaign. False when no cancellation has pending notifications."""
    async with transaction(pool) as conn:
        cancellation = await cancellation_store.lock_pending(conn)
        if cancellation is None:
            return False
        authors = await _notify_authors(conn, cancellation)
        await cancellation_store.mark_notified(conn, cancellation.campaign_id, up_to=authors[-1] if authors else None)
    return True


async def _notify_authors(conn: Connection, cancellation: Cancellation) -> list[int]:
    """Notifies the next authors and returns their ids, in order. `once_key` keeps an author from a second notification."""
    authors = await cancellation_store.list_authors(
        conn, cancellation.campaign_id, after=cancellation.notified_up_to, limit=_NOTIFIED_PER_TRANSACTION
    )
    await inbox.add_notifications(conn, [cancellation_notice(cancellation, author) for author in authors])
    return authors


async def _is_approved(conn: Connection, editor_id: AccountId, campaign: Campaign, reason: str) -> bool:
    """Whether this is the second of two people; otherwise it is a proposal, with its reason. Raises Invalid, SecondPersonRequired."""
    if await approve(conn, "cancel", campaign.id, [str(campaign.rules_version)], by=editor_id) is not None:
        await cancellation_store.mark_agreed(conn, campaign.id, by=editor_id)
        await approval_store.remove_approvals(conn, "cancel", campaign.id)
        return True
    if problems := written_reason_problems(reason):
        raise Invalid(*problems)
    await cancellation_store.change_proposal(conn, campaign.id, by=editor_id, reason=reason)
    await audit.add(conn, editor_id, "campaign_cancel_proposed", "campaign", campaign.id, {"reason": reason})
    return False
