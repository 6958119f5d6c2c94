"""PgBouncer in front of a test's database: Debian's, and another one that `FEED_TESTS_PGBOUNCER` names."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from feed.embedded.binaries import servers_account
from feed.embedded.processes import spawn
from tests.support.ports import free_port
from tests.support.waiting import HANG_SECONDS

BINARIES = [path for path in (shutil.which("pgbouncer"), os.environ.get("FEED_TESTS_PGBOUNCER")) if path]
MISSING = "PgBouncer is not installed"

# What a version that keeps prepared statements needs for it.
PREPARED = {True: "max_prepared_statements = 200\n"}

_CONFIG = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {directory}/users.txt
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 500
ignore_startup_parameters = {ignored}
"""


def keeps_statements(binary: str) -> bool:
    """Whether this version can keep prepared statements in transaction mode."""
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    major, minor, _ = said.stdout.split()[1].split(".")
    return (int(major), int(minor)) >= (1, 21)


@asynccontextmanager
async def pgbouncer(
    url: str,
    directory: Path,
    *,
    binary: str = "",
    mode: str = "transaction",
    ignored: str = "",
    size: int = 20,
    more: str = "",
    listen: int = 0,
) -> AsyncIterator[str]:
    """The URL of the same database through a PgBouncer that runs until the block ends."""
    parts = urlsplit(url)
    directory.mkdir(mode=0o755, exist_ok=True)
    account = servers_account(directory)
    listen = listen or free_port()
    (directory / "users.txt").write_text(f'"{parts.username}" "{parts.password}"\n')
    config = directory / "pgbouncer.ini"
    config.write_text(
        _CONFIG.format(
            host=parts.hostname,
            port=parts.port,
            listen=listen,
            directory=_seen(directory, account),
            mode=mode,
            size=size,
            ignored=ignored,
        )
        + more
    )
    for path in (directory, *directory.iterdir()):
        if account:
            os.chown(path, *account)
    pooled = urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{listen}"))
    process = spawn(
        [binary or BINARIES[0], _seen(directory, account) + "/pgbouncer.ini"],
        cwd=directory,
        account=account,
        log=directory.parent / "pgbouncer.log",
        environ={"PATH": os.defpath},
    )
    try:
        async with asyncio.timeout(HANG_SECONDS):
            while not await _answers(pooled):
                await asyncio.sleep(0.02)
        yield pooled
    finally:
        process.kill()


def _seen(directory: Path, account: tuple[int, int] | None) -> str:
    """The path by which an account without rights to the folders above reaches the directory."""
    return "/proc/self/cwd" if account else str(directory)


async def _answers(url: str) -> bool:
    try:
        conn = await asyncpg.connect(url, timeout=5, statement_cache_size=0)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    await conn.close()
    return True
