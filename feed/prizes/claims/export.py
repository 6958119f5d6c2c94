"""Export of a campaign's claims for the carrier, as CSV."""

import asyncio
import csv
import io

import msgspec

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns.prize_kinds import ClaimField, claim_fields, shipped_kinds
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.keys.encryption import open_sealed
from feed.keys.store import KeyDestroyed, Keys
from feed.postgres import Pool
from feed.prizes.claims import store as claims_store
from feed.prizes.claims.form import associated_data
from feed.prizes.claims.guards import require_access
from feed.prizes.model import ClaimNotFound
from feed.prizes.notices import format_prizes
from feed.texts import read_reason


async def export_claims(
    pool: Pool, keys: Keys, campaign_id: int, *, by: AccountId, reason: str, request: KeyedRequest | None = None
) -> str:
    """The claims with prizes to be shipped, as CSV for a spreadsheet. The audit event is committed before the decryption.

    Raises ClaimAccessRequired, ClaimNotFound where there is nothing to ship, Invalid.
    """
    reason = read_reason(reason)
    # No response is stored: a repeated request exports again and is recorded again, with the winners it contains.
    async with idempotent_transaction(pool, by, request) as (conn, _):
        await require_access(conn, campaign_id, by)
        parcels = await claims_store.list_to_ship(conn, campaign_id)
        if not parcels:
            raise ClaimNotFound
        detail = {"reason": reason, "prizes": [str(parcel.winner_id) for parcel in parcels]}
        await audit.add(conn, by, "export_claims", "campaign", campaign_id, detail)
    try:
        key = await asyncio.to_thread(keys.campaign_key, campaign_id)
    except KeyDestroyed:
        raise ClaimNotFound from None
    output = io.StringIO()
    # Spreadsheets recognise UTF-8 only by its byte order mark.
    output.write("\ufeff")
    writer = csv.writer(output)
    # Only the fields that shipped prizes need.
    fields = claim_fields(shipped_kinds())
    writer.writerow(["prize_id", "名次", "奖品", *(field.label for field in fields), "已核验"])
    for parcel in parcels:
        details = msgspec.json.decode(
            open_sealed(key, parcel.sealed, associated_data(parcel.winner_id)), type=dict[str, str]
        )
        writer.writerow(
            [
                # The tab makes it a text: spreadsheets round long numbers.
                f"\t{parcel.winner_id}",
                parcel.place,
                _escape_formula(format_prizes(parcel.prizes)),
                *(_cell(field, details.get(field.name, "")) for field in fields),
                "是" if parcel.state == "verified" else "否",
            ]
        )
    return output.getvalue()


def _cell(field: ClaimField, value: str) -> str:
    return f"\t{value}" if field.is_number else _escape_formula(value)


def _escape_formula(text: str) -> str:
    # Spreadsheets take texts that begin with these characters as formulas.
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
