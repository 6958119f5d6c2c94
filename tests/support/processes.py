"""The processes of an installation, any of which may end while it is looked at."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from feed.embedded.orphans import MARK


def processes_of(data: Path) -> list[psutil.Process]:
    """Servers work in the directory, the API and the worker bear its mark."""
    found = []
    for process in psutil.process_iter():
        # `OSError`: what /proc says of a process that ends.
        with suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE and (
                process.environ().get(MARK) == str(data) or Path(process.cwd()).is_relative_to(data.resolve())
            ):
                found.append(process)
    return found


def command_of(process: psutil.Process) -> list[str]:
    """Its command line; empty when it has ended."""
    try:
        return [str(word) for word in process.cmdline()]
    except psutil.Error:
        return []


def environment_of(process: psutil.Process) -> dict[str, str]:
    """Its environment; empty when it has ended."""
    try:
        return {str(name): str(value) for name, value in process.environ().items()}
    except psutil.Error:
        return {}


def family_of(pid: int) -> list[psutil.Process]:
    """The process and everything that it has started, itself or not; empty when it has ended."""
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    return []


def kill_all(processes: Iterable[psutil.Process]) -> None:
    """Kills what has not ended yet: parts also end with their parent."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
