"""The SQL of purges of a CDN: enqueue, lease, retry, end. Each update of an attempt checks that it is still the latest one."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import msgspec

from feed.media.model import RemovedFor
from feed.postgres import Connection, many, one

PurgeReason = RemovedFor | Literal["hidden"]
PurgeState = Literal["waiting", "delivered", "dead"]
# After this many consecutive failures the receiver is considered down: one probe at a time until it responds.
DOWN_AFTER = 5


class PurgeAttempt(msgspec.Struct, frozen=True):
    """One attempt at a purge, exclusive to one worker until the lease ends. `purged`: a call for it was accepted before."""

    id: int
    media_id: int
    reason: PurgeReason
    paths: list[str]
    tries: int
    purged: bool


class Purge(msgspec.Struct, frozen=True):
    """A purge and its state."""

    id: int
    state: PurgeState


class PurgeBacklog(msgspec.Struct, frozen=True):
    """How long purges have waited, and how many were given up."""

    oldest_seconds: float
    dead: int


async def add(conn: Connection, media_ids: Sequence[int], reason: PurgeReason) -> int:
    """Enqueues a purge of each medium that may have been public: ready, and attached to something. Returns how many."""
    tag = await conn.execute(
        """
        INSERT INTO media_purges (media_id, reason, paths)
        SELECT id, $2, (SELECT array_agg(media.key || '/' || (rendition ->> 'file')) FROM jsonb_array_elements(renditions) AS rendition)
        FROM media
        WHERE id = ANY ($1::bigint[]) AND state = 'ready' AND used_as IS NOT NULL
        ORDER BY id
        """,
        media_ids,
        reason,
    )
    return int(tag.split()[-1])


async def is_down(conn: Connection) -> bool:
    """Whether the receiver failed DOWN_AFTER consecutive times."""
    down: bool = await conn.fetchval("SELECT failures >= $1 FROM purge_hook", DOWN_AFTER)
    return down


async def claim_probe(conn: Connection, *, apart: timedelta) -> bool:
    """Claims the next probe of a receiver that is down: of all workers, one per `apart`. Returns whether this one may."""
    taken = await conn.fetchval(
        "UPDATE purge_hook SET probe_at = now() + $1::interval WHERE probe_at <= now() RETURNING true", apart
    )
    return taken is not None


async def reset_failures(conn: Connection) -> None:
    """Resets the failures of the receiver."""
    await conn.execute("UPDATE purge_hook SET failures = 0 WHERE failures > 0")


async def add_failure(conn: Connection, *, pause: timedelta) -> None:
    """Counts a failure of the receiver; while it is down there is no probe for `pause`."""
    await conn.execute(
        "UPDATE purge_hook SET failures = failures + 1, probe_at = greatest(probe_at, now() + $1::interval)", pause
    )


async def pause_hook(conn: Connection, *, pause: timedelta) -> None:
    """Treats the receiver as down for `pause`, because it sent Retry-After."""
    await conn.execute(
        """
        UPDATE purge_hook
        SET failures = greatest(failures + 1, $2), probe_at = greatest(probe_at, now() + $1::interval)
        """,
        pause,
        DOWN_AFTER,
    )


async def lease_purges(conn: Connection, *, limit: int, most_paths: int, lease: timedelta) -> list[PurgeAttempt]:
    """Leases due purges for one call, the longest due first: several with at most `most_paths` paths together, or one alone."""
    rows = await conn.fetch(
        """
        WITH due AS (
            SELECT id, due_at, alone, cardinality(paths) AS paths FROM media_purges
            WHERE state = 'waiting' AND due_at <= now()
            ORDER BY due_at
            LIMIT $1
            FOR UPDATE SKIP LOCKED
        ),
        numbered AS (
            SELECT id, sum(paths) OVER longest_due AS paths, row_number() OVER longest_due AS place,
                   bool_or(alone) OVER longest_due AS alone
            FROM due
            WINDOW longest_due AS (ORDER BY due_at, id)
        )
        UPDATE media_purges
        SET tries = tries + 1, tried_at = clock_timestamp(), due_at = clock_timestamp() + $3::interval
        FROM numbered
        WHERE media_purges.id = numbered.id AND (place = 1 OR (numbered.paths <= $2 AND NOT numbered.alone))
        RETURNING media_purges.id, media_id, reason, media_purges.paths, tries, purged_at IS NOT NULL AS purged
        """,
        limit,
        most_paths,
        lease,
    )
    return sorted(many(rows, PurgeAttempt), key=lambda each: each.id)


async def mark_accepted(
    conn: Connection, attempts: Sequence[PurgeAttempt], *, receipt: str, again_after: timedelta
) -> None:
    """Records that the receiver accepted a call. After the first one there is a second; after the second the purge is delivered."""
    await conn.execute(
        """
        UPDATE media_purges
        SET purged_at = coalesce(media_purges.purged_at, clock_timestamp()), receipt = coalesce(receipt, $3), error_code = NULL,
            state = CASE WHEN media_purges.purged_at IS NULL THEN 'waiting' ELSE 'delivered' END,
            ended_at = CASE WHEN media_purges.purged_at IS NULL THEN NULL ELSE now() END,
            due_at = clock_timestamp() + $4::interval
        FROM unnest($1::bigint[], $2::integer[]) AS attempt (id, tries)
        WHERE media_purges.id = attempt.id AND media_purges.tries = attempt.tries AND state = 'waiting'
        """,
        [each.id for each in attempts],
        [each.tries for each in attempts],
        receipt,
        again_after,
    )


async def mark_dead(conn: Connection, attempt: PurgeAttempt, *, error_code: str) -> None:
    """Gives a purge up."""
    await conn.execute(
        """
        UPDATE media_purges SET state = 'dead', error_code = $3, ended_at = now()
        WHERE id = $1 AND tries = $2 AND state = 'waiting'
        """,
        attempt.id,
        attempt.tries,
        error_code,
    )


async def mark_retry(
    conn: Connection, attempt: PurgeAttempt, *, after: timedelta, error_code: str, alone: bool = False
) -> None:
    """Schedules the next attempt. `alone`: in a call of its own."""
    await conn.execute(
        """
        UPDATE media_purges SET due_at = now() + $3::interval, error_code = $4, alone = alone OR $5
        WHERE id = $1 AND tries = $2 AND state = 'waiting'
        """,
        attempt.id,
        attempt.tries,
        after,
        error_code,
        alone,
    )


async def lock_purge(conn: Connection, purge_id: int) -> Purge | None:
    """The purge, locked until the transaction ends; None if there is none."""
    return one(await conn.fetchrow("SELECT id, state FROM media_purges WHERE id = $1 FOR UPDATE", purge_id), Purge)


async def mark_waiting(conn: Connection, purge_id: int) -> None:
    """Queues a dead purge again, with its attempts reset."""
    await conn.execute(
        "UPDATE media_purges SET state = 'waiting', tries = 0, due_at = now(), ended_at = NULL WHERE id = $1", purge_id
    )


async def get_backlog(conn: Connection) -> PurgeBacklog:
    """How long purges have waited for their first accepted call, and how many were given up."""
    row = await conn.fetchrow(
        """
        SELECT coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE state = 'waiting' AND purged_at IS NULL)), 0)::float8
                   AS oldest_seconds,
               count(*) FILTER (WHERE state = 'dead') AS dead
        FROM media_purges WHERE state IN ('waiting', 'dead')
        """
    )
    return msgspec.convert(row, PurgeBacklog)


async def remove_old(conn: Connection, *, days: int, waiting_days: int) -> int:
    """Removes delivered purges after `days`, dead and unsent ones after `waiting_days`. Returns how many."""
    tag = await conn.execute(
        """
        DELETE FROM media_purges
        WHERE (state = 'delivered' AND ended_at < now() - make_interval(days => $1::integer))
            OR (state = 'dead' AND ended_at < now() - make_interval(days => $2::integer))
            OR (state = 'waiting' AND due_at < now() - make_interval(days => $2::integer))
        """,
        days,
        waiting_days,
    )
    return int(tag.split()[-1])
