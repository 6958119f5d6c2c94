"""Embedded Postgres and Valkey from wheels, for `feed up`, `feed demo` and the tests.

Both listen on 127.0.0.1 only, require a password, and store everything in one data directory.
"""

import asyncio
import contextlib
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from feed.embedded import orphans, servers
from feed.embedded.binaries import find_binaries
from feed.embedded.processes import CannotStart, Child, hold, write_private


class Passwords(msgspec.Struct, frozen=True):
    postgres: str
    valkey: str
    # Of the role that the application connects as. Empty in directories of earlier versions.
    application: str = ""


# The role that the application connects as.
APPLICATION = "feed_app"


class Embedded:
    """The running servers and the lock on the data directory.

    `database_url` is that of the owner; `application_url` that of the role that the application connects as, empty for a database that
    was given. The role is created by `feed.commands.schema`.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.database_url = ""
        self.application_url = ""
        self.redis_url = ""
        self._children: list[Child] = []
        self._held: int | None = None

    def hold(self) -> None:
        """Creates and locks the data directory. Raises DirectoryInUse."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._held = hold(self.data)
        (self.data / "log").mkdir(mode=0o700, exist_ok=True)

    async def start_postgres(self, passwords: Passwords, settings: Mapping[str, str], port: int | None) -> None:
        """Starts Postgres and sets `database_url` and `application_url`."""
        child, self.database_url = await servers.start_postgres(
            self.data, find_binaries(), passwords.postgres, settings, port
        )
        place = self.database_url.rpartition("@")[2]
        self.application_url = f"postgresql://{APPLICATION}:{passwords.application}@{place}"
        self._children.append(child)

    async def start_valkey(self, password: str, port: int | None) -> None:
        """Starts Valkey and sets `redis_url`."""
        child, self.redis_url = await servers.start_valkey(self.data, find_binaries(), password, port)
        self._children.append(child)

    async def supervise(self, notify: Callable[[str], None]) -> None:
        """Restarts a server that exits, at the same address, and reports it to `notify`. Does not return before `stop`."""
        await asyncio.gather(*(child.supervise(notify) for child in self._children))

    async def stop(self, within: float = 8.0) -> None:
        """Stops the servers cleanly and releases the directory. `within` is the timeout in seconds."""
        await asyncio.gather(*(child.stop(within) for child in self._children))
        if self._held is not None:
            os.close(self._held)
        self._children, self._held = [], None


async def start(
    data: Path,
    *,
    database_url: str = "",
    redis_url: str = "",
    postgres_settings: Mapping[str, str] | None = None,
    postgres_port: int | None = None,
    valkey_port: int | None = None,
) -> Embedded:
    """Locks `data` for this process and starts each server whose URL is not given.

    Must be awaited in the main thread: the servers end with the thread that started them. Raises DirectoryInUse,
    PortBusy, or CannotStart with the end of a server's log.
    """
    running = Embedded(data.resolve())  # noqa: ASYNC240 (once, before anything runs)
    try:
        running.hold()
        orphans.end(running.data)
        running.database_url, running.redis_url = database_url, redis_url
        if not (database_url and redis_url):
            passwords = _passwords(running.data)
            async with asyncio.TaskGroup() as group:
                if not database_url:
                    group.create_task(running.start_postgres(passwords, postgres_settings or {}, postgres_port))
                if not redis_url:
                    group.create_task(running.start_valkey(passwords.valkey, valkey_port))
    except BaseException as error:  # noqa: BLE001 (stopped, then raised again)
        await running.stop()
        raise _plain(error, running.data) from None
    return running


def _plain(error: BaseException, data: Path) -> BaseException:
    """The first error of an exception group; an OSError as CannotStart with a message."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, OSError):
        return CannotStart(f"无法使用数据目录 {data}。\nThe data directory cannot be used: {error}")
    return error


def _passwords(data: Path) -> Passwords:
    """Reads the passwords, or creates them and writes them to disk. Raises CannotStart if they are lost."""
    path = data / "passwords.json"
    with contextlib.suppress(FileNotFoundError):
        known = msgspec.json.decode(path.read_bytes(), type=Passwords)
        if not known.application:
            known = msgspec.structs.replace(known, application=secrets.token_urlsafe(24))
            write_private(path, msgspec.json.encode(known))
        return known
    if (data / "postgres").exists():
        raise CannotStart(
            f"缺少 {path}，无法打开已有的数据库。\n{path} is missing: the database there cannot be opened."
        )
    made = Passwords(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(24))
    write_private(path, msgspec.json.encode(made))
    return made
