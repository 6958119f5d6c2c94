"""SQL of sanctions: intervals that are kept, so that it is known who was muted or banned at any instant."""

from datetime import datetime
from typing import Literal, get_args

import msgspec

from feed.accounts.model import AccountId
from feed.postgres import Connection, many, one

SanctionKind = Literal["mute", "ban"]
SANCTION_KINDS: tuple[SanctionKind, ...] = get_args(SanctionKind)


class Sanction(msgspec.Struct, frozen=True):
    """A sanction; without `until` it lasts until it is lifted. `running`: now, by the database's clock.
    `imposed_by` None: the app."""

    id: int
    account_id: AccountId
    kind: SanctionKind
    reason_code: str
    starts_at: datetime
    until: datetime | None
    running: bool
    imposed_by: int | None = None


async def lock_account(conn: Connection, account_id: int) -> None:
    """Locks the account for a change of its sanctions, until the transaction ends; its posts and likes do not wait."""
    await conn.execute("SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account_id)


async def list_unlifted(conn: Connection, account_id: int) -> list[Sanction]:
    """The account's sanctions that are not lifted, including those whose time is over."""
    rows = await conn.fetch(
        """
        SELECT id, account_id, kind, reason_code, starts_at, until,
               until IS NULL OR until > clock_timestamp() AS running, imposed_by
        FROM sanctions
        WHERE account_id = $1 AND lifted_at IS NULL
        ORDER BY id
        """,
        account_id,
    )
    return many(rows, Sanction)


async def add_sanction(
    conn: Connection, *, account_id: int, kind: SanctionKind, reason_code: str, until: datetime | None, by: int | None
) -> Sanction | None:
    """Adds a sanction from the start of this transaction on; None when `until` has passed. The former one must be lifted before."""
    row = await conn.fetchrow(
        """
        INSERT INTO sanctions (account_id, kind, reason_code, starts_at, until, imposed_by)
        SELECT $1, $2, $3, now(), $4, $5
        WHERE $4::timestamptz IS NULL OR $4 > clock_timestamp()
        RETURNING id, account_id, kind, reason_code, starts_at, until,
                  until IS NULL OR until > clock_timestamp() AS running, imposed_by
        """,
        account_id,
        kind,
        reason_code,
        until,
        by,
    )
    return one(row, Sanction)


async def lift_sanctions(
    conn: Connection, account_id: int, kinds: list[SanctionKind], *, by: int | None
) -> list[Sanction]:
    """Lifts the account's sanctions of these kinds and returns them; they end at the start of this transaction."""
    rows = await conn.fetch(
        """
        UPDATE sanctions SET lifted_at = now(), lifted_by = $3
        WHERE account_id = $1 AND kind = ANY ($2::text[]) AND lifted_at IS NULL
        RETURNING id, account_id, kind, reason_code, starts_at, until,
                  until IS NULL OR until > clock_timestamp() AS running, imposed_by
        """,
        account_id,
        kinds,
        by,
    )
    return many(rows, Sanction)
