"""Fulfilment of prizes: declining, verification, shipment, receipt. Each statement checks the state that it changes."""

from typing import Annotated

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.keys.store import Keys
from feed.postgres import Connection, Pool, transaction
from feed.prizes import notices, winner_store
from feed.prizes.claims import fulfilment_store
from feed.prizes.claims.guards import require_due, require_own
from feed.prizes.model import ClaimNotFound, WinnerId, WrongPrizeState
from feed.prizes.winners.places import fill_place
from feed.texts import line, read_reason, require_texts

CARRIER = line(40)
TRACKING_NO = line(60)

Carrier = Annotated[str, CARRIER.bound]
TrackingNo = Annotated[str, TRACKING_NO.bound]


async def decline_prize(
    pool: Pool, keys: Keys, account_id: AccountId, winner_id: WinnerId, request: KeyedRequest | None = None
) -> None:
    """Declines the prize: the claim is removed and the next reserve moves up. A second time changes nothing.

    Raises PrizeNotFound, NotYourPrize, WrongPrizeState.
    """
    async with idempotent_transaction(pool, account_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        winner = await require_own(conn, account_id, winner_id)
        campaign = await lifecycle.lock_published(conn, winner.campaign_id)
        assert campaign is not None, "a winner has a published campaign"
        former = await fulfilment_store.mark_declined(conn, winner_id)
        if former is None:
            await _require_state(conn, winner_id, "declined")
            return
        rules = await lifecycle.get_rules(conn, campaign.id, campaign.rules_version)
        successor = await fill_place(conn, keys, campaign, rules, former)
        detail = {"place": former.place, "successor": None if successor is None else str(successor)}
        await audit.add(conn, account_id, "prize_declined", "prize", winner_id, detail)


async def verify_claim(
    pool: Pool, campaign_id: int, winner_id: WinnerId, *, by: AccountId, request: KeyedRequest | None = None
) -> None:
    """Marks a claim as verified by an editor: the winner cannot change it any more, and the prize does not lapse.

    Raises ClaimNotFound, WrongPrizeState.
    """
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        await _require_claim(conn, campaign_id, winner_id)
        if not await fulfilment_store.mark_verified(conn, winner_id):
            raise WrongPrizeState
        await audit.add(conn, by, "verify_claim", "prize", winner_id)


async def ship_prize(
    pool: Pool, campaign_id: int, winner_id: WinnerId, *, by: AccountId, carrier: str, tracking_no: str
) -> None:
    """Records the shipment of a verified claim, or corrects it, and notifies the winner.

    Raises Invalid, ClaimNotFound, PrizeNotFinal, WrongPrizeState.
    """
    shipment = require_texts({"carrier": (carrier, CARRIER), "tracking_no": (tracking_no, TRACKING_NO)})
    async with transaction(pool) as conn:
        await _require_claim(conn, campaign_id, winner_id)
        await require_due(conn, campaign_id, winner_id)
        winner = await fulfilment_store.mark_shipped(conn, winner_id)
        if winner is None:
            raise WrongPrizeState
        stored_at = await fulfilment_store.change_shipment(conn, winner_id, by=by, **shipment)
        if stored_at is not None:
            # Without the tracking number, which is personal: shipments are removed later, the audit log is not.
            await audit.add(conn, by, "ship_prize", "prize", winner_id, {"carrier": shipment["carrier"]})
            await inbox.add_notifications(conn, [notices.of_shipment(winner, stored_at=stored_at, **shipment)])


async def receive_prize(
    pool: Pool, account_id: AccountId, winner_id: WinnerId, request: KeyedRequest | None = None
) -> None:
    """The winner confirms receipt of a shipped prize, or of a verified one without shipment. A second time changes nothing.

    Raises PrizeNotFound, NotYourPrize, PrizeNotFinal, WrongPrizeState.
    """
    async with idempotent_transaction(pool, account_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        winner = await require_own(conn, account_id, winner_id)
        await require_due(conn, winner.campaign_id, winner_id)
        if not await fulfilment_store.mark_received(conn, winner_id):
            await _require_state(conn, winner_id, "received")
            return
        await audit.add(conn, account_id, "prize_received", "prize", winner_id)


async def hand_over_prize(
    pool: Pool,
    campaign_id: int,
    winner_id: WinnerId,
    *,
    by: AccountId,
    reason: str,
    request: KeyedRequest | None = None,
) -> None:
    """An editor records that the winner has the prize: collected, or shipped without a confirmation of receipt.

    A second time changes nothing. Raises Invalid, ClaimNotFound, PrizeNotFinal, WrongPrizeState.
    """
    why = read_reason(reason)
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        await _require_claim(conn, campaign_id, winner_id)
        await require_due(conn, campaign_id, winner_id)
        if not await fulfilment_store.mark_handed_over(conn, winner_id):
            await _require_state(conn, winner_id, "received")
            return
        await audit.add(conn, by, "hand_over_prize", "prize", winner_id, {"reason": why})


async def _require_state(conn: Connection, winner_id: WinnerId, state: str) -> None:
    winner = await winner_store.find_winner(conn, winner_id)
    if winner is None or winner.state != state:
        raise WrongPrizeState


async def _require_claim(conn: Connection, campaign_id: int, winner_id: WinnerId) -> None:
    winner = await winner_store.find_winner(conn, winner_id)
    if winner is None or winner.campaign_id != campaign_id:
        raise ClaimNotFound
