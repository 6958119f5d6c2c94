"""Temporary files of uploads through the API: on disk and not in memory, hashed while they are written, and removed in every case.

A file belongs to the process that holds its lock. What a killed process has left is removed when the next one starts.
"""

import asyncio
import fcntl
import hashlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from feed.batching import Overloaded
from feed.limits.model import RateLimited
from feed.media.model import IMAGES_MOST
from feed.media.sniffing import HEAD_BYTES

# Of a process. Together they take at most so many times the largest upload of disk space.
_FILES_MOST = 64
# Of an account: the photos of a post at once. A few slow senders do not take all files of the process.
_FILES_OF_OWNER_MOST = IMAGES_MOST
_RETRY_SECONDS = 5
_BUFFER_BYTES = 256 * 1024
# A file between its creation and its lock is younger.
_UNLOCKED_SECONDS = 5.0


class TemporaryFile:
    """A file that an upload is written to. `head`: its first bytes, `byte_count` and `sha256` of all that was written."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path = path
        self.head = b""
        self.byte_count = 0
        self._file = file
        self._hash = hashlib.sha256()
        self._buffer = bytearray()

    @property
    def sha256(self) -> bytes:
        """Of what was written; complete after `flush`."""
        return self._hash.digest()

    async def write(self, piece: bytes | bytearray) -> None:
        """Appends a piece. Written in a thread, some hundred kilobytes at a time."""
        if len(self.head) < HEAD_BYTES:
            self.head += bytes(piece[: HEAD_BYTES - len(self.head)])
        self.byte_count += len(piece)
        self._buffer += piece
        if len(self._buffer) >= _BUFFER_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Writes what is buffered."""
        pieces, self._buffer = self._buffer, bytearray()
        if pieces:
            await asyncio.to_thread(self._write, pieces)

    def _write(self, pieces: bytearray) -> None:
        self._hash.update(pieces)
        self._file.write(pieces)
        self._file.flush()


class TemporaryFiles:
    """The folder of the temporary files of uploads, which the processes of this user share on this machine."""

    def __init__(
        self, folder: Path | None = None, *, most: int = _FILES_MOST, most_of_owner: int = _FILES_OF_OWNER_MOST
    ) -> None:
        self.folder = folder or Path(tempfile.gettempdir()) / f"feed-uploads-{os.getuid()}"
        self._most, self._most_of_owner = most, most_of_owner
        self._open: Counter[int] = Counter()

    @asynccontextmanager
    async def open(self, owner_id: int) -> AsyncIterator[TemporaryFile]:
        """A new file for an upload of an account, removed at the end of the block.

        Raises RateLimited while the account has too many open, and Overloaded while all accounts have.
        """
        if self._open[owner_id] >= self._most_of_owner:
            raise RateLimited(retry_after=_RETRY_SECONDS)
        if self._open.total() >= self._most:
            raise Overloaded(retry_after=_RETRY_SECONDS)
        self._open[owner_id] += 1
        try:
            with _Locked(self._prepared()) as locked:
                yield TemporaryFile(locked.path, locked.file)
        finally:
            self._open[owner_id] -= 1
            # Accounts without an open file take no memory.
            self._open = +self._open

    def sweep(self) -> int:
        """Removes the files that no running process holds. Returns their number."""
        if not self.folder.exists():
            return 0
        return sum(_remove_unheld(path) for path in self._prepared().iterdir())

    def _prepared(self) -> Path:
        """The folder, for this user alone: in a shared folder for temporary files another user may have made it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self.folder.lstat()
        if found.st_uid != os.getuid() or found.st_mode & 0o077 or self.folder.is_symlink():
            raise PermissionError(f"{self.folder} belongs to another user, or others may enter it")
        return self.folder


class _Locked:
    """A new file with its lock, closed and removed at the end of the block."""

    def __init__(self, folder: Path) -> None:
        descriptor, name = tempfile.mkstemp(dir=folder)
        self.path = Path(name)
        self.file = os.fdopen(descriptor, "w+b")
        fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def __enter__(self) -> "_Locked":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.path.unlink(missing_ok=True)
        # A full disk shows when the rest is written; that write has failed already.
        with suppress(OSError):
            self.file.close()


def _remove_unheld(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:
        if time.time() - path.stat().st_mtime < _UNLOCKED_SECONDS:
            return False
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
        return True
    return False
