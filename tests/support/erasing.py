"""Erasing an account to the end, as the hook and the worker do."""

from feed.accounts.model import AccountId
from feed.erasure.jobs import erase_next
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
        for statement in (
            "UPDATE accounts SET erased_at = erased_at - interval '2 minutes' WHERE content_erased_at IS NULL",
            "UPDATE idempotency_keys SET created_at = created_at - interval '2 minutes'",
            "UPDATE erasures SET next_at = now()",
        ):
            await pool.execute(statement)
        while await erase_next(pool, keys):
            done += 1
    return done
