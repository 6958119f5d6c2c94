"""SQL of erasing accounts: the row at once, everything else in steps afterwards."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.accounts.model import AccountId, AccountNotFound
from feed.postgres import Connection, one

ERASED_NAME = "已注销用户"
# The issuer of erased accounts, whose subjects are their ids. No token names it.
ERASED_ISSUER = "erased"


class ErasedSubject(msgspec.Struct, frozen=True):
    """The latest erasure of a subject, and the account that it had; None for a subject that had none."""

    account_id: AccountId | None
    erased_at: datetime


class Identity(msgspec.Struct, frozen=True):
    """Issuer, subject and name of an account."""

    iss: str
    sub: str
    name: str


class Sweep(msgspec.Struct, frozen=True):
    """The next responses to sweep of a name: of requests from `begin` until `end`. `is_over`: none is left."""

    name: str
    begin: datetime
    end: datetime
    is_over: bool


async def lock_identity(conn: Connection, account_id: int) -> Identity | None:
    """Issuer, subject and name of an account, locked; None for an unknown account and for one without an identity any more."""
    row = await conn.fetchrow(
        "SELECT iss, sub, name FROM accounts WHERE id = $1 AND iss <> $2 FOR NO KEY UPDATE", account_id, ERASED_ISSUER
    )
    return one(row, Identity)


async def erase_row(conn: Connection, account_id: int, subject: bytes, *, swept_name: str | None) -> None:
    """Erases the row of a locked account and queues the erasure of everything else; a second time changes nothing.

    `swept_name` is the name that responses of the last day may contain; None: it was not shown for so long.

    The keyed hash of the phone stays for a time: the person's engagement in campaigns and sanctions depend on it, and it identifies
    no person without the key. `subject` is the keyed hash of issuer and subject.
    """
    await conn.execute(
        """
        WITH erased AS (
            UPDATE accounts
            SET iss = $3, sub = id::text, name = $4, bio = '', avatar_url = NULL, badge = NULL, phone_sealed = NULL,
                age_band = NULL, age_band_by_app = false,
                erased_at = coalesce(erased_at, clock_timestamp())
            WHERE id = $1 AND iss <> $3
            RETURNING id, erased_at
        ), departed AS (
            DELETE FROM departures USING erased WHERE account_id = erased.id
        ), queued AS (
            INSERT INTO erasures (account_id, name, swept_at)
            SELECT id, $5, CASE WHEN $5::text IS NOT NULL THEN clock_timestamp() - interval '25 hours' END FROM erased
            ON CONFLICT (account_id) DO NOTHING
        )
        INSERT INTO erased_subjects (subject, account_id, erased_at)
        SELECT $2, id, erased_at FROM erased
        ON CONFLICT (subject) DO UPDATE SET account_id = excluded.account_id, erased_at = excluded.erased_at
        """,
        account_id,
        subject,
        ERASED_ISSUER,
        ERASED_NAME,
        swept_name,
    )


async def find_sweep(conn: Connection, account_id: int) -> Sweep | None:
    """The name and the next responses to sweep, an hour of them at most; None when that is over.

    Only those of requests a minute ago: the response to a later one may still be stored.
    """
    row = await conn.fetchrow(
        """
        SELECT erasures.name, swept_at AS begin,
               least(swept_at + interval '1 hour', clock_timestamp() - interval '1 minute') AS end,
               swept_at >= erased_at + interval '10 seconds' AS is_over
        FROM erasures JOIN accounts ON accounts.id = erasures.account_id
        WHERE account_id = $1 AND erasures.name IS NOT NULL
        """,
        account_id,
    )
    return one(row, Sweep)


async def mark_swept(conn: Connection, account_id: int, until: datetime | None) -> None:
    """Records up to when responses are swept; None: all of them, and the name is forgotten."""
    await conn.execute(
        """
        UPDATE erasures SET swept_at = $2, name = CASE WHEN $2::timestamptz IS NULL THEN NULL ELSE name END
        WHERE account_id = $1
        """,
        account_id,
        until,
    )


async def add_subject(conn: Connection, subject: bytes) -> bool:
    """Records the erasure of a subject without an account. Returns whether it is new."""
    return bool(
        await conn.fetchval(
            """
            INSERT INTO erased_subjects (subject, erased_at) VALUES ($1, clock_timestamp())
            ON CONFLICT (subject) DO NOTHING
            RETURNING true
            """,
            subject,
        )
    )


async def find_subject(conn: Connection, subject: bytes) -> ErasedSubject | None:
    """The latest erasure of the subject."""
    row = await conn.fetchrow("SELECT account_id, erased_at FROM erased_subjects WHERE subject = $1", subject)
    return one(row, ErasedSubject)


async def carry_sanctions(conn: Connection, erased_id: int, account_id: int) -> None:
    """Imposes the running sanctions of an erased account on the subject's next one.

    Not of an account with a phone: its sanctions hold for the person, and the next account of the phone is that person's.
    """
    await conn.execute(
        """
        INSERT INTO sanctions (account_id, kind, reason_code, starts_at, until, imposed_by)
        SELECT $2, kind, reason_code, now(), until, imposed_by
        FROM sanctions JOIN accounts ON accounts.id = sanctions.account_id
        WHERE account_id = $1 AND accounts.person IS NULL AND lifted_at IS NULL
            AND (until IS NULL OR until > clock_timestamp())
        """,
        erased_id,
        account_id,
    )


async def end_access(conn: Connection, account_id: int) -> None:
    """Ends the account's sign-ins."""
    await conn.execute(
        """
        WITH ended AS (
            UPDATE sign_ins SET ended_at = clock_timestamp() WHERE account_id = $1 AND ended_at IS NULL
        )
        UPDATE refresh_tokens SET revoked_at = now() WHERE account_id = $1 AND revoked_at IS NULL
        """,
        account_id,
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
    """The erased account of which something is to be erased now, the one that waits longest first."""
    account_id: AccountId | None = await conn.fetchval(
        "SELECT account_id FROM erasures WHERE next_at <= clock_timestamp() ORDER BY next_at, account_id LIMIT 1"
    )
    return account_id


async def postpone(conn: Connection, account_id: int, *, seconds: int) -> None:
    """Looks at the account again after this time."""
    await conn.execute(
        "UPDATE erasures SET next_at = clock_timestamp() + make_interval(secs => $2) WHERE account_id = $1",
        account_id,
        seconds,
    )


async def mark_content_erased(conn: Connection, account_id: int, *, after_seconds: int) -> bool:
    """Records that everything is erased. False: `after_seconds` since the erasure are not over, so that writes may be in flight, or responses
    are still to be swept."""
    return bool(
        await conn.fetchval(
            """
            WITH done AS (
                UPDATE accounts SET content_erased_at = clock_timestamp()
                FROM erasures
                WHERE id = $1 AND erasures.account_id = $1 AND erasures.name IS NULL
                  AND erased_at < clock_timestamp() - make_interval(secs => $2)
                RETURNING id
            )
            DELETE FROM erasures USING done WHERE account_id = done.id RETURNING true
            """,
            account_id,
            after_seconds,
        )
    )


async def remove_account_rows(conn: Connection, account_id: int, *, limit: int) -> int:
    """Removes settings, sign-ins, the name for signatures, times of events, and blocks and mutes of and by the account. Returns how many rows."""
    removed: int = await conn.fetchval(
        """
        WITH settings AS (
            DELETE FROM account_settings WHERE account_id = $1 RETURNING 1
        ), marks AS (
            DELETE FROM account_marks WHERE account_id = $1 RETURNING 1
        ), tokens AS (
            DELETE FROM refresh_tokens WHERE account_id = $1 RETURNING 1
        ), printed AS (
            DELETE FROM bylines WHERE account_id = $1 RETURNING 1
        ), sessions AS (
            DELETE FROM sign_ins WHERE account_id = $1 RETURNING 1
        ), of_browsers AS (
            DELETE FROM web_sessions WHERE account_id = $1 RETURNING 1
        ), tickets AS (
            DELETE FROM web_tickets WHERE account_id = $1 RETURNING 1
        ), related AS (
            DELETE FROM relations WHERE (account_id, target_id, kind) IN (
                SELECT account_id, target_id, kind FROM relations
                WHERE account_id = $1 OR (target_id = $1 AND kind = 'block')
                LIMIT $2
            ) RETURNING 1
        )
        SELECT (SELECT count(*) FROM settings) + (SELECT count(*) FROM marks) + (SELECT count(*) FROM tokens)
            + (SELECT count(*) FROM printed) + (SELECT count(*) FROM sessions)
            + (SELECT count(*) FROM of_browsers) + (SELECT count(*) FROM tickets) + (SELECT count(*) FROM related)
        """,
        account_id,
        limit,
    )
    return removed


async def remove_next_person(conn: Connection) -> AccountId | None:
    """Removes the keyed hashes of the phones of one erased account that nothing depends on any more. Returns its id.

    They stay while a campaign that began before the erasure is not over, because one person is counted once and wins once, and
    while a sanction is running, because it holds for the person's next account.
    """
    account_id: AccountId | None = await conn.fetchval(
        """
        WITH next AS (
            SELECT id FROM accounts
            WHERE erased_at IS NOT NULL AND content_erased_at IS NOT NULL AND person IS NOT NULL
              AND NOT EXISTS (
                  SELECT FROM sanctions
                  WHERE sanctions.account_id = accounts.id AND lifted_at IS NULL
                    AND (until IS NULL OR until > clock_timestamp())
              )
              AND NOT EXISTS (
                  SELECT FROM campaigns
                  WHERE starts_at < accounts.erased_at AND published_at IS NOT NULL AND final_at IS NULL AND cancelled_at IS NULL
              )
            ORDER BY erased_at
            LIMIT 1
            FOR NO KEY UPDATE SKIP LOCKED
        ), former AS (
            DELETE FROM former_persons USING next WHERE former_persons.account_id = next.id
        )
        UPDATE accounts SET person = NULL, phone_verified_at = NULL FROM next WHERE accounts.id = next.id
        RETURNING accounts.id
        """
    )
    return account_id


async def remove_old_subjects(conn: Connection, *, days: int) -> int:
    """Removes the hashes of subjects that were erased so long ago that no token of then is valid, without those of running sanctions."""
    tag = await conn.execute(
        """
        DELETE FROM erased_subjects
        WHERE erased_at < now() - make_interval(days => $1) AND NOT EXISTS (
            SELECT FROM sanctions
            WHERE sanctions.account_id = erased_subjects.account_id AND lifted_at IS NULL
              AND (until IS NULL OR until > clock_timestamp())
        )
        """,
        days,
    )
    return int(tag.split()[-1])


async def list_unnamed_ids(conn: Connection, account_ids: Sequence[int]) -> set[int]:
    """The ids without an account that is named to others: of accounts that are unknown, erased or leave."""
    rows = await conn.fetch(
        """
        SELECT given.id FROM unnest($1::bigint[]) AS given (id)
        WHERE NOT EXISTS (
            SELECT FROM accounts WHERE accounts.id = given.id AND accounts.erased_at IS NULL AND accounts.leaving_at IS NULL
        )
        """,
        account_ids,
    )
    return {row["id"] for row in rows}


async def require_row(conn: Connection, account_id: int) -> None:
    """Raises AccountNotFound for an id that no account has had; an erased account still has its row."""
    if not await conn.fetchval("SELECT EXISTS (SELECT FROM accounts WHERE id = $1)", account_id):
        raise AccountNotFound
