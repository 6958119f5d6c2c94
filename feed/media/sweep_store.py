"""The SQL of the sweep: which objects are known, which media should have some, and when the last sweep was."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from feed.media.model import MediaState
from feed.postgres import Connection, many


class KnownMedium(msgspec.Struct, frozen=True):
    """What the database says of the objects of a key."""

    key: str
    state: MediaState
    removed: bool
    objects_removed: bool
    files: list[str]


class ReadyMedium(msgspec.Struct, frozen=True):
    """A medium whose objects have to be there."""

    id: int
    key: str
    files: list[str]


class Sweep(msgspec.Struct, frozen=True):
    """The last sweep."""

    finished_at: datetime | None
    object_count: int
    removed_count: int
    kept_count: int
    missing_count: int
    missing_ids: list[int]


async def begin(conn: Connection, *, apart: timedelta, silent: timedelta) -> bool:
    """Begins a sweep, unless the last one has ended less than `apart` ago, or one runs that was heard of within `silent`."""
    begun = await conn.fetchval(
        """
        UPDATE media_sweeps SET alive_at = clock_timestamp()
        WHERE (finished_at IS NULL OR finished_at < clock_timestamp() - $1::interval)
            AND (alive_at IS NULL OR alive_at < clock_timestamp() - $2::interval)
        RETURNING true
        """,
        apart,
        silent,
    )
    return begun is not None


async def mark_alive(conn: Connection) -> None:
    """Says that the sweep still runs."""
    await conn.execute("UPDATE media_sweeps SET alive_at = clock_timestamp()")


async def finish(
    conn: Connection, *, objects: int, removed: int, kept: int, missing: Sequence[int], most_ids: int
) -> None:
    """Records the result of a sweep."""
    await conn.execute(
        """
        UPDATE media_sweeps
        SET alive_at = NULL, finished_at = clock_timestamp(), object_count = $1, removed_count = $2, kept_count = $3,
            missing_count = $4, missing_ids = $5
        """,
        objects,
        removed,
        kept,
        len(missing),
        missing[:most_ids],
    )


async def get_last(conn: Connection) -> Sweep:
    """The last sweep that has ended."""
    row = await conn.fetchrow(
        "SELECT finished_at, object_count, removed_count, kept_count, missing_count, missing_ids FROM media_sweeps"
    )
    return msgspec.convert(row, Sweep)


async def list_known(conn: Connection, keys: Sequence[str]) -> dict[str, KnownMedium]:
    """What the database says of these keys."""
    rows = await conn.fetch(
        """
        SELECT key, state, removed_at IS NOT NULL AS removed, objects_removed_at IS NOT NULL AS objects_removed,
               ARRAY(SELECT rendition ->> 'file' FROM jsonb_array_elements(renditions) AS rendition) AS files
        FROM media WHERE key = ANY ($1::text[])
        """,
        keys,
    )
    return {each.key: each for each in many(rows, KnownMedium)}


async def list_ready(conn: Connection, *, after_id: int, before: datetime, limit: int) -> list[ReadyMedium]:
    """Media that were ready before a time, by id."""
    rows = await conn.fetch(
        """
        SELECT id, key, ARRAY(SELECT rendition ->> 'file' FROM jsonb_array_elements(renditions) AS rendition) AS files
        FROM media
        WHERE id > $1 AND state = 'ready' AND removed_at IS NULL AND ready_at < $2
        ORDER BY id
        LIMIT $3
        """,
        after_id,
        before,
        limit,
    )
    return many(rows, ReadyMedium)


async def is_ready(conn: Connection, media_id: int) -> bool:
    """Whether the medium is still ready and not removed."""
    ready: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM media WHERE id = $1 AND state = 'ready' AND removed_at IS NULL)", media_id
    )
    return ready
