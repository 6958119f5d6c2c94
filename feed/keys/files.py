"""Files for their owner alone: whole from their first moment, there after a crash, and refused when others may read them."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class KeyStoreError(Exception):
    """The key store cannot be used; the message says what to do."""


class KeysMissing(KeyStoreError):
    """There are no keys where they should be, and none are to be made."""


class KeysExposed(KeyStoreError):
    """Others than the owner may read or change the keys."""


class KeysDamaged(KeyStoreError):
    """A file of the store is not what was written."""


def read(path: Path) -> bytes:
    check_private(path)
    return path.read_bytes()


def check_private(path: Path) -> None:
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        raise KeysMissing(f"{path} does not exist; check FEED_KEYS_DIR") from None
    if mode & 0o077:
        wanted = "700" if path.is_dir() else "600"
        raise KeysExposed(f"{path} is open to others (mode {mode:o}); run: chmod {wanted} '{path}'")


def make_directory(directory: Path) -> None:
    """A directory for the owner alone. An empty one that was prepared for us is closed to others."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not any(directory.iterdir()):
        directory.chmod(0o700)


def write_once(path: Path, content: bytes) -> bool:
    """Writes a new file that is whole from its first moment and stays after a crash. False when there is one already."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link, not a rename: of two processes one succeeds, and the other reads what that one has made.
        os.link(draft, path)
        first = True
    except FileExistsError:
        first = False
    finally:
        draft.unlink(missing_ok=True)
    sync_directory(path.parent)
    return first


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Keeps other processes from changing the store; a process that dies lets go."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace(path: Path, content: bytes) -> None:
    """Puts a whole file in the place of another one; a crash leaves the one or the other."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    write_once(draft, content)
    draft.replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
