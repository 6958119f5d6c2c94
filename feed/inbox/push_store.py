"""SQL for pushes: lease, retry, end. Each update of an attempt checks that it is still the latest one."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from feed.postgres import Connection, many

PushState = Literal["waiting", "delivered", "dead", "retracted"]
# After this many consecutive failures the receiver is considered down: one probe at a time until it responds.
DOWN_AFTER = 5


class Attempt(msgspec.Struct, frozen=True):
    """One attempt at a push, exclusive to one worker until the lease ends."""

    inbox_id: int
    account_id: int
    tries: int
    tried_at: datetime


class Push(msgspec.Struct, frozen=True):
    """A push and its state."""

    inbox_id: int
    state: PushState


async def mark_served(conn: Connection) -> None:
    """Records that a worker serves the hook: for a day from now, notifications create pushes."""
    await conn.execute("UPDATE push_hook SET served_at = now()")


async def is_down(conn: Connection) -> bool:
    """Whether the receiver failed DOWN_AFTER consecutive times."""
    down: bool = await conn.fetchval("SELECT failures >= $1 FROM push_hook", DOWN_AFTER)
    return down


async def claim_probe(conn: Connection, *, apart: timedelta) -> bool:
    """Claims the next probe of a receiver that is down: of all workers, one per `apart`. Returns whether this one may."""
    taken = await conn.fetchval(
        "UPDATE push_hook SET probe_at = now() + $1::interval WHERE probe_at <= now() RETURNING true", apart
    )
    return taken is not None


async def reset_failures(conn: Connection) -> None:
    """Resets the failures of the receiver."""
    await conn.execute("UPDATE push_hook SET failures = 0 WHERE failures > 0")


async def add_failure(conn: Connection, *, pause: timedelta) -> None:
    """Counts a failure of the receiver; while it is down there is no probe for `pause`."""
    await conn.execute(
        "UPDATE push_hook SET failures = failures + 1, probe_at = greatest(probe_at, now() + $1::interval)", pause
    )


async def pause_hook(conn: Connection, *, pause: timedelta) -> None:
    """Treats the receiver as down for `pause`, because it sent Retry-After."""
    await conn.execute(
        """
        UPDATE push_hook
        SET failures = greatest(failures + 1, $2), probe_at = greatest(probe_at, now() + $1::interval)
        """,
        pause,
        DOWN_AFTER,
    )


async def lease_pushes(conn: Connection, *, limit: int, lease: timedelta) -> list[Attempt]:
    """Leases the pushes that have been due longest. After the end of the lease another worker may take them."""
    rows = await conn.fetch(
        """
        WITH due AS (
            SELECT inbox_id FROM pushes
            WHERE state = 'waiting' AND due_at <= now()
            ORDER BY due_at
            LIMIT $1
            FOR UPDATE SKIP LOCKED
        )
        UPDATE pushes
        SET tries = tries + 1, tried_at = clock_timestamp(), due_at = clock_timestamp() + $2::interval
        FROM due
        WHERE pushes.inbox_id = due.inbox_id
        RETURNING pushes.inbox_id, pushes.account_id, pushes.tries, pushes.tried_at
        """,
        limit,
        lease,
    )
    return many(rows, Attempt)


async def mark_ended(conn: Connection, attempt: Attempt, state: PushState, error_code: str | None) -> bool:
    """Ends a push. Returns whether this attempt was the latest. A push delivered after its retraction is delivered."""
    ended = await conn.fetchval(
        """
        UPDATE pushes SET state = $3, error_code = $4, ended_at = now()
        WHERE inbox_id = $1 AND tries = $2 AND state IN ('waiting', 'retracted')
        RETURNING true
        """,
        attempt.inbox_id,
        attempt.tries,
        state,
        error_code,
    )
    return ended is not None


async def mark_retry(conn: Connection, attempt: Attempt, *, after: timedelta, error_code: str) -> bool:
    """Schedules the next attempt after `after`. Returns whether this attempt was the latest."""
    scheduled = await conn.fetchval(
        """
        UPDATE pushes SET due_at = now() + $3::interval, error_code = $4
        WHERE inbox_id = $1 AND tries = $2 AND state = 'waiting'
        RETURNING true
        """,
        attempt.inbox_id,
        attempt.tries,
        after,
        error_code,
    )
    return scheduled is not None


async def lock_push(conn: Connection, push_id: int) -> Push | None:
    """The push, locked until the transaction ends; None if there is none."""
    row = await conn.fetchrow("SELECT inbox_id, state FROM pushes WHERE inbox_id = $1 FOR UPDATE", push_id)
    return None if row is None else msgspec.convert(row, Push)


async def mark_waiting(conn: Connection, push_id: int) -> None:
    """Queues a dead push again, with its attempts reset."""
    await conn.execute(
        "UPDATE pushes SET state = 'waiting', tries = 0, due_at = now(), ended_at = NULL WHERE inbox_id = $1", push_id
    )


async def mark_all_waiting(conn: Connection) -> int:
    """Queues every dead push again. Returns how many."""
    tag = await conn.execute(
        "UPDATE pushes SET state = 'waiting', tries = 0, due_at = now(), ended_at = NULL WHERE state = 'dead'"
    )
    return int(tag.split()[-1])


async def get_oldest_seconds(conn: Connection) -> float:
    """The age of the oldest waiting push in seconds; 0 without any."""
    seconds: float = await conn.fetchval(
        "SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 FROM pushes WHERE state = 'waiting'"
    )
    return seconds


async def remove_old(conn: Connection, *, days: int, dead_days: int) -> int:
    """Removes ended pushes after `days`, dead ones and unsent ones after `dead_days`. Returns how many."""
    tag = await conn.execute(
        """
        DELETE FROM pushes
        WHERE (ended_at < now() - make_interval(days => $1::integer) AND state <> 'dead')
            OR ended_at < now() - make_interval(days => $2::integer)
            OR (state = 'waiting' AND due_at < now() - make_interval(days => $2::integer))
        """,
        days,
        dead_days,
    )
    return int(tag.split()[-1])
