"""Freezing by the clock: the sheet of one campaign that is due, in one commit."""

from feed.audit import store as audit
from feed.campaigns import closing
from feed.inbox import store as inbox
from feed.postgres import Pool, transaction
from feed.prizes import notices, sheet_store
from feed.prizes.freezing import draw_up_sheet, freeze


async def freeze_next_campaign(pool: Pool) -> bool:
    """Freezes the sheet of one campaign that is due and waits for nothing. False when there is none.

    One that waits goes to judging and says for what; its editor is told once.
    """
    async with pool.acquire() as conn:
        due = await sheet_store.list_due(conn)
    for campaign_id in due:
        async with transaction(pool) as conn:
            campaign = await closing.lock_free_ending(conn, campaign_id)
            # Another worker may have been faster between the list and the lock.
            if (
                campaign is None
                or campaign.frozen_at is not None
                or campaign_id not in await sheet_store.list_due(conn)
            ):
                continue
            rules = await closing.get_rules(conn, campaign_id, campaign.rules_version)
            sheet = await draw_up_sheet(conn, campaign, rules)
            if not sheet.blocked_by:
                await freeze(conn, campaign, sheet)
                await audit.add(conn, None, "freeze", "campaign", campaign_id, {"entries": len(sheet.rows)})
            elif await closing.mark_blocked(conn, campaign_id, sheet.blocked_by):
                notice = notices.of_block(campaign_id, campaign.created_by, campaign.title, len(sheet.blocked_by))
                await inbox.add_inbox(conn, [notice])
        if not sheet.blocked_by:
            return True
    return False
