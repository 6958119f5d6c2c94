"""Export of a campaign's claims for the carrier, as CSV."""

from collections.abc import Sequence

import msgspec

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns.prize_kinds import ClaimField, claim_fields, shipped_kinds
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.keys import fingerprint_store as fingerprints
from feed.keys.checks import load_campaign_key
from feed.keys.encryption import open_sealed
from feed.keys.store import KeyDestroyed, Keys
from feed.postgres import Pool
from feed.prizes.claims import store as claims_store
from feed.prizes.claims.form import associated_data
from feed.prizes.claims.guards import require_access
from feed.prizes.claims.store import Parcel
from feed.prizes.model import ClaimNotFound
from feed.prizes.notices import format_prizes
from feed.spreadsheets import LongNumber, encode_table
from feed.texts import read_reason


async def export_claims(
    pool: Pool, keys: Keys, campaign_id: int, *, by: AccountId, reason: str, request: KeyedRequest | None = None
) -> str:
    """The claims with prizes to be shipped, as CSV for a spreadsheet. The audit event is committed before the decryption.

    Raises ClaimAccessRequired, ClaimNotFound where there is nothing to ship, Invalid, KeysUnusable, KmsAway.
    """
    reason = read_reason(reason)
    # No response is stored: a repeated request exports again and is recorded again, with the winners it contains.
    async with idempotent_transaction(pool, by, request) as (conn, _):
        await require_access(conn, campaign_id, by)
        parcels = await claims_store.list_to_ship(conn, campaign_id)
        if not parcels:
            raise ClaimNotFound
        known = await fingerprints.find_campaign_key(conn, campaign_id)
        detail = {"reason": reason, "prizes": [str(parcel.winner_id) for parcel in parcels]}
        await audit.add(conn, by, "export_claims", "campaign", campaign_id, detail)
    try:
        key, _ = await load_campaign_key(keys, campaign_id, known)
    except KeyDestroyed:
        raise ClaimNotFound from None
    # Only the fields that shipped prizes need.
    fields = claim_fields(shipped_kinds())
    header = ["prize_id", "名额", "奖品", *(field.label for field in fields), "已核验"]
    return encode_table(header, [_row(key, parcel, fields) for parcel in parcels])


def _row(key: bytes, parcel: Parcel, fields: Sequence[ClaimField]) -> list[object]:
    details = msgspec.json.decode(
        open_sealed(key, parcel.sealed, associated_data(parcel.winner_id)), type=dict[str, str]
    )
    return [
        LongNumber(str(parcel.winner_id)),
        parcel.place,
        format_prizes(parcel.prizes),
        *(_value(field, details.get(field.name, "")) for field in fields),
        "是" if parcel.state == "verified" else "否",
    ]


def _value(field: ClaimField, value: str) -> object:
    return LongNumber(value) if field.is_number else value
