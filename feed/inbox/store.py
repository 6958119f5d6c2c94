"""SQL for the inbox. Each notification creates its push, while a worker serves the hook."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from feed.inbox.model import NewNotification, NotificationKey, notification_key, stored_params
from feed.postgres import Connection, columns


async def add_notifications(conn: Connection, rows: Sequence[NewNotification]) -> list[int]:
    """Adds notifications, each `once_key` once per account. Returns the ids of the new ones."""
    ordered = sorted(rows, key=notification_key)
    added = await conn.fetch(
        """
        WITH added AS (
            INSERT INTO inbox (account_id, kind, template, params, once_key, deep_link, subject,
                               about_post_id, about_comment_id, actor_id)
            SELECT account_id, kind, template, params, once_key, deep_link, subject, about_post_id, about_comment_id, actor_id
            FROM unnest($1::bigint[], $2::text[], $3::text[], $4::jsonb[], $5::text[], $6::text[], $7::jsonb[],
                        $8::bigint[], $9::bigint[], $10::bigint[])
                WITH ORDINALITY AS given (account_id, kind, template, params, once_key, deep_link, subject,
                                          about_post_id, about_comment_id, actor_id, place)
            ORDER BY place
            ON CONFLICT (account_id, once_key) DO NOTHING
            RETURNING id, account_id, once_key
        ), queued AS (
            INSERT INTO pushes (inbox_id, account_id, once_key)
            SELECT added.id, added.account_id, added.once_key
            FROM added, push_hook
            WHERE push_hook.served_at > now() - interval '1 day'
        )
        SELECT id FROM added
        """,
        *_columns(ordered),
    )
    return [row["id"] for row in added]


async def replace_notifications(conn: Connection, rows: Sequence[tuple[NewNotification, timedelta]]) -> None:
    """Replaces each notification with the same `once_key` by a new, unread one at the top, under a new id.

    Each row comes with the minimum interval between two pushes of that notification.
    """
    ordered = sorted(rows, key=lambda pair: notification_key(pair[0]))
    await conn.execute(
        """
        WITH given AS (
            SELECT account_id, kind, template, params, once_key, deep_link, subject, about_post_id, about_comment_id,
                   actor_id, apart, place
            FROM unnest($1::bigint[], $2::text[], $3::text[], $4::jsonb[], $5::text[], $6::text[], $7::jsonb[],
                        $8::bigint[], $9::bigint[], $10::bigint[], $11::interval[])
                WITH ORDINALITY AS given (account_id, kind, template, params, once_key, deep_link, subject, about_post_id,
                                          about_comment_id, actor_id, apart, place)
        ), moved AS (
            INSERT INTO inbox (account_id, kind, template, params, once_key, deep_link, subject,
                               about_post_id, about_comment_id, actor_id)
            SELECT account_id, kind, template, params, once_key, deep_link, subject, about_post_id, about_comment_id, actor_id
            FROM given
            ORDER BY place
            ON CONFLICT (account_id, once_key) DO UPDATE
            SET id = excluded.id, title = '', body = '', template = excluded.template, params = excluded.params,
                deep_link = excluded.deep_link, subject = excluded.subject, actor_id = excluded.actor_id, created_at = excluded.created_at, read_at = NULL
            RETURNING id, account_id, once_key
        ), outdated AS (
            UPDATE pushes SET state = 'retracted', ended_at = now()
            FROM moved
            WHERE pushes.account_id = moved.account_id AND pushes.once_key = moved.once_key AND pushes.state = 'waiting'
        )
        INSERT INTO pushes (inbox_id, account_id, once_key, due_at)
        SELECT moved.id, moved.account_id, moved.once_key, greatest(now(), earlier.tried_at + given.apart)
        FROM moved
        JOIN given ON given.account_id = moved.account_id AND given.once_key = moved.once_key
        JOIN push_hook ON push_hook.served_at > now() - interval '1 day'
        CROSS JOIN LATERAL (
            SELECT max(tried_at) AS tried_at FROM pushes
            WHERE pushes.account_id = moved.account_id AND pushes.once_key = moved.once_key
        ) AS earlier
        """,
        *_columns([row for row, _ in ordered]),
        [apart for _, apart in ordered],
    )


async def change_notifications(conn: Connection, rows: Sequence[NewNotification]) -> set[NotificationKey]:
    """Changes what existing notifications say, and neither position nor read state. Returns the keys of those found."""
    ordered = sorted(rows, key=notification_key)
    changed = await conn.fetch(
        """
        UPDATE inbox
        SET title = '', body = '', template = given.template, params = given.params, subject = given.subject,
            actor_id = given.actor_id
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::jsonb[], $5::jsonb[], $6::bigint[])
            AS given (account_id, once_key, template, params, subject, actor_id)
        WHERE inbox.account_id = given.account_id AND inbox.once_key = given.once_key
        RETURNING inbox.account_id, inbox.once_key
        """,
        *columns([(r.account_id, r.once_key, r.template, stored_params(r), r.subject, r.actor_id) for r in ordered], 6),
    )
    return {(row["account_id"], row["once_key"]) for row in changed}


async def remove_notifications(conn: Connection, keys: Sequence[NotificationKey]) -> None:
    """Removes notifications, read or not. Their waiting pushes are retracted when they are due."""
    await conn.execute(
        """
        DELETE FROM inbox
        USING unnest($1::bigint[], $2::text[]) AS given (account_id, once_key)
        WHERE inbox.account_id = given.account_id AND inbox.once_key = given.once_key
        """,
        *columns(sorted(keys), 2),
    )


async def remove_unseen(conn: Connection, account_id: int, once_key: str) -> bool:
    """Removes a notification that was neither read nor pushed. Returns whether there was one."""
    removed = await conn.fetchval(
        """
        DELETE FROM inbox
        WHERE account_id = $1 AND once_key = $2 AND read_at IS NULL
            AND NOT EXISTS (SELECT FROM pushes WHERE pushes.inbox_id = inbox.id AND tries > 0)
        RETURNING true
        """,
        account_id,
        once_key,
    )
    return removed is not None


async def mark_read(conn: Connection, account_id: int, until_id: int) -> None:
    """Marks notifications up to and including `until_id` as read."""
    await conn.execute(
        "UPDATE inbox SET read_at = clock_timestamp() WHERE account_id = $1 AND id <= $2 AND read_at IS NULL",
        account_id,
        until_id,
    )


def _columns(rows: Sequence[NewNotification]) -> list[list[Any]]:
    return columns(
        [
            (
                row.account_id,
                row.kind,
                row.template,
                stored_params(row),
                row.once_key,
                row.deep_link,
                row.subject,
                row.about_post_id,
                row.about_comment_id,
                row.actor_id,
            )
            for row in rows
        ],
        10,
    )


async def replace_texts(
    conn: Connection, account_ids: Sequence[int], key_prefix: str, *, campaign_id: int, template: str
) -> None:
    """Replaces what notifications about a campaign say whose key begins with `key_prefix`, and the rest of the key.

    `template` takes no parameters. A push that waits is sent with the new text.
    """
    await conn.execute(
        """
        WITH replaced AS (
            UPDATE inbox SET title = '', body = '', template = $4, params = '{}', once_key = $2 || id
            WHERE account_id = ANY ($1::bigint[]) AND starts_with(once_key, $2) AND subject ->> 'campaign_id' = $3
            RETURNING id, once_key
        )
        UPDATE pushes SET once_key = replaced.once_key FROM replaced WHERE pushes.inbox_id = replaced.id
        """,
        account_ids,
        key_prefix,
        str(campaign_id),
        template,
    )
