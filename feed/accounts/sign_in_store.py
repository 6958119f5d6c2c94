"""SQL of sign-in by phone: codes, and families of refresh tokens."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.accounts.model import AccountId
from feed.postgres import Connection, many, one


class OpenCode(msgspec.Struct, frozen=True):
    """A code that can still be used. `requested_from` is the keyed hash of the network that requested it."""

    id: int
    code_hash: bytes
    requested_from: bytes | None
    tries_left: int
    other_tries_left: int


class AddedCode(msgspec.Struct, frozen=True):
    """A code that was added."""

    id: int
    expires_at: datetime


class RefreshToken(msgspec.Struct, frozen=True):
    """A stored refresh token, valid or not. `just_used`: used within the grace; `ended`: revoked or expired."""

    family: int
    account_id: AccountId
    used: bool
    just_used: bool
    ended: bool


async def lock_person(conn: Connection, person: bytes) -> None:
    """Locks the person until the transaction ends, so that concurrent requests are counted one after another."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('sign-in ' || encode($1, 'hex'), 0))", person)


async def list_code_ages(conn: Connection, person: bytes) -> list[float]:
    """The ages of the person's codes of the last day, in seconds."""
    rows = await conn.fetch(
        """
        SELECT extract(epoch FROM clock_timestamp() - created_at)::float8 AS age
        FROM sign_in_codes
        WHERE person = $1 AND created_at > now() - interval '1 day'
        """,
        person,
    )
    return [row["age"] for row in rows]


async def add_code(
    conn: Connection, person: bytes, code_hash: bytes, *, requested_from: bytes | None, minutes: int, tries: int
) -> AddedCode:
    """Adds a code; earlier ones stay valid until they expire."""
    row = await conn.fetchrow(
        """
        INSERT INTO sign_in_codes (person, code_hash, requested_from, tries_left, other_tries_left, expires_at)
        VALUES ($1, $2, $3, $4, $4, now() + make_interval(mins => $5))
        RETURNING id, expires_at
        """,
        person,
        code_hash,
        requested_from,
        tries,
        minutes,
    )
    return msgspec.convert(row, AddedCode)


async def lock_open_codes(conn: Connection, person: bytes) -> list[OpenCode]:
    """The person's codes that can still be used, in the order of their ids."""
    rows = await conn.fetch(
        """
        SELECT id, code_hash, requested_from, tries_left, other_tries_left
        FROM sign_in_codes
        WHERE person = $1 AND used_at IS NULL AND expires_at > clock_timestamp()
        ORDER BY id
        FOR UPDATE
        """,
        person,
    )
    return many(rows, OpenCode)


async def mark_code_used(conn: Connection, code_id: int) -> None:
    """Records that the code was used."""
    await conn.execute("UPDATE sign_in_codes SET used_at = now() WHERE id = $1", code_id)


async def mark_failed_try(conn: Connection, own: Sequence[int], other: Sequence[int]) -> None:
    """Takes a try from each of these codes: from the tries of who requested it, or from those of others."""
    await conn.execute(
        """
        UPDATE sign_in_codes
        SET tries_left = tries_left - (id = ANY ($1::bigint[]))::int,
            other_tries_left = other_tries_left - (id = ANY ($2::bigint[]))::int
        WHERE id = ANY ($1::bigint[] || $2::bigint[])
        """,
        own,
        other,
    )


async def add_refresh_token(
    conn: Connection, token_hash: bytes, account_id: AccountId, *, days: int, family: int | None = None
) -> int:
    """Adds the next token of a family, or the first one of a new family; returns the family."""
    added: int = await conn.fetchval(
        """
        INSERT INTO refresh_tokens (token_hash, account_id, expires_at, family)
        VALUES ($1, $2, now() + make_interval(days => $3), coalesce($4::bigint, next_id()))
        RETURNING family
        """,
        token_hash,
        account_id,
        days,
        family,
    )
    return added


async def lock_accounts_of_token(conn: Connection, token_hash: bytes) -> None:
    """Locks the token's account and the person's other accounts, so that their sign-ins are changed one after another.

    A token's own lock would not do: ending a sign-in must also end the token that another transaction is about to add.
    """
    await conn.execute(
        """
        SELECT id FROM accounts
        WHERE id IN (
            SELECT same.same_id
            FROM refresh_tokens AS token JOIN same_person_accounts AS same ON same.account_id = token.account_id
            WHERE token.token_hash = $1)
        ORDER BY id
        FOR NO KEY UPDATE
        """,
        token_hash,
    )


async def lock_account(conn: Connection, account_id: AccountId) -> None:
    """Locks the account, as `lock_accounts_of_token` does for a token of it."""
    await conn.execute("SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account_id)


async def lock_accounts_of_person(conn: Connection, account_id: AccountId) -> None:
    """Locks the account and the person's other accounts, as `lock_accounts_of_token` does."""
    await conn.execute(
        """
        SELECT id FROM accounts
        WHERE id IN (SELECT same_id FROM same_person_accounts WHERE account_id = $1)
        ORDER BY id
        FOR NO KEY UPDATE
        """,
        account_id,
    )


async def find_refresh_token(conn: Connection, token_hash: bytes, *, grace_seconds: int) -> RefreshToken | None:
    """The token, valid or not; None if it is unknown."""
    row = await conn.fetchrow(
        """
        SELECT family, account_id, used_at IS NOT NULL AS used,
               coalesce(used_at > clock_timestamp() - make_interval(secs => $2), false) AS just_used,
               revoked_at IS NOT NULL OR expires_at <= clock_timestamp() AS ended
        FROM refresh_tokens
        WHERE token_hash = $1
        """,
        token_hash,
        grace_seconds,
    )
    return one(row, RefreshToken)


async def mark_token_used(conn: Connection, token_hash: bytes) -> None:
    """Records that the token was exchanged for its successor."""
    await conn.execute("UPDATE refresh_tokens SET used_at = clock_timestamp() WHERE token_hash = $1", token_hash)


async def revoke_family(conn: Connection, family: int) -> None:
    """Revokes all tokens of a sign-in."""
    await conn.execute(
        """
        WITH ended AS (
            UPDATE sign_ins SET ended_at = clock_timestamp() WHERE family = $1 AND ended_at IS NULL
        )
        UPDATE refresh_tokens SET revoked_at = now() WHERE family = $1 AND revoked_at IS NULL
        """,
        family,
    )


async def revoke_sign_ins(conn: Connection, account_id: AccountId) -> None:
    """Revokes all tokens of the account and of the person's other accounts."""
    await conn.execute(
        """
        WITH mine AS MATERIALIZED (
            SELECT same_id FROM same_person_accounts WHERE account_id = $1
        ), ended AS (
            UPDATE sign_ins SET ended_at = clock_timestamp()
            WHERE ended_at IS NULL AND account_id IN (SELECT same_id FROM mine)
        )
        UPDATE refresh_tokens SET revoked_at = now()
        WHERE revoked_at IS NULL AND account_id IN (SELECT same_id FROM mine)
        """,
        account_id,
    )


async def remove_old_codes(conn: Connection, *, hours: int) -> int:
    """Removes old codes and returns their number."""
    tag = await conn.execute("DELETE FROM sign_in_codes WHERE created_at < now() - make_interval(hours => $1)", hours)
    return int(tag.split()[-1])


async def remove_old_tokens(conn: Connection, *, hours: int) -> int:
    """Removes expired refresh tokens and returns their number. Used ones are kept until they expire, to detect a second use."""
    tag = await conn.execute("DELETE FROM refresh_tokens WHERE expires_at < now() - make_interval(hours => $1)", hours)
    return int(tag.split()[-1])
