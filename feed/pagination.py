"""Pagination cursors: opaque, signed and bound to their list."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from feed.errors import FeedError
from feed.ids import MAX_ID

T = TypeVar("T")

# The start of lists ordered by time: later than any row, so that one statement serves every page.
END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
BEGINNING = datetime(1, 1, 2, tzinfo=UTC)

_MAC_BYTES = 10


class CursorInvalid(FeedError):
    """A cursor of another list, or a forged one."""


class CursorExpired(FeedError):
    """The ranking snapshot of the cursor has expired."""


class Position(NamedTuple):
    """A position in a list ordered by time: the next page starts strictly after this time and id."""

    at: datetime
    id: int


NEWEST = Position(END_OF_TIME, MAX_ID)
OLDEST = Position(BEGINNING, 0)


class Identified(Protocol):
    """An item of a list that is ordered by id."""

    @property
    def id(self) -> str:
        """The id, as callers get it."""


Listed = TypeVar("Listed", bound=Identified)


class Page(msgspec.Struct, Generic[T]):
    """One page of a list. The list ends only with `next_cursor: null`; a page may be short."""

    items: list[T]
    next_cursor: str | None


class Cursors:
    """Writes and reads cursors signed with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def write(self, name: str, position: Any) -> str:
        """An opaque cursor (at most 200 characters) for the list `name`."""
        body = msgspec.msgpack.encode(position)
        return base64.urlsafe_b64encode(self._mac(name, body) + body).rstrip(b"=").decode()

    def read(self, name: str, cursor: str, kind: type[T]) -> T:
        """Decodes a cursor of the list `name`. Raises CursorInvalid for one of another list or a forged one."""
        try:
            raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise CursorInvalid from None
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if len(cursor) > 200 or not hmac.compare_digest(mac, self._mac(name, body)):
            raise CursorInvalid
        try:
            return msgspec.msgpack.decode(body, type=kind)
        except msgspec.DecodeError:
            raise CursorInvalid from None

    def position(self, name: str, cursor: str | None, start: Position = NEWEST) -> Position:
        """The position in a cursor of a list ordered by time; `start` without a cursor. Raises CursorInvalid."""
        if not cursor:
            return start
        microseconds, id_ = self.read(name, cursor, tuple[int, int])
        return Position(_from_microseconds(microseconds), id_)

    def after(self, name: str, position: Position) -> str:
        """The cursor for the page after `position`."""
        return self.write(name, (_to_microseconds(position.at), position.id))

    def before_id(self, name: str, cursor: str | None) -> int:
        """The id before which a page begins, of a list with the newest first; MAX_ID without a cursor. Raises CursorInvalid."""
        return self.read(name, cursor, int) if cursor else MAX_ID

    def page_by_id(self, name: str, found: list[Listed], limit: int) -> Page[Listed]:
        """The page of such a list, of which one item more than `limit` was asked for."""
        shown = found[:limit]
        return Page(shown, self.write(name, int(shown[-1].id)) if len(found) > limit else None)

    def _mac(self, name: str, body: bytes) -> bytes:
        return hmac.digest(self._key, name.encode() + b"\0" + body, hashlib.sha256)[:_MAC_BYTES]


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _to_microseconds(at: datetime) -> int:
    delta = at - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _from_microseconds(value: int) -> datetime:
    # Not through a float: a rounded microsecond would repeat or skip a row.
    try:
        return datetime.fromtimestamp(value // 1_000_000, UTC).replace(microsecond=value % 1_000_000)
    except (OverflowError, ValueError, OSError):
        raise CursorInvalid from None
