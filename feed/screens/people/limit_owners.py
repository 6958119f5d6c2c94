"""Whose accounts are, and how old they are: what the limits ask."""

from collections.abc import Sequence

from feed.limits.model import Owner
from feed.postgres import Pool


async def list_owners(pool: Pool, account_ids: Sequence[int]) -> dict[int, Owner]:
    """The owners of those accounts that exist."""
    rows = await pool.fetch(
        """
        SELECT accounts.id, persons.person, extract(epoch FROM clock_timestamp() - accounts.created_at)::float8 AS age_seconds
        FROM accounts JOIN persons ON persons.account_id = accounts.id
        WHERE accounts.id = ANY ($1::bigint[])
        """,
        account_ids,
    )
    return {row["id"]: Owner(row["person"], row["age_seconds"]) for row in rows}
