"""SQL of accounts, staff rights and standing."""

from collections.abc import Mapping, Sequence

from feed.accounts.model import UNRESTRICTED, Account, AccountId, AccountNotFound, KnownAccount, Role, Standing
from feed.limits.model import Owner
from feed.postgres import Connection, Pool, columns, one


async def find_or_add(
    conn: Connection, *, iss: str, sub: str, name: str, name_key: bytes | None = None, is_unique: bool = False
) -> AccountId:
    """The account of a subject, created at its first request. `name` and its key are used for a new account only."""
    # The empty update makes RETURNING return the row on a conflict, which only concurrent first requests cause.
    return AccountId(
        await conn.fetchval(
            """
            WITH known AS (
                SELECT id FROM accounts WHERE iss = $1 AND sub = $2
            ), added AS (
                INSERT INTO accounts (iss, sub, name, name_key, unique_name_key)
                SELECT $1, $2, $3, $4::bytea,
                       CASE WHEN $5 AND NOT EXISTS (SELECT FROM accounts WHERE unique_name_key = $4) THEN $4 END
                WHERE NOT EXISTS (SELECT FROM known)
                ON CONFLICT (iss, sub) DO UPDATE SET sub = excluded.sub
                RETURNING id
            )
            SELECT id FROM known UNION ALL SELECT id FROM added
            """,
            iss,
            sub,
            name,
            name_key,
            is_unique,
        )
    )


async def list_known_accounts(
    conn: Connection, subjects: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], KnownAccount]:
    """The accounts of these subjects (issuer, subject); subjects without an account and erased accounts are absent."""
    rows = await conn.fetch(
        """
        SELECT accounts.iss, accounts.sub, accounts.id, persons.person,
               EXISTS (
                   SELECT FROM staff_rights AS rights
                   WHERE rights.account_id = accounts.id AND rights.by_claim AND rights.revoked_at IS NULL
               ) AS has_claimed_roles,
               extract(epoch FROM clock_timestamp() - accounts.created_at)::float8 AS age_seconds,
               accounts.person IS NOT NULL AS verified, accounts.age_band
        FROM unnest($1::text[], $2::text[]) AS given (iss, sub)
        JOIN accounts ON accounts.iss = given.iss AND accounts.sub = given.sub
        JOIN persons ON persons.account_id = accounts.id
        WHERE accounts.erased_at IS NULL
        """,
        *columns(subjects, 2),
    )
    return {
        (row["iss"], row["sub"]): KnownAccount(
            row["id"], row["person"], row["has_claimed_roles"], row["age_seconds"], row["verified"], row["age_band"]
        )
        for row in rows
    }


async def change_phone(conn: Connection, account_id: AccountId, *, person: bytes, phone_sealed: bytes) -> bool:
    """Records a verified phone, and the former one's person. False when the account has this person already."""
    return bool(
        await conn.fetchval(
            """
            WITH former AS (
                INSERT INTO former_persons (account_id, person)
                SELECT id, person FROM accounts WHERE id = $1 AND person <> $2
                ON CONFLICT (account_id, person) DO UPDATE SET left_at = excluded.left_at
            )
            UPDATE accounts
            SET person = $2, phone_sealed = $3, phone_verified_at = now(),
                -- The protection of the person holds for the account too.
                protected_until = greatest(protected_until, (
                    SELECT max(same.protected_until)
                    FROM persons JOIN accounts AS same ON same.id = persons.account_id
                    WHERE persons.person = $2
                ))
            WHERE id = $1 AND person IS DISTINCT FROM $2
            RETURNING true
            """,
            account_id,
            person,
            phone_sealed,
        )
    )


async def find_account(conn: Connection, account_id: int) -> Account | None:
    """The account, unless it is unknown or erased."""
    row = await conn.fetchrow(
        """
        SELECT id, iss, sub, name, bio, avatar_url, badge, person, phone_sealed, post_count, created_at, erased_at, leaving_at,
               avatar_address(avatar_url) AS avatar_address,
               EXISTS (SELECT FROM taken_down_accounts WHERE taken_down_accounts.account_id = accounts.id) AS is_taken_down
        FROM accounts
        WHERE id = $1 AND erased_at IS NULL
        """,
        account_id,
    )
    return one(row, Account)


async def get_account(conn: Connection, account_id: int) -> Account:
    """The account. Raises AccountNotFound."""
    account = await find_account(conn, account_id)
    if account is None:
        raise AccountNotFound
    return account


async def find_by_sub(conn: Connection, *, iss: str, sub: str) -> AccountId | None:
    """The account of a subject, unless it is unknown or erased."""
    account_id: AccountId | None = await conn.fetchval(
        "SELECT id FROM accounts WHERE iss = $1 AND sub = $2 AND erased_at IS NULL", iss, sub
    )
    return account_id


async def change_post_counts(conn: Connection, changes: Mapping[int, int]) -> None:
    """Adds to the numbers of visible posts, by account; the rows are locked in the order of their ids."""
    await conn.execute(
        """
        WITH held AS MATERIALIZED (
            SELECT id FROM accounts WHERE id = ANY ($1::bigint[]) ORDER BY id FOR NO KEY UPDATE
        )
        UPDATE accounts SET post_count = post_count + given.by
        FROM held JOIN unnest($1::bigint[], $2::bigint[]) AS given (id, by) ON given.id = held.id
        WHERE accounts.id = held.id
        """,
        list(changes),
        list(changes.values()),
    )


async def list_rights(conn: Connection, account_id: int) -> list[Role]:
    """The roles of which the account may make use now: none while its person is banned, or when it is erased."""
    rows = await conn.fetch("SELECT role FROM rights_now WHERE account_id = $1 ORDER BY role", account_id)
    return [row["role"] for row in rows]


async def list_with_rights(conn: Connection, account_ids: Sequence[int], roles: Sequence[Role]) -> set[int]:
    """Those of the accounts that may make use of one of the roles now."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT account_id FROM rights_now
        WHERE account_id = ANY ($1::bigint[]) AND role = ANY ($2::text[])
        """,
        account_ids,
        roles,
    )
    return {row["account_id"] for row in rows}


async def list_roles(conn: Connection, account_id: int) -> list[Role]:
    """The roles that the account has been granted. What it may do is `list_rights`."""
    rows = await conn.fetch(
        "SELECT role FROM staff_rights WHERE account_id = $1 AND revoked_at IS NULL ORDER BY role", account_id
    )
    return [row["role"] for row in rows]


async def grant_role(conn: Connection, account_id: int, role: Role, *, by: int | None) -> bool:
    """Grants a role. Returns whether it is new."""
    return bool(
        await conn.fetchval(
            """
            INSERT INTO staff_rights (account_id, role, granted_by) VALUES ($1, $2, $3)
            ON CONFLICT (account_id, role) WHERE revoked_at IS NULL DO NOTHING
            RETURNING true
            """,
            account_id,
            role,
            by,
        )
    )


async def grant_named_role(
    conn: Connection, account_id: int, role: Role, *, issued_after: float | None, by_claim: bool
) -> bool:
    """Grants a role that a token names, unless any role was revoked since the token was issued, for any account of the person.

    Any: who was dismissed as an editor does not come back as a reviewer, by an earlier token that names both.
    Returns whether it is new. `issued_after` None: the token is older than any revocation. `by_claim`: it is a token of the app, and
    the role ends with the first later one that does not name it.
    """
    return bool(
        await conn.fetchval(
            """
            INSERT INTO staff_rights (account_id, role, by_claim, named_at)
            SELECT $1, $2, $3, to_timestamp($4)
            WHERE NOT EXISTS (
                SELECT FROM same_person_accounts AS same
                JOIN staff_rights AS former ON former.account_id = same.same_id
                WHERE same.account_id = $1 AND former.revoked_at IS NOT NULL
                    AND coalesce(former.revoked_as_of, former.revoked_at) >= coalesce(to_timestamp($4), '-infinity')
            )
            ON CONFLICT (account_id, role) WHERE revoked_at IS NULL DO NOTHING
            RETURNING true
            """,
            account_id,
            role,
            by_claim,
            issued_after,
        )
    )


async def mark_named(conn: Connection, account_id: int, roles: Sequence[str], *, issued_after: float | None) -> None:
    """Records that a token of the app names these roles, so that an older one that does not ends none of them."""
    await conn.execute(
        """
        UPDATE staff_rights SET named_at = to_timestamp($3)
        WHERE account_id = $1 AND by_claim AND revoked_at IS NULL AND role = ANY ($2::text[])
            AND (named_at IS NULL OR named_at < to_timestamp($3))
        """,
        account_id,
        roles,
        issued_after,
    )


async def revoke_unnamed_roles(
    conn: Connection, account_id: int, named: Sequence[str], *, issued_after: float | None
) -> list[Role]:
    """Revokes the roles from tokens of the app that this one does not name, unless a later one did; returns them."""
    rows = await conn.fetch(
        """
        UPDATE staff_rights SET revoked_at = now(), revoked_as_of = to_timestamp($3)
        WHERE account_id = $1 AND by_claim AND revoked_at IS NULL AND role <> ALL ($2::text[])
            AND (named_at IS NULL OR named_at <= to_timestamp($3))
        RETURNING role
        """,
        account_id,
        named,
        issued_after,
    )
    return [row["role"] for row in rows]


async def revoke_all_roles(conn: Connection, account_id: int) -> list[Role]:
    """Revokes all roles of an account and returns them."""
    rows = await conn.fetch(
        "UPDATE staff_rights SET revoked_at = now() WHERE account_id = $1 AND revoked_at IS NULL RETURNING role",
        account_id,
    )
    return [row["role"] for row in rows]


async def lock_admins(conn: Connection) -> set[int]:
    """The ids of all admins, whose rights are locked until the transaction ends."""
    rows = await conn.fetch(
        "SELECT account_id FROM staff_rights WHERE role = 'admin' AND revoked_at IS NULL ORDER BY id FOR UPDATE"
    )
    return {row["account_id"] for row in rows}


async def revoke_role(conn: Connection, account_id: int, role: Role, *, by: int | None) -> bool:
    """Revokes a role. Returns whether the account had it."""
    return bool(
        await conn.fetchval(
            """
            UPDATE staff_rights SET revoked_at = now(), revoked_by = $3
            WHERE account_id = $1 AND role = $2 AND revoked_at IS NULL
            RETURNING true
            """,
            account_id,
            role,
            by,
        )
    )


async def list_standings(conn: Connection, account_ids: Sequence[int]) -> dict[int, Standing]:
    """The standing of those of the accounts that are banned or muted now, by a sanction of the person or as erased, or that leave."""
    rows = await conn.fetch(
        """
        SELECT account_id, banned, muted, leaving
        FROM standings_now
        WHERE account_id = ANY ($1::bigint[]) AND (banned OR muted OR leaving)
        """,
        account_ids,
    )
    return {
        row["account_id"]: Standing(banned=row["banned"], muted=row["muted"], leaving=row["leaving"]) for row in rows
    }


async def get_standing(conn: Connection, account_id: int) -> Standing:
    """The standing of one account."""
    return (await list_standings(conn, [account_id])).get(account_id, UNRESTRICTED)


async def are_one_person(conn: Connection, first: int, second: int) -> bool:
    """Whether two accounts are one person where it takes two: the same account, or two that have had the same verified phone.

    With former phones: who changes the phone of one account between two acts would be two people.
    """
    return bool(
        await conn.fetchval(
            """
            WITH had AS (
                SELECT account_id, person FROM persons WHERE account_id = ANY (ARRAY[$1, $2]::bigint[])
                UNION ALL
                SELECT account_id, person FROM former_persons WHERE account_id = ANY (ARRAY[$1, $2]::bigint[])
            )
            SELECT EXISTS (
                SELECT FROM had AS one JOIN had AS other USING (person) WHERE one.account_id = $1 AND other.account_id = $2
            )
            """,
            first,
            second,
        )
    )


async def list_same_person(conn: Connection, account_id: int) -> list[AccountId]:
    """The accounts of the person behind the account, itself included, by id."""
    rows = await conn.fetch(
        "SELECT same_id FROM same_person_accounts WHERE account_id = $1 ORDER BY same_id", account_id
    )
    return [AccountId(row["same_id"]) for row in rows]


async def list_of_person(conn: Connection, person: bytes) -> list[AccountId]:
    """The accounts whose verified phone has this keyed hash, by id."""
    rows = await conn.fetch("SELECT account_id FROM persons WHERE person = $1 ORDER BY account_id", person)
    return [AccountId(row["account_id"]) for row in rows]


async def lock_same_person(conn: Connection, account_id: int) -> list[AccountId]:
    """The accounts of the person behind the account, itself included, by id, locked until the transaction ends; their posts and likes
    do not wait."""
    rows = await conn.fetch(
        """
        SELECT accounts.id
        FROM accounts
        WHERE accounts.id = ANY (ARRAY (SELECT same_id FROM same_person_accounts WHERE account_id = $1))
        ORDER BY accounts.id
        FOR NO KEY UPDATE
        """,
        account_id,
    )
    return [AccountId(row["id"]) for row in rows]


async def list_unknown_ids(conn: Connection, account_ids: Sequence[int]) -> list[int]:
    """The ids without an account, or with an erased one."""
    rows = await conn.fetch(
        """
        SELECT given.id FROM unnest($1::bigint[]) AS given (id)
        WHERE NOT EXISTS (SELECT FROM accounts WHERE accounts.id = given.id AND accounts.erased_at IS NULL)
        """,
        account_ids,
    )
    return [row["id"] for row in rows]


async def list_repeated_persons(conn: Connection, account_ids: Sequence[int]) -> list[int]:
    """Those of the accounts whose person is already among them by an account with a lower id."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT account_id
        FROM same_person_accounts
        WHERE account_id = ANY($1::bigint[]) AND same_id = ANY($1::bigint[]) AND same_id < account_id
        ORDER BY account_id
        """,
        account_ids,
    )
    return [row["account_id"] for row in rows]


async def list_owners(pool: Pool, account_ids: Sequence[int]) -> dict[int, Owner]:
    """The owners of those accounts that exist."""
    rows = await pool.fetch(
        """
        SELECT accounts.id, persons.person, extract(epoch FROM clock_timestamp() - accounts.created_at)::float8 AS age_seconds
        FROM accounts JOIN persons ON persons.account_id = accounts.id
        WHERE accounts.id = ANY ($1::bigint[])
        """,
        account_ids,
    )
    return {row["id"]: Owner(row["person"], row["age_seconds"]) for row in rows}
