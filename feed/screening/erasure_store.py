"""SQL that erases what the machine check keeps of an account's texts: their hashes, and what a provider quoted of them."""

from collections.abc import Sequence

from feed.postgres import Connection


async def remove_checks(conn: Connection, account_id: int, case_ids: Sequence[int]) -> int:
    """Removes hashes of the account's texts, and the results of these cases. Returns how many."""
    removed: int = await conn.fetchval(
        """
        WITH hashed AS (
            DELETE FROM text_fingerprints WHERE account_id = $1 RETURNING 1
        ), checked AS (
            DELETE FROM provider_checks WHERE case_id = ANY ($2::bigint[]) RETURNING 1
        )
        SELECT (SELECT count(*) FROM hashed) + (SELECT count(*) FROM checked)
        """,
        account_id,
        list(case_ids),
    )
    return removed
