"""Erasing an account to the end, as the hook and the worker do."""

from feed.accounts.model import AccountId
from feed.erasure.jobs import GRACE_SECONDS, erase_next
from feed.keys.store import Keys
from feed.moderation.account_events import erase_account
from feed.postgres import Pool, transaction


async def erase_row(pool: Pool, keys: Keys, account_id: int) -> None:
    """Erases the row of an account; everything else is queued."""
    async with transaction(pool) as conn:
        await erase_account(conn, keys, AccountId(account_id), by="app")


async def erase_rest(pool: Pool, keys: Keys) -> int:
    """Runs the job until nothing is left to do, as if the time of grace were over. Returns the number of its transactions."""
    done = 0
    for _ in range(2):
        while await erase_next(pool, keys):
            done += 1
        await pool.execute(
            "UPDATE accounts SET erased_at = erased_at - make_interval(secs => $1) WHERE content_erased_at IS NULL",
            GRACE_SECONDS + 1,
        )
        await pool.execute("UPDATE erasures SET next_at = now()")
    return done
