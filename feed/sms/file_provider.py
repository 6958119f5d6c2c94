"""An SMS provider for development and tests: appends one JSON line per message to an outbox file."""

import asyncio
import fcntl
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from feed.sms.model import Purpose, Reference
from feed.sms.provider import Found, NotAccepted, Registration
from feed.sms.templates import render_text


class OutboxLine(msgspec.Struct, frozen=True):
    """One message in the outbox file."""

    id: str
    at: datetime
    phone: str
    purpose: str
    text: str
    params: dict[str, str]


def read_outbox(path: Path) -> Iterator[OutboxLine]:
    """Yields the messages, oldest first. A line that a crash cut off was never sent and is skipped."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                yield msgspec.json.decode(line, type=OutboxLine)
            except msgspec.DecodeError:
                continue


class FileProvider:
    """Does not deduplicate, like a real provider; unlike one, it keeps every message for lookup."""

    name = "file"

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, reference: Reference, phone: str, purpose: Purpose, params: dict[str, str]) -> str:
        """Appends the message and syncs it to disk. Returns its id."""
        line = OutboxLine(
            id=reference,
            at=datetime.now(UTC),
            phone=phone,
            purpose=purpose,
            text=render_text(purpose, params),
            params=params,
        )
        await asyncio.to_thread(self._append, msgspec.json.encode(line) + b"\n")
        return f"file-{reference}"

    async def find(self, reference: Reference, phone: str, sending_at: datetime) -> Found | NotAccepted:
        """Looks the message up in the file by its reference."""
        seen = await asyncio.to_thread(lambda: any(line.id == reference for line in read_outbox(self._path)))
        return Found(f"file-{reference}") if seen else NotAccepted()

    async def close(self) -> None:
        """Nothing to close."""

    def _append(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            size = os.fstat(handle).st_size
            # A crash may have left an incomplete last line; the new message starts on a line of its own.
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            os.write(handle, b"\n" + line if torn else line)
            os.fsync(handle)
        finally:
            os.close(handle)


FILE = Registration(name=FileProvider.name, read=lambda settings: settings.sms_outbox, open=FileProvider, sends=False)
