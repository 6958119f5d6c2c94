"""Pictures of a campaign's entries are compared with each other, so that editors and reviewers see copies."""

from feed.campaigns.entries import similar_store as store
from feed.postgres import Pool, transaction

# In one transaction: each is compared with all others of its campaign, up to 90,000, which takes some hundredths of a second.
_AT_ONCE = 10


async def compare_next_pictures(pool: Pool) -> bool:
    """Compares some pictures of entries that were not compared yet. Returns whether there may be more."""
    async with transaction(pool) as conn:
        if not await store.try_lock_comparison(conn):
            return False
        fresh = await store.list_fresh(conn, limit=_AT_ONCE)
        if not fresh:
            return False
        campaign_id = fresh[0].campaign_id
        media_ids = [each.media_id for each in fresh if each.campaign_id == campaign_id]
        await store.add_compared(conn, campaign_id, media_ids)
        await store.add_pairs(conn, campaign_id, media_ids)
    return True
