"""The access log: who has requested what from which address and port, in files apart from the application's logs.

One file for each day (Shanghai) and process, one JSON object per line. Requests only put their entry into a queue; a thread writes.
"""

import os
import threading
from collections import deque
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from feed.access_log.files import SHANGHAI, file_name, remove_old

log = structlog.get_logger("feed.access_log")

_FLUSH_SECONDS = 1.0
_CLEAN_SECONDS = 3600.0
# While the disk does not accept them the latest entries are kept, some 40 MB.
_QUEUE_MOST = 100_000
_AGENT_LONGEST = 200

_encoder = msgspec.json.Encoder()


class Entry(NamedTuple):
    """One request. `at` is in seconds since 1970; `port` is None where a proxy does not tell it."""

    at: float
    method: str
    path: str
    status: int
    account_id: int | None
    address: str
    port: int | None
    user_agent: str


class _Line(msgspec.Struct):
    at: datetime
    method: str
    path: str
    status: int
    account_id: str | None
    address: str
    port: int | None
    user_agent: str


class AccessLog:
    """Takes the entries of one process and writes them every second, until it is closed."""

    def __init__(self, directory: Path, *, days: int) -> None:
        """`days`: how long files are kept. Raises OSError for a directory that cannot be used."""
        self._directory = directory
        self._days = days
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._queue: deque[Entry] = deque(maxlen=_QUEUE_MOST)
        self._file: FileIO | None = None
        # The end of a line whose beginning is written.
        self._rest = b""
        self._name = ""
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._cleaned_at = float("-inf")
        self._thread = threading.Thread(target=self._write_forever, name="access log", daemon=True)

    def start(self) -> None:
        """Starts the thread that writes."""
        self._thread.start()

    def add(self, entry: Entry) -> None:
        """Takes an entry; it is on disk within a second or two."""
        self._queue.append(entry)

    def close(self) -> None:
        """Writes what is left and closes the file."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        self.flush()
        if self._file is not None:
            self._file.close()
            self._file = None

    def flush(self) -> None:
        """Writes the entries that are waiting. While that fails they wait on, the latest ones."""
        with self._lock:
            taken = [self._queue.popleft() for _ in range(len(self._queue))]
            if not taken and not self._rest:
                return
            lines = [*map(_encoded, taken)]
            unwritten = b"".join(lines)
            try:
                opened = self._open(datetime.now(SHANGHAI))
                unwritten = self._rest + unwritten
                while unwritten:  # A disk that is almost full takes a part.
                    unwritten = unwritten[opened.write(unwritten) :]
                self._rest = b""
            except OSError as error:
                self._keep(unwritten, taken, lines)
                log.error("access log not written", failure=type(error).__name__, entries=len(self._queue))

    def _keep(self, unwritten: bytes, taken: list[Entry], lines: list[bytes]) -> None:
        """Puts back the entries of which nothing is written, as many as there is room for, and keeps the rest of one in between."""
        left, length = 0, len(unwritten)
        while left < len(lines) and length >= len(lines[-1 - left]):
            length -= len(lines[-1 - left])
            left += 1
        self._rest = unwritten[:length]
        for entry in reversed(taken[len(taken) - left :]):
            if len(self._queue) >= _QUEUE_MOST:  # The latest ones are kept.
                break
            self._queue.appendleft(entry)

    def _write_forever(self) -> None:
        clock = 0.0
        while not self._closing.wait(_FLUSH_SECONDS):
            self.flush()
            clock += _FLUSH_SECONDS
            if clock - self._cleaned_at >= _CLEAN_SECONDS:
                self._cleaned_at = clock
                try:
                    remove_old(self._directory, days=self._days, now=datetime.now(SHANGHAI))
                except OSError as error:  # Of another user, for instance. Writing goes on.
                    log.error("access log not cleaned", failure=type(error).__name__)

    def _open(self, now: datetime) -> FileIO:
        """The file of the day; until the rest of a line is written, the file that has its beginning."""
        name = self._name if self._rest else file_name(now, os.getpid())
        path = self._directory / name
        # Also when the file was taken away: what is written to it would be lost.
        if self._file is None or name != self._name or not path.exists():
            if self._file is not None:
                self._file.close()
                self._file = None
            torn = _ends_within_a_line(path)
            self._file, self._name, self._rest = FileIO(path, "ab", opener=_private), name, b"\n" if torn else b""
        return self._file


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _ends_within_a_line(path: Path) -> bool:
    """Whether a process that was killed, whose number this one has, left a line without an end."""
    try:
        with path.open("rb") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return False
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    except FileNotFoundError:
        return False


def _encoded(entry: Entry) -> bytes:
    return (
        _encoder.encode(
            _Line(
                datetime.fromtimestamp(round(entry.at, 3), UTC),
                entry.method,
                # A server may hand on what is no text.
                entry.path.encode(errors="replace").decode(),
                entry.status,
                None if entry.account_id is None else str(entry.account_id),
                entry.address,
                entry.port,
                entry.user_agent[:_AGENT_LONGEST],
            )
        )
        + b"\n"
    )
