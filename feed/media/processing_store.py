"""The SQL of processing media: leases, which number every attempt, and the two ends of an attempt.

Each update of an attempt checks that its lease is still the latest one.
"""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from feed.media.model import Kind, MediaId, Rendition
from feed.postgres import Connection, one
from feed.renditions.model import FailureCode, Rendered


class Lease(msgspec.Struct, frozen=True):
    """One attempt at a medium, of one worker until the lease ends. `number`: of the lease, never used twice."""

    id: MediaId
    kind: Kind
    key: str
    byte_count: int
    part_bytes: int
    sha256: bytes | None
    cover_ms: int | None
    attempts: int
    number: int
    waited_seconds: float


class StuckMedium(msgspec.Struct, frozen=True):
    """A medium that no attempt will end any more, and why."""

    id: MediaId
    error_code: FailureCode


async def lease_next(conn: Connection, kind: Kind, *, lasts: timedelta, most_attempts: int) -> Lease | None:
    """Leases the medium with the lowest turn, of those the one that has waited longest; None if none is due.

    The attempt is counted before it begins, as it may kill its process, and is a turn: what is tried again waits for others once.
    """
    return one(
        await conn.fetchrow(
            """
            WITH due AS (
                SELECT id FROM media
                WHERE state = 'processing' AND removed_at IS NULL AND uploaded_at IS NOT NULL AND kind = $1 AND attempts < $3
                    AND (attempt_until IS NULL OR attempt_until < clock_timestamp())
                ORDER BY turn, uploaded_at
                LIMIT 1
                FOR UPDATE SKIP LOCKED
            )
            UPDATE media
            SET attempts = attempts + 1, turn = turn + 1, lease_number = lease_number + 1, progress = 0,
                attempt_until = clock_timestamp() + $2::interval
            FROM due
            WHERE media.id = due.id
            RETURNING media.id, kind, key, byte_count, part_bytes, sha256, cover_ms, attempts, lease_number AS number,
                extract(epoch FROM clock_timestamp() - uploaded_at)::float8 AS waited_seconds
            """,
            kind,
            lasts,
            most_attempts,
        ),
        Lease,
    )


async def extend_lease(conn: Connection, lease: Lease, *, lasts: timedelta, progress: int) -> bool:
    """Extends the lease and shows the progress. False if the lease is lost, or the medium was removed."""
    kept = await conn.fetchval(
        """
        UPDATE media SET attempt_until = clock_timestamp() + $3::interval, progress = greatest(progress, $4)
        WHERE id = $1 AND lease_number = $2 AND state = 'processing' AND removed_at IS NULL
        RETURNING true
        """,
        lease.id,
        lease.number,
        lasts,
        progress,
    )
    return kept is not None


async def release(conn: Connection, lease: Lease, *, after: timedelta, counts: bool) -> None:
    """Ends the lease without a result: the next attempt may begin `after`. `counts`: whether this attempt is one of the few, and a turn."""
    await conn.execute(
        """
        UPDATE media
        SET attempt_until = clock_timestamp() + $3::interval, attempts = attempts - CASE WHEN $4 THEN 0 ELSE 1 END,
            turn = turn - CASE WHEN $4 THEN 0 ELSE 1 END
        WHERE id = $1 AND lease_number = $2 AND state = 'processing' AND attempts > 0
        """,
        lease.id,
        lease.number,
        after,
        counts,
    )


async def mark_ready(
    conn: Connection, lease: Lease, rendered: Rendered, renditions: Sequence[Rendition], *, sha256: bytes
) -> bool:
    """Makes the medium ready. Returns whether this attempt still had the lease: only then are its files the ones that are served."""
    ready = await conn.fetchval(
        """
        UPDATE media
        SET state = 'ready', ready_at = clock_timestamp(), attempt_until = NULL, progress = 100, renditions = $3, width = $4,
            height = $5, duration_ms = $6, placeholder = $7, perceptual_hash = $8, ai_source = $9, sha256 = $10
        WHERE id = $1 AND lease_number = $2 AND state = 'processing' AND removed_at IS NULL
        RETURNING true
        """,
        lease.id,
        lease.number,
        msgspec.to_builtins(renditions),
        rendered.width,
        rendered.height,
        rendered.duration_ms,
        rendered.placeholder,
        rendered.perceptual_hash,
        rendered.ai_source,
        sha256,
    )
    return ready is not None


async def mark_failed(conn: Connection, lease: Lease, error_code: FailureCode) -> bool:
    """Ends the medium with a reason. Returns whether this attempt still had the lease."""
    failed = await conn.fetchval(
        """
        UPDATE media SET state = 'failed', failed_at = clock_timestamp(), attempt_until = NULL, error_code = $3
        WHERE id = $1 AND lease_number = $2 AND state = 'processing' AND removed_at IS NULL
        RETURNING true
        """,
        lease.id,
        lease.number,
        error_code,
    )
    return failed is not None


async def note_work(conn: Connection, kind: Kind, *, gap: timedelta, apart: timedelta) -> None:
    """Counts the time since the last attempt that was not ended by an outage, `gap` of it at most; written once in `apart`."""
    await conn.execute(
        """
        UPDATE media_lanes
        SET worked_seconds = worked_seconds + extract(epoch FROM least(clock_timestamp() - worked_at, $2::interval)),
            worked_at = clock_timestamp()
        WHERE kind = $1 AND worked_at < clock_timestamp() - $3::interval
        """,
        kind,
        gap,
        apart,
    )


async def fail_stuck(
    conn: Connection, *, most_attempts: int, within: timedelta, latest: timedelta, limit: int
) -> list[StuckMedium]:
    """Fails media that no attempt will end: out of attempts, over the deadline, or attached with an upload that has expired.

    The deadline is `within` of the time in which media of this kind were processed since the upload: outages do not count,
    up to `latest` after it. Whatever is leased is left alone until its lease ends.
    """
    rows = await conn.fetch(
        """
        WITH stuck AS (
            SELECT id, CASE
                WHEN uploaded_at IS NULL THEN 'upload_expired'
                WHEN attempts >= $1 THEN 'processing_crashed'
                ELSE 'not_processed'
            END AS error_code
            FROM media JOIN media_lanes AS lane USING (kind)
            WHERE state = 'processing' AND removed_at IS NULL AND (attempt_until IS NULL OR attempt_until < clock_timestamp())
                AND (
                    attempts >= $1
                    OR (uploaded_at IS NOT NULL AND worked_seconds - worked_seconds_before > extract(epoch FROM $2::interval))
                    OR uploaded_at < clock_timestamp() - $4::interval
                    OR (uploaded_at IS NULL AND upload_expires_at < clock_timestamp() AND used_as IS NOT NULL)
                )
            ORDER BY id
            LIMIT $3
            FOR UPDATE OF media SKIP LOCKED
        )
        UPDATE media
        SET state = 'failed', failed_at = clock_timestamp(), attempt_until = NULL, error_code = stuck.error_code,
            lease_number = lease_number + 1
        FROM stuck
        WHERE media.id = stuck.id
        RETURNING media.id, media.error_code
        """,
        most_attempts,
        within,
        limit,
        latest,
    )
    return msgspec.convert([dict(row) for row in rows], list[StuckMedium])
