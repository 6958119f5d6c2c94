"""SQL of roles and bans that held at the deadline, have ended since, and may be set aside."""

from collections.abc import Sequence

from feed.postgres import Connection


async def list_holders(conn: Connection, campaign_id: int, account_id: int, kind: str) -> list[int]:
    """The accounts of the person whose ended facts of the kind exclude, in order; none while another one goes on.

    Setting it aside as well, before it has ended, would leave its end to one person.
    """
    rows = await conn.fetch(
        """
        SELECT DISTINCT facts.account_id
        FROM deadline_facts AS facts
        JOIN same_person_accounts AS same ON same.account_id = $2 AND same.same_id = facts.account_id
        WHERE facts.campaign_id = $1 AND facts.reason = $3::text::exclusion_reason AND facts.ended_at IS NOT NULL AND facts.counts
            AND NOT EXISTS (
                SELECT
                FROM deadline_facts AS going
                JOIN same_person_accounts AS same ON same.account_id = $2 AND same.same_id = going.account_id
                WHERE going.campaign_id = $1 AND going.reason = facts.reason AND going.ended_at IS NULL
            )
        ORDER BY facts.account_id
        """,
        campaign_id,
        account_id,
        kind,
    )
    return [row["account_id"] for row in rows]


async def is_set_aside(conn: Connection, campaign_id: int, account_id: int, kind: str) -> bool:
    """Whether a fact of the kind of the person is set aside."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (
                SELECT FROM facts_set_aside
                WHERE campaign_id = $1 AND reason = $3::text::exclusion_reason
                    AND account_id IN (SELECT same_id FROM same_person_accounts WHERE same_person_accounts.account_id = $2)
            )
            """,
            campaign_id,
            account_id,
            kind,
        )
    )


async def add_set_aside(
    conn: Connection,
    campaign_id: int,
    account_ids: Sequence[int],
    kind: str,
    *,
    why: str,
    asked_by: int,
    agreed_by: int,
) -> None:
    """Sets the facts of these accounts aside."""
    await conn.execute(
        """
        INSERT INTO facts_set_aside (campaign_id, account_id, reason, why, asked_by, agreed_by)
        SELECT $1, account_id, $3::text::exclusion_reason, $4, $5, $6
        FROM unnest($2::bigint[]) AS account_id
        ON CONFLICT DO NOTHING
        """,
        campaign_id,
        list(account_ids),
        kind,
        why,
        asked_by,
        agreed_by,
    )
