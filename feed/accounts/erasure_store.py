"""SQL of erasing accounts: the row at once, the content afterwards."""

from feed.accounts.model import AccountId
from feed.postgres import Connection

ERASED_NAME = "已注销用户"


async def erase_row(conn: Connection, *, iss: str, sub: str) -> AccountId | None:
    """Erases a subject's account and returns its id; None when it was erased before.

    A subject without an account gets an erased one, so that no later request creates one. The keyed hash of the phone stays: it
    identifies no person without the key, and the person's engagement in campaigns and sanctions depend on it.
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
    """Revokes the account's refresh tokens."""
    await conn.execute(
        "UPDATE refresh_tokens SET revoked_at = now() WHERE account_id = $1 AND revoked_at IS NULL", account_id
    )


async def list_recently_erased(conn: Connection, *, seconds: int) -> list[AccountId]:
    """The accounts that were erased in the last `seconds`, for caches of accounts."""
    rows = await conn.fetch(
        "SELECT id FROM accounts WHERE erased_at > clock_timestamp() - make_interval(secs => $1)", seconds
    )
    return [AccountId(row["id"]) for row in rows]


async def try_eraser_lock(conn: Connection) -> bool:
    """Tries the lock that lets one worker at a time erase content, until the transaction ends.

    An advisory lock, because a lock of the account's row would violate the lock order of posts.
    """
    free: bool = await conn.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended('feed.eraser', 0))")
    return free


async def find_next_to_erase(conn: Connection) -> AccountId | None:
    """The erased account whose content may still exist, the longest erased first."""
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
    """Records that the content is erased. False: `after_seconds` since the erasure are not over, so that writes may be in flight."""
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
