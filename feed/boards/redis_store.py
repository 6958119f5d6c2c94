"""The boards in Redis: absolute rows with the version of their post. Every write may be repeated, reordered or lost."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

import msgspec
from redis.asyncio import Redis

from feed.boards import scripts
from feed.boards.model import Position, Row
from feed.redis import UNREACHABLE

# Keys of an old epoch expire; a board without any write for so long is rebuilt at the next use.
_LIFETIME_SECONDS = 3 * 24 * 3600
# The finding of the newest drift check, for processes without the worker's metrics.
_DRIFT, _DRIFT_SECONDS = "feed:board-drift", 600
_META_FIELDS = (b"ready", b"stamp", b"size", b"floor", b"least", b"built")

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Row).decode


class Item(NamedTuple):
    """A post's row for a board, or None for a tombstone. `held`: the board is expected to have this version already."""

    post_id: int
    version: int
    row: Row | None
    held: bool = False


class Meta(NamedTuple):
    """The state of a complete board."""

    position: Position
    ranks: int
    tombstones: int
    certain: int | None  # How many ranks are above all posts that were left out; None if none was.


class Guard(NamedTuple):
    """A precondition of a write: the board's `field` has reached `start`. The write sets it to `end`."""

    field: str
    start: int
    end: int
    stamp: str = ""


UNGUARDED = Guard("", 0, 0)


def _keys(board: str, epoch: str) -> list[str]:
    return [f"feed:{{{board}}}:{epoch}:{name}" for name in ("rows", "rank", "lease")]


async def write(
    redis: Redis, board: str, epoch: str, items: Sequence[Item], *, read_at: int, guard: Guard = UNGUARDED
) -> list[int] | None:
    """Writes items, and returns the posts that must be read again because their items are too old.

    `read_at` is the last number of the log before the items were read. None if the board is missing or the guard fails.
    """
    args: list[Any] = [read_at, _LIFETIME_SECONDS, *guard]
    for item in items:
        if item.held:
            args += (item.post_id, item.version, "held", b"")
        elif item.row is None:
            args += (item.post_id, item.version, b"", b"")
        else:
            args += (item.post_id, item.version, item.row.score, _pack(item.row))
    again = await scripts.WRITE.run(redis, _keys(board, epoch), args)
    return None if again is None else [int(post_id) for post_id in again]


async def list_versions(redis: Redis, board: str, epoch: str, post_ids: Sequence[int]) -> dict[int, int]:
    """The versions of the posts on the board, with tombstones, by post."""
    return {post_id: _version(held) for post_id, held in await _list_held(redis, board, epoch, post_ids)}


async def list_rows(redis: Redis, board: str, epoch: str, post_ids: Sequence[int]) -> dict[int, tuple[int, Row | None]]:
    """Version and row of the posts on the board, by post; the row of a tombstone is None."""
    return {post_id: (_version(held), _row(held)) for post_id, held in await _list_held(redis, board, epoch, post_ids)}


async def top(redis: Redis, board: str, *, epoch: str | None, limit: int) -> list[Row] | None:
    """The `limit` highest rows and all that tie with the last of them, best first.

    None if Redis is down or empty, or the board is incomplete or of another epoch: the caller reads Postgres.
    """
    if epoch is None:
        return None
    try:
        rows = await scripts.TOP.run(redis, _keys(board, epoch), [limit])
    except UNREACHABLE:
        return None
    return None if rows is None else [_unpack(row.partition(b" ")[2]) for row in rows]


async def find_meta(redis: Redis, board: str, epoch: str) -> Meta | None:
    """The state of the board, or None if it must be rebuilt."""
    found = await scripts.META.run(redis, _keys(board, epoch), [])
    if found is None:
        return None
    ready, stamp, ranks, fields, certain = found
    tombstones = max(0, fields - ranks - len(_META_FIELDS))
    return Meta(Position(int(ready), stamp.decode()), ranks, tombstones, None if certain < 0 else certain)


async def is_being_built(redis: Redis, board: str, epoch: str) -> bool:
    """Whether a process holds the lease to rebuild the board."""
    return bool(await redis.exists(_keys(board, epoch)[2]))


async def begin_building(redis: Redis, board: str, epoch: str, *, step: int, floor: int) -> bool:
    """Takes the lease to rebuild the board and empties it. False while another process holds the lease."""
    return bool(await scripts.BEGIN.run(redis, _keys(board, epoch), [step, floor, _LIFETIME_SECONDS]))


async def finish_building(
    redis: Redis, board: str, epoch: str, *, step: int, position: Position, least: int | None
) -> bool:
    """Makes the board readable at the position that was read before the rebuild. False if a step was lost."""
    args = [step, position.number, position.stamp, "" if least is None else least]
    return bool(await scripts.FINISH.run(redis, _keys(board, epoch), args))


async def abandon_building(redis: Redis, board: str, epoch: str) -> None:
    """Releases the lease, so that another process can begin at once."""
    await redis.delete(_keys(board, epoch)[2])


async def find_least(redis: Redis, board: str, epoch: str) -> int | None:
    """The score above which no post was left out; None if none was."""
    least = await redis.hget(_keys(board, epoch)[0], "least")
    return None if least is None else int(least)


async def list_sample_members(redis: Redis, board: str, epoch: str, count: int) -> list[int]:
    """Up to `count` random posts on the board."""
    members = cast(list[bytes], await redis.zrandmember(_keys(board, epoch)[1], count))
    return [int(member) for member in members]


async def trim(redis: Redis, board: str, epoch: str, *, keep: int) -> None:
    """Removes up to 1,000 of the lowest ranks beyond `keep`."""
    await scripts.TRIM.run(redis, _keys(board, epoch), [keep, 1_000])


async def forget_tombstones(redis: Redis, board: str, epoch: str) -> None:
    """Removes all tombstones. Late writes that they would have rejected are rejected by the floor from then on."""
    keys = _keys(board, epoch)
    cursor = 0
    while True:
        cursor, found = await redis.hscan(keys[0], cursor, count=500)
        fields = cast(dict[bytes, bytes], found)
        gone = [field for field, row in fields.items() if b" " not in row and field not in _META_FIELDS]
        for start in range(0, len(gone), 500):
            await scripts.FORGET.run(redis, keys, gone[start : start + 500])
        if cursor == 0:
            return


async def remove_boards(redis: Redis, boards: Iterable[str], epoch: str) -> None:
    """Removes the keys of boards of an earlier epoch."""
    for board in boards:
        await redis.unlink(*_keys(board, epoch))


async def put_drift(redis: Redis, count: int) -> None:
    """Keeps what the drift check has found. Raises UNREACHABLE."""
    await redis.set(_DRIFT, count, ex=_DRIFT_SECONDS)


async def find_drift(redis: Redis) -> int | None:
    """What the newest drift check has found; None if no worker has checked within ten minutes, and while Redis is down."""
    try:
        found = await redis.get(_DRIFT)
    except UNREACHABLE:
        return None
    return None if found is None else int(found)


async def _list_held(redis: Redis, board: str, epoch: str, post_ids: Sequence[int]) -> list[tuple[int, bytes]]:
    if not post_ids:
        return []
    held = cast(list[bytes | None], await redis.hmget(_keys(board, epoch)[0], [str(post_id) for post_id in post_ids]))
    return [(post_id, row) for post_id, row in zip(post_ids, held, strict=True) if row is not None]


def _version(row: bytes) -> int:
    return int(row.partition(b" ")[0])


def _row(row: bytes) -> Row | None:
    payload = row.partition(b" ")[2]
    return _unpack(payload) if payload else None
