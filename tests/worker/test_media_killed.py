"""Workers that die by SIGKILL while they process media: the medium becomes ready, and nothing is left of the dead one."""

import asyncio
import os
import shutil
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from asyncpg import Pool, Record

from feed.media.model import Kind
from feed.media.processing import process_next_medium
from feed.media.removal import remove_next_originals
from feed.media.sweep import sweep_objects
from feed.renditions.runner import Renderer
from feed.worker.work_folders import remove_dead_folders
from tests.renditions.video.clips import even_times, make, moving
from tests.support.forks import Forks
from tests.support.media_work import DAY, Bench, files_of, open_bench
from tests.support.waiting import becomes


async def finish(bench: Bench, media_id: int, kind: Kind = "image") -> None:
    """What the next worker does, and the night."""
    await bench.expire_lease(media_id)
    while await process_next_medium(bench.pool, bench.workshop(), kind):
        pass
    await bench.expire_lease(media_id)
    await remove_next_originals(bench.pool, bench.storage)
    remove_dead_folders(bench.temporary, older_than=0)
    await bench.pool.execute("UPDATE media_sweeps SET finished_at = NULL, alive_at = NULL")
    assert await sweep_objects(bench.pool, bench.storage, now=datetime.now(UTC) + 2 * DAY)


async def test_a_worker_that_is_killed_at_any_point_leaves_nothing_and_the_medium_becomes_ready(
    pool: "Pool[Record]", tmp_path: Path, database: str, redis_url: str
) -> None:
    environ = {"FEED_DATABASE_URL": database, "FEED_REDIS_URL": redis_url, "FEED_KEYS_DIR": str(tmp_path / "keys")}
    async with open_bench(pool, tmp_path) as bench:
        forks = await asyncio.to_thread(Forks)
        try:

            async def run(when: str, nth: int) -> tuple[int, str]:
                return await asyncio.to_thread(
                    forks.run, "tests.support.killed_media", tmp_path, when, nth, environ=environ
                )

            media_id = await bench.upload()
            status, said = await run("count", 0)
            assert status == 0, said
            points = int(said.split()[-1])
            # Both leases and the end of the attempt, the render, the file, the original, and what is said of that.
            assert points >= 6
            assert await bench.state(media_id) == ("ready", None, 1)
            for when in ("before", "after"):
                for nth in range(1, points + 1):
                    await pool.execute("DELETE FROM media")
                    shutil.rmtree(tmp_path / "objects")
                    media_id = await bench.upload()
                    status, said = await run(when, nth)
                    assert status == -signal.SIGKILL, (when, nth, said)
                    await finish(bench, media_id)
                    state, error, attempts = await bench.state(media_id)
                    assert (state, error) == ("ready", None), (when, nth)
                    assert attempts <= 2
                    files = await pool.fetchval("SELECT renditions -> 0 ->> 'file' FROM media WHERE id = $1", media_id)
                    assert await bench.objects() == files_of(await bench.key(media_id), files), (when, nth)
                    assert bench.left() == [], (when, nth)
        finally:
            await asyncio.to_thread(forks.close)


async def test_a_worker_that_is_killed_in_a_transcode_leaves_no_orphan_and_it_finishes_after_a_restart(
    pool: "Pool[Record]", tmp_path: Path, database: str, redis_url: str
) -> None:
    clip = await asyncio.to_thread(make, tmp_path / "clip.mp4", moving((640, 360)), times=even_times(20, 15))
    environ = {
        **os.environ,
        "FEED_DATABASE_URL": database,
        "FEED_REDIS_URL": redis_url,
        "FEED_KEYS_DIR": str(tmp_path / "keys"),
    }
    async with Renderer() as renderer:
        bench = Bench(pool, tmp_path, renderer)
        media_id = await bench.upload(clip.read_bytes(), kind="video")
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.killed_media", str(tmp_path), "count", "0", "video", env=environ
        )

        async def is_rendering() -> bool:
            # The server of the renderer, and its child with the video.
            return len(psutil.Process(worker.pid).children(recursive=True)) == 2

        await becomes(is_rendering)
        family = psutil.Process(worker.pid).children(recursive=True)
        worker.kill()
        assert await bench.state(media_id) == ("processing", None, 1)
        await worker.wait()

        async def is_gone() -> bool:
            return not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in family)

        await becomes(is_gone)
        assert bench.left() != []
        await finish(bench, media_id, "video")
        assert await bench.state(media_id) == ("ready", None, 2)
        files = ("video-2.mp4", "list-2.webp", "list-2.jpg", "page-2.webp", "page-2.jpg")
        assert await bench.objects() == files_of(await bench.key(media_id), *files)
        assert bench.left() == []
