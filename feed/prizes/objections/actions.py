"""Objections: participants object to a result, and an editor who was not involved answers."""

from typing import Annotated

from feed.accounts import approval_store
from feed.accounts.approvals import record_approval
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.errors import CampaignNotFound, EntryNotFound
from feed.errors import FieldError, Invalid
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.postgres import Connection, Pool
from feed.prizes import notices, settlement_store, winner_store
from feed.prizes.model import (
    AlreadyObjected,
    InvolvedInCampaign,
    NotAParticipant,
    Objection,
    ObjectionAnswered,
    ObjectionId,
    ObjectionNotFound,
    ObjectionsClosed,
    PrizeHandedOver,
    Remedy,
    Winner,
    WinnerNotFound,
)
from feed.prizes.objections import involvement
from feed.prizes.objections import store as objections_store
from feed.texts import prose, require_text

TEXT = prose(1000)
ObjectionText = Annotated[str, TEXT.bound]
# The limit of the column.
_LAST_RANK = 2**31 - 1


async def object_to_result(
    pool: Pool,
    campaign_id: int,
    *,
    by: AccountId,
    text: str,
    post_id: int | None = None,
    request: KeyedRequest | None = None,
) -> ObjectionId:
    """Stores a participant's objection to the announced result, within the objection period. Returns its id.

    Raises Invalid, CampaignNotFound, NotAParticipant, EntryNotFound, ObjectionsClosed, AlreadyObjected.
    """
    text = require_text("text", text.strip(), TEXT)
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        campaign = await lifecycle.lock_published(conn, campaign_id)
        if campaign is None:
            raise CampaignNotFound
        settlement = await settlement_store.find_settled(conn, campaign_id)
        if settlement is not None and attempt.is_repeat:
            before = await objections_store.find_of_account(conn, settlement.id, by)
            if before is not None:
                return before.id
        if not await involvement.is_participant(conn, campaign_id, by):
            raise NotAParticipant
        if post_id is not None and not await objections_store.has_entry(conn, campaign_id, post_id):
            raise EntryNotFound
        if settlement is None or not await objections_store.is_open(conn, campaign_id):
            raise ObjectionsClosed
        objection_id = await objections_store.add_objection(
            conn, campaign_id, settlement.id, by, text=text, post_id=post_id
        )
        if objection_id is None:
            raise AlreadyObjected
        await audit.add(conn, by, "object", "campaign", campaign_id, {"objection": str(objection_id)})
        await inbox.add_notifications(conn, [notices.of_objection(objection_id, campaign)])
    return objection_id


async def answer_objection(
    pool: Pool,
    objection_id: int,
    *,
    by: AccountId,
    text: str,
    remedy: Remedy | None = None,
    rank: int | None = None,
    request: KeyedRequest | None = None,
) -> None:
    """Answers an objection. `remedy` upholds it; another person then has to carry the remedy out.

    `rank`: of the winner to replace, for the remedy `replace`.
    Raises Invalid, ObjectionNotFound, InvolvedInCampaign, ObjectionAnswered, WinnerNotFound, PrizeHandedOver.
    """
    answer = require_text("text", text.strip(), TEXT)
    if (remedy == "replace") is not (rank is not None):
        raise Invalid(FieldError("rank", "required" if rank is None else "not_asked_for"))
    if rank is not None and not 1 <= rank <= _LAST_RANK:
        raise Invalid(FieldError("rank", "out_of_range", {"least": 1, "most": _LAST_RANK}))
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        campaign_id = await _get_campaign_id(conn, objection_id)
        campaign = await lifecycle.lock_published(conn, campaign_id)
        objection = await objections_store.find_objection(conn, objection_id)
        assert campaign is not None
        assert objection is not None
        if attempt.is_repeat:
            return
        if await involvement.is_involved(conn, campaign_id, by):
            raise InvolvedInCampaign
        settlement = await settlement_store.find_settled(conn, campaign_id)
        in_force = settlement is not None and settlement.id == objection.settlement_id
        # An objection is void with the settlement that it was made against.
        if objection.answered_at is not None or not in_force or campaign.state != "announced":
            raise ObjectionAnswered
        winner = None if rank is None else await _get_replaceable(conn, objection, rank)
        if remedy == "settle_again" and await winner_store.has_handed_over(conn, objection.settlement_id):
            raise PrizeHandedOver
        winner_id = None if winner is None else winner.id
        await objections_store.mark_answered(
            conn, objection.id, answer=answer, by=by, remedy=remedy, winner_id=winner_id
        )
        # Upholding is the first of the two approvals; who had asked for the replacement before may be the second.
        state = [str(objection.settlement_id)]
        if winner_id is not None:
            await approval_store.remove_approvals(conn, "replace", winner_id)
            await record_approval(conn, "replace", winner_id, state, by=by)
            await objections_store.change_replacement(conn, winner_id, by=by, reason=answer)
        elif remedy == "settle_again":
            await record_approval(conn, "withdraw", objection.settlement_id, state, by=by)
        detail = {"objection": str(objection_id), "remedy": remedy, "rank": rank}
        await audit.add(conn, by, "answer_objection", "campaign", campaign_id, detail)
        notifications = [notices.of_answer(objection, campaign.title, answer, upheld=remedy is not None)]
        if remedy is not None:
            notifications.append(notices.of_upheld(objection.id, campaign, remedy, rank))
        await inbox.add_notifications(conn, notifications)


async def _get_campaign_id(conn: Connection, objection_id: int) -> int:
    found = await objections_store.find_objection(conn, objection_id)
    if found is None:
        raise ObjectionNotFound
    return found.campaign_id


async def _get_replaceable(conn: Connection, objection: Objection, rank: int) -> Winner:
    winner = await winner_store.find_holder(conn, objection.settlement_id, rank)
    if winner is None:
        raise WinnerNotFound
    if winner.state in ("shipped", "received"):
        raise PrizeHandedOver
    return winner
