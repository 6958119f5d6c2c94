"""The inbox of an account."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from feed.inbox.model import NotificationKind
from feed.postgres import Connection

# Limits the work of a count; a badge shows far less.
MAX_UNREAD = 1_000


class InboxItem(msgspec.Struct, frozen=True):
    """A notification; `deep_link` is the page of the app that it opens."""

    id: str
    kind: NotificationKind
    title: str
    body: str
    deep_link: str | None
    subject: dict[str, Any]
    read: bool
    created_at: datetime


async def list_inbox(
    conn: Connection, account_id: int, kinds: Sequence[NotificationKind], before_id: int, limit: int
) -> list[InboxItem]:
    """Notifications of these kinds with ids below `before_id`, newest first."""
    rows = await conn.fetch(
        """
        SELECT id, kind, title, body, deep_link, subject, read_at, created_at
        FROM shown_inbox
        WHERE account_id = $1 AND id < $2 AND kind = ANY ($3::text[])
        ORDER BY id DESC
        LIMIT $4
        """,
        account_id,
        before_id,
        kinds,
        limit,
    )
    return [
        InboxItem(
            id=str(row["id"]),
            kind=row["kind"],
            title=row["title"],
            body=row["body"],
            deep_link=row["deep_link"],
            subject=row["subject"],
            read=row["read_at"] is not None,
            created_at=row["created_at"],
        )
        for row in rows
    ]


async def count_unread(conn: Connection, account_id: int) -> int:
    """The number of unread notifications, MAX_UNREAD at most."""
    count: int = await conn.fetchval(
        """
        SELECT count(*) FROM (
            SELECT FROM shown_inbox WHERE account_id = $1 AND read_at IS NULL ORDER BY id DESC LIMIT $2
        ) AS unread
        """,
        account_id,
        MAX_UNREAD,
    )
    return count
