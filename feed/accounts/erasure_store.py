"""The SQL of erasing an account: its row at once, what hangs on it afterwards."""

from feed.accounts.model import AccountId
from feed.postgres import Connection

ERASED_NAME = "已注销用户"


async def erase_row(conn: Connection, *, iss: str, sub: str) -> AccountId | None:
    """Erases a subject's account; a subject who has none gets one that is erased, so that none appears later. None when it was erased before.

    The keyed hash of the phone stays: it names nobody without the key, and what the person has done in a campaign, and
    what the person is forbidden, is decided by it.
    """
    account_id: AccountId | None = await conn.fetchval(
        """
        INSERT INTO accounts (iss, sub, name, erased_at)
        VALUES ($1, $2, $3, clock_timestamp())
        ON CONFLICT (iss, sub) DO UPDATE
        SET name = excluded.name, bio = '', avatar_url = NULL, badge = NULL, phone_sealed = NULL,
            erased_at = excluded.erased_at
        WHERE accounts.erased_at IS NULL
        RETURNING id
        """,
        iss,
        sub,
        ERASED_NAME,
    )
    return account_id


async def end_access(conn: Connection, account_id: int) -> None:
    """No refresh token of the account makes another one, and it is staff no longer."""
    await conn.execute(
        "UPDATE refresh_tokens SET revoked_at = now() WHERE account_id = $1 AND revoked_at IS NULL", account_id
    )
    await conn.execute(
        "UPDATE staff_rights SET revoked_at = now() WHERE account_id = $1 AND revoked_at IS NULL", account_id
    )


async def list_recently_erased(conn: Connection, *, seconds: int) -> list[AccountId]:
    """Who was erased in the last moments, for those who remember people."""
    rows = await conn.fetch(
        "SELECT id FROM accounts WHERE erased_at > clock_timestamp() - make_interval(secs => $1)", seconds
    )
    return [AccountId(row["id"]) for row in rows]


async def try_eraser_lock(conn: Connection) -> bool:
    """One at a time erases content; held until the transaction ends. A row's lock would wait in another order than a post's."""
    free: bool = await conn.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended('feed.eraser', 0))")
    return free


async def find_next_to_erase(conn: Connection) -> AccountId | None:
    """An erased account whose content may still be there, the longest erased first."""
    account_id: AccountId | None = await conn.fetchval(
        """
        SELECT id FROM accounts
        WHERE erased_at IS NOT NULL AND content_erased_at IS NULL
        ORDER BY erased_at, id
        LIMIT 1
        """
    )
    return account_id


async def mark_content_erased(conn: Connection, account_id: int, *, after_seconds: int) -> bool:
    """Whether the account is done with: only so long after its end that no write which began before it is still in flight."""
    return bool(
        await conn.fetchval(
            """
            UPDATE accounts SET content_erased_at = clock_timestamp()
            WHERE id = $1 AND erased_at < clock_timestamp() - make_interval(secs => $2)
            RETURNING true
            """,
            account_id,
            after_seconds,
        )
    )
