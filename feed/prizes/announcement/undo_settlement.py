"""Undoing a settlement: before its announcement by one editor, afterwards because of an upheld objection."""

from typing import Literal

from feed.accounts import approval_store
from feed.accounts.approvals import approve
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.errors import CampaignCancelled, CampaignNotFound
from feed.campaigns.lifecycle_store import PublishedCampaign
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.postgres import Connection, Pool
from feed.prizes import notices, settlement_store, winner_store
from feed.prizes.model import AlreadyAnnounced, NotSettled, PrizeHandedOver, Settlement
from feed.prizes.objections import store as objections_store
from feed.prizes.winners import amendment_store
from feed.prizes.winners.places import discard_claims
from feed.texts import read_reason

UndoOutcome = Literal["recorded", "undone"]


async def undo_settlement(
    pool: Pool, campaign_id: int, *, by: AccountId, reason: str, request: KeyedRequest | None = None
) -> UndoOutcome:
    """Takes the settlement in force out of force; the campaign is judged again until an editor settles it.

    After the announcement it needs an upheld objection with the remedy `settle_again`, and another person than the one
    who upheld it; `recorded` when that one has lost the right since, so that `by` is the first of two.
    Raises CampaignNotFound, CampaignCancelled, NotSettled, AlreadyAnnounced, SecondPersonRequired, PrizeHandedOver, Invalid.
    """
    reason = read_reason(reason)
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        campaign = await lifecycle.lock_published(conn, campaign_id)
        if campaign is None:
            raise CampaignNotFound
        if campaign.state == "cancelled":
            raise CampaignCancelled
        if attempt.is_repeat:
            return "undone" if campaign.announced_by is None else "recorded"
        settlement = await settlement_store.find_settlement(conn, campaign_id)
        blocks = [{"kind": "settlement_undone", "reason": reason}]
        if campaign.announced_by is not None:
            if settlement is None or campaign.state != "announced":
                raise AlreadyAnnounced
            if not await _withdraw(conn, campaign, settlement, by=by, reason=reason):
                return "recorded"
            await lifecycle.mark_withdrawn(conn, campaign_id, blocks)
        elif campaign.state != "decided" or settlement is None:
            raise NotSettled
        else:
            await approval_store.remove_approvals(conn, "announce", campaign_id)
            await amendment_store.remove_unpublished(conn, settlement.id)
            await winner_store.remove_selected(conn, settlement.id)
            await lifecycle.mark_undecided(conn, campaign_id, blocks)
        withdrawn = campaign.announced_by is not None
        await settlement_store.mark_undone(conn, settlement.id, by=by, reason=reason, withdrawn=withdrawn)
        action = "withdraw_result" if withdrawn else "undo_settlement"
        await audit.add(conn, by, action, "campaign", campaign_id, {"reason": reason})
    return "undone"


async def _withdraw(
    conn: Connection, campaign: PublishedCampaign, settlement: Settlement, *, by: AccountId, reason: str
) -> bool:
    """Ends the prizes of an announced result and notifies its winners; False while a second person is missing.

    Raises as `undo_settlement`.
    """
    if not await objections_store.has_upheld_to_settle_again(conn, settlement.id):
        raise AlreadyAnnounced
    if await approve(conn, "withdraw", settlement.id, [str(settlement.id)], by=by) is None:
        await audit.add(conn, by, "withdraw_first", "campaign", settlement.campaign_id, {"reason": reason})
        return False
    await approval_store.remove_approvals(conn, "withdraw", settlement.id)
    if await winner_store.has_handed_over(conn, settlement.id):
        raise PrizeHandedOver
    winner_ids = await winner_store.mark_all_forfeited(conn, settlement.id)
    await objections_store.mark_remedied(conn, settlement.id, winner_id=None)
    await discard_claims(conn, winner_ids)
    winners = [await winner_store.find_winner(conn, winner_id) for winner_id in winner_ids]
    now = await amendment_store.get_clock(conn)
    await inbox.add_notifications(
        conn, [notices.of_lost_prize(each, campaign, now=now) for each in winners if each is not None]
    )
    return True
