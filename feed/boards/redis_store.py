"""The boards in Redis: absolute rows under the version of their post. Every write may be repeated, reordered or lost."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

import msgspec
from redis.asyncio import Redis

from feed.boards import scripts
from feed.boards.model import Position, Row
from feed.redis import UNREACHABLE

# A board that nothing happens to for so long is built anew when it is missed; so keys of an old epoch vanish by themselves.
_LIFETIME_SECONDS = 3 * 24 * 3600
_META_FIELDS = (b"ready", b"stamp", b"size", b"floor", b"least", b"built")

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Row).decode


class Item(NamedTuple):
    """What a board should hold of a post: its row, or None for a tombstone. `held` claims that it is there already."""

    post_id: int
    version: int
    row: Row | None
    held: bool = False


class Meta(NamedTuple):
    """The state of a board that is whole."""

    position: Position
    ranks: int
    tombstones: int
    certain: int | None  # How many ranks are above everything that was left out; None when nothing was.


class Guard(NamedTuple):
    """Lets a write through only where the board has come as far as `start`, and moves it on to `end` with the write."""

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
    """The posts that must be read again, because the reading is too old; none: everything is written.

    `read_at` is where the log stood before the items were read. None: the board is not there, or not where the guard says.
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
    """The versions that the board holds, of rows and tombstones."""
    return {post_id: _version(held) for post_id, held in await _list_held(redis, board, epoch, post_ids)}


async def list_rows(redis: Redis, board: str, epoch: str, post_ids: Sequence[int]) -> dict[int, tuple[int, Row | None]]:
    """Version and row of each post that the board knows; a tombstone has no row."""
    return {post_id: (_version(held), _row(held)) for post_id, held in await _list_held(redis, board, epoch, post_ids)}


async def top(redis: Redis, board: str, *, epoch: str | None, limit: int) -> list[Row] | None:
    """The `limit` highest rows and all that tie with the last of them, best first. None: ask Postgres.

    That is the answer while Redis is away, empty, not caught up, or of another epoch.
    """
    if epoch is None:
        return None
    try:
        rows = await scripts.TOP.run(redis, _keys(board, epoch), [limit])
    except UNREACHABLE:
        return None
    return None if rows is None else [_unpack(row.partition(b" ")[2]) for row in rows]


async def find_meta(redis: Redis, board: str, epoch: str) -> Meta | None:
    """None: the board must be built anew."""
    found = await scripts.META.run(redis, _keys(board, epoch), [])
    if found is None:
        return None
    ready, stamp, ranks, fields, certain = found
    tombstones = max(0, fields - ranks - len(_META_FIELDS))
    return Meta(Position(int(ready), stamp.decode()), ranks, tombstones, None if certain < 0 else certain)


async def is_being_built(redis: Redis, board: str, epoch: str) -> bool:
    return bool(await redis.exists(_keys(board, epoch)[2]))


async def begin_building(redis: Redis, board: str, epoch: str, *, step: int, floor: int) -> bool:
    """Empties the board for the caller to fill; False while somebody else is at it."""
    return bool(await scripts.BEGIN.run(redis, _keys(board, epoch), [step, floor, _LIFETIME_SECONDS]))


async def finish_building(
    redis: Redis, board: str, epoch: str, *, step: int, position: Position, least: int | None
) -> bool:
    """Makes the board ready at the position read before it was filled, if every step is in it."""
    args = [step, position.number, position.stamp, "" if least is None else least]
    return bool(await scripts.FINISH.run(redis, _keys(board, epoch), args))


async def abandon_building(redis: Redis, board: str, epoch: str) -> None:
    """Lets somebody else begin at once."""
    await redis.delete(_keys(board, epoch)[2])


async def find_least(redis: Redis, board: str, epoch: str) -> int | None:
    """The score above which nothing was left out; None when nothing was."""
    least = await redis.hget(_keys(board, epoch)[0], "least")
    return None if least is None else int(least)


async def list_some_members(redis: Redis, board: str, epoch: str, count: int) -> list[int]:
    """Posts on the board, drawn at random."""
    members = cast(list[bytes], await redis.zrandmember(_keys(board, epoch)[1], count))
    return [int(member) for member in members]


async def trim(redis: Redis, board: str, epoch: str, *, keep: int) -> None:
    """Forgets some of the lowest ranks beyond `keep`."""
    await scripts.TRIM.run(redis, _keys(board, epoch), [keep, 1_000])


async def forget_tombstones(redis: Redis, board: str, epoch: str) -> None:
    """Late writes that they would have refused are refused by the floor from now on."""
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
    """Frees what an epoch that has passed has left."""
    for board in boards:
        await redis.unlink(*_keys(board, epoch))


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
