"""Actions of a user on the inbox."""

from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store
from feed.postgres import Pool


async def read_inbox(pool: Pool, account_id: int, until_id: int, request: KeyedRequest | None = None) -> None:
    """Marks the account's notifications up to and including `until_id` as read; repeating it changes nothing."""
    # Marking as read is idempotent, so a repeat runs it again.
    async with idempotent_transaction(pool, account_id, request) as (conn, _):
        await store.mark_read(conn, account_id, until_id)
