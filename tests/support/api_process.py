"""An API process that listens on a port, and may be killed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from feed.keys.store import open_keys
from tests.support.ports import free_port
from tests.support.processes import family_of, kill_all
from tests.support.waiting import HANG_SECONDS


class Server:
    """`feed api` as a supervisor runs it: killed with everything below it, and started again."""

    def __init__(self, environ: dict[str, str], port: int, *more: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._command = [sys.executable, "-m", "feed", "api", "--port", str(port), *more]
        self._environ = environ
        self._process: asyncio.subprocess.Process | None = None
        # Where its log goes; nowhere by default.
        self.log: Path | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            env=os.environ | self._environ,
            stderr=asyncio.subprocess.DEVNULL if self.log is None else self.log.open("ab"),
        )
        async with (
            asyncio.timeout(HANG_SECONDS),
            httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=HANG_SECONDS) as client,
        ):
            while True:
                with suppress(httpx.TransportError):
                    if (await client.get("/health/ready")).status_code == 200:
                        return
                assert self._process.returncode is None, (
                    f"feed api has ended: {self._process.returncode}\n{self._read_log()}"
                )
                await asyncio.sleep(0.05)

    def memory(self) -> int:
        """The resident bytes of the largest worker process."""
        assert self._process is not None
        workers = psutil.Process(self._process.pid).children(recursive=True)
        return max(int(worker.memory_info().rss) for worker in workers)

    def open_files(self) -> list[str]:
        """The files that the worker processes have open."""
        assert self._process is not None
        workers = psutil.Process(self._process.pid).children(recursive=True)
        return [each.path for worker in workers for each in worker.open_files()]

    async def stop(self) -> None:
        """Stops it as a supervisor does, and waits until it has ended."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        await self._process.wait()

    async def kill(self) -> None:
        assert self._process is not None
        if self._process.returncode is not None:
            return
        family = family_of(self._process.pid)
        kill_all(family)
        await self._process.wait()
        psutil.wait_procs(family, timeout=HANG_SECONDS)

    def _read_log(self) -> str:
        return "" if self.log is None else self.log.read_text("utf-8", "replace")


def environment_of(database: str, redis_url: str, directory: Path) -> dict[str, str]:
    """The settings of a process whose keys are in the directory; they are created."""
    open_keys(directory / "keys", create=True)
    return {
        "FEED_DATABASE_URL": database,
        "FEED_REDIS_URL": redis_url,
        "FEED_KEYS_DIR": str(directory / "keys"),
        "FEED_MEDIA_STORE": str(directory / "media"),
        "FEED_EMBEDDED": "true",
        "FEED_LIMITS": "off",
    }


@pytest.fixture
async def server(database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    started = Server(environment_of(database, redis_url, tmp_path), free_port())
    await started.start()
    yield started
    await started.kill()
