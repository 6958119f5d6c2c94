"""Pushes: the bodies that are sent to the push hook, and the list that staff see."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from feed.inbox.model import NotificationKind, PushNotFound
from feed.inbox.push_store import PushState
from feed.links import DEFAULT_LINKS, Links
from feed.postgres import Connection, many
from feed.screens.people.inbox import MAX_UNREAD, read_texts
from feed.screens.posts.cards import Id


class Recipient(msgspec.Struct, frozen=True):
    """The recipient: account id, and issuer and subject, by which the app's backend knows its user."""

    id: Id
    iss: str
    sub: str


class PushBody(msgspec.Struct, frozen=True):
    """The body of a push: the notification as it is shown in the inbox now, title and body in Chinese.

    From `template` and `params` a receiver may make its own words; `template` is null for a notification of an earlier version.
    """

    id: Id
    kind: NotificationKind
    user: Recipient
    title: str
    body: str
    deep_link: str | None
    subject: dict[str, Any]
    unread_count: int
    created_at: datetime
    template: str | None
    params: dict[str, Any]


class PushCard(msgspec.Struct, frozen=True):
    """A push as staff see it, without its text. `kind` is null where the notification is deleted."""

    id: Id
    user_id: Id
    kind: NotificationKind | None
    state: PushState
    tries: int
    error_code: str | None
    created_at: datetime
    tried_at: datetime | None
    due_at: datetime
    ended_at: datetime | None


async def list_bodies(conn: Connection, inbox_ids: Sequence[int], links: Links = DEFAULT_LINKS) -> dict[int, PushBody]:
    """Push bodies by notification id, without notifications that are no longer shown and recipients that are erased or banned."""
    rows = await conn.fetch(
        """
        WITH recipients AS MATERIALIZED (
            -- The unread count is computed once per recipient, not once per notification.
            SELECT notified.account_id, (
                SELECT count(*) FROM (
                    SELECT FROM shown_inbox AS other
                    WHERE other.account_id = notified.account_id AND other.read_at IS NULL ORDER BY other.id DESC LIMIT $2
                ) AS unread
            ) AS unread_count
            FROM (SELECT DISTINCT account_id FROM inbox WHERE id = ANY ($1::bigint[])) AS notified
            JOIN standings_now AS standing ON standing.account_id = notified.account_id AND NOT standing.banned
        )
        SELECT shown.id, shown.kind, shown.title, shown.body, shown.template, shown.params, shown.deep_link, shown.subject,
               shown.created_at,
               accounts.id AS account_id, accounts.iss, accounts.sub, recipients.unread_count
        FROM shown_inbox AS shown
        JOIN recipients ON recipients.account_id = shown.account_id
        JOIN accounts ON accounts.id = shown.account_id
        WHERE shown.id = ANY ($1::bigint[])
        """,
        inbox_ids,
        MAX_UNREAD,
    )
    texts = await read_texts(conn, rows, "zh-CN")
    return {
        row["id"]: PushBody(
            id=str(row["id"]),
            kind=row["kind"],
            user=Recipient(str(row["account_id"]), row["iss"], row["sub"]),
            title=texts[row["id"]].title,
            body=texts[row["id"]].body,
            deep_link=links.deep_link(row["deep_link"]),
            subject=texts[row["id"]].subject,
            unread_count=row["unread_count"],
            created_at=row["created_at"],
            template=texts[row["id"]].template,
            params=texts[row["id"]].params,
        )
        for row in rows
    }


async def list_pushes(conn: Connection, states: Sequence[PushState], before_id: int, limit: int) -> list[PushCard]:
    """Pushes in these states with ids below `before_id`, newest first."""
    rows = await conn.fetch(
        """
        SELECT pushes.inbox_id::text AS id, pushes.account_id::text AS user_id, inbox.kind, pushes.state, pushes.tries,
               pushes.error_code, pushes.created_at, pushes.tried_at, pushes.due_at, pushes.ended_at
        FROM pushes
        LEFT JOIN inbox ON inbox.id = pushes.inbox_id
        WHERE pushes.inbox_id < $2 AND pushes.state = ANY ($1::text[])
        ORDER BY pushes.inbox_id DESC
        LIMIT $3
        """,
        states,
        before_id,
        limit,
    )
    return many(rows, PushCard)


async def get_push(conn: Connection, push_id: int) -> PushCard:
    """One push. Raises PushNotFound."""
    row = await conn.fetchrow(
        """
        SELECT pushes.inbox_id::text AS id, pushes.account_id::text AS user_id, inbox.kind, pushes.state, pushes.tries,
               pushes.error_code, pushes.created_at, pushes.tried_at, pushes.due_at, pushes.ended_at
        FROM pushes
        LEFT JOIN inbox ON inbox.id = pushes.inbox_id
        WHERE pushes.inbox_id = $1
        """,
        push_id,
    )
    if row is None:
        raise PushNotFound
    return msgspec.convert(row, PushCard)
