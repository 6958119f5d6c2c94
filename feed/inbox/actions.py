"""What a person does with the inbox."""

from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store
from feed.postgres import Pool


async def read_inbox(pool: Pool, account_id: int, until_id: int, request: KeyedRequest | None = None) -> None:
    """Marks the person's messages up to and with `until_id` as read; repeating it changes nothing."""
    # Reading is idempotent by itself: a repeat reads again.
    async with idempotent_transaction(pool, account_id, request) as (conn, _):
        await store.mark_read(conn, account_id, until_id)
