"""The list for the shipper: it exists in one answer only, and who has asked for it, and why, is on record before it does."""

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
    """The parcels of a campaign that are to be sent, as CSV for a spreadsheet.

    Raises ClaimAccessRequired, ClaimNotFound where there is nothing to send, Invalid.
    """
    why = read_reason(reason)
    # The list is written anew at each request, and each is on record with whom it names.
    async with idempotent_transaction(pool, by, request) as (conn, _):
        await require_access(conn, campaign_id, by)
        parcels = await claims_store.list_to_send(conn, campaign_id)
        if not parcels:
            raise ClaimNotFound
        detail = {"reason": why, "prizes": [str(parcel.winner_id) for parcel in parcels]}
        await audit.add(conn, by, "export_claims", "campaign", campaign_id, detail)
    try:
        key = await asyncio.to_thread(keys.campaign_key, campaign_id)
    except KeyDestroyed:
        raise ClaimNotFound from None
    written = io.StringIO()
    # A spreadsheet takes UTF-8 for it only with this mark.
    written.write("\ufeff")
    lines = csv.writer(written)
    # The shipper gets no detail that a parcel does not need.
    fields = claim_fields(shipped_kinds())
    lines.writerow(["prize_id", "名次", "奖品", *(field.label for field in fields), "已核验"])
    for parcel in parcels:
        details = msgspec.json.decode(
            open_sealed(key, parcel.sealed, associated_data(parcel.winner_id)), type=dict[str, str]
        )
        lines.writerow(
            [
                # As text: a spreadsheet rounds long numbers.
                f"\t{parcel.winner_id}",
                parcel.place,
                _plain(format_prizes(parcel.prizes)),
                *(_cell(field, details.get(field.name, "")) for field in fields),
                "是" if parcel.state == "verified" else "否",
            ]
        )
    return written.getvalue()


def _cell(field: ClaimField, value: str) -> str:
    return f"\t{value}" if field.is_number else _plain(value)


def _plain(text: str) -> str:
    # What begins so is a formula to a spreadsheet.
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
