"""The posts of erased accounts disappear, a bounded number in each transaction."""

from feed.accounts import erasure_store as erasures
from feed.cases import store as cases
from feed.changes import store as changes
from feed.inbox import store as inbox
from feed.postgres import Pool, transaction
from feed.posts import store
from feed.posts.hide_show import hide_post

# Each takes about ten statements; a request that waits for one of these posts shall not notice.
_AT_ONCE = 25

# Twice as long as a transaction of an API process may take: a post that was being written when its author was erased is seen.
_SETTLED_SECONDS = 10


async def erase_next_posts(pool: Pool) -> bool:
    """Deletes some posts of one erased account. False when there is nothing to do, or nothing yet."""
    async with transaction(pool) as conn:
        if not await erasures.try_eraser_lock(conn):
            return False
        account_id = await erasures.find_next_to_erase(conn)
        if account_id is None:
            return False
        post_ids = await store.list_undeleted(conn, account_id, limit=_AT_ONCE)
        if not post_ids:
            await inbox.remove_account(conn, account_id)
            return await erasures.mark_content_erased(conn, account_id, after_seconds=_SETTLED_SECONDS)
        await changes.lock_stats(conn, post_ids)
        # Its author may delete one meanwhile; under the locks they stay as they are.
        for post_id in await store.list_undeleted(conn, account_id, limit=_AT_ONCE):
            if post_id in post_ids:
                await hide_post(conn, post_id, state="deleted")
                await cases.close_cases(conn, post_id=post_id)
    return True
