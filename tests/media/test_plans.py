"""The jobs of media look at what they need, among many media that are done."""

from datetime import timedelta
from typing import Any

import pytest
from asyncpg import Pool, Record

from feed.media import processing_store, purge_store, removal_store, upload_store, watch
from feed.postgres import Connection
from tests.support import make

_COUNT = 20_000
_MINUTE = timedelta(minutes=1)


@pytest.fixture
async def filled(pool: "Pool[Record]") -> "Pool[Record]":
    """Many ready photos of old posts; videos that wait, and a few of each kind of work."""
    owner = await make.account(pool)
    await pool.execute(
        """
        INSERT INTO media (id, owner_id, kind, state, key, used_as, content_type, byte_count, part_bytes, upload_expires_at, uploaded_at,
                           created_at, width, height, renditions, ready_at, incoming_removed_at)
        SELECT n, $1, 'image', 'ready', 'k' || n, 'avatar', 'image/jpeg', 1, 1, now(), now() - interval '3 days', now() - interval '3 days',
               1, 1, '[{"file": "list.webp"}]', now() - interval '3 days', now() - interval '3 days'
        FROM generate_series(1, $2::integer) AS n
        """,
        owner,
        _COUNT,
    )
    await pool.execute(
        """
        INSERT INTO media (owner_id, kind, key, content_type, byte_count, part_bytes, upload_expires_at, uploaded_at, turn)
        SELECT $1, CASE WHEN n > 4000 THEN 'image' ELSE 'video' END, 'w' || n, 'image/jpeg', 1, 1, now(), now(), n
        FROM generate_series(1, 4010) AS n
        """,
        owner,
    )
    # One that has no turn yet.
    await pool.execute(
        """
        INSERT INTO media (id, owner_id, kind, key, content_type, byte_count, part_bytes, upload_expires_at)
        VALUES (0, $1, 'video', 'arrived', 'video/mp4', 1, 1, now() + interval '1 day')
        """,
        owner,
    )
    await pool.execute(
        """
        INSERT INTO media_purges (media_id, reason, paths, state, purged_at, ended_at)
        SELECT n, 'hidden', '{a}', 'delivered', now(), now() FROM generate_series(1, $1::integer) AS n
        """,
        _COUNT,
    )
    await pool.execute("ANALYZE media")
    await pool.execute("ANALYZE media_purges")
    return pool


async def read_blocks(conn: Connection) -> int:
    """The pages of the tables of media that this session has read."""
    await conn.execute("SELECT pg_stat_force_next_flush()")
    found: int = await conn.fetchval(
        """
        SELECT coalesce(sum(heap_blks_read + heap_blks_hit), 0)::bigint FROM pg_statio_user_tables
        WHERE relname IN ('media', 'media_purges')
        """
    )
    return found


async def take_turn(conn: Connection) -> None:
    """What happens when one more video of a busy account has arrived."""
    owner = await conn.fetchval("UPDATE media SET uploaded_at = NULL WHERE id = 0 RETURNING owner_id")
    assert await upload_store.mark_uploaded(conn, 0, content_type="video/mp4", owner_ids=[owner])


CASES: dict[str, Any] = {
    "next photo": lambda conn: processing_store.lease_next(conn, "image", lasts=_MINUTE, most_attempts=3),
    "next video": lambda conn: processing_store.lease_next(conn, "video", lasts=_MINUTE, most_attempts=3),
    "a turn": take_turn,
    "removed": lambda conn: removal_store.lease_removed(conn, lasts=_MINUTE, limit=50),
    "processed": lambda conn: removal_store.lease_processed(conn, lasts=_MINUTE, limit=50),
    "unused": lambda conn: removal_store.lock_expired(conn, after=timedelta(days=1), limit=50),
    "purges": lambda conn: purge_store.lease_purges(conn, limit=100, most_paths=100, lease=_MINUTE),
    "backlog": purge_store.get_backlog,
}


@pytest.mark.parametrize("name", CASES)
async def test_a_job_that_runs_each_second_reads_few_pages(filled: "Pool[Record]", name: str) -> None:
    async with filled.acquire() as conn:
        await CASES[name](conn)
        before = await read_blocks(conn)
        await CASES[name](conn)
        assert await read_blocks(conn) - before < 150, name


async def test_the_health_of_media_is_read_without_the_old_ones(filled: "Pool[Record]") -> None:
    async with filled.acquire() as conn:
        before = await read_blocks(conn)
        health = await watch.get_media_health(conn)
        # All that wait are of the last day; a whole table of old ones is not read.
        assert await read_blocks(conn) - before < 6_000
    assert health.counts == {"processing": 4010, "ready": 0, "failed": 0}
