"""The SQL of the inbox. With each message goes its push, while a worker serves the hook."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from feed.inbox.model import Key, NewInbox, key_of
from feed.postgres import Connection, columns


async def add_inbox(conn: Connection, rows: Sequence[NewInbox]) -> list[int]:
    """The ids of the messages that are new; a person has each `once_key` once."""
    ordered = sorted(rows, key=key_of)
    added = await conn.fetch(
        """
        WITH added AS (
            INSERT INTO inbox (account_id, kind, title, body, once_key, deep_link, subject,
                               about_post_id, about_comment_id, actor_id)
            SELECT account_id, kind, title, body, once_key, deep_link, subject, about_post_id, about_comment_id, actor_id
            FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[],
                        $8::bigint[], $9::bigint[], $10::bigint[])
                WITH ORDINALITY AS given (account_id, kind, title, body, once_key, deep_link, subject,
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


async def move_inbox(conn: Connection, rows: Sequence[tuple[NewInbox, timedelta]]) -> None:
    """Puts each message on top and unread, under a new id, in place of the one that has its `once_key`.

    Its push goes at once, but not sooner after the last one of that message than the interval beside it.
    """
    ordered = sorted(rows, key=lambda pair: key_of(pair[0]))
    await conn.execute(
        """
        WITH given AS (
            SELECT account_id, kind, title, body, once_key, deep_link, subject, about_post_id, about_comment_id,
                   actor_id, apart, place
            FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[],
                        $8::bigint[], $9::bigint[], $10::bigint[], $11::interval[])
                WITH ORDINALITY AS given (account_id, kind, title, body, once_key, deep_link, subject, about_post_id,
                                          about_comment_id, actor_id, apart, place)
        ), moved AS (
            INSERT INTO inbox (account_id, kind, title, body, once_key, deep_link, subject,
                               about_post_id, about_comment_id, actor_id)
            SELECT account_id, kind, title, body, once_key, deep_link, subject, about_post_id, about_comment_id, actor_id
            FROM given
            ORDER BY place
            ON CONFLICT (account_id, once_key) DO UPDATE
            SET id = excluded.id, title = excluded.title, body = excluded.body, deep_link = excluded.deep_link,
                subject = excluded.subject, actor_id = excluded.actor_id, created_at = excluded.created_at, read_at = NULL
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


async def change_inbox(conn: Connection, rows: Sequence[NewInbox]) -> set[Key]:
    """Gives messages that are there another text and leaves them where and as they are; which those were."""
    ordered = sorted(rows, key=key_of)
    changed = await conn.fetch(
        """
        UPDATE inbox
        SET title = given.title, body = given.body, subject = given.subject, actor_id = given.actor_id
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::bigint[])
            AS given (account_id, once_key, title, body, subject, actor_id)
        WHERE inbox.account_id = given.account_id AND inbox.once_key = given.once_key
        RETURNING inbox.account_id, inbox.once_key
        """,
        *columns([(r.account_id, r.once_key, r.title, r.body, r.subject, r.actor_id) for r in ordered], 6),
    )
    return {(row["account_id"], row["once_key"]) for row in changed}


async def remove_inbox(conn: Connection, keys: Sequence[Key]) -> None:
    """Takes messages back, read or not. A push that still waits finds nothing to tell."""
    await conn.execute(
        """
        DELETE FROM inbox
        USING unnest($1::bigint[], $2::text[]) AS given (account_id, once_key)
        WHERE inbox.account_id = given.account_id AND inbox.once_key = given.once_key
        """,
        *columns(sorted(keys), 2),
    )


async def remove_account(conn: Connection, account_id: int) -> None:
    """Forgets what an account was told, and what others were told that it alone has done."""
    await conn.execute("DELETE FROM inbox WHERE account_id = $1 OR actor_id = $1", account_id)


async def remove_unseen(conn: Connection, account_id: int, once_key: str) -> bool:
    """Takes a message back that its owner can have seen nowhere: neither read nor pushed. Whether there was one."""
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
    """Everything up to and with that message has been seen."""
    await conn.execute(
        "UPDATE inbox SET read_at = clock_timestamp() WHERE account_id = $1 AND id <= $2 AND read_at IS NULL",
        account_id,
        until_id,
    )


def _columns(rows: Sequence[NewInbox]) -> list[list[Any]]:
    return columns(
        [
            (
                row.account_id,
                row.kind,
                row.title,
                row.body,
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
