"""What a person does with the inbox."""

from feed import idempotency
from feed.idempotency import Once
from feed.inbox import store
from feed.postgres import Pool, transaction


async def read_inbox(pool: Pool, account_id: int, until_id: int, request: Once | None = None) -> None:
    """Marks the person's messages up to and with `until_id` as read; repeating it changes nothing."""
    async with transaction(pool) as conn:
        # Reading is idempotent by itself; the key is claimed for its other promises.
        if request is not None:
            await idempotency.reserve(conn, account_id, request)
        await store.mark_read(conn, account_id, until_id)
