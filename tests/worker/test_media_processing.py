"""An uploaded file becomes ready or failed, once, whatever happens to the workers and the storage."""

import asyncio
import errno
import hashlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from asyncpg import Pool, Record

from feed.media import blocked_image_store, processing_store
from feed.media.processing import Workshop, fail_stuck_media, process_next_medium
from feed.media.removal import remove_next_objects, remove_next_originals
from feed.media.removal_store import mark_removed
from feed.postgres import transaction
from feed.renditions.model import Rendered
from feed.renditions.runner import Renderer
from feed.renditions.sandbox import Limits
from feed.storage.absent import AbsentStorage
from feed.storage.local import LocalStorage
from feed.worker.work_folders import remove_dead_folders, work_folder
from tests.support import make
from tests.support.media_work import HOSTILE, Bench, files_of
from tests.support.waiting import HANG_SECONDS, becomes

# Long enough for a child to start on a busy machine.
_QUICK = Limits(memory_bytes=512 << 20, cpu_seconds=20, wall_seconds=2, file_bytes=1 << 20)


@pytest.fixture(scope="module")
async def renderer() -> AsyncIterator[Renderer]:
    async with Renderer(parallel=2, entry=HOSTILE) as running:
        yield running


@pytest.fixture
def bench(pool: "Pool[Record]", tmp_path: Path, renderer: Renderer) -> Bench:
    return Bench(pool, tmp_path, renderer)


async def process(bench: Bench, workshop: Workshop | None = None, kind: Any = "image") -> bool:
    return await process_next_medium(bench.pool, workshop or bench.workshop(), kind)


async def test_an_uploaded_file_becomes_ready_and_its_original_is_removed(bench: Bench) -> None:
    media_id = await bench.upload(b"nothing " + b"x" * 100, part_bytes=10)
    key = await bench.key(media_id)
    assert len(await bench.objects()) == 11
    assert await process(bench) is True
    assert await bench.state(media_id) == ("ready", None, 1)
    assert bench.changed == [media_id]
    row = await bench.pool.fetchrow("SELECT * FROM media WHERE id = $1", media_id)
    assert row is not None
    assert [each["file"] for each in row["renditions"]] == ["list.webp"]
    assert (row["progress"], row["width"], row["attempt_until"]) == (100, 1, None)
    assert files_of(key, "list.webp")[0] in await bench.objects()
    await remove_next_originals(bench.pool, bench.storage)
    assert await bench.objects() == files_of(key, "list.webp")
    assert await bench.pool.fetchval("SELECT incoming_removed_at IS NOT NULL FROM media WHERE id = $1", media_id)
    assert await process(bench) is False
    assert bench.left() == []


async def test_photos_do_not_wait_behind_videos(bench: Bench) -> None:
    video = await bench.upload(kind="video")
    photo = await bench.upload(kind="image")
    assert await process(bench) is True
    assert [(await bench.state(each))[0] for each in (video, photo)] == ["processing", "ready"]
    assert await process(bench, kind="video") is True
    assert (await bench.state(video))[0] == "ready"


async def test_a_file_that_crashes_its_process_fails_after_three_times_and_its_neighbours_become_ready(
    bench: Bench,
) -> None:
    bad = await bench.upload("crash")
    neighbours = [await bench.upload() for _ in range(3)]
    for _ in range(3 + len(neighbours)):
        assert await process(bench) is True
        await bench.expire_lease(bad)
    assert await bench.state(bad) == ("failed", "processing_crashed", 3)
    assert [await bench.state(each) for each in neighbours] == [("ready", None, 1)] * 3
    assert await process(bench) is False
    # What has crashed is due again at once here, and waits for the others all the same.
    assert bench.changed == [*neighbours, bad]
    await remove_next_originals(bench.pool, bench.storage)
    assert await bench.objects() == sorted(
        [name for each in neighbours for name in files_of(await bench.key(each), "list.webp")]
    )


async def test_after_a_crash_others_come_first(bench: Bench) -> None:
    bad, good = await bench.upload("crash"), await bench.upload()
    await process(bench)
    await process(bench)
    assert [(await bench.state(each))[0] for each in (bad, good)] == ["processing", "ready"]


async def test_a_file_that_uses_up_its_time_twice_took_too_long(bench: Bench) -> None:
    media_id = await bench.upload("wait 30")
    workshop = bench.workshop(render=partial(bench.renderer.render, limits=_QUICK))
    for _ in range(2):
        assert (await bench.state(media_id))[0] == "processing"
        await process(bench, workshop)
        await bench.expire_lease(media_id)
    assert await bench.state(media_id) == ("failed", "took_too_long", 2)


@pytest.mark.parametrize(
    ("upload", "code"),
    [
        ({"content": "fail corrupt"}, "corrupt"),
        ({"byte_count": 5}, "size_mismatch"),
        ({"byte_count": 9}, "size_mismatch"),
        ({"byte_count": 20, "part_bytes": 7}, "size_mismatch"),
        ({"sha256": hashlib.sha256(b"another").digest()}, "checksum_mismatch"),
    ],
)
async def test_other_bytes_than_announced_and_files_at_fault_fail_at_once(
    bench: Bench, upload: dict[str, Any], code: str
) -> None:
    media_id = await bench.upload(**upload)
    assert await process(bench) is True
    assert await bench.state(media_id) == ("failed", code, 1)
    assert bench.changed == [media_id]
    await remove_next_originals(bench.pool, bench.storage)
    assert await bench.objects() == []


async def test_a_picture_that_is_taken_down_fails_and_leaves_nothing(bench: Bench) -> None:
    media_id = await bench.upload()
    await take_down(bench, b"nothing")
    await process(bench)
    assert await bench.state(media_id) == ("failed", "taken_down", 1)
    await remove_next_originals(bench.pool, bench.storage)
    assert await bench.objects() == []


async def test_a_file_that_is_taken_down_is_not_rendered_again(bench: Bench) -> None:
    media_id = await bench.upload("crash")
    await take_down(bench, b"crash")
    await process(bench)
    assert await bench.state(media_id) == ("failed", "taken_down", 1)


async def take_down(bench: Bench, content: bytes) -> None:
    async with transaction(bench.pool) as conn:
        takedown_id = await conn.fetchval(
            """
            INSERT INTO takedowns (kind, target, reason_code, actor_id)
            VALUES ('image_hash', next_id()::text, 'porn', $1) RETURNING id
            """,
            await make.person(conn, role="reviewer"),
        )
        await blocked_image_store.add_blocked_images(conn, takedown_id, sha256=[hashlib.sha256(content).digest()])


async def test_two_workers_on_one_medium_publish_once(bench: Bench) -> None:
    media_id = await bench.upload("wait 0.3")
    assert sorted(await asyncio.gather(process(bench), process(bench))) == [False, True]
    assert bench.changed == [media_id]


class _Held:
    """Renders, and then waits until it is let go: a worker that was away for longer than its lease."""

    def __init__(self, bench: Bench) -> None:
        self._render = bench.renderer.render
        self.rendered, self.go = asyncio.Event(), asyncio.Event()

    async def render(self, source: Path, kind: Any, target: Path, **more: Any) -> Rendered:
        done = await self._render(source, kind, target, **more)
        self.rendered.set()
        await self.go.wait()
        return done


async def test_a_worker_that_has_lost_its_lease_changes_and_removes_nothing(bench: Bench) -> None:
    media_id = await bench.upload()
    key = await bench.key(media_id)
    held = _Held(bench)
    slow = asyncio.create_task(process(bench, bench.workshop(render=held.render)))
    await held.rendered.wait()
    await bench.expire_lease(media_id)
    assert await process(bench) is True
    before = await bench.pool.fetchrow("SELECT * FROM media WHERE id = $1", media_id)
    assert before is not None
    assert [each["file"] for each in before["renditions"]] == ["list-2.webp"]
    held.go.set()
    assert await slow is True
    assert await bench.pool.fetchrow("SELECT * FROM media WHERE id = $1", media_id) == before
    assert bench.changed == [media_id]
    assert files_of(key, "list-2.webp")[0] in await bench.objects()
    assert bench.left() == []


class _Lossy(LocalStorage):
    """Keeps the first byte of a rendition, or nothing, and says nothing of it."""

    content: bytes | None = b""

    async def put(self, name: str, content: bytes | Path, *, content_type: str) -> None:
        if self.content is not None:
            await super().put(name, self.content, content_type=content_type)


@pytest.mark.parametrize("content", [b"", None])
async def test_nothing_is_ready_before_each_object_is_whole_under_its_final_name(
    bench: Bench, tmp_path: Path, content: bytes | None
) -> None:
    media_id = await bench.upload()
    assert isinstance(bench.storage, LocalStorage)
    lossy = _Lossy(tmp_path / "objects", bench.storage.grants)
    lossy.content = content
    assert await process(bench, bench.workshop(storage=lossy)) is False
    assert await bench.state(media_id) == ("processing", None, 0)
    await bench.expire_lease(media_id)
    await process(bench)
    assert (await bench.state(media_id))[0] == "ready"


async def test_while_the_storage_is_down_nothing_fails_and_attempts_do_not_count(bench: Bench) -> None:
    media_id = await bench.upload()
    for _ in range(5):
        assert await process(bench, bench.workshop(storage=AbsentStorage())) is False
        await bench.expire_lease(media_id)
    assert await bench.state(media_id) == ("processing", None, 0)
    await process(bench)
    assert await bench.state(media_id) == ("ready", None, 1)
    assert bench.left() == []


async def test_while_the_disk_of_the_worker_is_full_nothing_fails_and_attempts_do_not_count(bench: Bench) -> None:
    media_id = await bench.upload(f"full {errno.ENOSPC}")
    for _ in range(5):
        assert await process(bench) is False
        await bench.expire_lease(media_id)
    assert await bench.state(media_id) == ("processing", None, 0)
    # Also where the original has no room.
    gone = msgspec.structs.replace(bench.workshop(), folder=partial(work_folder, bench.temporary / "not there"))
    assert await process(bench, gone) is False
    assert await bench.state(media_id) == ("processing", None, 0)
    assert bench.left() == []


async def test_a_worker_that_is_stopped_gives_the_medium_back_and_leaves_no_file(bench: Bench) -> None:
    media_id = await bench.upload("wait 30")
    begun = asyncio.Event()

    async def render(source: Path, kind: Any, target: Path, **more: Any) -> Rendered:
        begun.set()
        return await bench.renderer.render(source, kind, target, **more)

    task = asyncio.create_task(process(bench, bench.workshop(render=render)))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await bench.state(media_id) == ("processing", None, 0)
    assert bench.left() == []
    assert await bench.pool.fetchval("SELECT attempt_until <= clock_timestamp() FROM media WHERE id = $1", media_id)


async def test_a_medium_that_is_removed_meanwhile_is_given_up_and_all_its_objects_go(bench: Bench) -> None:
    media_id = await bench.upload("wait 30")
    task = asyncio.create_task(process(bench))
    await becomes(lambda: _is_leased(bench, media_id))
    async with transaction(bench.pool) as conn:
        await mark_removed(conn, [media_id], "deleted")
    # Not before the worker is away from it.
    await remove_next_objects(bench.pool, bench.storage)
    assert await bench.objects() != []
    async with asyncio.timeout(HANG_SECONDS):
        assert await task is True
    assert bench.left() == []
    assert bench.changed == []
    await bench.expire_lease(media_id)
    await remove_next_objects(bench.pool, bench.storage)
    assert await bench.objects() == []


async def _is_leased(bench: Bench, media_id: int) -> bool:
    # A progress is written by a worker that has its child running.
    found: bool = await bench.pool.fetchval("SELECT progress > 0 FROM media WHERE id = $1", media_id)
    return found


@pytest.mark.parametrize(
    ("lost", "code"),
    [
        ("worked_seconds_before = -90000", "not_processed"),
        ("attempts = 3, attempt_until = now() - interval '1 second'", "processing_crashed"),
        ("uploaded_at = NULL, upload_expires_at = now() - interval '1 second'", "upload_expired"),
    ],
)
async def test_whatever_no_attempt_will_end_fails_within_the_deadline(bench: Bench, lost: str, code: str) -> None:
    media_id = await bench.upload(post_id=await make.post(bench.pool))
    await bench.pool.execute(f"UPDATE media SET {lost} WHERE id = $1", media_id)
    assert await fail_stuck_media(bench.pool, bench.note) is False
    assert (await bench.state(media_id))[:2] == ("failed", code)
    assert bench.changed == [media_id]


@pytest.mark.parametrize(
    "fine",
    [
        "uploaded_at = now() - interval '3 days'",
        "worked_seconds_before = -80000",
        "attempts = 3, attempt_until = now() + interval '1 minute'",
        "uploaded_at = NULL",
        "worked_seconds_before = -90000, attempt_until = now() + interval '1 minute'",
    ],
)
async def test_what_may_still_become_ready_is_left_alone(bench: Bench, fine: str) -> None:
    media_id = await bench.upload()
    await bench.pool.execute(f"UPDATE media SET {fine} WHERE id = $1", media_id)
    await fail_stuck_media(bench.pool, bench.note)
    assert (await bench.state(media_id))[0] == "processing"


async def test_progress_is_written_once_a_second_at_most(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    media_id = await bench.upload("wait 2.6")
    written: list[int] = []
    extend = processing_store.extend_lease

    async def counted(*args: Any, **more: Any) -> bool:
        written.append(more["progress"])
        kept: bool = await extend(*args, **more)
        return kept

    monkeypatch.setattr(processing_store, "extend_lease", counted)

    def noisy(render: Callable[..., Any]) -> Any:
        async def run(source: Path, kind: Any, target: Path, **more: Any) -> Rendered:
            show = more["on_progress"]
            ticking = asyncio.create_task(_tick(show))
            try:
                done: Rendered = await render(source, kind, target, **more)
            finally:
                ticking.cancel()
            return done

        return run

    await process(bench, bench.workshop(render=noisy(bench.renderer.render)))
    assert (await bench.state(media_id))[0] == "ready"
    assert 1 <= len(written) <= 3
    assert written == sorted(written)


async def _tick(show: Callable[[int], None]) -> None:
    for percent in range(1, 1000):
        show(percent)
        await asyncio.sleep(0.01)


def test_folders_of_dead_workers_are_removed_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    (tmp_path / "feed-media-dead").mkdir()
    (tmp_path / "feed-media-dead" / "original").write_bytes(b"x")
    (tmp_path / "something-else").mkdir()
    with work_folder(tmp_path) as folder:
        (folder / "original").write_bytes(b"x")
        assert remove_dead_folders(tmp_path, older_than=0) == 1
        assert (folder / "original").exists()
    assert [each.name for each in tmp_path.iterdir()] == ["something-else"]
    (tmp_path / "feed-media-young").mkdir()
    assert remove_dead_folders(tmp_path) == 0


async def test_the_memory_of_the_worker_is_flat_over_many_files(bench: Bench) -> None:
    import psutil  # type: ignore[import-untyped]

    sizes = []
    for _ in range(3):
        for _ in range(25):
            await bench.upload(b"nothing " + b"x" * 100_000)
        while await process(bench):
            pass
        sizes.append(psutil.Process().memory_info().rss)
    assert sizes[2] - sizes[0] < 4_000_000
    assert bench.left() == []
