"""Preconditions of actions on prizes, checked inside their transactions."""

from collections.abc import Collection

from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.prize_kinds import KINDS
from feed.campaigns.prize_places import has_place
from feed.postgres import Connection
from feed.prizes import winner_store
from feed.prizes.claims import code_store
from feed.prizes.claims import store as claims_store
from feed.prizes.model import (
    ClaimAccessRequired,
    CodesMissing,
    NotYourPrize,
    PrizeNotFinal,
    PrizeNotFound,
    Winner,
    WinnerId,
    WrongPrizeState,
)


async def require_own(conn: Connection, account_id: int, winner_id: WinnerId) -> Winner:
    """The account's prize, after its notification. Raises PrizeNotFound, NotYourPrize."""
    winner = await winner_store.find_winner(conn, winner_id)
    if winner is None:
        raise PrizeNotFound
    if winner.account_id != account_id:
        raise NotYourPrize
    return winner


async def require_due(conn: Connection, campaign_id: int, winner_id: WinnerId) -> None:
    """Locks the campaign. A prize that was handed over cannot be taken back, so it must be final, and the place not about to end.

    Raises PrizeNotFinal in the objection period, WrongPrizeState if the winner's post was removed or the account erased.
    """
    campaign = await lifecycle.lock_published(conn, campaign_id)
    if campaign is None or campaign.state not in ("final", "archived"):
        raise PrizeNotFinal
    if await winner_store.is_ending(conn, winner_id):
        raise WrongPrizeState


async def require_access(conn: Connection, campaign_id: int, account_id: int) -> None:
    """Raises ClaimAccessRequired if the account has no access, or it has expired."""
    if not await claims_store.has_access(conn, campaign_id, account_id):
        raise ClaimAccessRequired


async def require_codes(conn: Connection, campaign_id: int, rules_version: int, places: Collection[int]) -> None:
    """Raises CodesMissing if a prize has fewer codes than the winners in these places need."""
    rules = await lifecycle.get_rules(conn, campaign_id, rules_version)
    for number, prize in enumerate(rules.prizes, 1):
        if not KINDS[prize.kind].has_codes:
            continue
        stock = await code_store.count_codes(conn, campaign_id, number)
        needed = prize.per_winner * sum(has_place(prize.places, place) for place in places)
        if stock < needed:
            raise CodesMissing(prize=prize.name, stock=stock, needed=needed)
