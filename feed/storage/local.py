"""A folder as the object storage: of the embedded mode, and of sites whose processes share a file system."""

import asyncio
import os
import secrets
import stat
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, TypeVar

from feed.storage.grants import UploadGrants
from feed.storage.names import PROBES, require_name, require_prefix
from feed.storage.protocol import SignedRequest, StorageMisconfigured, StorageUnavailable, StoredObject, WrongSize

Result = TypeVar("Result")

PIECE_BYTES = 256 * 1024
# In the folder itself, so that a finished file is renamed within one file system. No object's name begins with a dot.
_TEMPORARY = ".temporary"
# A file that was not written to for so long is one whose process was killed.
_ABANDONED_SECONDS = 3600


class LocalStorage:
    """Objects as files below `root`, which is made when the first one is written."""

    def __init__(self, root: Path, grants: UploadGrants) -> None:
        self._root = root.absolute()
        self.grants = grants

    def __repr__(self) -> str:
        return f"LocalStorage({str(self._root)!r})"

    async def put(self, name: str, content: bytes | Path, *, content_type: str) -> None:
        """Writes an object, complete or not at all. The content type is not stored: the row of the object has it."""
        target = self._path(name)
        with _unavailable():
            await asyncio.to_thread(self._put, target, content)

    async def receive(self, name: str, pieces: AsyncIterator[bytes], *, byte_count: int) -> None:
        """Writes an object of exactly `byte_count` bytes as they arrive. Raises WrongSize, and then there is no object."""
        target = self._path(name)
        with _unavailable():
            # Not in a thread: a cancellation in between would leave the file.
            file, temporary = self._new_temporary()
        written, waiting = 0, bytearray()
        kept = False
        try:
            async for piece in pieces:
                written += len(piece)
                if written > byte_count:
                    raise WrongSize
                waiting += piece
                if len(waiting) >= PIECE_BYTES:
                    with _unavailable():
                        await _finished(_write, file, bytes(waiting))
                    waiting.clear()
            if written != byte_count:
                raise WrongSize
            with _unavailable():
                await _finished(self._finish, file, bytes(waiting), temporary, target)
            kept = True
        finally:
            # Also after a cancellation, when nothing can be waited for: closing and removing takes no time.
            file.close()
            if not kept:
                temporary.unlink(missing_ok=True)

    async def find(self, name: str) -> StoredObject | None:
        path = self._path(name)
        with _unavailable():
            return await asyncio.to_thread(_describe, path, name)

    async def read(self, name: str, *, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        path = self._path(name)
        with _unavailable():
            file = await asyncio.to_thread(self._open, path, start)
        try:
            left = length
            while left is None or left > 0:
                with _unavailable():
                    piece = await _finished(file.read, PIECE_BYTES if left is None else min(left, PIECE_BYTES))
                if not piece:
                    return
                left = None if left is None else left - len(piece)
                yield piece
        finally:
            file.close()

    async def remove(self, names: Sequence[str]) -> None:
        paths = [self._path(name) for name in names]
        with _unavailable():
            await asyncio.to_thread(self._remove, paths)

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        waiting = [require_prefix(prefix)]
        while waiting:
            folder = waiting.pop()
            with _unavailable():
                files, folders = await asyncio.to_thread(self._contents, folder)
            for each in files:
                yield each
            waiting += reversed(folders)

    async def sign_put(self, name: str, *, byte_count: int, valid_for: timedelta) -> SignedRequest:
        require_name(name)
        now = datetime.now(UTC)
        return SignedRequest(self.grants.address(name, byte_count=byte_count, now=now, valid_for=valid_for), {})

    async def check(self) -> None:
        """Also removes what killed processes left half-written. Raises StorageMisconfigured."""
        name = f"{PROBES}{secrets.token_hex(8)}"
        try:
            await self.put(name, b"feed", content_type="text/plain")
            same = b"".join([piece async for piece in self.read(name)]) == b"feed"
            await self.remove([name])
            await asyncio.to_thread(self._remove_abandoned)
        except (OSError, StorageUnavailable) as error:
            cause = error.__cause__ if isinstance(error, StorageUnavailable) else error
            words = getattr(cause, "strerror", None) or "cannot be used"
            raise StorageMisconfigured(f"FEED_MEDIA_STORE: {self._root}: {words}") from None
        if not same:
            raise StorageMisconfigured(f"FEED_MEDIA_STORE: {self._root} returns other bytes than were written")

    async def close(self) -> None:
        """Nothing is held open."""

    def _path(self, name: str) -> Path:
        return self._root / require_name(name)

    def _new_temporary(self) -> tuple[BinaryIO, Path]:
        folder = self._root / _TEMPORARY
        _make_folder(folder)
        path = folder / secrets.token_hex(16)
        return path.open("xb", buffering=0), path

    def _open(self, path: Path, start: int) -> BinaryIO:
        try:
            file = path.open("rb", buffering=0)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            if not self._root.is_dir():
                # A file system that is not mounted: the file may be there when it is.
                raise StorageUnavailable from None
            raise FileNotFoundError(path.name) from None
        file.seek(start)
        return file

    def _put(self, target: Path, content: bytes | Path) -> None:
        file, temporary = self._new_temporary()
        try:
            if isinstance(content, Path):
                with content.open("rb", buffering=0) as source:
                    while piece := source.read(PIECE_BYTES):
                        _write(file, piece)
                content = b""
            self._finish(file, content, temporary, target)
        finally:
            file.close()
            temporary.unlink(missing_ok=True)

    def _finish(self, file: BinaryIO, rest: bytes, temporary: Path, target: Path) -> None:
        """Writes the rest and gives the file its name, after its bytes are on the disk: no name is that of half a file."""
        _write(file, rest)
        os.fsync(file.fileno())
        while True:
            _make_folder(target.parent)
            try:
                temporary.replace(target)
                break
            except FileNotFoundError:
                # Another process has just removed the empty folder.
                if not temporary.exists():
                    raise
        # Another process may have removed the object again, and its folder.
        with suppress(FileNotFoundError):
            _sync_folder(target.parent)

    def _remove(self, paths: Sequence[Path]) -> None:
        for path in paths:
            with suppress(FileNotFoundError, NotADirectoryError):
                path.unlink()
            # Its folder too, if nothing else is in it.
            with suppress(OSError):
                for folder in path.parents:
                    if folder == self._root:
                        break
                    folder.rmdir()

    def _contents(self, folder: str) -> tuple[Sequence[StoredObject], Sequence[str]]:
        files, folders = [], []
        with suppress(FileNotFoundError, NotADirectoryError):
            for entry in sorted(os.scandir(self._root / folder), key=lambda entry: entry.name):
                name = folder + entry.name
                if entry.is_dir(follow_symlinks=False):
                    folders.append(name + "/")
                elif (found := _describe(Path(entry.path), name)) is not None:
                    files.append(found)
        return files, folders

    def _remove_abandoned(self) -> None:
        before = time.time() - _ABANDONED_SECONDS
        for path in (self._root / _TEMPORARY).iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()


@contextmanager
def _unavailable() -> Iterator[None]:
    """A full disk or an unmounted file system is a storage that cannot be reached; a missing file stays one."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StorageUnavailable from error


async def _finished(work: Callable[..., Result], *arguments: object) -> Result:
    """Does blocking work in a thread and waits for its end even when cancelled: the file is closed only then."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


def _make_folder(folder: Path) -> None:
    """Makes a folder and those above it, for this user alone: the parents that `mkdir` makes are open to others.

    Other processes may remove an empty folder between any two steps: then it is made again.
    """
    while True:
        try:
            folder.mkdir(mode=0o700)
            return
        except FileNotFoundError:
            _make_folder(folder.parent)
        except FileExistsError:
            with suppress(FileNotFoundError):
                mode = folder.lstat().st_mode
                if stat.S_ISDIR(mode) or (stat.S_ISLNK(mode) and folder.is_dir()):
                    return
                raise


def _write(file: BinaryIO, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[file.write(view) :]


def _describe(path: Path, name: str) -> StoredObject | None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not path.is_file():
        return None
    written_at = datetime.fromtimestamp(status.st_mtime, UTC)
    return StoredObject(name, status.st_size, f"{status.st_mtime_ns:x}-{status.st_size:x}", written_at)


def _sync_folder(folder: Path) -> None:
    """Makes the new name survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
