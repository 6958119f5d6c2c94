"""SQL of the app's account events: received event ids, and the time of the newest applied event."""

from datetime import datetime
from typing import Literal

from feed.postgres import Connection

Subject = Literal["name", "ban"]


async def add_event(conn: Connection, event_id: str) -> bool:
    """Records an event id. Returns whether it is new; a concurrent duplicate waits for the first transaction."""
    return bool(
        await conn.fetchval(
            "INSERT INTO account_events (event_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING true", event_id
        )
    )


async def mark_applied(conn: Connection, account_id: int, subject: Subject, happened_at: datetime) -> bool:
    """Records the time of an event to apply. False: a newer event of the same subject was applied before."""
    return bool(
        await conn.fetchval(
            """
            INSERT INTO account_marks (account_id, subject, happened_at)
            VALUES ($1, $2, $3)
            ON CONFLICT (account_id, subject) DO UPDATE SET happened_at = excluded.happened_at
            WHERE account_marks.happened_at <= excluded.happened_at
            RETURNING true
            """,
            account_id,
            subject,
            happened_at,
        )
    )


async def remove_old_events(conn: Connection, *, hours: int) -> int:
    """Removes old event ids and returns their number: the app repeats no event so late, and the times of applied events stay."""
    tag = await conn.execute("DELETE FROM account_events WHERE received_at < now() - make_interval(hours => $1)", hours)
    return int(tag.split()[-1])
