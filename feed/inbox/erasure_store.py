"""SQL that erases an account from the inboxes: its own one, and its name in those of others."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from feed.inbox.model import NotificationKey
from feed.postgres import Connection, columns, many


class LikeNotice(msgspec.Struct, frozen=True):
    """A stored notification about the likes of a post."""

    id: int
    subject: dict[str, Any]


class ChangedNotice(NamedTuple):
    """What a stored notification says instead."""

    id: int
    template: str
    subject: dict[str, Any]
    params: dict[str, Any]


async def remove_account(conn: Connection, account_id: int, *, limit: int) -> int:
    """Removes some notifications and pushes of an account, and notifications of others that it alone caused. Returns how many."""
    removed: int = await conn.fetchval(
        """
        WITH notified AS (
            DELETE FROM inbox
            WHERE id IN (SELECT id FROM inbox WHERE account_id = $1 OR actor_id = $1 LIMIT $2)
            RETURNING 1
        ), pushed AS (
            DELETE FROM pushes WHERE inbox_id IN (SELECT inbox_id FROM pushes WHERE account_id = $1 LIMIT $2)
            RETURNING 1
        )
        SELECT (SELECT count(*) FROM notified) + (SELECT count(*) FROM pushed)
        """,
        account_id,
        limit,
    )
    return removed


async def lock_like_notices(conn: Connection, keys: Sequence[NotificationKey], account_id: int) -> list[LikeNotice]:
    """Those of the notifications about likes that name the account, locked."""
    rows = await conn.fetch(
        """
        SELECT inbox.id, inbox.subject
        FROM unnest($1::bigint[], $2::text[]) AS given (account_id, once_key)
        JOIN inbox ON inbox.account_id = given.account_id AND inbox.once_key = given.once_key
        WHERE inbox.subject -> 'user_ids' ? $3
        ORDER BY inbox.account_id, inbox.once_key
        FOR UPDATE OF inbox
        """,
        *columns(sorted(keys), 2),
        str(account_id),
    )
    return many(rows, LikeNotice)


async def change_notices(conn: Connection, notices: Sequence[ChangedNotice]) -> None:
    """Replaces what locked notifications say; their place and whether they are read stay."""
    await conn.execute(
        """
        UPDATE inbox SET title = '', body = '', template = given.template, subject = given.subject, params = given.params
        FROM unnest($1::bigint[], $2::text[], $3::jsonb[], $4::jsonb[]) AS given (id, template, subject, params)
        WHERE inbox.id = given.id
        """,
        *columns(notices, 4),
    )
