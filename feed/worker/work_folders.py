"""Temporary folders of workers: locked while their worker lives, so that those of dead workers are found and removed."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "feed-media-"
# Between its creation and its lock a folder has no owner for a moment.
_YOUNG_SECONDS = 60.0


@contextmanager
def work_folder(parent: Path) -> Iterator[Path]:
    """A new folder in `parent`, readable by this user alone, that is removed with everything in it in every case."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    try:
        # The kernel releases the lock with the process, however it ends. Children of the worker do not inherit it.
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield folder
        finally:
            os.close(descriptor)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_dead_folders(parent: Path, *, older_than: float = _YOUNG_SECONDS) -> int:
    """Removes the folders of workers that have ended without removing them. Returns how many."""
    removed = 0
    for folder in parent.glob(_PREFIX + "*"):
        with suppress(OSError):
            if _is_dead(folder, older_than):
                shutil.rmtree(folder)
                removed += 1
    return removed


def _is_dead(folder: Path, older_than: float) -> bool:
    if time.time() - folder.lstat().st_mtime < older_than:
        return False
    # Another user's folder, or a link, is nothing of ours.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_uid != os.getuid():
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
