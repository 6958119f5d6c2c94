"""`feed up` from outside, as a person or a supervisor treats it: started, disturbed, killed, stopped."""

import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from feed.commands.installation import find_run
from feed.embedded.installation import Embedded
from tests.support.feed_up import address_of, end, feed, start
from tests.support.processes import command_of, environment_of, kill_all, processes_of
from tests.support.waiting import HANG_SECONDS, until

MAIN = (["-m", "feed", "api"], ["-m", "feed", "worker"])


def is_ready(base_url: str) -> bool:
    try:
        return httpx.get(f"{base_url}/health/ready", trust_env=False, timeout=HANG_SECONDS).status_code == 200
    except httpx.TransportError:
        return False


def children(data: Path) -> set[int]:
    """The main processes of the API and of the worker."""
    found = set()
    for process in processes_of(data):
        with suppress(psutil.Error):
            if command_of(process)[1:4] in MAIN and process.ppid() == find_run(data).pid:
                found.add(process.pid)
    return found


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="feed 测试 ", ignore_cleanup_errors=True) as directory:
        yield Path(directory).resolve() / "数据 目录"


@pytest.fixture(scope="module")
def up(place: Path) -> Iterator[str]:
    """The address of an installation that several tests look at."""
    process = start(place)
    try:
        yield address_of(place, process)
    finally:
        end(process)


def test_everything_answers(up: str) -> None:
    answer = httpx.get(f"{up}/health/ready", trust_env=False, timeout=HANG_SECONDS)
    assert answer.json() == {"status": "ready", "postgres": "up", "redis": "up", "keys": "up"}


def test_other_commands_find_it_by_its_directory(up: str, place: Path) -> None:
    assert "up to date" in feed("migrate", "--data", str(place)).stdout
    assert "up to date" in feed("migrate", FEED_DATA=str(place)).stdout


def test_the_addresses_and_passwords_are_for_the_owner_only(up: str, place: Path) -> None:
    assert stat.S_IMODE((place / "run.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_requests_are_in_the_access_log_of_its_directory(up: str, place: Path) -> None:
    httpx.get(f"{up}/v1/feeds/latest?q=13800138000", trust_env=False, timeout=HANG_SECONDS)
    directory = place / "log/access"

    def noted() -> list[str]:
        return [line for file in directory.glob("access-*.jsonl") for line in file.read_text().splitlines()]

    until(lambda: any('"path":"/v1/feeds/latest"' in line for line in noted()))
    assert "13800138000" not in str(noted())
    assert {stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()} == {0o600}
    assert f"{directory}" in (place.parent / "up.txt").read_text()


def test_the_application_cannot_change_the_audit_log(up: str, place: Path) -> None:
    environment = find_run(place).environment
    assert urlsplit(environment["FEED_DATABASE_URL"]).username == "feed_app"
    assert urlsplit(environment["FEED_DATABASE_OWNER_URL"]).username == "feed"
    doctor = feed("doctor", "--data", str(place))
    assert doctor.returncode == 0, doctor.stdout
    assert "can change the audit log" not in doctor.stdout
    # Neither API nor worker could connect as the owner.
    owner = environment["FEED_DATABASE_OWNER_URL"]
    for process in processes_of(place):
        if command_of(process)[1:4] in MAIN:
            assert owner not in environment_of(process).values()


def test_a_second_one_on_the_directory_is_refused_and_names_the_first(up: str, place: Path) -> None:
    second = feed("up", "--data", str(place), "--port", "0")
    assert second.returncode == 2
    assert f"process {find_run(place).pid}" in second.stderr
    assert "Traceback" not in second.stderr
    assert is_ready(up)


def test_a_second_api_does_not_share_the_port(up: str, place: Path) -> None:
    second = feed("api", "--data", str(place), "--port", up.rsplit(":", 1)[1])
    assert second.returncode == 2
    assert f"Port {up.rsplit(':', 1)[1]} is in use" in second.stderr


def test_a_killed_api_and_a_killed_worker_come_back(up: str, place: Path) -> None:
    # One that has just been started is still the program that starts it.
    before = until(lambda: len(found := children(place)) == 2 and found)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(children(place) - before) == 2)
    until(lambda: is_ready(up))
    assert "started again" in (place.parent / "up.txt").read_text()


def test_a_busy_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = feed("up", "--data", str(tmp_path / "data"), "--port", str(port))
    assert refused.returncode == 2
    assert f"Port {port} is in use" in refused.stderr
    until(lambda: not processes_of(tmp_path / "data"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything(tmp_path: Path, number: signal.Signals) -> None:
    data = tmp_path / "data"
    process = start(data, "--workers", "2")
    address_of(data, process)
    assert end(process, number) == 0
    until(lambda: not processes_of(data))
    stopped = feed("migrate", "--data", str(data))
    assert stopped.returncode == 1
    assert "No feed is running" in stopped.stderr


_LOSES_A_CANCELLATION = """
import asyncio, os, signal
from contextlib import suppress
from feed.commands import up
from tests.support.waiting import HANG_SECONDS

async def work():
    os.kill(os.getpid(), signal.SIGTERM)
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    await asyncio.Event().wait()

up._END_SECONDS = 0.2
raise SystemExit(up.run_until_signal(work()))
"""


def test_a_signal_ends_also_what_loses_its_cancellation() -> None:
    assert subprocess.run([sys.executable, "-c", _LOSES_A_CANCELLATION], timeout=HANG_SECONDS).returncode == 0


def test_a_signal_while_it_starts_ends_everything(tmp_path: Path) -> None:
    data = tmp_path / "data"
    process = start(data)
    until(lambda: (data / "postgres.new").exists() or (data / "postgres").exists())
    assert end(process) == 0
    until(lambda: not processes_of(data))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals the death of a parent")
def test_killed_alone_it_takes_everything_along_and_killed_with_everything_it_comes_back(tmp_path: Path) -> None:
    data = tmp_path / "data"
    process = start(data)
    address_of(data, process)
    keys = (data / "keys/site.json").read_bytes()
    process.kill()
    process.wait()
    until(lambda: not processes_of(data))

    process = start(data)
    address_of(data, process)
    kill_all([psutil.Process(process.pid), *processes_of(data)])
    process.wait()

    # A run.json of the killed run lies there: what counts is who holds the directory.
    assert (data / "run.json").exists()
    assert "No feed is running" in feed("migrate", "--data", str(data)).stderr
    process = start(data)
    assert is_ready(address_of(data, process))
    assert (data / "keys/site.json").read_bytes() == keys
    assert end(process) == 0


async def test_given_servers_are_used_instead_of_embedded_ones(
    servers: Embedded, database: str, redis_url: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    process = start(data, FEED_DATABASE_URL=database, FEED_REDIS_URL=redis_url, FEED_EMBEDDED="true")
    base_url = address_of(data, process)
    assert is_ready(base_url)
    assert {path.name for path in data.iterdir()} & {"postgres", "valkey", "passwords.json"} == set()
    assert end(process) == 0


def test_a_missing_setting_and_a_wrong_one_are_named() -> None:
    missing = feed("worker", FEED_DATABASE_URL="postgresql://127.0.0.1/feed")
    assert (missing.returncode, "FEED_REDIS_URL is not set" in missing.stderr) == (1, True)
    wrong = feed(
        "migrate",
        FEED_DATABASE_URL="postgresql://127.0.0.1/feed",
        FEED_REDIS_URL="redis://127.0.0.1/0",
        FEED_KEYS_DIR="/nowhere",
        FEED_API_POOL_SIZE="many",
    )
    assert wrong.returncode == 1
    assert "api_pool_size" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_a_database_that_is_away_is_said_in_words(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        away = f"postgresql://feed@127.0.0.1:{probe.getsockname()[1]}/feed"
        answer = feed("migrate", FEED_DATABASE_URL=away, FEED_REDIS_URL="redis://x", FEED_KEYS_DIR=str(tmp_path))
    assert answer.returncode == 1
    assert "cannot be reached" in answer.stderr
    assert "Traceback" not in answer.stderr
