"""Codes as prizes: a stock that an editor brings, sealed, and one for each winner, who alone sees it."""

import asyncio
import hmac
from collections.abc import Sequence

import msgspec

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.errors import CampaignNotFound
from feed.campaigns.prize_kinds import KINDS
from feed.errors import FieldError, Invalid
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.keys.encryption import open_sealed, seal
from feed.keys.files import KeysMissing
from feed.keys.store import KeyDestroyed, Keys
from feed.postgres import Pool
from feed.prizes.claims import code_store as codes_store
from feed.prizes.claims import fulfilment_store as handover_store
from feed.prizes.claims.guards import require_final, require_own
from feed.prizes.model import (
    ClaimClosed,
    CodesMissing,
    CodesShown,
    PrizeNotFound,
    WinnerId,
    WrongPrizeState,
)
from feed.texts import require_texts

CODE_LONGEST = 200
MOST_CODES = 5_000


class CodeStock(msgspec.Struct, frozen=True, kw_only=True):
    """Codes of one prize: new and known ones of this request, all that there are, and how many the winners need."""

    prize_number: int
    added: int
    known: int
    stock: int
    needed: int


class ShownCode(msgspec.Struct, frozen=True):
    """A code in the clear, and the prize that it is."""

    prize: str
    code: str


async def add_codes(
    pool: Pool,
    keys: Keys,
    campaign_id: int,
    prize_number: int,
    codes: Sequence[str],
    *,
    by: AccountId,
    request: KeyedRequest | None = None,
) -> CodeStock:
    """Seals codes for the campaign's n-th prize, from 1. Those that are there already change nothing, so it may be repeated.

    Raises CampaignNotFound, PrizeNotFound, ClaimClosed, Invalid.
    """
    given = _read_codes(codes)
    # The key is a file: it is made before the transaction.
    try:
        key = await asyncio.to_thread(keys.campaign_key, campaign_id, create=True)
    except KeyDestroyed:
        raise ClaimClosed from None
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        campaign = await lifecycle.lock_published(conn, campaign_id)
        if campaign is None or campaign.state == "cancelled":
            raise CampaignNotFound
        rules = await lifecycle.get_rules(conn, campaign_id, campaign.rules_version)
        if not 1 <= prize_number <= len(rules.prizes) or not KINDS[rules.prizes[prize_number - 1].kind].has_codes:
            raise PrizeNotFound
        rows = [
            (digest := hmac.digest(key, code.encode(), "sha256"), seal(key, code.encode(), _place(campaign_id, digest)))
            for code in given
        ]
        added = await codes_store.add_codes(conn, campaign_id, prize_number, rows)
        stock = await codes_store.count_codes(conn, campaign_id, prize_number)
        if not attempt.is_repeat:
            await audit.add(
                conn, by, "add_codes", "campaign", campaign_id, {"prize": prize_number, "added": added, "stock": stock}
            )
    needed = rules.winner_count * rules.prizes[prize_number - 1].per_winner
    return CodeStock(prize_number=prize_number, added=added, known=len(given) - added, stock=stock, needed=needed)


async def show_codes(
    pool: Pool, keys: Keys, account_id: AccountId, winner_id: WinnerId, request: KeyedRequest | None = None
) -> list[ShownCode]:
    """The winner's codes, which are the winner's from now on. For a day they may be read again, as an answer can be lost.

    Not before the objection days are over: a code that was seen cannot be taken back. What is codes alone is received by this.
    Raises PrizeNotFound, NotYourPrize, PrizeNotFinal, WrongPrizeState, ClaimClosed, CodesShown, CodesMissing.
    """
    async with pool.acquire() as conn:
        winner = await require_own(conn, account_id, winner_id)
    # A KMS may be asked for it: before the transaction.
    key = await _find_key(keys, winner.campaign_id)
    # A repeat shows the same codes.
    async with idempotent_transaction(pool, account_id, request) as (conn, _):
        await require_final(conn, winner.campaign_id)
        state = await codes_store.get_state(conn, winner_id)
        if state not in ("claimed", "verified", "shipped", "received"):
            raise WrongPrizeState
        numbers = {number: prize for number, prize in enumerate(winner.prizes, 1) if KINDS[prize["kind"]].has_codes}
        if not numbers:
            raise WrongPrizeState
        if key is None:
            raise ClaimClosed
        held = await codes_store.list_of_winner(conn, winner_id)
        if held and not held[0].is_recent:
            raise CodesShown
        if not held:
            for number, prize in numbers.items():
                taken = await codes_store.take_codes(conn, winner.campaign_id, number, winner_id, prize["per_winner"])
                if taken < prize["per_winner"]:
                    raise CodesMissing(prize=prize["name"], stock=taken, needed=prize["per_winner"])
            held = await codes_store.list_of_winner(conn, winner_id)
            await audit.add(conn, account_id, "show_codes", "prize", winner_id, {"codes": len(held)})
        if len(numbers) == len(winner.prizes):
            await handover_store.mark_received_by_codes(conn, winner_id)
    return [
        ShownCode(
            numbers[each.prize_number]["name"],
            open_sealed(key, each.sealed, _place(winner.campaign_id, each.code_hash)).decode(),
        )
        for each in held
    ]


async def _find_key(keys: Keys, campaign_id: int) -> bytes | None:
    """The campaign's key; None: it was destroyed, or nothing was ever sealed."""
    try:
        return await asyncio.to_thread(keys.campaign_key, campaign_id)
    except (KeyDestroyed, KeysMissing):
        return None


def _read_codes(codes: Sequence[str]) -> list[str]:
    if not codes:
        raise Invalid(FieldError("codes", "required"))
    if len(codes) > MOST_CODES:
        raise Invalid(FieldError("codes", "too_many", {"most": MOST_CODES}))
    given = require_texts({f"codes[{at}]": (code, CODE_LONGEST) for at, code in enumerate(codes)})
    return list(dict.fromkeys(given.values()))


def _place(campaign_id: int, digest: bytes) -> bytes:
    # A sealed code opens in no other row.
    return b"code:%d:%b" % (campaign_id, digest)
