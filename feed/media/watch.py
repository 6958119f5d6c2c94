"""How the processing and the removal of media go, for metrics and `feed doctor`."""

import msgspec

from feed.postgres import Connection


class MediaHealth(msgspec.Struct, frozen=True):
    """Media of the last day by state; how long the oldest one of each kind has waited; the oldest removal; the last sweep; dead purges."""

    counts: dict[str, int]
    oldest_seconds: dict[str, float]
    removal_seconds: float
    missing: int
    kept: int
    swept_seconds: float | None
    dead_purges: int


async def get_media_health(conn: Connection) -> MediaHealth:
    """What operators have to know of media."""
    counts = await conn.fetch(
        """
        SELECT state, count(*) AS count FROM media
        WHERE id >= first_id_at(clock_timestamp() - interval '1 day') AND removed_at IS NULL
        GROUP BY state
        """
    )
    oldest = await conn.fetch(
        """
        SELECT kind, extract(epoch FROM clock_timestamp() - min(uploaded_at))::float8 AS seconds
        FROM media WHERE state = 'processing' AND removed_at IS NULL AND uploaded_at IS NOT NULL
        GROUP BY kind
        """
    )
    row = await conn.fetchrow(
        """
        SELECT coalesce((
                   SELECT extract(epoch FROM clock_timestamp() - min(removed_at)) FROM media
                   WHERE removed_at IS NOT NULL AND objects_removed_at IS NULL
               ), 0)::float8 AS removal_seconds,
               missing_count AS missing, kept_count AS kept,
               extract(epoch FROM clock_timestamp() - finished_at)::float8 AS swept_seconds,
               (SELECT count(*) FROM media_purges WHERE state = 'dead') AS dead_purges
        FROM media_sweeps
        """
    )
    assert row is not None
    # Each state and kind has a value, so that none is an old one.
    return MediaHealth(
        counts={"processing": 0, "ready": 0, "failed": 0} | {each["state"]: each["count"] for each in counts},
        oldest_seconds={"image": 0.0, "video": 0.0} | {each["kind"]: each["seconds"] for each in oldest},
        **dict(row),
    )
