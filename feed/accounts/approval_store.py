"""SQL of approvals: what one person has approved and a second one has to approve as well."""

from collections.abc import Sequence

from feed.accounts.model import AccountId, Role
from feed.postgres import Connection


async def list_in_force(conn: Connection, act: str, subject_id: int, state_sha256: bytes) -> list[AccountId]:
    """The accounts whose approvals of the act on this state are in force, the earliest first."""
    rows = await conn.fetch(
        """
        SELECT account_id FROM approvals_in_force
        WHERE act = $1 AND subject_id = $2 AND state_sha256 = $3
        ORDER BY given_at, account_id
        """,
        act,
        subject_id,
        state_sha256,
    )
    return [AccountId(row["account_id"]) for row in rows]


async def add_approval(
    conn: Connection, act: str, subject_id: int, account_id: int, *, roles: Sequence[Role], state_sha256: bytes
) -> None:
    """Records an approval in place of the account's earlier one."""
    await conn.execute(
        """
        INSERT INTO approvals (act, subject_id, account_id, roles, state_sha256) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (act, subject_id, account_id) DO UPDATE
        SET roles = excluded.roles, state_sha256 = excluded.state_sha256, given_at = excluded.given_at
        """,
        act,
        subject_id,
        account_id,
        roles,
        state_sha256,
    )


async def remove_approvals(conn: Connection, act: str, subject_id: int) -> None:
    """Removes the approvals of an act that was carried out or whose subject has changed."""
    await conn.execute("DELETE FROM approvals WHERE act = $1 AND subject_id = $2", act, subject_id)
