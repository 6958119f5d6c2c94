"""Starting the embedded servers, and checking that the server on the port is the one that was started."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import asyncpg
import redis.asyncio
import redis.exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from feed.embedded.binaries import Binaries, servers_account
from feed.embedded.processes import CannotStart, Child, Process, free_port, kill, require_free_port, spawn, tail

_POSTGRES = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_checkpoints": "off",
    # Error details quote values of rows, which are personal data.
    "log_error_verbosity": "terse",
}
_INITDB = [
    "--username=feed",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--data-checksums",
    "--no-instructions",
    # Full-text search and pg_trgm need a UTF-8 ctype; with plain C they ignore Chinese.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C.UTF-8",
]
_VALKEY = """
bind 127.0.0.1
port {port}
requirepass {password}
dir .
appendonly yes
save ""
maxmemory-policy noeviction
"""
# Recovery after a crash may take long, but not so long on a server of this size.
_RESPONSE_SECONDS = 600.0
_INITDB_SECONDS = 300.0
_QUESTION_SECONDS = 60.0
_ENVIRON = {"PATH": os.defpath, "LANG": "C.UTF-8"}


class _ForeignServer(Exception):
    """Another server responds on the port."""


async def start_postgres(
    data: Path, binaries: Binaries, password: str, given: Mapping[str, str], port: int | None
) -> tuple[Child, str]:
    """Starts Postgres on `data`/postgres, creating the cluster if needed. Returns the process and the URL.

    Raises CannotStart, PortBusy.
    """
    directory = data / "postgres"
    log = data / "log/postgres.log"
    account = servers_account(directory)
    settings = _POSTGRES | dict(given)
    await _initialise(directory, binaries, password, account, sync=settings.get("fsync") != "off")
    _give(directory, account)

    def begin(at: int) -> Process:
        # Orphans were ended before; a reused pid must not prevent the start.
        (directory / "postmaster.pid").unlink(missing_ok=True)
        options = [f"--{name}={value}" for name, value in {**settings, "port": str(at)}.items()]
        return spawn(
            [binaries.postgres / "postgres", "-D", _seen(directory, account), *options],
            cwd=directory,
            account=account,
            log=log,
            environ=_ENVIRON,
            end=SIGINT,
        )

    def url(at: int, database: str) -> str:
        # No TLS on loopback, so the client does not look for certificates in a home directory that it may not access.
        return f"postgresql://feed:{password}@127.0.0.1:{at}/{database}?sslmode=disable"

    async def answers(at: int, process: Process) -> bool:
        try:
            conn = await asyncpg.connect(url(at, "postgres"), timeout=5, command_timeout=_QUESTION_SECONDS)
        except (ConnectionError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            return False
        try:
            # The password matches; the pid proves that it is the server started here, on this directory.
            pid = await conn.fetchval("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")
            if int(pid) != process.pid:
                raise _ForeignServer
            if not await conn.fetchval("SELECT true FROM pg_database WHERE datname = 'feed'"):
                await conn.execute("CREATE DATABASE feed")
        except TimeoutError:
            return False
        finally:
            with contextlib.suppress(TimeoutError):
                await conn.close(timeout=5)
        return True

    child, at = await _begin("Postgres", begin, answers, port, log, SIGINT)
    return child, url(at, "feed")


async def _initialise(
    directory: Path, binaries: Binaries, password: str, account: tuple[int, int] | None, *, sync: bool
) -> None:
    """Creates the cluster under a temporary name and renames it when complete, so that a kill leaves no partial one."""
    if _is_ready(directory, binaries):
        return
    fresh = directory.with_name("postgres.new")
    log = directory.parent / "log/initdb.log"
    shutil.rmtree(fresh, ignore_errors=True)
    _make(fresh, account)
    process = spawn(
        [
            binaries.postgres / "initdb",
            f"--pgdata={_seen(fresh, account)}",
            "--pwfile=/dev/stdin",
            *_INITDB,
            *([] if sync else ["--no-sync"]),
        ],
        stdin=f"{password}\n".encode(),
        cwd=fresh,
        account=account,
        log=log,
        environ=_ENVIRON,
    )
    deadline = time.monotonic() + _INITDB_SECONDS
    try:
        while (status := process.poll()) is None and time.monotonic() < deadline:  # noqa: ASYNC110 (a child's end sets no event)
            await asyncio.sleep(0.02)
    finally:
        kill(process)
    if status != 0:
        raise CannotStart(f"无法初始化数据库。\nThe database could not be initialised:\n{tail(log)}")
    fresh.rename(directory)


def _make(directory: Path, account: tuple[int, int] | None) -> None:
    directory.mkdir(mode=0o700, exist_ok=True)
    _give(directory, account)


def _give(directory: Path, account: tuple[int, int] | None) -> None:
    """Makes the account the owner of what root has created, or copied without its owners (`cp -r`, a restored backup)."""
    if account and directory.stat().st_uid == 0:
        # The directory last: if this is interrupted, the next start goes on.
        for path in (*directory.rglob("*"), directory):
            os.chown(path, *account, follow_symlinks=False)


def _is_ready(directory: Path, binaries: Binaries) -> bool:
    """Whether a cluster exists. Raises CannotStart for one of another version."""
    if not directory.exists():
        return False
    there = (directory / "PG_VERSION").read_text().strip()
    ours = subprocess.run(  # noqa: S603
        [binaries.postgres / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=30
    )
    if f" {there}." not in ours.stdout:
        raise CannotStart(
            f"{directory} 属于 PostgreSQL {there}，当前程序是 {ours.stdout.strip()}。\n"
            f"{directory} belongs to PostgreSQL {there}; the program here is {ours.stdout.strip()}. "
            "Dump it with the old version and load it into a new directory."
        )
    return True


def _seen(directory: Path, account: tuple[int, int] | None) -> str:
    """The path by which a server accesses its directory.

    Under root the unprivileged account cannot traverse a path such as /root, but it can use its working directory.
    """
    return "/proc/self/cwd" if account and sys.platform == "linux" else str(directory)


async def start_valkey(data: Path, binaries: Binaries, password: str, port: int | None) -> tuple[Child, str]:
    """Starts Valkey on `data`/valkey. Returns the process and the URL. Raises CannotStart, PortBusy."""
    directory = data / "valkey"
    log = data / "log/valkey.log"
    account = servers_account(directory)
    _make(directory, account)

    def begin(at: int) -> Process:
        return spawn(
            [binaries.valkey, "-"],
            stdin=_VALKEY.format(port=at, password=password).encode(),
            cwd=directory,
            account=account,
            log=log,
            environ=_ENVIRON,
        )

    def url(at: int) -> str:
        return f"redis://:{password}@127.0.0.1:{at}/0"

    async def answers(at: int, process: Process) -> bool:
        client = redis.asyncio.Redis.from_url(url(at), retry=Retry(NoBackoff(), 0), socket_timeout=5)
        try:
            info = await client.info("server")
        except redis.exceptions.AuthenticationError:
            raise _ForeignServer from None
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, ConnectionError):
            return False
        finally:
            await client.aclose()
        if info["process_id"] != process.pid:
            raise _ForeignServer
        return True

    child, at = await _begin("Valkey", begin, answers, port, log, SIGTERM)
    return child, url(at)


async def _begin(
    name: str,
    begin: Callable[[int], Process],
    answers: Callable[[int, Process], Awaitable[bool]],
    port: int | None,
    log: Path,
    end: Signals,
) -> tuple[Child, int]:
    """Starts a server and waits until it responds. Returns it with its port. Retries when another process took the port."""
    if port is not None:
        require_free_port("127.0.0.1", port)
    deadline = time.monotonic() + _RESPONSE_SECONDS
    for _ in range(5):
        at = port or free_port()
        child = Child(name, partial(begin, at), end=end)
        try:
            while child.process.poll() is None:
                if await answers(at, child.process):
                    return child, at
                if time.monotonic() > deadline:
                    raise CannotStart(
                        f"{name} 已启动，但 {_RESPONSE_SECONDS:.0f} 秒没有应答。\n"
                        f"{name} runs but has not responded for {_RESPONSE_SECONDS:.0f} seconds; the end of {log}:\n{tail(log)}"
                    )
                await asyncio.sleep(0.03)
        except _ForeignServer:
            pass
        except BaseException:
            child.kill()
            raise
        child.kill()
        await asyncio.sleep(0.3)
    raise CannotStart(f"{name} 无法启动。\n{name} does not start; the end of {log}:\n{tail(log)}")
