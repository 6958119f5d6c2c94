"""The SQL of quotas: what a phone and the site were sent on a day of Shanghai."""

from datetime import datetime

from feed.postgres import Connection


async def lock_person(conn: Connection, person: bytes) -> None:
    """Until the transaction ends: notices to one phone are counted one after another."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('sms ' || encode($1, 'hex'), 0))", person)


async def count_notices(conn: Connection, person: bytes) -> int:
    """How many notices were handed over for a phone today; one that the provider has given back does not count."""
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


async def take_of_day(conn: Connection, *, most: int) -> bool:
    """Counts one notice of the site's today. False when there are `most` already."""
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


async def give_back(conn: Connection, taken_at: datetime) -> None:
    """What was taken at that moment was not sent."""
    await conn.execute(
        """
        UPDATE message_days SET handed_over = handed_over - 1
        WHERE day = ($1::timestamptz AT TIME ZONE 'UTC' + interval '8 hours')::date AND handed_over > 0
        """,
        taken_at,
    )


async def remove_old_days(conn: Connection, *, days: int) -> None:
    """Nobody asks about them any more."""
    await conn.execute("DELETE FROM message_days WHERE day < (now() AT TIME ZONE 'UTC')::date - $1::integer", days)
