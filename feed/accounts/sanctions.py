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


def ends_no_later(sanction: Sanction, other: Sanction) -> bool:
    """Whether a sanction ends with another one or before it."""
    return other.until is None or (sanction.until is not None and sanction.until <= other.until)


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
    conn: Connection, account_id: int, kinds: list[SanctionKind], *, by: int | None, imposed_by_app: list[bool]
) -> list[Sanction]:
    """Lifts the account's sanctions of these kinds and returns them; they end at the start of this transaction.

    `imposed_by_app`: [True] for those of the app, [False] for those of staff, or both.
    """
    rows = await conn.fetch(
        """
        UPDATE sanctions SET lifted_at = now(), lifted_by = $3
        WHERE account_id = $1 AND kind = ANY ($2::text[]) AND lifted_at IS NULL AND (imposed_by IS NULL) = ANY ($4::boolean[])
        RETURNING id, account_id, kind, reason_code, starts_at, until,
                  until IS NULL OR until > clock_timestamp() AS running, imposed_by
        """,
        account_id,
        kinds,
        by,
        imposed_by_app,
    )
    return many(rows, Sanction)


async def find_sanction(conn: Connection, sanction_id: int) -> Sanction | None:
    """The sanction, or None."""
    row = await conn.fetchrow(
        """
        SELECT id, account_id, kind, reason_code, starts_at, until,
               lifted_at IS NULL AND (until IS NULL OR until > clock_timestamp()) AS running, imposed_by
        FROM sanctions WHERE id = $1
        """,
        sanction_id,
    )
    return one(row, Sanction)


async def find_next_to_lapse(conn: Connection) -> Sanction | None:
    """The sanction that ended first of those whose end is not recorded yet; None without one."""
    row = await conn.fetchrow(
        """
        SELECT id, account_id, kind, reason_code, starts_at, until, false AS running, imposed_by
        FROM sanctions
        WHERE until <= clock_timestamp() AND lifted_at IS NULL AND lapsed_at IS NULL
        ORDER BY until, id
        LIMIT 1
        """
    )
    return one(row, Sanction)


async def mark_lapsed(conn: Connection, sanction_id: int) -> bool:
    """Records that a sanction has ended by the clock. False: recorded or lifted meanwhile."""
    marked = await conn.fetchval(
        """
        UPDATE sanctions SET lapsed_at = clock_timestamp()
        WHERE id = $1 AND lifted_at IS NULL AND lapsed_at IS NULL
        RETURNING true
        """,
        sanction_id,
    )
    return marked is not None


async def is_running(conn: Connection, account_id: int, kind: SanctionKind) -> bool:
    """Whether a sanction of this kind holds for the person behind the account now."""
    running: bool = await conn.fetchval(
        "SELECT CASE WHEN $2 = 'ban' THEN banned ELSE muted END FROM sanctions_now WHERE account_id = $1",
        account_id,
        kind,
    )
    return running
