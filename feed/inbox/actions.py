"""What a person does with the inbox."""

from feed.inbox import store
from feed.postgres import Pool, transaction


async def read_inbox(pool: Pool, account_id: int, until_id: int) -> None:
    """Marks the person's messages up to and with `until_id` as read; repeating it changes nothing."""
    async with transaction(pool) as conn:
        await store.mark_read(conn, account_id, until_id)
