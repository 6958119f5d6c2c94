"""An installation of real processes, each of which can be killed, paused, emptied or rolled back while the others run."""

import asyncio
import contextlib
import os
import secrets
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, Signals

import asyncpg
import httpx
import psutil  # type: ignore[import-untyped]
import redis.exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from feed.commands.installation import environment
from feed.embedded.binaries import find_binaries
from feed.embedded.orphans import MARK
from feed.embedded.processes import Child, spawn
from feed.embedded.servers import start_postgres, start_valkey
from feed.keys.store import Keys, open_keys
from feed.migrations import migrate
from feed.postgres import prepare_connection
from feed.settings import Settings
from tests.chaos.faults import Fault, Part
from tests.support.pgbouncer import PREPARED, keeps_statements, pgbouncer
from tests.support.ports import free_port
from tests.support.waiting import HANG_SECONDS

_TICK_SECONDS = 0.05
# The process that has been given the connection may have been killed meanwhile.
_ASK_SECONDS = 10.0
_SNAPSHOTS_KEPT = 3
_MANIFEST = "file appendonly.aof.1.base.rdb seq 1 type b\n"


class Place:
    """Postgres, Valkey, `feed api` with its workers and `feed worker`, on the same ports however often they start again."""

    def __init__(
        self, data: Path, *, workers: int = 2, tell: Callable[[str], None] = print, pgbouncer: str = ""
    ) -> None:
        """`pgbouncer` is the binary through which the API reaches Postgres; empty: it is not used."""
        self.data = data
        self.base_url = ""
        self.database_url = ""
        self.redis_url = ""
        self.keys: Keys
        self._workers = workers
        self._pgbouncer = pgbouncer
        self._open = contextlib.AsyncExitStack()
        self._tell = tell
        self._password = secrets.token_hex(16)
        self._ports: dict[str, int] = {"postgres": free_port(), "redis": free_port(), "api": free_port()}
        self._children: dict[Part, Child] = {}
        self._turns: dict[Part, asyncio.Lock] = {
            part: asyncio.Lock() for part in ("api", "worker", "postgres", "redis")
        }
        self._environ: Mapping[str, str] = {}
        self._worker_log = 0  # Where the log of the one that runs now begins.
        self._snapshots: list[bytes] = []
        self._keepers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Everything, migrated and answering. Raises TimeoutError instead of waiting for ever."""
        async with asyncio.timeout(HANG_SECONDS):
            await self._start()

    async def _start(self) -> None:
        (self.data / "log").mkdir(parents=True)
        await asyncio.gather(self._start_postgres(), self._start_redis())
        await migrate(self.database_url)
        self.keys = open_keys(self.data / "keys", create=True)
        self.base_url = f"http://127.0.0.1:{self._ports['api']}"
        pooled_url = self.database_url
        if self._pgbouncer:
            pooled_url = await self._open.enter_async_context(
                # A restarted server is asked again at once, and not after fifteen seconds.
                pgbouncer(
                    self.database_url,
                    self.data / "pgbouncer",
                    binary=self._pgbouncer,
                    more="server_login_retry = 1\n" + PREPARED.get(keeps_statements(self._pgbouncer), ""),
                )
            )
        settings = Settings(
            database_url=pooled_url,
            database_direct_url=self.database_url,
            database_statement_cache=100 if not self._pgbouncer or keeps_statements(self._pgbouncer) else 0,
            redis_url=self.redis_url,
            keys_dir=self.data / "keys",
            sms_outbox=self.data / "outbox.jsonl",
            public_url=self.base_url,
            embedded=True,
            limits_scale=100_000.0,  # Counted as usual, never reached.
        )
        self._environ = {**os.environ, **environment(settings), MARK: str(self.data)}
        for part in ("api", "worker"):
            self._start_feed(part)
        await asyncio.gather(self._until_back("api"), self._until_back("worker"))
        self._keepers = [asyncio.create_task(self._keep(part)) for part in ("api", "worker")]
        self._keepers.append(asyncio.create_task(self._keep_snapshots()))

    async def stop(self) -> None:
        """Stops all processes."""
        for keeper in self._keepers:
            keeper.cancel()
        if self._keepers:
            await asyncio.wait(self._keepers, timeout=10)
        for part in ("api", "worker", "postgres", "redis"):
            if part in self._children:
                self._end(part)
        await self._open.aclose()

    async def suffer(self, fault: Fault) -> None:
        """Injects a fault and waits until the part works again. One at a time per part."""
        async with self._turns[fault.part]:
            match fault.kind.partition("_")[0]:
                case "pause":
                    with self.paused(self._victims(fault)):
                        await asyncio.sleep(fault.lasts)
                case "empty":
                    with contextlib.suppress(redis.exceptions.RedisError, OSError):
                        async with self.redis() as client:
                            await client.flushall()
                case "restart":
                    await self.end_in_order(fault.part)
                    await asyncio.sleep(fault.lasts)
                    await self.begin(fault.part)
                case "roll":
                    self._end("redis")
                    self._set_back()
                    await asyncio.sleep(fault.lasts)
                    await self.begin("redis")
                case _ if fault.kind in ("kill_backend", "kill_api_worker"):
                    for victim in self._victims(fault):
                        with contextlib.suppress(psutil.NoSuchProcess):
                            victim.send_signal(SIGKILL)
                case _:
                    self._end(fault.part)
                    await asyncio.sleep(fault.lasts)
                    await self.begin(fault.part)
            await self._until_back(fault.part)

    @contextlib.contextmanager
    def paused(self, processes: list[psutil.Process]) -> Iterator[None]:
        """Pauses these processes while the block runs."""
        _signal(processes, SIGSTOP)
        try:
            yield
        finally:
            _signal(processes, SIGCONT)

    def family(self, part: Part) -> list[psutil.Process]:
        """A part's processes, the first one before those that it has started."""
        with contextlib.suppress(psutil.NoSuchProcess):
            first = psutil.Process(self._children[part].process.pid)
            return [first, *first.children(recursive=True)]
        return []

    def workers(self) -> list[psutil.Process]:
        """The processes of the API that answer: each listens for itself, and one that has just been started does not yet."""
        return [process for process in self.family("api")[1:] if _listens(process, self._ports["api"])]

    def backends(self) -> list[psutil.Process]:
        """The processes of Postgres that serve a connection of ours."""
        return [process for process in self.family("postgres")[1:] if " feed 127.0.0.1" in _command(process)]

    async def end_in_order(self, part: Part) -> None:
        """As an operator stops it: what it has promised is on disk."""
        await self._children[part].stop(HANG_SECONDS)

    async def begin(self, part: Part) -> None:
        """Starts a part that has been ended, where it was before."""
        async with asyncio.timeout(HANG_SECONDS):
            if part == "postgres":
                await self._start_postgres()
            elif part == "redis":
                await self._start_redis()
            else:
                self._start_feed(part)
                await self._until_back(part)

    @asynccontextmanager
    async def postgres(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """A separate connection."""
        conn = await asyncpg.connect(self.database_url, timeout=10)
        try:
            await prepare_connection(conn)
            yield conn
        finally:
            await conn.close(timeout=5)

    @asynccontextmanager
    async def redis(self) -> AsyncIterator[Redis]:
        """A separate client."""
        client = Redis.from_url(self.redis_url, retry=Retry(NoBackoff(), 0), socket_timeout=5)
        try:
            yield client
        finally:
            await client.aclose()

    async def _start_postgres(self) -> None:
        child, self.database_url = await start_postgres(
            self.data, find_binaries(), self._password, {}, self._ports["postgres"]
        )
        self._children["postgres"] = child

    async def _start_redis(self) -> None:
        child, self.redis_url = await start_valkey(self.data, find_binaries(), self._password, self._ports["redis"])
        self._children["redis"] = child

    def _start_feed(self, part: Part) -> None:
        options = ["--port", str(self._ports["api"]), "--workers", str(self._workers), "--grace", "2"]
        command = [sys.executable, "-m", "feed", part, *(options if part == "api" else [])]
        log = self.data / f"log/{part}.log"
        if part == "worker":
            self._worker_log = log.stat().st_size if log.exists() else 0
        self._children[part] = Child(part, lambda: spawn(command, log=log, environ=self._environ))

    def _end(self, part: Part) -> None:
        # The processes that a server has started have groups of their own, and would go on for a moment.
        _signal(self.family(part), SIGKILL)
        self._children[part].kill()

    def _victims(self, fault: Fault) -> list[psutil.Process]:
        if fault.kind == "pause_backend" or fault.kind == "kill_backend":
            return _one(self.backends(), fault.pick)
        return _one(self.workers(), fault.pick) if fault.part == "api" else self.family(fault.part)

    async def _until_back(self, part: Part) -> None:
        """Waits until the part does its work. Raises TimeoutError when it does not come back by itself."""
        async with asyncio.timeout(HANG_SECONDS):
            while not await self._is_back(part):
                await asyncio.sleep(_TICK_SECONDS)

    async def _is_back(self, part: Part) -> bool:
        with contextlib.suppress(
            OSError, TimeoutError, httpx.TransportError, asyncpg.PostgresError, asyncpg.InterfaceError,
            redis.exceptions.RedisError,
        ):  # fmt: skip
            match part:
                case "postgres":
                    async with self.postgres() as conn:
                        return bool(await conn.fetchval("SELECT true"))
                case "redis":
                    async with self.redis() as client:
                        return bool(await client.ping())
                case "worker":
                    self._start_again_if_ended("worker")
                    said = (self.data / "log/worker.log").read_bytes()[self._worker_log :]
                    return b"worker started" in said
                case "api":
                    self._start_again_if_ended("api")
                    async with httpx.AsyncClient(
                        base_url=self.base_url, trust_env=False, timeout=_ASK_SECONDS
                    ) as client:
                        answers = [(await client.get("/health/live")).status_code for _ in range(4)]
                    return set(answers) == {200} and len(self.workers()) >= self._workers
        return False

    async def _keep(self, part: Part) -> None:
        """Starts again what has ended by itself, as `feed up` and every supervisor does."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            async with self._turns[part]:
                self._start_again_if_ended(part)

    def _start_again_if_ended(self, part: Part) -> None:
        if (status := self._children[part].process.poll()) is not None:
            self._tell(f"{part} ended by itself ({status}) and is started again")
            self._children[part].kill()
            self._start_feed(part)

    async def _keep_snapshots(self) -> None:
        """Every few seconds what Redis holds, as it would write it to disk: a rolled back one is up to some such steps old."""
        while True:
            await asyncio.sleep(4)
            async with self._turns["redis"]:
                with contextlib.suppress(OSError, redis.exceptions.RedisError):
                    async with self.redis() as client:
                        await client.save()
                    self._snapshots.append((self.data / "valkey/dump.rdb").read_bytes())
                    del self._snapshots[:-_SNAPSHOTS_KEPT]

    def _set_back(self) -> None:
        """The oldest snapshot in the place of everything that came after it; without one the server begins empty."""
        directory = self.data / "valkey"
        owner = directory.stat()
        shutil.rmtree(directory / "appendonlydir", ignore_errors=True)
        if self._snapshots:
            files = {"appendonly.aof.1.base.rdb": self._snapshots[0], "appendonly.aof.manifest": _MANIFEST.encode()}
            (directory / "appendonlydir").mkdir()
            for name, content in files.items():
                (directory / "appendonlydir" / name).write_bytes(content)
            for path in (directory / "appendonlydir").rglob("*"):
                shutil.chown(path, owner.st_uid, owner.st_gid)
            shutil.chown(directory / "appendonlydir", owner.st_uid, owner.st_gid)
            self._snapshots.clear()


def _signal(processes: list[psutil.Process], number: Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _one(processes: list[psutil.Process], pick: float) -> list[psutil.Process]:
    return [sorted(processes, key=lambda process: process.pid)[int(pick * len(processes))]] if processes else []


def _listens(process: psutil.Process, port: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return any(
            each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in process.net_connections("tcp")
        )
    return False


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
