"""The SQL of pushes: leased, tried, ended. Every end guards itself by the number of the try that it belongs to."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from feed.postgres import Connection, many

PushState = Literal["waiting", "delivered", "dead", "retracted"]
# So many failures in a row, and the receiver is taken for down: one probe at a time until it answers.
DOWN_AFTER = 5


class Attempt(msgspec.Struct, frozen=True):
    """One try of one push, ours alone to make until the lease ends."""

    inbox_id: int
    account_id: int
    tries: int
    tried_at: datetime


class Push(msgspec.Struct, frozen=True):
    """A push and what has become of it."""

    inbox_id: int
    state: PushState


async def mark_served(conn: Connection) -> None:
    """A worker stands ready: messages leave pushes for a day from now."""
    await conn.execute("UPDATE push_hook SET served_at = now()")


async def is_down(conn: Connection) -> bool:
    """Whether the receiver has not answered the last times."""
    down: bool = await conn.fetchval("SELECT failures >= $1 FROM push_hook", DOWN_AFTER)
    return down


async def take_probe(conn: Connection, *, apart: timedelta) -> bool:
    """Whether it is ours to try a receiver that is down: of all workers, one in so long."""
    taken = await conn.fetchval(
        "UPDATE push_hook SET probe_at = now() + $1::interval WHERE probe_at <= now() RETURNING true", apart
    )
    return taken is not None


async def mark_answering(conn: Connection) -> None:
    """The receiver is there."""
    await conn.execute("UPDATE push_hook SET failures = 0 WHERE failures > 0")


async def mark_failing(conn: Connection, *, pause: timedelta) -> None:
    """The receiver has failed once more; while it is down it is left alone for `pause`."""
    await conn.execute(
        "UPDATE push_hook SET failures = failures + 1, probe_at = greatest(probe_at, now() + $1::interval)", pause
    )


async def mark_patient(conn: Connection, *, pause: timedelta) -> None:
    """The receiver asks to be left alone for `pause`, whatever waits."""
    await conn.execute(
        """
        UPDATE push_hook
        SET failures = greatest(failures + 1, $2), probe_at = greatest(probe_at, now() + $1::interval)
        """,
        pause,
        DOWN_AFTER,
    )


async def lease_pushes(conn: Connection, *, limit: int, lease: timedelta) -> list[Attempt]:
    """The pushes that have waited longest. Whoever dies with one leaves it to others when the lease ends."""
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
    """Whether this attempt was still the last one. What was delivered after it was retracted is delivered all the same."""
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


async def mark_again(conn: Connection, attempt: Attempt, *, after: timedelta, error_code: str) -> bool:
    """Whether this attempt was still the last one; another one is made after so long."""
    again = await conn.fetchval(
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
    return again is not None


async def lock_push(conn: Connection, push_id: int) -> Push | None:
    """The push, held until the transaction ends."""
    row = await conn.fetchrow("SELECT inbox_id, state FROM pushes WHERE inbox_id = $1 FOR UPDATE", push_id)
    return None if row is None else msgspec.convert(row, Push)


async def mark_waiting(conn: Connection, push_id: int) -> None:
    """A dead one waits again, with all its tries before it."""
    await conn.execute(
        "UPDATE pushes SET state = 'waiting', tries = 0, due_at = now(), ended_at = NULL WHERE inbox_id = $1", push_id
    )


async def mark_all_waiting(conn: Connection) -> int:
    """Every dead one waits again; how many."""
    tag = await conn.execute(
        "UPDATE pushes SET state = 'waiting', tries = 0, due_at = now(), ended_at = NULL WHERE state = 'dead'"
    )
    return int(tag.split()[-1])


async def oldest_seconds(conn: Connection) -> float:
    """How long the oldest push that waits has been waiting; 0 without any."""
    seconds: float = await conn.fetchval(
        "SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 FROM pushes WHERE state = 'waiting'"
    )
    return seconds


async def remove_old(conn: Connection, *, days: int, dead_days: int) -> int:
    """How many were forgotten: ended ones after `days`, dead ones and those that nobody sends after `dead_days`."""
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
