"""SQL of the settings of accounts."""

from collections.abc import Sequence
from typing import Literal, get_args

from feed.accounts.model import AgeBand
from feed.postgres import Connection

# The kinds of notification that an account can turn off.
OptionalNotification = Literal["like", "comment", "reply"]
OPTIONAL_NOTIFICATIONS: tuple[OptionalNotification, ...] = get_args(OptionalNotification)


async def get_disabled_notifications(conn: Connection, account_id: int) -> set[OptionalNotification]:
    """The kinds of notification that the account has turned off."""
    return set(await conn.fetchval("SELECT quiet FROM account_settings WHERE account_id = $1", account_id) or ())


async def change_disabled_notifications(
    conn: Connection, account_id: int, disabled: Sequence[OptionalNotification]
) -> None:
    """Replaces the kinds of notification that the account has turned off."""
    await conn.execute(
        """
        INSERT INTO account_settings (account_id, quiet) VALUES ($1, $2)
        ON CONFLICT (account_id) DO UPDATE SET quiet = excluded.quiet, changed_at = now()
        """,
        account_id,
        disabled,
    )


async def list_opted_out(conn: Connection, account_ids: Sequence[int], kind: OptionalNotification) -> set[int]:
    """Those of the accounts that have turned off this kind of notification."""
    rows = await conn.fetch(
        "SELECT account_id FROM account_settings WHERE account_id = ANY ($1::bigint[]) AND $2 = ANY (quiet)",
        account_ids,
        kind,
    )
    return {row["account_id"] for row in rows}


async def get_age_band(conn: Connection, account_id: int) -> AgeBand | None:
    """The band of ages of the account's owner; None if it is unknown."""
    band: AgeBand | None = await conn.fetchval("SELECT age_band FROM accounts WHERE id = $1", account_id)
    return band


async def change_age_band(conn: Connection, account_id: int, band: AgeBand | None, *, by_app: bool) -> bool:
    """Records the band of ages, as the app or the account itself says it. False: the app has said it, which the account cannot change."""
    changed = await conn.fetchval(
        """
        UPDATE accounts SET age_band = $2, age_band_by_app = $3
        WHERE id = $1 AND erased_at IS NULL AND ($3 OR NOT age_band_by_app)
        RETURNING true
        """,
        account_id,
        band,
        by_app,
    )
    return changed is not None
