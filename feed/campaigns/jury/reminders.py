"""Reminders of jurors: when marking begins, and two days before the settlement if marks are missing."""

from feed.campaigns.jury import notices as jury_notices
from feed.campaigns.jury import store as jury
from feed.inbox import store as inbox
from feed.postgres import Pool, transaction


async def remind_next_juror(pool: Pool) -> bool:
    """Sends one due reminder to one juror. False when there is none. Each of the two is sent once per campaign."""
    async with transaction(pool) as conn:
        reminder = await jury.lock_next_to_remind(conn)
        if reminder is None:
            return False
        await inbox.add_notifications(conn, [jury_notices.of_marking_reminder(reminder)])
    return True
