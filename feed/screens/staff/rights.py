"""The accounts that have roles of staff, for admins."""

from datetime import datetime

import msgspec

from feed.accounts.model import Role
from feed.postgres import Connection, many
from feed.screens.posts.cards import Id


class StaffMember(msgspec.Struct, frozen=True):
    """An account with its roles, its name, the name under which it signs texts, and since when it is staff."""

    user_id: Id
    name: str
    byline: str | None
    roles: list[Role]
    since: datetime


async def list_staff(conn: Connection, before_id: int, limit: int) -> list[StaffMember]:
    """The accounts with a role now, the newest account first."""
    rows = await conn.fetch(
        """
        SELECT accounts.id::text AS user_id, accounts.name, bylines.name AS byline, held.roles, held.since
        FROM (
            SELECT account_id, array_agg(role ORDER BY role) AS roles, min(granted_at) AS since
            FROM staff_rights
            WHERE revoked_at IS NULL AND account_id < $1
            GROUP BY account_id
            ORDER BY account_id DESC
            LIMIT $2
        ) AS held
        JOIN accounts ON accounts.id = held.account_id
        LEFT JOIN bylines ON bylines.account_id = accounts.id
        ORDER BY held.account_id DESC
        """,
        before_id,
        limit,
    )
    return many(rows, StaffMember)
