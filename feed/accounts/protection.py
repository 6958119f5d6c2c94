"""One-tap protection: until when strangers can neither comment on what a person has written nor reply to it."""

from datetime import datetime

from feed.postgres import Connection

DAYS_DEFAULT = 7
DAYS_MOST = 90


async def protect_person(conn: Connection, account_id: int, until: datetime | None) -> datetime | None:
    """Protects all accounts of the account's person until then, without a time for a week. None if that is past or too far ahead."""
    protected: datetime | None = await conn.fetchval(
        """
        WITH given AS (
            SELECT coalesce($2, clock_timestamp() + make_interval(days => $3)) AS until
        ), changed AS (
            UPDATE accounts SET protected_until = given.until
            FROM given, same_person_accounts AS same
            WHERE same.account_id = $1 AND accounts.id = same.same_id
                AND given.until > clock_timestamp() AND given.until <= clock_timestamp() + make_interval(days => $4)
            RETURNING protected_until
        )
        SELECT max(protected_until) FROM changed
        """,
        account_id,
        until,
        DAYS_DEFAULT,
        DAYS_MOST,
    )
    return protected


async def end_protection(conn: Connection, account_id: int) -> None:
    """Ends the protection of the account's person; a second time changes nothing."""
    await conn.execute(
        """
        UPDATE accounts SET protected_until = NULL
        FROM same_person_accounts AS same
        WHERE same.account_id = $1 AND accounts.id = same.same_id AND accounts.protected_until IS NOT NULL
        """,
        account_id,
    )


async def find_protection(conn: Connection, account_id: int) -> datetime | None:
    """Until when the account is protected; None if it is not."""
    until: datetime | None = await conn.fetchval(
        "SELECT protected_until FROM accounts WHERE id = $1 AND protected_until > clock_timestamp()", account_id
    )
    return until
