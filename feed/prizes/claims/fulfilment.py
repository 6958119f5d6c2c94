"""From the claim to the prize in hand: declined, verified, on its way, received. Each move guards itself in its statement."""

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.keys.store import Keys
from feed.postgres import Connection, Pool, transaction
from feed.prizes import notices, winner_store
from feed.prizes.claims import fulfilment_store as handover_store
from feed.prizes.claims.guards import require_final, require_own
from feed.prizes.model import ClaimNotFound, WinnerId, WrongPrizeState
from feed.prizes.winners.places import fill_place
from feed.texts import read_reason, require_texts

_CARRIER_LONGEST = 40
_TRACKING_NO_LONGEST = 60


async def decline_prize(
    pool: Pool, keys: Keys, account_id: AccountId, winner_id: WinnerId, request: KeyedRequest | None = None
) -> None:
    """Gives the prize up: what was claimed is removed, and the next in line moves up. A second time changes nothing.

    Raises PrizeNotFound, NotYourPrize, WrongPrizeState.
    """
    async with idempotent_transaction(pool, account_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        winner = await require_own(conn, account_id, winner_id)
        campaign = await lifecycle.lock_published(conn, winner.campaign_id)
        assert campaign is not None, "a winner has a published campaign"
        gone = await handover_store.mark_declined(conn, winner_id)
        if gone is None:
            await _must_be(conn, winner_id, "declined")
            return
        rules = await lifecycle.get_rules(conn, campaign.id, campaign.rules_version)
        successor = await fill_place(conn, keys, campaign, rules, gone)
        detail = {"place": gone.place, "successor": None if successor is None else str(successor)}
        await audit.add(conn, account_id, "prize_declined", "prize", winner_id, detail)


async def verify_claim(
    pool: Pool, campaign_id: int, winner_id: WinnerId, *, by: AccountId, request: KeyedRequest | None = None
) -> None:
    """An editor has looked at the claim: from now on it is not changed and the prize is not taken back by itself.

    Raises ClaimNotFound, WrongPrizeState.
    """
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        await _must_be_of(conn, campaign_id, winner_id)
        if not await handover_store.mark_verified(conn, winner_id):
            raise WrongPrizeState
        await audit.add(conn, by, "verify_claim", "prize", winner_id)


async def ship_prize(
    pool: Pool, campaign_id: int, winner_id: WinnerId, *, by: AccountId, carrier: str, tracking_no: str
) -> None:
    """Records the parcel of a verified claim, or corrects it; the winner is told.

    Raises Invalid, ClaimNotFound, PrizeNotFinal, WrongPrizeState.
    """
    given = require_texts({"carrier": (carrier, _CARRIER_LONGEST), "tracking_no": (tracking_no, _TRACKING_NO_LONGEST)})
    async with transaction(pool) as conn:
        await _must_be_of(conn, campaign_id, winner_id)
        await require_final(conn, campaign_id)
        winner = await handover_store.mark_shipped(conn, winner_id)
        if winner is None:
            raise WrongPrizeState
        if await handover_store.change_shipment(conn, winner_id, by=by, **given):
            # The number is the winner's and the carrier's: it goes with the shipment, and the audit stays.
            await audit.add(conn, by, "ship_prize", "prize", winner_id, {"carrier": given["carrier"]})
            await inbox.add_inbox(conn, [notices.of_shipment(winner, given["carrier"], given["tracking_no"])])


async def receive_prize(
    pool: Pool, account_id: AccountId, winner_id: WinnerId, request: KeyedRequest | None = None
) -> None:
    """The winner has it: a parcel that was sent, or what is handed over without one. A second time changes nothing.

    Raises PrizeNotFound, NotYourPrize, PrizeNotFinal, WrongPrizeState.
    """
    async with idempotent_transaction(pool, account_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        winner = await require_own(conn, account_id, winner_id)
        await require_final(conn, winner.campaign_id)
        if not await handover_store.mark_received(conn, winner_id):
            await _must_be(conn, winner_id, "received")
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
    """An editor says that it is out of our hands: given at the door, or as good as taken by somebody who says nothing.

    A second time changes nothing. Raises Invalid, ClaimNotFound, PrizeNotFinal, WrongPrizeState.
    """
    why = read_reason(reason)
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        await _must_be_of(conn, campaign_id, winner_id)
        await require_final(conn, campaign_id)
        if not await handover_store.mark_handed_over(conn, winner_id):
            await _must_be(conn, winner_id, "received")
            return
        await audit.add(conn, by, "hand_over_prize", "prize", winner_id, {"reason": why})


async def _must_be(conn: Connection, winner_id: WinnerId, state: str) -> None:
    winner = await winner_store.find_winner(conn, winner_id)
    if winner is None or winner.state != state:
        raise WrongPrizeState


async def _must_be_of(conn: Connection, campaign_id: int, winner_id: WinnerId) -> None:
    winner = await winner_store.find_winner(conn, winner_id)
    if winner is None or winner.campaign_id != campaign_id:
        raise ClaimNotFound
