"""Reminders of claim deadlines: one for each winner without a claim, in the app and by SMS."""

from feed.accounts import store as accounts
from feed.accounts.phone import phone_of
from feed.inbox import store as inbox
from feed.keys.store import Keys
from feed.postgres import Pool, transaction
from feed.prizes import notices, winner_store
from feed.sms import store as messages
from feed.sms.model import Purpose


async def remind_next_winner(pool: Pool, keys: Keys) -> bool:
    """Reminds one winner whose claim ends soon. False when there is none."""
    async with transaction(pool) as conn:
        due = await winner_store.lock_next_to_remind(conn)
        if due is None:
            return False
        await inbox.add_notifications(conn, [notices.of_deadline(due)])
        account = await accounts.find_account(conn, due.account_id)
        phone = None if account is None else phone_of(account, keys)
        if phone is not None:
            await messages.enqueue(
                conn,
                keys=keys,
                purpose=Purpose.CLAIM_REMINDER,
                phone=phone,
                params={"campaign": due.title, "date": notices.format_time(due.claim_ends_at)},
                once_key=notices.reminder_key(due.id),
                account_id=due.account_id,
                campaign_id=due.campaign_id,
                expires_at=due.claim_ends_at,
            )
    return True
