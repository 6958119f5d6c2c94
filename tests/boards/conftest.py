"""A Valkey of its own per test, which the test may kill or restore from a snapshot."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from feed.embedded.binaries import find_binaries
from feed.embedded.processes import Child
from feed.embedded.servers import start_valkey


class OwnValkey:
    """A server with its own port and data directory."""

    def __init__(self, data: Path) -> None:
        self.url = ""
        self._data = data
        self._child: Child | None = None

    async def start(self) -> None:
        port = urlsplit(self.url).port if self.url else None
        self._child, self.url = await start_valkey(self._data, find_binaries(), "secret", port)

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    async def save(self) -> None:
        """Stops the server, copies its data for `restore`, and starts it again."""
        assert self._child is not None
        await self._child.stop(5)
        shutil.copytree(self._data / "valkey", self._data / "saved")
        await self.start()

    async def restore(self) -> None:
        """Restarts the server with the data of `save`."""
        self.kill()
        directory = self._data / "valkey"
        owner = directory.stat()
        shutil.rmtree(directory)
        shutil.copytree(self._data / "saved", directory)
        for path in (directory, *directory.rglob("*")):
            shutil.chown(path, owner.st_uid, owner.st_gid)
        await self.start()


@pytest.fixture
async def own_valkey() -> AsyncIterator[OwnValkey]:
    with tempfile.TemporaryDirectory(prefix="feed-valkey-", ignore_cleanup_errors=True) as directory:
        data = Path(directory)
        (data / "log").mkdir()
        valkey = OwnValkey(data)
        await valkey.start()
        try:
            yield valkey
        finally:
            valkey.kill()
