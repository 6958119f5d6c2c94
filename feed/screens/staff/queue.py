"""The state of the queue: how much waits, for how long, how much is decided in time, and who is on duty."""

from datetime import datetime

import msgspec

from feed.cases.model import Kind
from feed.postgres import Connection, many, one

# Who has leased or judged a case lately is at work.
_ACTIVE_MINUTES = 15


class QueuePart(msgspec.Struct, frozen=True):
    """The open cases of a kind at a stage. `overdue`: past their due time. `oldest_at`: since when the oldest one waits."""

    kind: Kind
    stage: int
    open: int
    overdue: int
    leased: int
    oldest_at: datetime
    next_due_at: datetime


class ServiceLevel(msgspec.Struct, frozen=True):
    """The cases of a kind that were decided within the last day, and how many of them before they were due."""

    kind: Kind
    decided: int
    in_time: int


class OnDuty(msgspec.Struct, frozen=True):
    """Persons, not accounts: who may review now, and who of them has leased or judged a case within a quarter of an hour."""

    persons: int
    active: int


class QueueSummary(msgspec.Struct, frozen=True):
    """The queue as a whole, and by kind and stage."""

    open: int
    overdue: int
    oldest_at: datetime | None
    parts: list[QueuePart]
    last_day: list[ServiceLevel]
    on_duty: OnDuty


async def get_queue(conn: Connection) -> QueueSummary:
    """The state of the queue now."""
    parts = await list_parts(conn)
    return QueueSummary(
        open=sum(each.open for each in parts),
        overdue=sum(each.overdue for each in parts),
        oldest_at=min((each.oldest_at for each in parts), default=None),
        parts=parts,
        last_day=await list_service_levels(conn),
        on_duty=await count_on_duty(conn),
    )


async def list_parts(conn: Connection) -> list[QueuePart]:
    """The open cases by kind and stage."""
    rows = await conn.fetch(
        """
        SELECT kind, stage, count(*) AS open, count(*) FILTER (WHERE due_at <= clock_timestamp()) AS overdue,
               count(*) FILTER (WHERE lease_holder(leased_by, leased_until) IS NOT NULL) AS leased,
               min(created_at) AS oldest_at, min(due_at) AS next_due_at
        FROM cases
        WHERE state = 'open'
        GROUP BY kind, stage
        ORDER BY kind, stage
        """
    )
    return many(rows, QueuePart)


async def list_service_levels(conn: Connection) -> list[ServiceLevel]:
    """By kind, the cases that were decided within the last day."""
    # Ids begin with milliseconds, so the verdicts of a day are a range of them.
    rows = await conn.fetch(
        """
        SELECT cases.kind, count(*) AS decided, count(*) FILTER (WHERE verdicts.made_at <= cases.due_at) AS in_time
        FROM verdicts
        JOIN cases ON cases.id = verdicts.case_id
        WHERE verdicts.id >= (extract(epoch FROM clock_timestamp() - interval '1 day') * 1000)::bigint << 20
          AND verdicts.undone_at IS NULL AND verdicts.verdict <> 'escalate'
        GROUP BY cases.kind
        ORDER BY cases.kind
        """
    )
    return many(rows, ServiceLevel)


async def count_on_duty(conn: Connection) -> OnDuty:
    """The persons who may review now, and those of them who are at work."""
    counts = one(
        await conn.fetchrow(
            """
            SELECT count(DISTINCT persons.person) AS persons,
                   count(DISTINCT persons.person) FILTER (WHERE EXISTS (
                       SELECT FROM cases WHERE cases.leased_by = rights_now.account_id AND cases.leased_until > clock_timestamp()
                   ) OR EXISTS (
                       SELECT FROM verdicts
                       WHERE verdicts.reviewer_id = rights_now.account_id
                         AND verdicts.id >= (extract(epoch FROM clock_timestamp() - make_interval(mins => $1)) * 1000)::bigint << 20
                   )) AS active
            FROM rights_now
            JOIN persons ON persons.account_id = rights_now.account_id
            """,
            _ACTIVE_MINUTES,
        ),
        OnDuty,
    )
    assert counts is not None
    return counts
