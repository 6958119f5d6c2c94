"""Rankings that readers page through: kept in Redis as they stood, for as long as somebody may be reading on."""

import hashlib
import struct
from collections.abc import Collection, Sequence

import msgspec
from redis.asyncio import Redis

from feed.pagination import CursorExpired
from feed.redis import UNREACHABLE

# Ranked lists end here.
LONGEST = 1_000
# From one page to the next nobody thinks longer; whoever does begins again.
_KEPT_SECONDS = 600


class Bookmark(msgspec.Struct, frozen=True, array_like=True):
    """Where a reader goes on: in which ranking, after how many. Without a name: in the ranking of the moment."""

    name: str = ""
    start: int = 0


async def share(
    redis: Redis, place: str, ids: Sequence[int], *, second: int, own: Collection[int] = ()
) -> tuple[str, Sequence[int]]:
    """The name under which a ranking of this second is kept, and the ranking that bears it. Without Redis the name is empty.

    One per place and second is enough for everybody, so that a lively place fills no memory; but whoever has written
    something (`own`) that it does not know yet gets one of his own.
    """
    try:
        if await redis.set(_key(place, str(second)), _pack(ids), ex=_KEPT_SECONDS, nx=True):
            return str(second), ids
        held = await redis.get(_key(place, str(second)))
        if isinstance(held, bytes) and set(own) <= set(shared := _unpack(held)):
            return str(second), shared
        name = hashlib.blake2b(_pack(ids), digest_size=8).hexdigest()
        await redis.set(_key(place, name), _pack(ids), ex=_KEPT_SECONDS)
    except UNREACHABLE:
        return "", ids
    return name, ids


async def find(redis: Redis, place: str, name: str) -> Sequence[int] | None:
    """The ranking of that name; None when Redis cannot tell. Raises CursorExpired when it is no longer kept."""
    if not name:
        return None
    try:
        held = await redis.get(_key(place, name))
    except UNREACHABLE:
        return None
    if not isinstance(held, bytes):
        raise CursorExpired
    return _unpack(held)


def _key(place: str, name: str) -> str:
    return f"feed:{{{place}}}:{name}"


def _pack(ids: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(ids)}q", *ids)


def _unpack(held: bytes) -> Sequence[int]:
    return struct.unpack(f"<{len(held) // 8}q", held)
