"""Objections: participants object to a result, and an editor who was not involved answers."""

from collections.abc import Sequence
from typing import Annotated

from feed.accounts import approval_store
from feed.accounts.approvals import record_approval
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.errors import CampaignNotFound, EntryNotFound
from feed.campaigns.lifecycle_store import PublishedCampaign
from feed.errors import FieldError, Invalid
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.postgres import Connection, Pool
from feed.prizes import notices, settlement_store, winner_store
from feed.prizes.model import (
    AlreadyObjected,
    Answered,
    InvolvedInCampaign,
    NotAnnounced,
    Objection,
    ObjectionAnswered,
    ObjectionId,
    ObjectionKind,
    ObjectionNotFound,
    PrizeHandedOver,
    Remedy,
    Winner,
    WinnerNotFound,
)
from feed.prizes.objections import involvement
from feed.prizes.objections import store as objections_store
from feed.texts import prose, require_text

TEXT = prose(1000, shown_as="objection")
ObjectionText = Annotated[str, TEXT.bound]
# Objections that one request answers, in one transaction.
ANSWERED_MOST = 1000
# The limit of the column.
_LAST_RANK = 2**31 - 1


async def object_to_result(
    pool: Pool,
    campaign_id: int,
    *,
    by: AccountId,
    text: str,
    kind: ObjectionKind = "other",
    post_id: int | None = None,
    comment_id: int | None = None,
    request: KeyedRequest | None = None,
) -> ObjectionId:
    """Stores a participant's objection to the announced result, within the objection period. Returns its id.

    Participants are persons with a verified phone and an entry, also one that is disqualified or removed. The objection may name
    one of the campaign's entries: a post, or a comment.
    Raises Invalid, CampaignNotFound, NotAParticipant, ObjectionNeedsPhone, EntryNotFound, ObjectionsClosed, AlreadyObjected.
    """
    text = require_text("text", text.strip(), TEXT)
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        campaign = await lifecycle.lock_published(conn, campaign_id)
        if campaign is None:
            raise CampaignNotFound
        settlement = await settlement_store.find_settled(conn, campaign_id)
        if settlement is not None and attempt.is_repeat:
            before = await objections_store.find_of_account(conn, settlement.id, by, kind)
            if before is not None:
                return before.id
        objecting = await involvement.get_objecting(conn, campaign_id, by)
        if objecting.refusal is not None:
            raise objecting.refusal
        if not await objections_store.has_entry(conn, campaign_id, post_id=post_id, comment_id=comment_id):
            raise EntryNotFound
        # Only a campaign with a settlement is announced.
        assert settlement is not None
        objection_id = await objections_store.add_objection(
            conn, campaign_id, settlement.id, by, kind=kind, text=text, post_id=post_id, comment_id=comment_id
        )
        if objection_id is None:
            raise AlreadyObjected
        await audit.add(conn, by, "object", "campaign", campaign_id, {"objection": str(objection_id), "kind": kind})
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
    _require_rank(remedy, rank)
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
        await _answer(
            conn, campaign, objection.settlement_id, [objection], answer=answer, by=by, remedy=remedy, rank=rank
        )
        detail = {"objection": str(objection_id), "remedy": remedy, "rank": rank}
        await audit.add(conn, by, "answer_objection", "campaign", campaign_id, detail)


async def answer_objections(
    pool: Pool,
    campaign_id: int,
    *,
    by: AccountId,
    kind: ObjectionKind,
    through_id: int,
    text: str,
    remedy: Remedy | None = None,
    rank: int | None = None,
    request: KeyedRequest | None = None,
) -> Answered:
    """Gives one answer to all open objections of a kind, up to the id of the last one that was read; ANSWERED_MOST at a time.

    As `answer_objection` otherwise: each objector is notified, and another person carries a remedy out. Repeating it answers those
    that are left. Raises Invalid, CampaignNotFound, NotAnnounced, InvolvedInCampaign, WinnerNotFound, PrizeHandedOver.
    """
    answer = require_text("text", text.strip(), TEXT)
    _require_rank(remedy, rank)
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        campaign = await lifecycle.lock_published(conn, campaign_id)
        if campaign is None:
            raise CampaignNotFound
        settlement = await settlement_store.find_settled(conn, campaign_id)
        if settlement is None or (campaign.state != "announced" and not attempt.is_repeat):
            raise NotAnnounced
        if not attempt.is_repeat:
            if await involvement.is_involved(conn, campaign_id, by):
                raise InvolvedInCampaign
            objections = await objections_store.list_unanswered(
                conn, settlement.id, kind, through_id=through_id, limit=ANSWERED_MOST
            )
            if objections:
                await _answer(conn, campaign, settlement.id, objections, answer=answer, by=by, remedy=remedy, rank=rank)
                detail = {
                    "kind": kind,
                    "objections": [str(each.id) for each in objections],
                    "remedy": remedy,
                    "rank": rank,
                }
                await audit.add(conn, by, "answer_objections", "campaign", campaign_id, detail)
        answered, unanswered = await objections_store.count_answered(
            conn, settlement.id, kind, through_id=through_id, answer=answer, by=by
        )
    return Answered(answered=answered, unanswered=unanswered)


async def _answer(
    conn: Connection,
    campaign: PublishedCampaign,
    settlement_id: int,
    objections: Sequence[Objection],
    *,
    answer: str,
    by: AccountId,
    remedy: Remedy | None,
    rank: int | None,
) -> None:
    """Answers these objections and notifies those who made them. Raises InvolvedInCampaign, WinnerNotFound, PrizeHandedOver."""
    winner = None if rank is None else await _get_replaceable(conn, settlement_id, rank)
    if remedy == "settle_again" and await winner_store.has_handed_over(conn, settlement_id):
        raise PrizeHandedOver
    winner_id = None if winner is None else winner.id
    objection_ids = [each.id for each in objections]
    if await involvement.has_decided(conn, objection_ids, by):
        raise InvolvedInCampaign
    await objections_store.mark_answered(conn, objection_ids, answer=answer, by=by, remedy=remedy, winner_id=winner_id)
    # Upholding is the first of the two approvals; who had asked for the replacement before may be the second.
    state = [str(settlement_id)]
    if winner_id is not None:
        await approval_store.remove_approvals(conn, "replace", winner_id)
        await record_approval(conn, "replace", winner_id, state, by=by)
        await objections_store.change_replacement(conn, winner_id, by=by, reason=answer)
    elif remedy == "settle_again":
        await record_approval(conn, "withdraw", settlement_id, state, by=by)
    notifications = [notices.of_answer(each, campaign.title, answer, upheld=remedy is not None) for each in objections]
    if remedy is not None:
        notifications.append(notices.of_upheld(objection_ids[0], campaign, remedy, rank))
    await inbox.add_notifications(conn, notifications)


def _require_rank(remedy: Remedy | None, rank: int | None) -> None:
    """Raises Invalid unless there is a rank exactly for the remedy `replace`."""
    if (remedy == "replace") is not (rank is not None):
        raise Invalid(FieldError("rank", "required" if rank is None else "not_asked_for"))
    if rank is not None and not 1 <= rank <= _LAST_RANK:
        raise Invalid(FieldError("rank", "out_of_range", {"least": 1, "most": _LAST_RANK}))


async def _get_campaign_id(conn: Connection, objection_id: int) -> int:
    found = await objections_store.find_objection(conn, objection_id)
    if found is None:
        raise ObjectionNotFound
    return found.campaign_id


async def _get_replaceable(conn: Connection, settlement_id: int, rank: int) -> Winner:
    winner = await winner_store.find_holder(conn, settlement_id, rank)
    if winner is None:
        raise WinnerNotFound
    if winner.state in ("shipped", "received"):
        raise PrizeHandedOver
    return winner
