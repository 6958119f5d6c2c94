"""SQL of reviewed changes of profiles, and of the names that admins protect."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.cases.holds import State
from feed.postgres import Connection, many, one
from feed.profiles.model import Change, ProfileField, ReservedNameId, Scope


class ReservedNameRow(msgspec.Struct, frozen=True):
    """A row of `reserved_names`."""

    id: ReservedNameId
    name: str
    scope: Scope
    created_at: datetime


async def is_verified(conn: Connection, account_id: int) -> bool:
    """Whether the account has a verified phone."""
    found: bool | None = await conn.fetchval("SELECT person IS NOT NULL FROM accounts WHERE id = $1", account_id)
    return bool(found)


async def find_open_case(conn: Connection, account_id: int, field: ProfileField) -> int | None:
    """The case of the account's latest change of this field, if there was one. It may be closed."""
    case_id: int | None = await conn.fetchval(
        "SELECT case_id FROM profile_changes WHERE account_id = $1 AND field = $2 ORDER BY id DESC LIMIT 1",
        account_id,
        field,
    )
    return case_id


async def lock_change(conn: Connection, case_id: int) -> Change | None:
    """The change that a case is about, locked until the transaction ends."""
    row = await conn.fetchrow(
        """
        SELECT id, account_id, case_id, field, former, value, former_key, value_key, is_protected, is_unique, state
        FROM profile_changes WHERE case_id = $1 FOR UPDATE
        """,
        case_id,
    )
    return one(row, Change)


async def is_latest(conn: Connection, change: Change) -> bool:
    """Whether no later change of this field is known."""
    later = await conn.fetchval(
        "SELECT true FROM profile_changes WHERE account_id = $1 AND field = $2 AND id > $3 LIMIT 1",
        change.account_id,
        change.field,
        change.id,
    )
    return later is None


async def is_waiting_elsewhere(conn: Connection, name_key: bytes, account_id: int) -> bool:
    """Whether another person's name that waits for a review is this one."""
    found = await conn.fetchval(
        """
        SELECT true FROM profile_changes
        WHERE value_key = $1 AND state = 'pending'
          AND account_id NOT IN (SELECT same_id FROM same_person_accounts WHERE account_id = $2)
        LIMIT 1
        """,
        name_key,
        account_id,
    )
    return found is not None


async def add_change(conn: Connection, change: Change) -> None:
    """Adds a change, whose `id` is given by the database, or replaces what its case is about by it."""
    await conn.execute(
        """
        INSERT INTO profile_changes
            (account_id, case_id, field, former, value, former_key, value_key, is_protected, is_unique, state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (case_id) DO UPDATE
        SET value = excluded.value, value_key = excluded.value_key, is_protected = excluded.is_protected,
            is_unique = excluded.is_unique, state = excluded.state, changed_at = now()
        """,
        *msgspec.structs.astuple(change)[1:],
    )


async def mark_state(conn: Connection, change_id: int, state: State) -> None:
    """Records the state of a change after a verdict."""
    await conn.execute(
        "UPDATE profile_changes SET state = $2, changed_at = now() WHERE id = $1",
        change_id,
        state,
    )


async def list_cases_of(conn: Connection, account_id: int) -> list[int]:
    """The cases of all changes of an account's profile, by id."""
    rows = await conn.fetch("SELECT case_id FROM profile_changes WHERE account_id = $1 ORDER BY case_id", account_id)
    return [row["case_id"] for row in rows]


async def remove_changes(conn: Connection, account_id: int) -> None:
    """Removes what is known of the changes of an account's profile."""
    await conn.execute("DELETE FROM profile_changes WHERE account_id = $1", account_id)


async def list_reserved(conn: Connection, limit: int) -> list[ReservedNameRow]:
    """The names that admins have protected or set free, the latest first."""
    rows = await conn.fetch(
        "SELECT id, name, scope, created_at FROM reserved_names ORDER BY id DESC LIMIT $1",
        limit,
    )
    return many(rows, ReservedNameRow)


async def page_reserved(conn: Connection, before_id: int, limit: int) -> list[ReservedNameRow]:
    """A page of that list, from below an id."""
    rows = await conn.fetch(
        "SELECT id, name, scope, created_at FROM reserved_names WHERE id < $1 ORDER BY id DESC LIMIT $2",
        before_id,
        limit,
    )
    return many(rows, ReservedNameRow)


async def count_reserved(conn: Connection) -> int:
    """How many names the list has."""
    count: int = await conn.fetchval("SELECT count(*) FROM reserved_names")
    return count


async def put_reserved(conn: Connection, name: str, scope: Scope, *, by: int) -> ReservedNameRow | None:
    """Adds a name to the list or changes its scope. None if it is listed so already."""
    row = await conn.fetchrow(
        """
        INSERT INTO reserved_names (name, scope, created_by) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET scope = excluded.scope, created_by = excluded.created_by
        WHERE reserved_names.scope <> excluded.scope
        RETURNING id, name, scope, created_at
        """,
        name,
        scope,
        by,
    )
    return one(row, ReservedNameRow)


async def get_reserved(conn: Connection, name: str) -> ReservedNameRow | None:
    """The entry of a name."""
    row = await conn.fetchrow("SELECT id, name, scope, created_at FROM reserved_names WHERE name = $1", name)
    return one(row, ReservedNameRow)


async def remove_reserved(conn: Connection, id_: ReservedNameId) -> bool:
    """Removes a name from the list. False if it is not there."""
    removed = await conn.fetchval("DELETE FROM reserved_names WHERE id = $1 RETURNING true", id_)
    return removed is not None


def of_scope(rows: Sequence[ReservedNameRow], scope: Scope) -> list[str]:
    """The names with this scope."""
    return [row.name for row in rows if row.scope == scope]


async def find_avatar(conn: Connection, account_id: int) -> str | None:
    """The path of the picture that the account shows; of a leaving one that it would have again."""
    path: str | None = await conn.fetchval(
        """
        SELECT coalesce(departures.avatar_url, accounts.avatar_url)
        FROM accounts
        LEFT JOIN departures ON departures.account_id = accounts.id AND departures.step <> 'returning'
        WHERE accounts.id = $1
        """,
        account_id,
    )
    return path


async def has_avatar(conn: Connection, account_id: int, path: str) -> bool:
    """Whether the account's picture with this path is not removed."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (
                SELECT FROM media WHERE owner_id = $1 AND key = split_part($2, '/', 1) AND used_as = 'avatar' AND removed_at IS NULL
            )
            """,
            account_id,
            path,
        )
    )


async def list_hidden_avatars(conn: Connection, account_id: int, *, path: str) -> list[int]:
    """The account's picture with this path, unless it is the one that it shows."""
    rows = await conn.fetch(
        """
        SELECT media.id
        FROM media JOIN accounts ON accounts.id = media.owner_id
        WHERE media.owner_id = $1 AND media.used_as = 'avatar' AND media.removed_at IS NULL
            AND media.key = split_part($2, '/', 1) AND accounts.avatar_url IS DISTINCT FROM $2
        """,
        account_id,
        path,
    )
    return [row["id"] for row in rows]


async def list_shown_avatars(conn: Connection, account_ids: Sequence[int]) -> list[int]:
    """The pictures that the accounts show."""
    rows = await conn.fetch(
        """
        SELECT media.id
        FROM media JOIN accounts ON accounts.id = media.owner_id
        WHERE media.owner_id = ANY ($1::bigint[]) AND media.used_as = 'avatar' AND media.removed_at IS NULL
            AND starts_with(accounts.avatar_url, media.key || '/')
        ORDER BY media.id
        """,
        account_ids,
    )
    return [row["id"] for row in rows]


async def list_unused_avatars(conn: Connection, account_id: int, *, decided: int | None) -> list[int]:
    """The account's pictures that it does not show, and that no verdict can show again."""
    rows = await conn.fetch(
        """
        SELECT media.id
        FROM media
        WHERE media.owner_id = $1 AND media.used_as = 'avatar' AND media.removed_at IS NULL
            AND NOT EXISTS (
                SELECT FROM accounts WHERE accounts.id = $1 AND starts_with(accounts.avatar_url, media.key || '/')
            )
            AND NOT EXISTS (
                SELECT FROM departures WHERE account_id = $1 AND starts_with(departures.avatar_url, media.key || '/')
            )
            AND NOT EXISTS (
                SELECT FROM profile_changes AS changes
                JOIN cases ON cases.id = changes.case_id
                WHERE changes.account_id = $1 AND changes.field = 'avatar'
                    AND (starts_with(changes.value, media.key || '/') OR starts_with(changes.former, media.key || '/'))
                    AND (
                        (cases.state = 'open' AND cases.id IS DISTINCT FROM $2)
                        OR (
                            changes.state IN ('rejected', 'removed') AND NOT EXISTS (
                                SELECT FROM profile_changes AS later
                                WHERE later.account_id = $1 AND later.field = 'avatar' AND later.id > changes.id
                            )
                        )
                    )
            )
        ORDER BY media.id
        """,
        account_id,
        decided,
    )
    return [row["id"] for row in rows]
