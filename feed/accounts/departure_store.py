"""SQL of accounts whose owners have requested their deletion."""

from datetime import datetime
from typing import Literal

import msgspec

from feed.accounts.erasure_store import ERASED_NAME
from feed.accounts.model import AccountId
from feed.postgres import Connection, one

# `hiding`: items are still to be hidden; `hidden`: it waits for its time; `returning`: taken back, items are still to be shown.
Step = Literal["hiding", "hidden", "returning"]


class Departure(msgspec.Struct, frozen=True):
    """A requested deletion, or one that was taken back. `is_due`: its time has come; `is_recent`: it was requested in the last two days."""

    account_id: AccountId
    step: Step
    asked_at: datetime
    erase_at: datetime
    is_due: bool
    is_recent: bool


class Profile(msgspec.Struct, frozen=True):
    """The profile that an account has again when its deletion is taken back."""

    name: str
    bio: str
    avatar_url: str | None
    badge: str | None


async def lock_departure(conn: Connection, account_id: int) -> Departure | None:
    """The departure of the account, locked before anything of the account is."""
    row = await conn.fetchrow(
        """
        SELECT account_id, step, asked_at, erase_at, erase_at <= clock_timestamp() AS is_due,
               asked_at > clock_timestamp() - interval '2 days' AS is_recent
        FROM departures WHERE account_id = $1 FOR UPDATE
        """,
        account_id,
    )
    return one(row, Departure)


async def lock_next(conn: Connection) -> Departure | None:
    """The departure that waits longest for a worker, locked; None if there is none, or others hold all of them."""
    row = await conn.fetchrow(
        """
        SELECT account_id, step, asked_at, erase_at, erase_at <= clock_timestamp() AS is_due,
               asked_at > clock_timestamp() - interval '2 days' AS is_recent
        FROM departures WHERE next_at <= clock_timestamp()
        ORDER BY next_at, account_id
        LIMIT 1
        FOR UPDATE SKIP LOCKED
        """
    )
    return one(row, Departure)


async def add_departure(conn: Connection, account_id: int, *, days: int) -> bool:
    """Keeps the profile, gives the account a neutral one, and forbids it to write. False for an account that is erased or leaves already."""
    return bool(
        await conn.fetchval(
            """
            WITH kept AS (
                INSERT INTO departures (account_id, asked_at, erase_at, name, bio, avatar_url, badge)
                SELECT id, clock_timestamp(), clock_timestamp() + make_interval(days => $2), name, bio, avatar_url, badge
                FROM accounts WHERE id = $1 AND leaving_at IS NULL AND erased_at IS NULL
                ON CONFLICT (account_id) DO UPDATE
                SET step = 'hiding', asked_at = excluded.asked_at, erase_at = excluded.erase_at, next_at = now(),
                    name = excluded.name, bio = excluded.bio, avatar_url = excluded.avatar_url, badge = excluded.badge
                RETURNING account_id, asked_at
            )
            UPDATE accounts
            SET leaving_at = kept.asked_at, name = $3, bio = '', avatar_url = NULL, badge = NULL
            FROM kept WHERE id = kept.account_id
            RETURNING true
            """,
            account_id,
            days,
            ERASED_NAME,
        )
    )


async def take_back(conn: Connection, account_id: int) -> bool:
    """Gives the account its profile back and lets it write. Returns whether it was leaving; its items are shown by a job."""
    return bool(
        await conn.fetchval(
            """
            WITH kept AS (
                UPDATE departures SET step = 'returning', next_at = now()
                WHERE account_id = $1 AND step <> 'returning'
                RETURNING account_id, name, bio, avatar_url, badge
            )
            UPDATE accounts
            SET leaving_at = NULL, name = kept.name, bio = kept.bio, avatar_url = kept.avatar_url, badge = kept.badge
            FROM kept WHERE id = kept.account_id
            RETURNING true
            """,
            account_id,
        )
    )


async def mark_hidden(conn: Connection, account_id: int, *, after_seconds: int) -> None:
    """Records that everything is hidden; within `after_seconds` since the request it is looked at again, because writes may be in flight."""
    await conn.execute(
        """
        UPDATE departures
        SET step = CASE WHEN settled.over THEN 'hidden' ELSE step END,
            next_at = CASE WHEN settled.over THEN erase_at ELSE asked_at + make_interval(secs => $2) END
        FROM (
            SELECT asked_at + make_interval(secs => $2) <= clock_timestamp() AS over FROM departures WHERE account_id = $1
        ) AS settled
        WHERE account_id = $1
        """,
        account_id,
        after_seconds,
    )


async def remove_departure(conn: Connection, account_id: int) -> None:
    """Removes the departure of an account that has returned or is erased."""
    await conn.execute("DELETE FROM departures WHERE account_id = $1", account_id)


async def find_profile(conn: Connection, account_id: int) -> Profile | None:
    """The profile that a leaving account would have again."""
    row = await conn.fetchrow(
        "SELECT name, bio, avatar_url, badge FROM departures WHERE account_id = $1 AND step <> 'returning'", account_id
    )
    return one(row, Profile)


async def find_erase_at(conn: Connection, account_id: int) -> datetime | None:
    """When a leaving account will be erased; None for one that does not leave."""
    erase_at: datetime | None = await conn.fetchval(
        "SELECT erase_at FROM departures WHERE account_id = $1 AND step <> 'returning'", account_id
    )
    return erase_at
