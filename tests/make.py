"""Real rows with sensible defaults."""

from itertools import count

from feed.accounts.model import AccountId, Role
from feed.postgres import Connection

_numbers = count(1)


async def person(conn: Connection, *, role: Role | None = None) -> AccountId:
    """Somebody with a verified phone of his own, staff if a role is given."""
    number = next(_numbers)
    account_id = await conn.fetchval(
        """
        INSERT INTO accounts (iss, sub, name, person, phone_verified_at)
        VALUES ('make', $1, $1, $2, now())
        RETURNING id
        """,
        f"p{number}",
        f"person {number}".encode(),
    )
    if role is not None:
        await conn.execute("INSERT INTO staff_rights (account_id, role) VALUES ($1, $2)", account_id, role)
    return AccountId(account_id)
