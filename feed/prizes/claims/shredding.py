"""Shredding of claims: the campaign's key is destroyed on schedule, with a signed receipt."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Literal

import msgspec

from feed.audit import store as audit
from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.model import ARCHIVE, time_text
from feed.inbox import store as inbox
from feed.keys import fingerprint_store as fingerprints
from feed.keys.signatures import Signature, sign_document
from feed.keys.store import Keys
from feed.postgres import Connection, Pool, act_on_next, transaction
from feed.prizes.claims import shredding_store
from feed.prizes.notices import SHIPMENT_REMOVED, SHIPPED

FORMAT: Literal["feed-shredding-1"] = "feed-shredding-1"


class Retention(msgspec.Struct, frozen=True):
    """Retention periods in days: of claims after a campaign became final, and of backups of the database.

    `most_days`: the limit while prizes are not fulfilled.
    """

    claims_days: int = 90
    backup_days: int = 35
    most_days: int = 180


class ShreddingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The claims and codes that became unreadable.

    `backups_until`: until then backups of the database may contain them, encrypted by the key that was destroyed.
    `archive_until`: until then masked records of the winners are kept.
    """

    format: Literal["feed-shredding-1"]
    campaign_id: str
    claims: int
    codes: int
    shredded_at: str
    backups_until: str
    archive_until: str


class ShreddingReceipt(ShreddingRecord, frozen=True, kw_only=True):
    """A shredding record and its signature."""

    signature: Signature


async def shred_next_campaign(pool: Pool, keys: Keys, retention: Retention) -> bool:
    """Destroys the key of one campaign whose retention period is over. False when there is none.

    The key is destroyed first: after an interruption the next run does the rest, and nothing is readable in between.
    """
    return await act_on_next(
        pool, partial(_list_due, retention=retention), partial(_shred, keys=keys, retention=retention)
    )


async def _shred(conn: Connection, campaign_id: int, *, keys: Keys, retention: Retention) -> bool:
    campaign = await lifecycle.try_lock_published(conn, campaign_id)
    if campaign is None or campaign_id not in await _list_due(conn, retention=retention):
        return False
    await asyncio.to_thread(keys.destroy_campaign_key, campaign_id)
    await fingerprints.mark_destroyed(conn, campaign_id)
    claims, codes = await shredding_store.remove_sealed(conn, campaign_id)
    await _remove_delivery_data(conn, campaign_id)
    now, ended_at = await shredding_store.get_times(conn, campaign_id)
    record = ShreddingRecord(
        format=FORMAT,
        campaign_id=str(campaign_id),
        claims=claims,
        codes=codes,
        shredded_at=time_text(now),
        backups_until=time_text(now + timedelta(days=retention.backup_days)),
        archive_until=time_text(ended_at + ARCHIVE),
    )
    receipt = sign_document(record, keys.sign)
    await shredding_store.add_shredding(
        conn,
        campaign_id,
        shredded_at=now,
        backups_until=now + timedelta(days=retention.backup_days),
        archive_until=ended_at + ARCHIVE,
        receipt=receipt,
    )
    await lifecycle.mark_archived(conn, campaign_id)
    await audit.add(conn, None, "shred_claims", "campaign", campaign_id, {"claims": claims, "codes": codes})
    return True


async def remove_next_delivery_data(pool: Pool) -> bool:
    """Removes the tracking numbers of one shredded campaign that still has some: of an earlier version, or shipped late.

    False when there is none.
    """
    async with transaction(pool) as conn:
        campaign_id = await shredding_store.find_with_delivery_data(conn)
        if campaign_id is None:
            return False
        await _remove_delivery_data(conn, campaign_id)
    return True


async def _remove_delivery_data(conn: Connection, campaign_id: int) -> None:
    # With a tracking number a carrier's website shows name, phone and address.
    account_ids = await shredding_store.mask_shipments(conn, campaign_id)
    await inbox.replace_texts(conn, account_ids, SHIPPED, campaign_id=campaign_id, template=SHIPMENT_REMOVED)


async def _list_due(conn: Connection, *, retention: Retention) -> list[int]:
    most = max(retention.claims_days, retention.most_days)
    return await shredding_store.list_due(conn, days=retention.claims_days, most_days=most)


async def remove_next_archive(pool: Pool) -> bool:
    """Removes the masked records of one campaign whose archive period is over. False when there is none."""
    async with transaction(pool) as conn:
        campaign_id = await shredding_store.remove_next_archive(conn)
        if campaign_id is None:
            return False
        await audit.add(conn, None, "forget_archive", "campaign", campaign_id)
    return True
