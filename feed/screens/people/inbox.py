"""The inbox of an account."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from asyncpg import Record

from feed.accounts import blocks, erasure_store
from feed.inbox.model import NotificationKind
from feed.links import DEFAULT_LINKS, Links
from feed.notifications.model import likes_template
from feed.postgres import Connection
from feed.screens.notices.render import render
from feed.screens.notices.template import Words

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


class NotificationText(NamedTuple):
    """What a notification says now. `template` is None for one of a version that stored sentences, in Chinese."""

    title: str
    body: str
    subject: dict[str, Any]
    template: str | None
    params: dict[str, Any]


async def read_texts(conn: Connection, rows: Sequence[Record], language: str) -> dict[int, NotificationText]:
    """The texts of notifications by id, as their recipients read them now, in `en` or `zh-CN`.

    A row has `id`, `account_id`, `kind`, `title`, `body`, `subject`, `template`, `params`.

    The one about the likes of a post names no account that has been erased since, or leaves, or that the recipient and a block or mute keep apart.
    """
    named = {
        row["id"]: (row["account_id"], [int(user_id) for user_id in row["subject"].get("user_ids", ())])
        for row in rows
        if row["kind"] == "like"
    }
    pairs = [(recipient, user_id) for recipient, user_ids in named.values() for user_id in user_ids]
    hidden: set[tuple[int, int]] = set()
    if pairs:
        unnamed = await erasure_store.list_unnamed_ids(conn, [user_id for _, user_id in pairs])
        hidden = await blocks.list_hidden_pairs(conn, pairs) | {pair for pair in pairs if pair[1] in unnamed}
    texts: dict[int, NotificationText] = {}
    for row in rows:
        subject = row["subject"]
        recipient, user_ids = named.get(row["id"], (row["account_id"], []))
        shown = [place for place, user_id in enumerate(user_ids) if (recipient, user_id) not in hidden]
        template, params = row["template"], row["params"]
        if len(shown) < len(user_ids):
            names = [subject["names"][place] for place in shown]
            subject = subject | {"user_ids": [subject["user_ids"][place] for place in shown], "names": names}
            template, params = (
                likes_template(len(names), subject["count"]),
                {"names": names, "count": subject["count"]},
            )
        words = Words(row["title"], row["body"]) if template is None else render(template, params, language)
        texts[row["id"]] = NotificationText(words.title, words.body, subject, template, params)
    return texts


async def list_inbox(
    conn: Connection,
    account_id: int,
    kinds: Sequence[NotificationKind],
    before_id: int,
    limit: int,
    *,
    language: str = "zh-CN",
    links: Links = DEFAULT_LINKS,
) -> list[InboxItem]:
    """Notifications of these kinds with ids below `before_id`, newest first, in `en` or `zh-CN`."""
    rows = await conn.fetch(
        """
        SELECT id, account_id, kind, title, body, template, params, deep_link, subject, read_at, created_at
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
    texts = await read_texts(conn, rows, language)
    return [
        InboxItem(
            id=str(row["id"]),
            kind=row["kind"],
            title=texts[row["id"]].title,
            body=texts[row["id"]].body,
            deep_link=links.deep_link(row["deep_link"]),
            subject=texts[row["id"]].subject,
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
