"""Ranking snapshots: rankings stored in Redis for ten minutes, so that their pages stay consistent."""

import hashlib
import struct
from collections.abc import Collection, Sequence

import msgspec
from redis.asyncio import Redis

from feed.pagination import CursorExpired
from feed.redis import UNREACHABLE

# The maximum length of a ranked list.
MAX_RANKED = 1_000
# The maximum time between two pages; afterwards the cursor has expired.
_TTL_SECONDS = 600


class SnapshotPosition(msgspec.Struct, frozen=True, array_like=True):
    """A position in a snapshot: its name and an offset. Without a name: in the current ranking."""

    name: str = ""
    start: int = 0


async def save(
    redis: Redis, list_name: str, ids: Sequence[int], *, second: int, own: Collection[int] = ()
) -> tuple[str, Sequence[int]]:
    """Stores a ranking. Returns the name of the snapshot and its ids; the name is empty without Redis.

    All viewers of a list share one snapshot per second, which bounds the memory. A viewer whose own items (`own`) are
    missing from it gets a separate snapshot.
    """
    try:
        if await redis.set(_key(list_name, str(second)), _pack(ids), ex=_TTL_SECONDS, nx=True):
            return str(second), ids
        held = await redis.get(_key(list_name, str(second)))
        if isinstance(held, bytes) and set(own) <= set(shared := _unpack(held)):
            return str(second), shared
        name = hashlib.blake2b(_pack(ids), digest_size=8).hexdigest()
        await redis.set(_key(list_name, name), _pack(ids), ex=_TTL_SECONDS)
    except UNREACHABLE:
        return "", ids
    return name, ids


async def find(redis: Redis, list_name: str, name: str) -> Sequence[int] | None:
    """The ids of a snapshot; None without a name or without Redis. Raises CursorExpired when it has expired."""
    if not name:
        return None
    try:
        held = await redis.get(_key(list_name, name))
    except UNREACHABLE:
        return None
    if not isinstance(held, bytes):
        raise CursorExpired
    return _unpack(held)


def _key(list_name: str, name: str) -> str:
    return f"feed:{{{list_name}}}:{name}"


def _pack(ids: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(ids)}q", *ids)


def _unpack(held: bytes) -> Sequence[int]:
    return struct.unpack(f"<{len(held) // 8}q", held)
