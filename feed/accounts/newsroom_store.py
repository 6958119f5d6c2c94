"""SQL of who publishes for the newsroom: official accounts, and the names under which staff sign."""

from collections.abc import Sequence

from feed.postgres import Connection


async def change_byline(conn: Connection, account_id: int, name: str | None) -> None:
    """Sets the name under which an account signs; None: its own name."""
    await conn.execute(
        """
        WITH removed AS (DELETE FROM bylines WHERE account_id = $1 AND $2::text IS NULL)
        INSERT INTO bylines (account_id, name) SELECT $1, $2 WHERE $2::text IS NOT NULL
        ON CONFLICT (account_id) DO UPDATE SET name = excluded.name
        """,
        account_id,
        name,
    )


async def find_byline(conn: Connection, account_id: int) -> str | None:
    """The name under which the account signs; None: its own name."""
    name: str | None = await conn.fetchval("SELECT name FROM bylines WHERE account_id = $1", account_id)
    return name


async def list_official(conn: Connection, account_ids: Sequence[int]) -> frozenset[int]:
    """Those of the accounts that have the official badge."""
    rows = await conn.fetch("SELECT id FROM accounts WHERE id = ANY ($1::bigint[]) AND badge IS NOT NULL", account_ids)
    return frozenset(row["id"] for row in rows)
