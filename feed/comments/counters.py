"""The rankings of comments that readers page through, in Redis for as long as somebody may be reading."""

import hashlib
import struct
from collections.abc import Collection, Sequence

from redis.asyncio import Redis

from feed.paging import CursorExpired
from feed.redis import UNREACHABLE

# From one page to the next nobody thinks longer; whoever does begins again.
_KEPT_SECONDS = 600


async def share_ranking(
    redis: Redis, post_id: int, ids: Sequence[int], *, own: Collection[int], second: int
) -> tuple[str, Sequence[int]]:
    """The name under which a ranking of this second is kept, and the ranking that bears it. Without Redis the name is empty.

    One per post and second is enough for everybody, so that a lively post fills no memory; but whoever has written a
    comment (`own`) that it does not know yet gets one of his own.
    """
    try:
        if await redis.set(_key(post_id, str(second)), _pack(ids), ex=_KEPT_SECONDS, nx=True):
            return str(second), ids
        held = await redis.get(_key(post_id, str(second)))
        if isinstance(held, bytes) and set(own) <= set(shared := _unpack(held)):
            return str(second), shared
        name = hashlib.blake2b(_pack(ids), digest_size=8).hexdigest()
        await redis.set(_key(post_id, name), _pack(ids), ex=_KEPT_SECONDS)
    except UNREACHABLE:
        return "", ids
    return name, ids


async def find_ranking(redis: Redis, post_id: int, name: str) -> Sequence[int] | None:
    """The ranking of that name; None when Redis cannot tell. Raises CursorExpired when it is no longer kept."""
    if not name:
        return None
    try:
        held = await redis.get(_key(post_id, name))
    except UNREACHABLE:
        return None
    if not isinstance(held, bytes):
        raise CursorExpired
    return _unpack(held)


def _key(post_id: int, name: str) -> str:
    return f"feed:{{comments:{post_id}}}:{name}"


def _pack(ids: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(ids)}q", *ids)


def _unpack(held: bytes) -> Sequence[int]:
    return struct.unpack(f"<{len(held) // 8}q", held)
