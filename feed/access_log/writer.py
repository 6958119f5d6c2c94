"""The access log: who has requested what from which address and port, in files apart from the application's logs.

One file for each day (Shanghai) and process, one JSON object per line. Requests only put their entry into a queue; a thread writes.
"""

import os
import threading
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple

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
        self._file: IO[bytes] | None = None
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
            if not taken:
                return
            try:
                opened = self._open(datetime.now(SHANGHAI))
                opened.write(b"".join(map(_encoded, taken)))
                opened.flush()
            except OSError as error:
                log.error("access log not written", failure=type(error).__name__, entries=len(taken))
                self._queue.extendleft(reversed(taken[-(_QUEUE_MOST - len(self._queue)) :]))

    def _write_forever(self) -> None:
        clock = 0.0
        while not self._closing.wait(_FLUSH_SECONDS):
            self.flush()
            clock += _FLUSH_SECONDS
            if clock - self._cleaned_at >= _CLEAN_SECONDS:
                self._cleaned_at = clock
                remove_old(self._directory, days=self._days, now=datetime.now(SHANGHAI))

    def _open(self, now: datetime) -> IO[bytes]:
        name = file_name(now, os.getpid())
        # Also when the file was taken away: what is written to it would be lost.
        if self._file is None or name != self._name or not (self._directory / name).exists():
            if self._file is not None:
                self._file.close()
            descriptor = os.open(self._directory / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            self._file = os.fdopen(descriptor, "ab", buffering=0)
            self._name = name
        return self._file


def _encoded(entry: Entry) -> bytes:
    return (
        _encoder.encode(
            _Line(
                datetime.fromtimestamp(round(entry.at, 3), UTC),
                entry.method,
                entry.path,
                entry.status,
                None if entry.account_id is None else str(entry.account_id),
                entry.address,
                entry.port,
                entry.user_agent[:_AGENT_LONGEST],
            )
        )
        + b"\n"
    )
