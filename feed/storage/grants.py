"""Addresses by which a client writes an object into the local folder itself, until they expire. Pure.

An S3 storage signs such addresses of its own; a folder has no server but `feed`.
"""

import hmac
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec

from feed.errors import Forbidden


class UploadNotGranted(Forbidden):
    """The address of the upload has expired, or was never one of ours: the upload says which parts are missing and where they are sent."""


class UploadGrants(msgspec.Struct, frozen=True):
    """`base`: the address below which the API takes uploads; `key` signs."""

    base: str
    key: bytes

    def __repr__(self) -> str:
        return f"UploadGrants({self.base!r})"

    def address(self, name: str, *, byte_count: int, now: datetime, valid_for: timedelta) -> str:
        """The address to which exactly `byte_count` bytes can be sent until it expires."""
        until = int((now + valid_for).timestamp())
        query = urlencode({"announced": byte_count, "until": until, "grant": self._signature(name, byte_count, until)})
        return f"{self.base}/{name}?{query}"

    def is_granted(self, name: str, *, byte_count: int, until: int, grant: str, now: datetime) -> bool:
        """Whether the address is one of ours that has not expired."""
        expected = self._signature(name, byte_count, until)
        return now.timestamp() <= until and hmac.compare_digest(expected.encode(), grant.encode(errors="replace"))

    def _signature(self, name: str, byte_count: int, until: int) -> str:
        return hmac.digest(self.key, f"PUT {name} {byte_count} {until}".encode(), "sha256").hex()[:32]


def upload_key_of(secret: bytes) -> bytes:
    """The key of these addresses, derived from a secret of the installation."""
    return hmac.digest(secret, b"feed media uploads", "sha256")
