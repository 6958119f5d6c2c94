"""SQL of browser sessions and of the tickets with which the app signs its user in to a page."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.accounts.model import AccountId
from feed.postgres import Connection, one


class WebSession(msgspec.Struct, frozen=True):
    """A session that has not ended. `family` is its sign-in; `used_at` is when that was last recorded as used."""

    account_id: AccountId
    family: int
    used_at: datetime
    seconds_left: float


async def add_session(
    conn: Connection, secret_hash: bytes, account_id: AccountId, *, family: int | None, days: int
) -> int:
    """Adds a session to a sign-in, or to a new one; returns the sign-in."""
    added: int = await conn.fetchval(
        """
        INSERT INTO web_sessions (secret_hash, account_id, family, expires_at)
        VALUES ($1, $2, coalesce($3::bigint, next_id()), now() + make_interval(days => $4))
        RETURNING family
        """,
        secret_hash,
        account_id,
        family,
        days,
    )
    return added


async def find_session(conn: Connection, secret_hash: bytes) -> WebSession | None:
    """The session of a cookie; None if it is unknown, expired, or its sign-in or account has ended."""
    row = await conn.fetchrow(
        """
        SELECT session.account_id, session.family, sign_ins.used_at,
               extract(epoch FROM session.expires_at - clock_timestamp())::float8 AS seconds_left
        FROM web_sessions AS session
        JOIN sign_ins ON sign_ins.family = session.family AND sign_ins.ended_at IS NULL
        WHERE session.secret_hash = $1 AND session.expires_at > clock_timestamp()
        """,
        secret_hash,
    )
    return one(row, WebSession)


async def list_open(conn: Connection, secret_hashes: Sequence[bytes]) -> set[bytes]:
    """Those of the sessions that have not ended."""
    rows = await conn.fetch(
        """
        SELECT session.secret_hash
        FROM web_sessions AS session
        JOIN sign_ins ON sign_ins.family = session.family AND sign_ins.ended_at IS NULL
        WHERE session.secret_hash = ANY ($1::bytea[]) AND session.expires_at > clock_timestamp()
        """,
        secret_hashes,
    )
    return {row["secret_hash"] for row in rows}


class RemovedSession(msgspec.Struct, frozen=True):
    """A session that was removed now. `is_open`: it had not ended before."""

    account_id: AccountId
    family: int
    is_open: bool


async def remove_session(conn: Connection, secret_hash: bytes) -> RemovedSession | None:
    """Removes a session; None if it is unknown."""
    row = await conn.fetchrow(
        """
        DELETE FROM web_sessions WHERE secret_hash = $1
        RETURNING account_id, family,
                  expires_at > clock_timestamp() AND EXISTS (
                      SELECT FROM sign_ins WHERE sign_ins.family = web_sessions.family AND ended_at IS NULL) AS is_open
        """,
        secret_hash,
    )
    return one(row, RemovedSession)


async def remove_old_sessions(conn: Connection, *, hours: int) -> int:
    """Removes expired sessions and returns their number."""
    tag = await conn.execute("DELETE FROM web_sessions WHERE expires_at < now() - make_interval(hours => $1)", hours)
    return int(tag.split()[-1])


async def add_ticket(conn: Connection, ticket_hash: bytes, account_id: AccountId, path: str, *, seconds: int) -> None:
    """Adds a ticket that leads to a page."""
    await conn.execute(
        """
        INSERT INTO web_tickets (ticket_hash, account_id, path, expires_at)
        VALUES ($1, $2, $3, now() + make_interval(secs => $4))
        """,
        ticket_hash,
        account_id,
        path,
        seconds,
    )


class UsedTicket(msgspec.Struct, frozen=True):
    """A ticket that was used now."""

    account_id: AccountId
    path: str


async def use_ticket(conn: Connection, ticket_hash: bytes) -> UsedTicket | None:
    """Uses a ticket; None if it is unknown, expired or used."""
    row = await conn.fetchrow(
        """
        UPDATE web_tickets SET used_at = clock_timestamp()
        WHERE ticket_hash = $1 AND used_at IS NULL AND expires_at > clock_timestamp()
        RETURNING account_id, path
        """,
        ticket_hash,
    )
    return one(row, UsedTicket)


async def remove_old_tickets(conn: Connection, *, hours: int) -> int:
    """Removes expired tickets and returns their number."""
    tag = await conn.execute("DELETE FROM web_tickets WHERE expires_at < now() - make_interval(hours => $1)", hours)
    return int(tag.split()[-1])
