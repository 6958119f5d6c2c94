"""SQL for notice quotas: what one phone and the whole site were sent on a day in Shanghai time."""

from datetime import datetime

from feed.postgres import Connection


async def lock_person(conn: Connection, person: bytes) -> None:
    """Serialises counting of notices to one phone, until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('sms ' || encode($1, 'hex'), 0))", person)


async def count_notices(conn: Connection, person: bytes) -> int:
    """How many notices for this phone were given to the provider today, without those that it did not accept."""
    count: int = await conn.fetchval(
        """
        SELECT count(*)
        FROM messages
        WHERE person = $1 AND purpose <> 'sign_in_code' AND state NOT IN ('queued', 'expired')
          AND sending_at >= date_trunc('day', clock_timestamp() AT TIME ZONE 'UTC' + interval '8 hours')
              AT TIME ZONE 'UTC' - interval '8 hours'
        """,
        person,
    )
    return count


async def add_to_day(conn: Connection, *, most: int) -> bool:
    """Counts one notice for the site today. Returns False when there are `most` already."""
    taken = await conn.fetchval(
        """
        INSERT INTO message_days AS held (day, handed_over)
        VALUES ((clock_timestamp() AT TIME ZONE 'UTC' + interval '8 hours')::date, 1)
        ON CONFLICT (day) DO UPDATE SET handed_over = held.handed_over + 1 WHERE held.handed_over < $1
        RETURNING true
        """,
        most,
    )
    return taken is not None


async def subtract_from_day(conn: Connection, taken_at: datetime) -> None:
    """Reverses `add_to_day` for a notice counted at `taken_at` that was not sent."""
    await conn.execute(
        """
        UPDATE message_days SET handed_over = handed_over - 1
        WHERE day = ($1::timestamptz AT TIME ZONE 'UTC' + interval '8 hours')::date AND handed_over > 0
        """,
        taken_at,
    )


async def remove_old_days(conn: Connection, *, days: int) -> None:
    """Removes counts older than `days` days."""
    await conn.execute("DELETE FROM message_days WHERE day < (now() AT TIME ZONE 'UTC')::date - $1::integer", days)
