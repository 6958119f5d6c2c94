"""The addresses of renditions: public ones, which stay the same, and granted ones, which expire. Pure.

A public address works while the medium is shown to everybody; a granted one also while it is not: to its owner, and to staff.
Either is for one rendition: with another ending it is the address of the same picture in another format.
"""

import hmac
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec

# Long enough for a page that stays open, short enough for a link that is passed on.
GRANT = timedelta(minutes=10)


class MediaAddresses(msgspec.Struct, frozen=True):
    """`base`: the address of the folder of all media, without a slash at the end; `grant_key` signs what expires."""

    base: str = "http://127.0.0.1:8080/media"
    grant_key: bytes = b""

    def __repr__(self) -> str:
        return f"MediaAddresses({self.base!r})"

    def public(self, key: str, file: str) -> str:
        """The stable address of a file."""
        return f"{self.base}/{key}/{file}"

    def granted(self, key: str, file: str, *, now: datetime) -> str:
        """An address of a file that works for `GRANT`, also while others may not see it.

        It is the same for half of that time, so that a client's cache works.
        """
        step = int(GRANT.total_seconds()) // 2
        until = (int(now.timestamp()) // step + 2) * step
        query = urlencode({"until": until, "grant": self._signature(key, file, until)})
        return f"{self.public(key, file)}?{query}"

    def is_granted(self, key: str, file: str, *, until: str, grant: str, now: datetime) -> bool:
        """Whether these parameters of an address are a valid grant for the file."""
        if not (until.isascii() and until.isdecimal() and len(until) <= 12):
            return False
        expires = int(until)
        if not now.timestamp() <= expires <= now.timestamp() + GRANT.total_seconds():
            return False
        return hmac.compare_digest(self._signature(key, file, expires).encode(), grant.encode(errors="replace"))

    def _signature(self, key: str, file: str, until: int) -> str:
        # Of the rendition, whatever its format: clients change the ending themselves.
        rendition = file.partition(".")[0]
        return hmac.digest(self.grant_key, f"{key}/{rendition}/{until}".encode(), "sha256").hex()[:32]


def grant_key_of(secret: bytes) -> bytes:
    """The key of grants, derived from a secret of the installation."""
    return hmac.digest(secret, b"feed media grants", "sha256")
