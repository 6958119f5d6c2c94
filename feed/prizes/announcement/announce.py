"""Announcement of results by two people, and the end of the objection period."""

from typing import Literal

from feed.accounts import approval_store
from feed.accounts.approvals import approve
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.errors import CampaignNotFound
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.keys.store import Keys
from feed.postgres import Connection, Pool, act_on_next
from feed.prizes import notices, settlement_store, winner_store
from feed.prizes.announcement import review
from feed.prizes.claims.guards import require_codes
from feed.prizes.model import AlreadyAnnounced, EndedFactsUnexplained, NotSettled, WinnerNotVisible
from feed.prizes.objections import store as objections_store
from feed.prizes.winners import amendment_store
from feed.prizes.winners.places import fill_place, notify_winners
from feed.texts import read_reason

AnnounceOutcome = Literal["recorded", "announced"]


async def announce_winners(
    pool: Pool,
    keys: Keys,
    campaign_id: int,
    *,
    by: AccountId,
    reason: str = "",
    request: KeyedRequest | None = None,
) -> AnnounceOutcome:
    """Records the first approval, or announces on approval by a second person. Returns which of the two happened.

    The announcement notifies the winners in the same transaction. Winners whose place has ended since the settlement are
    replaced by reserves first; an approval counts only while the places are those that it approved. Both need a `reason` if a
    role or ban of a leader has ended between the deadline and the freeze.
    Raises Invalid, CampaignNotFound, NotSettled, AlreadyAnnounced, EndedFactsUnexplained, SecondPersonRequired, WinnerNotVisible,
    CodesMissing.
    """
    why = read_reason(reason) if reason else None
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        campaign = await lifecycle.lock_published(conn, campaign_id)
        if campaign is None:
            raise CampaignNotFound
        if attempt.is_repeat:
            return "recorded" if campaign.announced_by is None else "announced"
        if campaign.announced_by is not None:
            raise AlreadyAnnounced
        settlement = await settlement_store.find_settlement(conn, campaign_id)
        if campaign.state != "decided" or settlement is None or not settlement.has_result:
            raise NotSettled
        rules = await lifecycle.get_rules(conn, campaign_id, settlement.rules_version)
        for winner_id in await winner_store.list_ended_before_notice(conn, settlement.id):
            if former := await winner_store.mark_forfeited(conn, winner_id):
                await fill_place(conn, keys, campaign, rules, former)
        # The last document of the chain determines who holds which place.
        seen = (await amendment_store.get_chain_head(conn, settlement.id)).sha256
        reviewed = await review.read_review(conn, settlement.id, rules)
        if reviewed.ended_facts and why is None:
            raise EndedFactsUnexplained
        state = [seen, *review.state_of(reviewed)]
        first_by = await approve(conn, "announce", campaign_id, state, by=by)
        explained = {"reason": why, "ended_facts": len(reviewed.ended_facts)} if reviewed.ended_facts else {}
        if first_by is None:
            await audit.add(conn, by, "announce_first", "campaign", campaign_id, {"seen": seen} | explained)
            return "recorded"
        if await winner_store.list_not_visible(conn, settlement.id):
            raise WinnerNotVisible
        selected = await winner_store.list_selected(conn, settlement.id)
        await require_codes(conn, campaign_id, settlement.rules_version, [winner.place for winner in selected])
        await lifecycle.mark_announced(conn, campaign_id, by, first_by=first_by, objection_days=rules.objection_days)
        await approval_store.remove_approvals(conn, "announce", campaign_id)
        await notify_winners(conn, keys, campaign, rules, [winner.id for winner in selected])
        detail = {"winners": [str(winner.id) for winner in selected]} | explained
        await audit.add(conn, by, "announce", "campaign", campaign_id, detail)
    return "announced"


async def finish_next_objections(pool: Pool) -> bool:
    """Makes one campaign final whose objection period is over and that has no open objection. False when there is none."""
    return await act_on_next(pool, objections_store.list_due_to_finish, _finish_objections)


async def _finish_objections(conn: Connection, campaign_id: int) -> bool:
    campaign = await lifecycle.try_lock_published(conn, campaign_id)
    if campaign is None:
        return False
    settlement = await settlement_store.find_settled(conn, campaign_id)
    if settlement is None or await objections_store.has_open(conn, settlement.id):
        return False
    if not await lifecycle.mark_final(conn, campaign_id):
        return False
    holders = await winner_store.list_with_codes(conn, settlement.id)
    await inbox.add_notifications(conn, [notices.of_codes(winner, campaign.title) for winner in holders])
    await audit.add(conn, None, "finish_objections", "campaign", campaign_id)
    return True
