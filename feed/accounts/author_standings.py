"""The standing of accounts that write: what is forbidden to them, and whether what they write is hidden."""

from collections.abc import Sequence

from feed.accounts.model import Standing
from feed.postgres import Connection


async def list_author_standings(conn: Connection, account_ids: Sequence[int]) -> dict[int, Standing]:
    """As `list_standings`, also of those who are taken down: what they write is hidden."""
    rows = await conn.fetch(
        """
        SELECT account_id, banned, muted, taken_down, leaving
        FROM standings_now
        WHERE account_id = ANY ($1::bigint[]) AND (banned OR muted OR taken_down OR leaving)
        """,
        account_ids,
    )
    return {
        row["account_id"]: Standing(
            banned=row["banned"], muted=row["muted"], leaving=row["leaving"], taken_down=row["taken_down"]
        )
        for row in rows
    }
