"""What `feed` asks of an object storage, whichever it is: a folder, or S3 and what speaks its protocol."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import msgspec

from feed.errors import Unavailable


class StorageUnavailable(Unavailable):
    """The object storage cannot be reached or refuses what it should allow: the request can be repeated later."""


class StorageMisconfigured(Exception):
    """The settings of the object storage cannot be right; the message names the setting. Raised at the start."""


class StoredObject(msgspec.Struct, frozen=True):
    """An object: its name, its size in bytes, its entity tag without quotes, and when it was last written."""

    name: str
    byte_count: int
    etag: str
    written_at: datetime


class WrongSize(Exception):
    """What was sent has another size than what was announced."""


class SignedRequest(msgspec.Struct, frozen=True):
    """A request that anybody may send until it expires: its URL, and the headers that have to be sent with it."""

    url: str
    headers: dict[str, str]


class ObjectStorage(Protocol):
    """Objects by name: ASCII letters, digits, `-`, `_`, `.` and `/`, made by us and never by users.

    Every method raises StorageUnavailable if the storage cannot be reached within its time.
    """

    async def put(self, name: str, content: bytes | Path, *, content_type: str) -> None:
        """Writes an object, complete or not at all; a file is read in pieces."""

    async def find(self, name: str) -> StoredObject | None:
        """The object; None if there is none."""

    def read(self, name: str, *, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` on, `length` of them or all, in pieces. Raises FileNotFoundError when it is first read."""

    async def remove(self, names: Sequence[str]) -> None:
        """Removes objects; what does not exist is removed already."""

    def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        """The objects whose names begin with `prefix`, a folder with its slash."""

    async def sign_put(self, name: str, *, byte_count: int, valid_for: timedelta) -> SignedRequest:
        """A request by which a client writes this object itself. The signer checks the size afterwards."""

    async def check(self) -> None:
        """Writes, reads and removes an object, as the processes do when they start.

        Raises StorageMisconfigured if the settings cannot be right, StorageUnavailable if the storage may answer later.
        """

    async def close(self) -> None:
        """Gives back what the storage holds."""
