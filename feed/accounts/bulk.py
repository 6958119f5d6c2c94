"""SQL of accounts in bulk, for seeding an empty installation."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from feed.postgres import Connection, columns


class NewAccount(NamedTuple):
    """An account with a verified phone whose number is not stored."""

    id: int
    iss: str
    sub: str
    name: str
    person: bytes
    phone_verified_at: datetime
    created_at: datetime


async def add_accounts(conn: Connection, accounts: Iterable[NewAccount]) -> None:
    """Adds accounts without post counts."""
    await conn.copy_records_to_table("accounts", records=accounts, columns=NewAccount._fields)


async def change_post_counts(conn: Connection, by: Mapping[int, int]) -> None:
    """Adds to the number of visible posts of many accounts."""
    await conn.execute(
        """
        UPDATE accounts SET post_count = accounts.post_count + given.by
        FROM unnest($1::bigint[], $2::bigint[]) AS given (id, by)
        WHERE accounts.id = given.id
        """,
        *columns(sorted(by.items()), 2),
    )
