"""Private files of the key store: written atomically and durably, rejected when other users may read them."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class KeyStoreError(Exception):
    """The key store cannot be used; the message says what to do."""


class KeysMissing(KeyStoreError):
    """The file or directory does not exist, and is not to be created."""


class KeysExposed(KeyStoreError):
    """Other users may read or change the keys."""


class KeysDamaged(KeyStoreError):
    """A file of the store cannot be parsed."""


def read(path: Path) -> bytes:
    """The content of a private file. Raises KeysMissing, KeysExposed."""
    check_private(path)
    return path.read_bytes()


def check_private(path: Path) -> None:
    """Raises KeysMissing without the file or directory, KeysExposed if its mode gives other users access."""
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        raise KeysMissing(f"{path} does not exist; check FEED_KEYS_DIR") from None
    if mode & 0o077:
        wanted = "700" if path.is_dir() else "600"
        raise KeysExposed(f"{path} is open to others (mode {mode:o}); run: chmod {wanted} '{path}'")


def make_directory(directory: Path) -> None:
    """Creates a directory with mode 700 unless it exists; an existing empty one gets that mode."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not any(directory.iterdir()):
        directory.chmod(0o700)


def write_once(path: Path, content: bytes) -> bool:
    """Creates a file atomically and durably. False if it exists already."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link, not a rename: it fails if another process has created the file, which is then used by both.
        os.link(draft, path)
        created = True
    except FileExistsError:
        created = False
    finally:
        draft.unlink(missing_ok=True)
    sync_directory(path.parent)
    return created


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """An exclusive lock for changes of the store; it ends with the process at the latest."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace(path: Path, content: bytes) -> None:
    """Replaces a file atomically and durably."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    write_once(draft, content)
    draft.replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Makes created and removed names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
