"""How long decided cases had waited, by hour and stage."""

from datetime import datetime

import msgspec

from feed.numbers import Range
from feed.postgres import Connection, many

HOURS = Range(1, 72)
HOURS_SHOWN = 24


class WaitingHour(msgspec.Struct, frozen=True):
    """The cases of a stage that were decided within an hour, and how many seconds they had waited at that stage.

    Half of them had waited `median_seconds` or less, nine of ten `slow_seconds` or less, none longer than `longest_seconds`.
    """

    hour: datetime
    stage: int
    decided: int
    late: int
    median_seconds: int
    slow_seconds: int
    longest_seconds: int


class WaitingTimes(msgspec.Struct, frozen=True):
    """The hours from `since` until now in which cases were decided, the earliest first."""

    since: datetime
    until: datetime
    hours: list[WaitingHour]


async def get_waiting_times(conn: Connection, hours: int) -> WaitingTimes:
    """How long the cases had waited that were decided within the last hours, the present one included."""
    since, until = await conn.fetchrow(  # type: ignore[misc]  # a row without FROM
        """
        SELECT date_trunc('hour', clock_timestamp() - make_interval(hours => $1 - 1)), clock_timestamp()
        """,
        hours,
    )
    # Ids begin with milliseconds, so the verdicts of some hours are a range of them.
    rows = await conn.fetch(
        """
        SELECT date_trunc('hour', made_at) AS hour, stage, count(*) AS decided, count(*) FILTER (WHERE is_late) AS late,
               (percentile_disc(0.5) WITHIN GROUP (ORDER BY waited))::int AS median_seconds,
               (percentile_disc(0.9) WITHIN GROUP (ORDER BY waited))::int AS slow_seconds,
               max(waited)::int AS longest_seconds
        FROM (
            SELECT verdicts.made_at, verdicts.stage, verdicts.made_at > cases.due_at AS is_late,
                   greatest(extract(epoch FROM verdicts.made_at - coalesce((
                       -- A later stage waits since the verdict of the one before it.
                       SELECT max(before.made_at)
                       FROM verdicts AS before
                       WHERE before.case_id = verdicts.case_id AND before.id < verdicts.id AND before.stage < verdicts.stage
                   ), cases.created_at)), 0) AS waited
            FROM verdicts
            JOIN cases ON cases.id = verdicts.case_id
            WHERE verdicts.id >= (extract(epoch FROM $1::timestamptz) * 1000)::bigint << 20
              AND verdicts.made_at >= $1 AND verdicts.undone_at IS NULL
        ) AS decided
        GROUP BY 1, 2
        ORDER BY 1, 2
        """,
        since,
    )
    return WaitingTimes(since, until, many(rows, WaitingHour))
