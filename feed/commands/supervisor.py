"""Runs a whole installation: servers, migrations, keys, API and worker, supervised and stopped in order."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec

from feed.commands.installation import Run, checked, environment, require_serving, write_run
from feed.commands.schema import bring_up_to_date
from feed.embedded import installation as embedded
from feed.embedded.installation import Embedded
from feed.embedded.orphans import MARK
from feed.embedded.processes import CannotStart, Child, Process, free_port, require_free_port, spawn, tail
from feed.keys.store import open_keys
from feed.settings import Settings
from feed.tasks import stop_tasks

_START_SECONDS = 60.0
# Together less than ten seconds, for a user waiting at the terminal.
_API_GRACE_SECONDS = 4
_CHILDREN_SECONDS = 6.0
_SERVERS_SECONDS = 3.0


class RunningInstallation(msgspec.Struct, frozen=True):
    """The addresses and settings of a running installation."""

    base_url: str
    settings: Settings
    data: Path
    applied: list[str]  # Migrations that this start applied.
    api: Child


@asynccontextmanager
async def run_installation(
    data: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    workers: int = 1,
    environ: Mapping[str, str] = os.environ,
    notify: Callable[[str], None] = print,
) -> AsyncIterator[RunningInstallation]:
    """Runs Postgres and Valkey (embedded unless `environ` has URLs), the API on `port` (0: a free one) and the worker.

    Must be entered in the main thread. A child that exits is restarted and reported to `notify`; logs are in `data`/log.
    Raises DirectoryInUse, PortBusy, CannotStart, MigrationError.
    """
    given = {name: value for name, value in environ.items() if name.startswith("FEED_") and value}
    servers = await embedded.start(
        data, database_url=given.get("FEED_DATABASE_URL", ""), redis_url=given.get("FEED_REDIS_URL", "")
    )
    data = servers.data
    children: list[Child] = []
    keeper: asyncio.Future[Any] | None = None
    try:
        require_free_port(host, port)
        port = port or free_port()
        base_url = f"http://{_connect_host(host)}:{port}"
        settings = _settings(servers, base_url, given)
        applied = await bring_up_to_date(settings)
        open_keys(settings.keys_dir, create=True)
        variables = environment(settings)
        # API and worker do not know the owner's password.
        of_children = {**environ, **variables, "FEED_DATABASE_OWNER_URL": "", MARK: str(data)}
        of_children.pop("FEED_DATABASE_OWNER_URL_FILE", None)
        start = partial(_start, data, of_children)
        listen = ["--host", host, "--port", str(port), "--workers", str(workers)]
        children.append(Child("API", partial(start, "api", *listen, "--grace", str(_API_GRACE_SECONDS))))
        children.append(Child("worker", partial(start, "worker")))
        await _until_ready(base_url, children, data)
        write_run(data, Run(os.getpid(), base_url, variables))
        keeper = asyncio.gather(servers.supervise(notify), *(child.supervise(notify) for child in children))
        yield RunningInstallation(base_url, settings, data, applied, children[0])
    finally:
        (data / "run.json").unlink(missing_ok=True)
        if keeper is not None:
            await stop_tasks(keeper)
        await asyncio.gather(*(child.stop(_CHILDREN_SECONDS) for child in children))
        await servers.stop(_SERVERS_SECONDS)


def _settings(servers: Embedded, base_url: str, given: Mapping[str, str]) -> Settings:
    defaults = {
        "FEED_KEYS_DIR": str(servers.data / "keys"),
        "FEED_ACCESS_LOG_DIR": str(servers.data / "log/access"),
        "FEED_MEDIA_STORE": str(servers.data / "media"),
        "FEED_SMS_OUTBOX": str(servers.data / "outbox.jsonl"),
        "FEED_PUBLIC_URL": base_url,
        "FEED_EMBEDDED": str("FEED_DATABASE_URL" not in given).lower(),
    }
    found = {"FEED_DATABASE_URL": servers.database_url, "FEED_REDIS_URL": servers.redis_url}
    if servers.application_url:
        found |= {"FEED_DATABASE_URL": servers.application_url, "FEED_DATABASE_OWNER_URL": servers.database_url}
    return require_serving(checked({**defaults, **given, **found}))


def _start(data: Path, environ: Mapping[str, str], command: str, *options: str) -> Process:
    return spawn([sys.executable, "-m", "feed", command, *options], log=data / f"log/{command}.log", environ=environ)


def _connect_host(host: str) -> str:
    """The address to connect to for an address to listen on."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 (compared, not bound)
        return "127.0.0.1" if host == "0.0.0.0" else "[::1]"  # noqa: S104
    return f"[{host}]" if ":" in host else host


async def _until_ready(base_url: str, children: list[Child], data: Path) -> None:
    async with httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=5) as client, _in_time(data):
        while True:
            for child in children:
                if child.process.poll() is not None:
                    log = data / f"log/{child.name.lower()}.log"
                    raise CannotStart(
                        f"{child.name} 无法启动。\n{child.name} does not start; the end of {log}:\n{tail(log)}"
                    )
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/health/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def _in_time(data: Path) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_START_SECONDS):
            yield
    except TimeoutError:
        raise CannotStart(
            f"API 在 {_START_SECONDS:.0f} 秒内没有就绪，日志在 {data}/log。\n"
            f"The API was not ready within {_START_SECONDS:.0f} seconds; its log is in {data}/log."
        ) from None
