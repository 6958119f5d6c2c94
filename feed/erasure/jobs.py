"""The jobs that erase everything of accounts whose rows are erased."""

from feed.accounts import erasure_store as erasures
from feed.audit import store as audit
from feed.erasure.steps import STEPS, has_open_matters
from feed.keys.store import Keys
from feed.postgres import Pool, transaction

# Twice the longest transaction of an API process, so that what was being written during the erasure is found.
GRACE_SECONDS = 10
# What waits for a decision is looked at again so often.
_WAIT_SECONDS = 60


async def erase_next(pool: Pool, keys: Keys) -> bool:
    """Does the next step for one erased account. False if there is nothing to do now.

    A text that a case, an objection or a place still needs stays, out of sight, until that is decided; everything else is erased
    meanwhile.
    """
    async with transaction(pool) as conn:
        if not await erasures.try_eraser_lock(conn):
            return False
        account_id = await erasures.find_next_to_erase(conn)
        if account_id is None:
            return False
        # An account that an earlier version has erased still has its subject.
        if (identity := await erasures.lock_identity(conn, account_id)) is not None:
            # By itself: posts are locked before accounts.
            await erasures.erase_row(conn, account_id, keys.subject_of(identity.iss, identity.sub), swept_name=None)
            return True
        for step in STEPS:
            if await step(conn, account_id):
                return True
        if await has_open_matters(conn, account_id):
            await erasures.postpone(conn, account_id, seconds=_WAIT_SECONDS)
        elif await erasures.mark_content_erased(conn, account_id, after_seconds=GRACE_SECONDS):
            await audit.add(conn, None, "account.content_erased", "account", account_id)
        else:
            await erasures.postpone(conn, account_id, seconds=GRACE_SECONDS)
    return True


async def remove_next_person(pool: Pool) -> bool:
    """Removes the keyed hash of the phone of one erased account that nothing depends on any more. False when there is none."""
    async with transaction(pool) as conn:
        account_id = await erasures.remove_next_person(conn)
        if account_id is None:
            return False
        await audit.add(conn, None, "account.forget_person", "account", account_id)
    return True
