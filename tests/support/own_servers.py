"""A Postgres or Valkey of a test's own, with settings that would harm others, and a disk that is full."""

import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import pytest

from feed.embedded.binaries import find_binaries, servers_account
from feed.embedded.processes import Child, spawn
from feed.embedded.servers import start_postgres
from feed.migrations import migrate
from tests.support.ports import free_port
from tests.support.waiting import HANG_SECONDS

_SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "16MB", "max_connections": "60"}


class OwnPostgres:
    """A server on its own port, which can be stopped, made a standby and started again."""

    def __init__(self, data: Path) -> None:
        self.url = ""
        self.port = free_port()
        self._data = data
        self._child: Child | None = None

    async def start(self) -> None:
        self._child, self.url = await start_postgres(self._data, find_binaries(), "mvLkYzq0sVfT", _SETTINGS, self.port)

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop(HANG_SECONDS)
            self._child = None

    async def demote(self) -> None:
        """Starts it again as a standby, as a failover does with the former primary."""
        await self.stop()
        signal = self._data / "postgres/standby.signal"
        signal.touch()
        owner = signal.parent.stat()
        os.chown(signal, owner.st_uid, owner.st_gid)
        await self.start()

    async def promote(self) -> None:
        await self.run("SELECT pg_promote()")

    async def run(self, statement: str) -> None:
        conn = await asyncpg.connect(self.url, server_settings={"default_transaction_read_only": "off"})
        try:
            await conn.execute(statement)
        finally:
            await conn.close()


@asynccontextmanager
async def own_postgres(parent: Path | None = None, *, migrated: bool = True) -> AsyncIterator[OwnPostgres]:
    with tempfile.TemporaryDirectory(prefix="feed-postgres-", dir=parent, ignore_cleanup_errors=True) as directory:
        data = Path(directory)
        data.chmod(0o755)
        (data / "log").mkdir()
        server = OwnPostgres(data)
        await server.start()
        try:
            if migrated:
                await migrate(server.url)
            yield server
        finally:
            await server.stop()


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A folder on a disk of its own; skips the test where none can be mounted."""
    with tempfile.TemporaryDirectory(prefix="feed-disk-") as directory:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", directory],
            capture_output=True,
            check=False,
        )
        if mounted.returncode != 0:
            pytest.skip("no file system can be mounted here")
        try:
            yield Path(directory)
        finally:
            subprocess.run(["umount", "--lazy", directory], check=True)


@asynccontextmanager
async def own_valkey(config: str) -> AsyncIterator[str]:
    """The URL of a Valkey with these lines of configuration."""
    with tempfile.TemporaryDirectory(prefix="feed-valkey-", ignore_cleanup_errors=True) as directory:
        place = Path(directory)
        account = servers_account(place)
        if account:
            os.chown(place, *account)
        port = free_port()
        if "cluster-enabled" in config:
            # By default ten thousand higher, which is no port for a high one.
            config += f"\ncluster-port {free_port()}"
        process = spawn(
            [find_binaries().valkey, "-"],
            stdin=f'bind 127.0.0.1\nport {port}\ndir .\nsave ""\n{config}\n'.encode(),
            cwd=place,
            account=account,
            log=None,
            environ={"PATH": os.defpath},
        )
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.kill()
