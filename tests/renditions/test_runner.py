"""One file, one child: what it cannot do, and what becomes of it."""

import asyncio
import errno
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import psutil  # type: ignore[import-untyped]
import pytest

from feed.renditions import landlock, runner
from feed.renditions.model import Rendered, RenderingFailed
from feed.renditions.runner import ChildCrashed, ChildTimedOut, Renderer, RenderingUnavailable
from feed.renditions.sandbox import IMAGE_LIMITS, Limits
from tests.support.waiting import HANG_SECONDS

HOSTILE = "tests.renditions.hostile:act"
QUICK = Limits(memory_bytes=512 << 20, cpu_seconds=20, wall_seconds=20, file_bytes=1 << 20)
needs_landlock = pytest.mark.skipif(landlock.version() == 0, reason="this kernel does not restrict files")


class Job:
    """A folder for one file and what becomes of it."""

    def __init__(self, folder: Path, renderer: Renderer) -> None:
        self.folder, self.renderer = folder, renderer
        self.source, self.target = folder / "source", folder / "target"
        self.progress: list[int] = []

    async def run(self, what: str, limits: Limits = QUICK, renderer: Renderer | None = None) -> Rendered:
        self.source.write_text(what)
        self.target.mkdir(exist_ok=True)
        return await (renderer or self.renderer).render(
            self.source, "image", self.target, on_progress=self.progress.append, limits=limits
        )

    def left(self) -> list[str]:
        return sorted(each.name for each in self.target.iterdir())


@pytest.fixture(scope="module")
async def renderer() -> AsyncIterator[Renderer]:
    async with Renderer(parallel=2, entry=HOSTILE) as running:
        yield running


@pytest.fixture
def job(tmp_path: Path, renderer: Renderer) -> Job:
    return Job(tmp_path, renderer)


def server_of(renderer: Renderer) -> psutil.Process:
    assert renderer._server is not None
    return psutil.Process(renderer._server._process.pid)


async def until_gone(processes: list[psutil.Process]) -> None:
    for _ in range(200):
        if not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"still running: {processes}")


async def children_of(renderer: Renderer, count: int = 1) -> list[psutil.Process]:
    for _ in range(200):
        # The first file starts the server.
        found: list[psutil.Process] = [] if renderer._server is None else server_of(renderer).children()
        if len(found) >= count:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("no child")


async def test_a_file_is_rendered_and_progress_only_grows(job: Job) -> None:
    rendered = await job.run("progress")
    assert [each.file for each in rendered.files] == job.left() == ["list.webp"]
    assert job.progress == [10, 60, 100]


async def test_what_is_not_a_rendition_is_removed(job: Job) -> None:
    await job.run("leave")
    assert job.left() == ["list.webp"]


async def test_a_failure_has_its_code_and_leaves_nothing(job: Job) -> None:
    with pytest.raises(RenderingFailed) as raised:
        await job.run("fail too_many_pixels")
    assert raised.value.code == "too_many_pixels"
    assert job.left() == []


@pytest.mark.parametrize("how", ["crash", "abort", "exit 0", "exit 3", "raise error", "flood", "babble"])
async def test_a_child_without_an_outcome_has_crashed_and_the_next_file_is_rendered(job: Job, how: str) -> None:
    with pytest.raises(ChildCrashed):
        await job.run(how)
    assert job.left() == []
    assert (await job.run("nothing")).files


@pytest.mark.parametrize(
    ("number", "raised"),
    [
        (errno.ENOSPC, RenderingUnavailable),
        (errno.EDQUOT, RenderingUnavailable),
        # The limit of one file, and the machine's own errors, which a file may have caused.
        (errno.EFBIG, ChildCrashed),
        (errno.ENOMEM, ChildCrashed),
    ],
)
async def test_a_disk_without_room_says_nothing_of_a_file(job: Job, number: int, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        await job.run(f"full {number}")
    assert job.left() == []


async def test_an_error_of_ours_is_told_with_its_place(job: Job) -> None:
    with pytest.raises(ChildCrashed, match="KeyError: 'error'"):
        await job.run("raise error")


@pytest.mark.parametrize(
    "what", ["socket", "unix", "pair", "fork", "program", "execve", "signal", "io_uring", "limits", "many_files"]
)
async def test_no_network_no_process_no_program_and_no_higher_limit(job: Job, what: str) -> None:
    with pytest.raises(RenderingFailed, match="refused: "):
        await job.run(what)


async def test_codecs_may_start_threads_and_read_their_limits(job: Job) -> None:
    assert (await job.run("thread")).files
    assert (await job.run("getrlimit")).files


@needs_landlock
async def test_files_outside_of_the_job_are_neither_read_nor_written(job: Job) -> None:
    secret, beside = job.folder / "secret", job.folder / "target2"
    secret.write_text("x")
    for what in (
        f"read {secret}",
        "read /etc/passwd",
        "read /proc/self/environ",
        f"read /proc/{os.getpid()}/environ",
        f"write {secret}",
        f"write {beside}",
        f"write {job.source}",
        f"list {job.folder}",
        f"symlink {secret}",
        f"read {Path.cwd() / 'pyproject.toml'}",
    ):
        with pytest.raises(RenderingFailed, match=r"refused: (1|13) "):
            await job.run(what)
    assert secret.read_text() == "x"
    assert not beside.exists()


async def test_nothing_of_the_workers_environment_reaches_the_decoders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEED_SECRET_OF_TESTS", "secret")
    async with Renderer(entry=HOSTILE) as renderer:
        await Job(tmp_path, renderer).run("nothing")
        assert not [name for name in server_of(renderer).environ() if name.startswith("FEED_")]


async def test_memory_is_limited(job: Job) -> None:
    with pytest.raises(ChildCrashed, match="MemoryError"):
        await job.run("eat 1000")
    assert (await job.run("eat 100")).files


async def test_a_file_that_grows_past_its_limit_ends(job: Job) -> None:
    with pytest.raises(RenderingFailed, match="refused: 27 "):
        await job.run(f"long_file {2 << 20}")
    assert job.left() == []


async def test_processor_time_is_limited(job: Job) -> None:
    with pytest.raises(ChildTimedOut):
        await job.run("spin", Limits(memory_bytes=512 << 20, cpu_seconds=1, wall_seconds=60, file_bytes=1))


async def test_time_is_limited_also_for_a_child_that_sleeps(job: Job) -> None:
    started = time.monotonic()
    with pytest.raises(ChildTimedOut):
        await job.run("wait 60", Limits(memory_bytes=512 << 20, cpu_seconds=20, wall_seconds=0.3, file_bytes=1 << 20))
    assert time.monotonic() - started < 55
    assert job.left() == []
    assert (await job.run("nothing")).files


async def test_a_slow_file_does_not_hold_up_its_neighbour(tmp_path: Path, renderer: Renderer) -> None:
    slow, quick = Job(tmp_path / "slow", renderer), Job(tmp_path / "quick", renderer)
    for each in (slow, quick):
        each.folder.mkdir()
    waiting = asyncio.create_task(slow.run("wait 60"))
    await children_of(renderer)
    assert (await quick.run("nothing")).files
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert slow.left() == []
    await until_gone(server_of(renderer).children())


async def test_an_error_of_whoever_is_told_ends_the_child(job: Job) -> None:
    def refuse(_: int) -> None:
        raise OSError("no connection")

    job.source.write_text("wait 60")
    job.target.mkdir()
    with pytest.raises(OSError, match="no connection"):
        await job.renderer.render(job.source, "image", job.target, on_progress=refuse)
    assert server_of(job.renderer).children() == []


async def test_a_child_runs_at_a_low_priority_without_rights(job: Job) -> None:
    waiting = asyncio.create_task(job.run("wait 60"))
    (child,) = await children_of(job.renderer)
    while not job.progress:
        await asyncio.sleep(0.01)
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{child.pid}/status").read_text().splitlines() if ":\t" in line
    )
    assert child.nice() >= 10
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
    assert Path(f"/proc/{child.pid}/oom_score_adj").read_text() == "1000\n"
    # Standard streams, and the pipe to the worker.
    assert child.num_fds() == 4
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_how_a_child_has_ended_is_known_also_when_the_server_has_said_it_first(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine the worker may ask for the end of a child whose end the server has just reported."""
    read_output = runner._read_output

    async def read_late(*given: Any) -> Any:
        outcome = await read_output(*given)
        server.resume()
        # The event loop does not run meanwhile, so the answer is not read yet.
        while child.is_running():
            time.sleep(0.01)
        time.sleep(0.2)
        return outcome

    monkeypatch.setattr(runner, "_read_output", read_late)
    waiting = asyncio.create_task(job.run("wait 60"))
    (child,) = await children_of(job.renderer)
    server = server_of(job.renderer)
    server.suspend()
    child.kill()
    with pytest.raises(ChildCrashed, match="signal 9"):
        await waiting


async def test_the_server_starts_again_after_it_has_been_killed(job: Job) -> None:
    waiting = asyncio.create_task(job.run("wait 60"))
    (child,) = await children_of(job.renderer)
    server_of(job.renderer).kill()
    with pytest.raises(ChildCrashed):
        await waiting
    await until_gone([child])
    assert (await job.run("nothing")).files


async def test_a_killed_worker_leaves_no_process(tmp_path: Path) -> None:
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.renditions.killed_rendering", str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert worker.stdout is not None
    server, child = map(int, (await worker.stdout.readline()).split())
    processes = [psutil.Process(server), psutil.Process(child)]
    worker.send_signal(signal.SIGKILL)
    await worker.wait()
    await until_gone(processes)


@pytest.mark.parametrize(
    "lie",
    [
        "file ../list.webp",
        "file /etc/passwd",
        "file list.jpg",
        "file .list",
        "name List",
        "name ../list",
        "byte_count 2",
        "width 0",
        "height -1",
    ],
)
async def test_what_a_child_says_is_checked(tmp_path: Path, liar: Renderer, lie: str) -> None:
    with pytest.raises(ChildCrashed):
        await Job(tmp_path, liar).run(lie)
    assert (await Job(tmp_path, liar).run("width 7")).files[0].width == 7


@pytest.fixture(scope="module")
async def liar() -> AsyncIterator[Renderer]:
    async with Renderer(entry="tests.renditions.hostile:lie") as running:
        yield running


async def test_a_server_that_does_not_start_is_nothing_that_a_file_has_done(tmp_path: Path) -> None:
    async with Renderer(entry="tests.renditions.no_such_module:act") as renderer:
        with pytest.raises(RenderingUnavailable):
            await Job(tmp_path, renderer).run("nothing")


async def test_memory_of_the_server_stays_flat_over_many_files(job: Job) -> None:
    await job.run("eat 64")
    server = server_of(job.renderer)
    before, descriptors = server.memory_info().rss, server.num_fds()
    for _ in range(60):
        await job.run("eat 64")
    assert server.memory_info().rss - before < 2 << 20
    # The server closes a connection after its last answer.
    async with asyncio.timeout(HANG_SECONDS):
        while server.num_fds() > descriptors:
            await asyncio.sleep(0.01)
    assert len(os.listdir("/proc/self/fd")) < 200


def test_limits_are_those_of_the_largest_photo() -> None:
    assert IMAGE_LIMITS.memory_bytes >= 2 * 4 * 50_000_000
    assert msgspec.json.decode(msgspec.json.encode(IMAGE_LIMITS), type=Limits) == IMAGE_LIMITS
    assert shutil.which("true")
