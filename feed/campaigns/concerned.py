"""SQL of whom a campaign's end concerns: which editors are told that it waits."""

from feed.postgres import Connection

CONCERNED_MOST = 100


async def list_concerned(conn: Connection, campaign_id: int) -> list[int]:
    """Its maker and every editor who has acted on it; every editor there is where none of these has the right any more."""
    rows = await conn.fetch(
        """
        WITH editors AS (
            SELECT DISTINCT staff_rights.account_id
            FROM staff_rights JOIN accounts ON accounts.id = staff_rights.account_id
            WHERE role IN ('editor', 'admin') AND revoked_at IS NULL AND accounts.erased_at IS NULL
        ), acted AS (
            SELECT editors.account_id
            FROM editors
            WHERE EXISTS (SELECT FROM campaigns WHERE id = $1 AND created_by = editors.account_id)
                OR EXISTS (
                    SELECT FROM audit
                    WHERE subject_kind = 'campaign' AND subject_id = $1 AND actor_id = editors.account_id
                )
        )
        SELECT created_by AS account_id FROM campaigns WHERE id = $1
        UNION
        SELECT account_id FROM acted
        UNION
        SELECT account_id FROM editors WHERE NOT EXISTS (SELECT FROM acted)
        ORDER BY account_id
        LIMIT $2
        """,
        campaign_id,
        CONCERNED_MOST,
    )
    return [row["account_id"] for row in rows]
