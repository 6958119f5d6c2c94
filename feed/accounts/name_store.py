"""SQL of names: who has one, who has given one up, and which are missing their key."""

from collections.abc import Mapping

import msgspec

from feed.accounts.model import AccountId
from feed.postgres import Connection, columns


class NameUse(msgspec.Struct, frozen=True):
    """Who uses a name besides the person that asks: staff, or any account now or until recently."""

    of_staff: bool
    taken: bool


async def lock_profile(conn: Connection, account_id: int) -> None:
    """Lets one change of the account's profile happen at a time, until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('feed.profile', $1))", account_id)


async def lock_name(conn: Connection, name_key: bytes) -> None:
    """Lets one account at a time ask for a name, until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 7))", name_key)


async def find_use(conn: Connection, name_key: bytes, *, person: bytes | None, reserved_days: int) -> NameUse:
    """How others use the name. `person` is that of the account that asks; None for an account without one yet."""
    row = await conn.fetchrow(
        """
        SELECT
            EXISTS (
                SELECT FROM accounts
                JOIN persons ON persons.account_id = accounts.id
                JOIN staff_rights AS rights ON rights.account_id = accounts.id AND rights.revoked_at IS NULL
                WHERE accounts.name_key = $1 AND accounts.erased_at IS NULL AND persons.person IS DISTINCT FROM $2
            ) AS of_staff,
            EXISTS (
                SELECT FROM accounts
                JOIN persons ON persons.account_id = accounts.id
                WHERE accounts.name_key = $1 AND accounts.erased_at IS NULL AND persons.person IS DISTINCT FROM $2
            ) OR EXISTS (
                SELECT FROM former_names AS former
                JOIN persons ON persons.account_id = former.account_id
                WHERE former.name_key = $1 AND former.left_at > now() - make_interval(days => $3)
                  AND persons.person IS DISTINCT FROM $2
            ) AS taken
        """,
        name_key,
        person,
        reserved_days,
    )
    assert row is not None
    return NameUse(row["of_staff"], row["taken"])


async def get_person(conn: Connection, account_id: int) -> bytes:
    """The key of the account's person."""
    person: bytes = await conn.fetchval("SELECT person FROM persons WHERE account_id = $1", account_id)
    return person


async def change_name(conn: Connection, account_id: int, name: str, *, name_key: bytes | None, is_unique: bool) -> None:
    """Gives the account a name; the former one stays reserved from now on. An erased account keeps its own.

    A leaving account gets it when its deletion is taken back.
    """
    await conn.execute(
        """
        WITH left_name AS (
            INSERT INTO former_names (name_key, account_id)
            SELECT name_key, id FROM accounts
            WHERE id = $1 AND erased_at IS NULL AND name_key IS NOT NULL AND name_key IS DISTINCT FROM $3
            ON CONFLICT (name_key, account_id) DO UPDATE SET left_at = excluded.left_at
        ), kept AS (
            UPDATE departures SET name = $2 WHERE account_id = $1 AND step <> 'returning'
        )
        UPDATE accounts
        SET name = CASE WHEN leaving_at IS NULL THEN $2 ELSE name END, name_key = $3::bytea,
            -- Another account of the person may have it already.
            unique_name_key = CASE
                WHEN $4 AND NOT EXISTS (SELECT FROM accounts AS other WHERE other.unique_name_key = $3 AND other.id <> $1) THEN $3
            END
        WHERE id = $1 AND erased_at IS NULL
        """,
        account_id,
        name,
        name_key,
        is_unique,
    )


async def give_up_name(conn: Connection, account_id: int) -> None:
    """Of an erased account: the name has no owner any more and stays reserved from now on."""
    await conn.execute(
        """
        WITH left_name AS (
            INSERT INTO former_names (name_key, account_id)
            SELECT name_key, id FROM accounts WHERE id = $1 AND name_key IS NOT NULL
            ON CONFLICT (name_key, account_id) DO UPDATE SET left_at = excluded.left_at
        )
        UPDATE accounts SET name_key = NULL, unique_name_key = NULL
        WHERE id = $1 AND (name_key IS NOT NULL OR unique_name_key IS NOT NULL)
        """,
        account_id,
    )


async def change_bio(conn: Connection, account_id: int, bio: str) -> None:
    """Changes the account's bio; that of a leaving account for the time when its deletion is taken back."""
    await conn.execute(
        """
        WITH kept AS (
            UPDATE departures SET bio = $2 WHERE account_id = $1 AND step <> 'returning'
        )
        UPDATE accounts SET bio = $2 WHERE id = $1 AND erased_at IS NULL AND leaving_at IS NULL
        """,
        account_id,
        bio,
    )


async def change_avatar(conn: Connection, account_id: int, avatar_url: str | None) -> None:
    """Changes the account's picture; that of a leaving account for the time when its deletion is taken back."""
    await conn.execute(
        """
        WITH kept AS (
            UPDATE departures SET avatar_url = $2 WHERE account_id = $1 AND step <> 'returning'
        )
        UPDATE accounts SET avatar_url = $2 WHERE id = $1 AND erased_at IS NULL AND leaving_at IS NULL
        """,
        account_id,
        avatar_url,
    )


async def change_badge(conn: Connection, account_id: int, badge: str | None) -> None:
    """Gives or takes the badge; that of a leaving account for the time when its deletion is taken back."""
    await conn.execute(
        """
        WITH kept AS (
            UPDATE departures SET badge = $2 WHERE account_id = $1 AND step <> 'returning'
        )
        UPDATE accounts SET badge = $2 WHERE id = $1 AND erased_at IS NULL AND leaving_at IS NULL
        """,
        account_id,
        badge,
    )


async def list_without_key(conn: Connection, limit: int) -> dict[AccountId, str]:
    """Names of accounts whose key is missing, locked; those that another transaction has locked are left out."""
    rows = await conn.fetch(
        """
        SELECT id, name FROM accounts
        WHERE name_key IS NULL AND erased_at IS NULL AND leaving_at IS NULL
        ORDER BY id
        LIMIT $1
        FOR NO KEY UPDATE SKIP LOCKED
        """,
        limit,
    )
    return {AccountId(row["id"]): row["name"] for row in rows}


async def add_keys(conn: Connection, keys: Mapping[AccountId, bytes]) -> None:
    """Stores the keys of names that had none."""
    await conn.execute(
        """
        UPDATE accounts SET name_key = given.name_key
        FROM unnest($1::bigint[], $2::bytea[]) AS given (id, name_key)
        WHERE accounts.id = given.id
        """,
        *columns(sorted(keys.items()), 2),
    )


async def remove_old_former_names(conn: Connection, *, days: int) -> int:
    """Removes the names that are not reserved any more, and returns their number."""
    tag = await conn.execute("DELETE FROM former_names WHERE left_at < now() - make_interval(days => $1)", days)
    return int(tag.split()[-1])
