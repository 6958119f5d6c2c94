"""Calling jurors to their marks: when marking begins, and two days before the settlement where some are missing."""

from feed.campaigns.jury import notices as jury_notices
from feed.campaigns.jury import store as jury
from feed.inbox import store as inbox
from feed.postgres import Pool, transaction


async def remind_next_juror(pool: Pool) -> bool:
    """Tells one juror one thing, once for each campaign. False when there is nothing to tell."""
    async with transaction(pool) as conn:
        called = await jury.lock_next_to_remind(conn)
        if called is None:
            return False
        await inbox.add_inbox(conn, [jury_notices.of_marking_reminder(called)])
    return True
