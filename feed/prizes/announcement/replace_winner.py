"""Replacement of a winner by the next reserve, by two people."""

from typing import Literal

from feed.accounts import approval_store
from feed.accounts.approvals import approve
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.errors import CampaignNotFound
from feed.errors import FieldError, Invalid
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes import notices, settlement_store, winner_store
from feed.prizes.model import NotAnnounced, PrizeHandedOver, WinnerNotFound
from feed.prizes.objections import store as objections_store
from feed.prizes.winners import amendment_store
from feed.prizes.winners.places import fill_place
from feed.reasons import ReplacementReason
from feed.texts import read_reason

ReplaceOutcome = Literal["recorded", "replaced"]


async def replace_winner(
    pool: Pool,
    keys: Keys,
    campaign_id: int,
    rank: int,
    *,
    by: AccountId,
    reason: str,
    reason_code: ReplacementReason | None = None,
    request: KeyedRequest | None = None,
) -> ReplaceOutcome:
    """Records the first request, or replaces the winner on approval by a second person. Returns which of the two happened.

    Upholding an objection that asks for the replacement counts as the first request. The winner reads `reason_code`, which both
    have to request, or what the objection was about; `reason` stays with the staff.
    Raises Invalid, CampaignNotFound, NotAnnounced, WinnerNotFound, PrizeHandedOver, SecondPersonRequired.
    """
    reason = read_reason(reason)
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        campaign = await lifecycle.lock_published(conn, campaign_id)
        if campaign is None:
            raise CampaignNotFound
        settlement = await settlement_store.find_settled(conn, campaign_id)
        if attempt.is_repeat:
            # The campaign's state may have changed since the first attempt, so only the place is checked.
            winner = None if settlement is None else await winner_store.find_holder(conn, settlement.id, rank)
            return "replaced" if winner is None else "recorded"
        if settlement is None or campaign.state != "announced":
            raise NotAnnounced
        winner = await winner_store.find_holder(conn, settlement.id, rank)
        if winner is None:
            raise WinnerNotFound
        if winner.state in ("shipped", "received"):
            raise PrizeHandedOver
        upheld = await objections_store.find_upheld_kind(conn, winner.id)
        if upheld is not None and reason_code is not None:
            raise Invalid(FieldError("reason_code", "not_asked_for"))
        detail = {"place": winner.place, "rank": rank, "reason": reason, "reason_code": reason_code}
        state = [str(settlement.id)] if reason_code is None else [str(settlement.id), reason_code]
        if await approve(conn, "replace", winner.id, state, by=by) is None:
            await objections_store.change_replacement(conn, winner.id, by=by, reason=reason, reason_code=reason_code)
            await audit.add(conn, by, "replace_first", "prize", winner.id, detail)
            return "recorded"
        await approval_store.remove_approvals(conn, "replace", winner.id)
        former = await winner_store.mark_replaced(conn, winner.id)
        assert former is not None, "the campaign is locked and the state was checked"
        rules = await lifecycle.get_rules(conn, campaign_id, settlement.rules_version)
        successor = await fill_place(conn, keys, campaign, rules, former)
        await objections_store.mark_remedied(conn, settlement.id, winner_id=winner.id)
        now = await amendment_store.get_clock(conn)
        await inbox.add_notifications(
            conn,
            [notices.of_lost_prize(former, campaign, now=now, why=reason_code or notices.replaced_because(upheld))],
        )
        detail["successor"] = None if successor is None else str(successor)
        await audit.add(conn, by, "replace", "prize", winner.id, detail)
    return "replaced"
