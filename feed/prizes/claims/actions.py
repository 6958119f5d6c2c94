"""Claims: winners view and claim their prizes, and editors read the details."""

import msgspec

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.keys import fingerprint_store as fingerprints
from feed.keys.checks import load_campaign_key, require_recorded
from feed.keys.encryption import open_sealed, seal
from feed.keys.store import KeyDestroyed, Keys
from feed.postgres import Pool, transaction
from feed.prizes import notices, winner_store
from feed.prizes.claims import store as claims_store
from feed.prizes.claims.form import ClaimForm, associated_data, mask_details, read_claim
from feed.prizes.claims.guards import require_access, require_own
from feed.prizes.model import ClaimClosed, ClaimNotFound, PrivacyVersionStale, WinnerId
from feed.settings import PRIVACY_VERSION
from feed.sms import store as messages
from feed.texts import read_reason


async def open_prize(pool: Pool, account_id: AccountId, winner_id: WinnerId, *, is_viewed: bool = True) -> None:
    """Marks one prize of the account as viewed, unless its user does not see it yet. Raises PrizeNotFound, NotYourPrize."""
    async with transaction(pool) as conn:
        await require_own(conn, account_id, winner_id)
        if is_viewed:
            await winner_store.mark_viewed(conn, winner_id)


async def claim_prize(
    pool: Pool,
    keys: Keys,
    account_id: AccountId,
    winner_id: WinnerId,
    form: ClaimForm,
    *,
    privacy_version: str = PRIVACY_VERSION,
) -> None:
    """Stores the winner's encrypted details in place of earlier ones, until the claim deadline, with the version of the privacy
    text that the winner has agreed to: it has to be `privacy_version`, the present one of the site.

    Raises PrizeNotFound, NotYourPrize, ClaimClosed, Invalid, PrivacyVersionStale, KeysUnusable, KmsAway.
    """
    async with pool.acquire() as conn:
        winner = await require_own(conn, account_id, winner_id)
        known = await fingerprints.find_campaign_key(conn, winner.campaign_id)
    details = read_claim(form, winner.prizes)
    if form.privacy_version != privacy_version:
        raise PrivacyVersionStale
    # The key is a file, so it is created before the transaction; after an error it stays, unused.
    try:
        key, fingerprint = await load_campaign_key(keys, winner.campaign_id, known, create=True)
    except KeyDestroyed:
        raise ClaimClosed from None  # The retention period of this campaign's claims is over.
    sealed = seal(key, msgspec.json.encode(details), associated_data(winner_id))
    async with transaction(pool) as conn:
        if not await claims_store.mark_claimed(conn, winner_id):
            raise ClaimClosed
        await require_recorded(conn, winner.campaign_id, fingerprint)
        first = await claims_store.change_claim(
            conn,
            winner_id=winner_id,
            campaign_id=winner.campaign_id,
            sealed=sealed,
            masked=mask_details(details),
            privacy_version=form.privacy_version,
        )
        await messages.withdraw(conn, [notices.reminder_key(winner_id)])
        await audit.add(conn, account_id, "claim" if first else "change_claim", "prize", winner_id)


async def reveal_claim(
    pool: Pool,
    keys: Keys,
    campaign_id: int,
    winner_id: WinnerId,
    *,
    by: AccountId,
    reason: str,
    request: KeyedRequest | None = None,
) -> dict[str, str]:
    """Returns a winner's decrypted details by field. The audit event, with the reason, is committed before the decryption.

    Raises ClaimAccessRequired, ClaimNotFound, Invalid, KeysUnusable, KmsAway.
    """
    reason = read_reason(reason)
    # No response is stored: a repeated request decrypts again and is recorded again.
    async with idempotent_transaction(pool, by, request) as (conn, _):
        await require_access(conn, campaign_id, by)
        sealed = await claims_store.get_claim(conn, campaign_id, winner_id)
        known = await fingerprints.find_campaign_key(conn, campaign_id)
        await audit.add(conn, by, "reveal_claim", "prize", winner_id, {"reason": reason})
    try:
        key, _ = await load_campaign_key(keys, campaign_id, known)
    except KeyDestroyed:
        raise ClaimNotFound from None
    plain = open_sealed(key, sealed, associated_data(winner_id))
    return msgspec.json.decode(plain, type=dict[str, str])
