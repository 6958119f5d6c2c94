"""The SQL of the inbox."""

from collections.abc import Sequence

from feed.inbox.model import NewInbox
from feed.postgres import Connection, columns


async def add_inbox(conn: Connection, rows: Sequence[NewInbox]) -> list[int]:
    """The ids of the messages that are new; a person has each `once_key` once."""
    # One order for everybody: two transactions that write to the same people cannot deadlock.
    ordered = sorted(rows, key=lambda row: (row.account_id, row.once_key))
    added = await conn.fetch(
        """
        INSERT INTO inbox (account_id, kind, title, body, once_key, deep_link, subject)
        SELECT account_id, kind, title, body, once_key, deep_link, subject
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[])
            WITH ORDINALITY AS given (account_id, kind, title, body, once_key, deep_link, subject, place)
        ORDER BY place
        ON CONFLICT (account_id, once_key) DO NOTHING
        RETURNING id
        """,
        *columns([(r.account_id, r.kind, r.title, r.body, r.once_key, r.deep_link, r.subject) for r in ordered], 7),
    )
    return [row["id"] for row in added]


async def mark_read(conn: Connection, account_id: int, until_id: int) -> None:
    """Everything up to and with that message has been seen."""
    await conn.execute(
        "UPDATE inbox SET read_at = clock_timestamp() WHERE account_id = $1 AND id <= $2 AND read_at IS NULL",
        account_id,
        until_id,
    )
