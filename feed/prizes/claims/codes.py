"""Voucher codes as prizes: editors add them, winners see their own."""

import hmac
from collections.abc import Sequence
from typing import Annotated

import msgspec

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.errors import CampaignNotFound
from feed.campaigns.prize_kinds import KINDS
from feed.campaigns.prize_places import count_places, prize_numbers
from feed.errors import FieldError, Invalid
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.keys import fingerprint_store as fingerprints
from feed.keys.checks import load_campaign_key, require_recorded
from feed.keys.encryption import open_sealed, seal
from feed.keys.files import KeysMissing
from feed.keys.fingerprints import Recorded
from feed.keys.store import KeyDestroyed, Keys
from feed.postgres import Pool
from feed.prizes import settlement_store
from feed.prizes.claims import code_store, fulfilment_store
from feed.prizes.claims.guards import require_due, require_own
from feed.prizes.model import (
    ClaimClosed,
    CodesMissing,
    CodesShown,
    PrizeNotFound,
    WinnerId,
    WrongPrizeState,
)
from feed.texts import line, require_texts

CODE = line(200)
PrizeCode = Annotated[str, CODE.bound]
MOST_CODES = 5_000


class CodeStock(msgspec.Struct, frozen=True, kw_only=True):
    """The codes of one prize: new and known ones of a request, the total, and how many the winners need."""

    prize_number: int
    added: int
    known: int
    stock: int
    needed: int


class ShownCode(msgspec.Struct, frozen=True):
    """A decrypted code and the name of its prize."""

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
    """Stores encrypted codes for the campaign's n-th prize, counted from 1. Known codes change nothing, so a retry is safe.

    Raises CampaignNotFound, PrizeNotFound, ClaimClosed, Invalid, KeysUnusable, KmsAway.
    """
    accepted = _read_codes(codes)
    async with pool.acquire() as conn:
        known = await fingerprints.find_campaign_key(conn, campaign_id)
    # The key is a file, so it is created before the transaction.
    try:
        key, fingerprint = await load_campaign_key(keys, campaign_id, known, create=True)
    except KeyDestroyed:
        raise ClaimClosed from None
    async with idempotent_transaction(pool, by, request) as (conn, attempt):
        campaign = await lifecycle.lock_published(conn, campaign_id)
        if campaign is None or campaign.state == "cancelled":
            raise CampaignNotFound
        rules = await lifecycle.get_rules(conn, campaign_id, campaign.rules_version)
        if not 1 <= prize_number <= len(rules.prizes) or not KINDS[rules.prizes[prize_number - 1].kind].has_codes:
            raise PrizeNotFound
        await require_recorded(conn, campaign_id, fingerprint)
        rows = [
            (
                digest := hmac.digest(key, code.encode(), "sha256"),
                seal(key, code.encode(), _associated_data(campaign_id, digest)),
            )
            for code in accepted
        ]
        added = await code_store.add_codes(conn, campaign_id, prize_number, rows)
        stock = await code_store.count_codes(conn, campaign_id, prize_number)
        if not attempt.is_repeat:
            await audit.add(
                conn, by, "add_codes", "campaign", campaign_id, {"prize": prize_number, "added": added, "stock": stock}
            )
    prize = rules.prizes[prize_number - 1]
    needed = count_places(prize.places, rules.winner_count) * prize.per_winner
    return CodeStock(prize_number=prize_number, added=added, known=len(accepted) - added, stock=stock, needed=needed)


async def show_codes(
    pool: Pool, keys: Keys, account_id: AccountId, winner_id: WinnerId, request: KeyedRequest | None = None
) -> list[ShownCode]:
    """Returns the winner's codes, decrypted, and assigns them at the first call.

    They can be read again for a day, because a response can be lost. Not before the end of the objection period: a code
    that was seen cannot be taken back. Prizes that are only codes become `received`.
    Raises PrizeNotFound, NotYourPrize, PrizeNotFinal, WrongPrizeState, ClaimClosed, CodesShown, CodesMissing, KeysUnusable, KmsAway.
    """
    async with pool.acquire() as conn:
        winner = await require_own(conn, account_id, winner_id)
        known = await fingerprints.find_campaign_key(conn, winner.campaign_id)
    # This may call a KMS, so it happens before the transaction.
    key = await _find_key(keys, winner.campaign_id, known)
    # A repeated request returns the same codes.
    async with idempotent_transaction(pool, account_id, request) as (conn, _):
        await require_due(conn, winner.campaign_id, winner_id)
        state = await code_store.get_winner_state(conn, winner_id)
        if state not in ("claimed", "verified", "shipped", "received"):
            raise WrongPrizeState
        document = await settlement_store.get_rules_document(conn, winner.settlement_id)
        numbered = zip(prize_numbers(document, winner.place), winner.prizes, strict=True)
        numbers = {number: prize for number, prize in numbered if KINDS[prize["kind"]].has_codes}
        if not numbers:
            raise WrongPrizeState
        if key is None:
            raise ClaimClosed
        assigned = await code_store.list_assigned(conn, winner_id)
        if assigned and not assigned[0].is_recent:
            raise CodesShown
        if not assigned:
            for number, prize in numbers.items():
                assigned_count = await code_store.assign_codes(
                    conn, winner.campaign_id, number, winner_id, prize["per_winner"]
                )
                if assigned_count < prize["per_winner"]:
                    raise CodesMissing(prize=prize["name"], stock=assigned_count, needed=prize["per_winner"])
            assigned = await code_store.list_assigned(conn, winner_id)
            await audit.add(conn, account_id, "show_codes", "prize", winner_id, {"codes": len(assigned)})
        if len(numbers) == len(winner.prizes):
            await fulfilment_store.mark_received_by_codes(conn, winner_id)
    return [
        ShownCode(
            numbers[each.prize_number]["name"],
            open_sealed(key, each.sealed, _associated_data(winner.campaign_id, each.code_hash)).decode(),
        )
        for each in assigned
    ]


async def _find_key(keys: Keys, campaign_id: int, known: Recorded | None) -> bytes | None:
    """The campaign's key; None if it was destroyed or never created."""
    try:
        key, _ = await load_campaign_key(keys, campaign_id, known)
        return key
    except (KeyDestroyed, KeysMissing):
        return None


def _read_codes(codes: Sequence[str]) -> list[str]:
    if not codes:
        raise Invalid(FieldError("codes", "required"))
    texts = require_texts({f"codes[{at}]": (code, CODE) for at, code in enumerate(codes)})
    return list(dict.fromkeys(texts.values()))


def _associated_data(campaign_id: int, digest: bytes) -> bytes:
    # Binds the ciphertext to its row: it cannot be decrypted in another one.
    return b"code:%d:%b" % (campaign_id, digest)
