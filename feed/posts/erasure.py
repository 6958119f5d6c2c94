"""The job that deletes the posts of erased accounts, a bounded number per transaction."""

from feed.accounts import erasure_store as erasures
from feed.cases import store as cases
from feed.changes import store as changes
from feed.inbox import store as inbox
from feed.postgres import Pool, transaction
from feed.posts import store
from feed.posts.hide_show import hide_post

# A post takes about ten statements, during which requests for it may wait for its locks.
_BATCH_SIZE = 25

# Twice the longest transaction of an API process, so that a post that was being written during the erasure is found.
_GRACE_SECONDS = 10


async def erase_next_posts(pool: Pool) -> bool:
    """Deletes some posts of one erased account. False if there is nothing to do now."""
    async with transaction(pool) as conn:
        if not await erasures.try_eraser_lock(conn):
            return False
        account_id = await erasures.find_next_to_erase(conn)
        if account_id is None:
            return False
        post_ids = await store.list_undeleted(conn, account_id, limit=_BATCH_SIZE)
        if not post_ids:
            await inbox.remove_account(conn, account_id)
            return await erasures.mark_content_erased(conn, account_id, after_seconds=_GRACE_SECONDS)
        await changes.lock_stats(conn, post_ids)
        # Read again under the locks: the author may have deleted a post meanwhile.
        for post_id in await store.list_undeleted(conn, account_id, limit=_BATCH_SIZE):
            if post_id in post_ids:
                await hide_post(conn, post_id, state="deleted")
                await cases.close_cases(conn, post_id=post_id)
    return True
