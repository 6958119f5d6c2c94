"""Processes that a killed run left behind: finds and ends them."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from signal import SIGINT, SIGQUIT, SIGTERM, Signals
from typing import Any

from feed.embedded.processes import CannotStart

# Environment variable of API and worker processes with their data directory.
MARK = "FEED_INSTALLATION"

_SECONDS = 15.0


def end(data: Path) -> None:
    """Ends servers that work in `data` and processes marked with it, and waits until they have exited.

    Must be called by the holder of the lock: any process still working in the directory is then an orphan.
    Raises CannotStart if one does not end.
    """
    with contextlib.suppress(ImportError):
        _end([(process, SIGTERM) for process in _marked(data)])
        _end([(process, SIGTERM) for process in _working_in(data / "valkey", "valkey-server")])
        servers = list(_working_in(data / "postgres", "postgres"))
        main = _postmaster(data)
        if any(process.pid == main for process in servers):
            _end([(process, SIGINT) for process in servers if process.pid == main])
        _end([(process, SIGQUIT) for process in _working_in(data / "postgres", "postgres")])


def _marked(data: Path) -> Iterator[Any]:
    import psutil  # type: ignore[import-untyped]

    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid not in mine and process.environ().get(MARK) == str(data):
                yield process


def _working_in(directory: Path, program: str) -> Iterator[Any]:
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.name() == program and Path(process.cwd()) == directory.resolve():
                yield process


def _postmaster(data: Path) -> int | None:
    try:
        return int((data / "postgres/postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _end(processes: list[tuple[Any, Signals]]) -> None:
    import psutil

    for process, number in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
    if alive := _until_ended([process for process, _ in processes]):
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        if alive := _until_ended(alive):
            pids = ", ".join(str(process.pid) for process in alive)
            raise CannotStart(
                f"上次运行留下的进程无法终止：{pids}。\nProcesses that an earlier run left behind do not end: {pids}."
            )


def _until_ended(processes: list[Any]) -> list[Any]:
    """Waits until these processes have ended. Returns those that have not after `_SECONDS`."""
    deadline = time.monotonic() + _SECONDS
    while (alive := [process for process in processes if _lives(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive


def _lives(process: Any) -> bool:
    import psutil

    # A zombie has ended, even if init has not reaped it yet.
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
