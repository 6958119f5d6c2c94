"""The projection of boards from Postgres to Redis. Every write may be repeated, reordered or lost."""

import asyncio
import contextlib
import itertools
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from redis.asyncio import Redis

from feed.boards import redis_store, store
from feed.boards.definitions import Board, list_boards
from feed.boards.model import LogHead, Position
from feed.boards.redis_store import UNGUARDED, Guard, Item, Meta
from feed.changes import store as changes
from feed.changes.store import Change
from feed.postgres import Pool, transaction
from feed.redis import UNREACHABLE

# Posts per script call and per counting statement; changes per step along the log.
_CHUNK = 200
_STEP = 5_000
_TOMBSTONES_KEPT = 1_000
_SLOW_SECONDS = 0.1
_REST_FACTOR = 9
_MAX_REST_SECONDS = 3.0


class _Log(NamedTuple):
    """One step of the change log for boards that lag: the changes after the hindmost board, and the last number of the log.

    `stamps` are those of the boards' positions that the log still contains.
    """

    changes: list[Change]
    end: int
    stamps: dict[int, str]

    def contradicts(self, position: Position) -> bool:
        """Whether the position belongs to another history, because Postgres was restored to an older state."""
        return position.number > self.end or self.stamps.get(position.number, position.stamp) != position.stamp

    def reaches(self, position: Position) -> bool:
        """Whether no change after the position has been trimmed from the log."""
        if position.number == 0:
            return not self.changes or self.changes[0].number == 1
        return position.number in self.stamps


async def project_posts(pool: Pool, redis: Redis, post_ids: Sequence[int]) -> str:
    """Writes the current rows of these posts to the boards. Returns the epoch of the keys.

    Deferred boards are left to `follow_change_log`, which computes their rows once for all processes and many changes;
    a post that is not visible any more is removed from every board at once. Raises UNREACHABLE while Redis is down.
    """
    head, boards = await _read_head(pool)
    for chunk in _chunks(post_ids):
        if late := await _project_chunk(pool, redis, head, boards, chunk):
            # A board has dropped versions since the head was read, so these rows may be outdated and are read again.
            head, boards = await _read_head(pool)
            await _project_chunk(pool, redis, head, boards, late)
    return head.epoch


async def follow_change_log(pool: Pool, redis: Redis) -> bool:
    """One step of repair: moves boards that lag along the change log, or rebuilds one. Returns whether there is more to do.

    After a slow last step it sleeps nine times as long as that took, at most three seconds, to limit the load on Postgres.
    """
    started = time.monotonic()
    head, boards = await _read_head(pool)
    try:
        more = await _follow(pool, redis, head, boards)
    except UNREACHABLE:
        return False
    elapsed = time.monotonic() - started
    if not more and elapsed > _SLOW_SECONDS:
        await asyncio.sleep(min(_REST_FACTOR * elapsed, _MAX_REST_SECONDS))
    return more


async def rebuild_boards(pool: Pool, redis: Redis) -> int:
    """Rebuilds every board under a new epoch and removes the keys of the old one. Returns the number of boards."""
    async with transaction(pool) as conn:
        before = await store.get_log_head(conn)
        await store.start_epoch(conn)
        head = await store.get_log_head(conn)
        boards = await list_boards(conn)
    for board in boards:
        while await redis_store.find_meta(redis, board.key, head.epoch) is None:
            if not await _build(pool, redis, head, board):
                await asyncio.sleep(0.1)  # A worker that has read the new epoch is building it.
    await redis_store.remove_boards(redis, [board.key for board in boards], before.epoch)
    return len(boards)


async def _read_head(pool: Pool) -> tuple[LogHead, list[Board]]:
    async with pool.acquire() as conn:
        return await store.get_log_head(conn), await list_boards(conn)


async def _project_chunk(
    pool: Pool, redis: Redis, head: LogHead, boards: Sequence[Board], post_ids: Sequence[int]
) -> list[int]:
    items = await _read_items(pool, redis, head, boards, post_ids, deferred=False)
    return await _write_all(redis, head, items)


async def _write(
    redis: Redis, head: LogHead, board: Board, items: Sequence[Item], guard: Guard = UNGUARDED
) -> list[int] | None:
    """Calls `redis_store.write` with items that were read at the head or later."""
    return await redis_store.write(redis, board.key, head.epoch, items, read_at=head.position.number, guard=guard)


async def _write_all(redis: Redis, head: LogHead, items: Mapping[Board, Sequence[Item]]) -> list[int]:
    """Writes to several boards. Returns the posts that must be read again."""
    late = await asyncio.gather(*(_write(redis, head, board, some) for board, some in items.items()))
    return sorted({post_id for some in late for post_id in some or ()})


async def _follow(pool: Pool, redis: Redis, head: LogHead, boards: Sequence[Board]) -> bool:
    metas = await asyncio.gather(*(redis_store.find_meta(redis, board.key, head.epoch) for board in boards))
    lagging: dict[Board, Meta] = {}
    for board, meta in zip(boards, metas, strict=True):
        if meta is None or (meta.certain is not None and meta.certain < board.definition.shown):
            if await _build(pool, redis, head, board):
                return True
            continue
        await _trim(redis, head, board, meta)
        if meta.position != head.position:
            lagging[board] = meta
    return bool(lagging) and await _catch_up(pool, redis, head, lagging)


async def _trim(redis: Redis, head: LogHead, board: Board, meta: Meta) -> None:
    if meta.tombstones > _TOMBSTONES_KEPT:
        await redis_store.forget_tombstones(redis, board.key, head.epoch)
    kept = board.definition.kept
    if kept is not None and meta.ranks > 2 * kept:
        await redis_store.trim(redis, board.key, head.epoch, keep=kept)


async def _catch_up(pool: Pool, redis: Redis, head: LogHead, lagging: Mapping[Board, Meta]) -> bool:
    """One step along the log for all boards that lag. Returns whether there is more to do."""
    positions = {board: meta.position for board, meta in lagging.items()}
    log = await _read_log(pool, list(positions.values()))
    if any(log.contradicts(position) for position in positions.values()):
        async with transaction(pool) as conn:
            await store.start_epoch(conn)
        return True
    for board, position in positions.items():
        if not log.reaches(position):
            return await _build(pool, redis, head, board)
    if not log.changes:
        return False
    start = min(position.number for position in positions.values())
    return await _advance(pool, redis, head, list(lagging), start, log)


async def _read_log(pool: Pool, positions: Sequence[Position]) -> _Log:
    numbers = [position.number for position in positions]
    async with pool.acquire() as conn:
        stamps = await changes.list_stamps(conn, numbers)
        step = await changes.list_changes(conn, min(numbers), _STEP)
        return _Log(step, await changes.get_last_number(conn), stamps)


async def _advance(pool: Pool, redis: Redis, head: LogHead, boards: Sequence[Board], start: int, log: _Log) -> bool:
    """Writes the posts that the step has changed, and moves the boards on from `start`. Returns whether there is more to do.

    A post that has changed several times in this step is read and counted once. Only the last write moves the boards, so an
    interrupted step is repeated.
    """
    *before, last = _chunks(sorted({change.post_id for change in log.changes}))
    for chunk in before:
        if await _write_all(redis, head, await _read_items(pool, redis, head, boards, chunk)):
            return True
    items = await _read_items(pool, redis, head, boards, last)
    guard = Guard("ready", start, log.changes[-1].number, log.changes[-1].stamp)
    written = await asyncio.gather(*(_write(redis, head, board, items.get(board, []), guard) for board in boards))
    return guard.end < log.end or any(late != [] for late in written)


async def _build(pool: Pool, redis: Redis, head: LogHead, board: Board) -> bool:
    """Rebuilds the board. False if another process is building it or Redis has lost a step."""
    key, epoch = board.key, head.epoch
    if await redis_store.is_being_built(redis, key, epoch):
        return False
    async with pool.acquire() as conn:
        members = await board.definition.list_members(conn, board)
    # The random start distinguishes the steps of two builders of the same board.
    step = secrets.randbits(32) << 20
    if not await redis_store.begin_building(redis, key, epoch, step=step, floor=head.position.number):
        return False
    try:
        for chunk in _chunks(members.post_ids):
            items = await _read_items(pool, redis, head, [board], chunk)
            if await _write(redis, head, board, items.get(board, []), Guard("built", step, step + 1)) != []:
                return False
            step += 1
        return await redis_store.finish_building(
            redis, key, epoch, step=step, position=head.position, least=members.least
        )
    except BaseException:
        with contextlib.suppress(*UNREACHABLE):
            await redis_store.abandon_building(redis, key, epoch)
        raise


async def _read_items(
    pool: Pool,
    redis: Redis,
    head: LogHead,
    boards: Sequence[Board],
    post_ids: Sequence[int],
    *,
    deferred: bool = True,
) -> dict[Board, list[Item]]:
    """The items of the posts for each board.

    Without `deferred`, deferred boards get only the posts that are not visible any more.
    """
    async with pool.acquire() as conn:
        posts = {post.post_id: post for post in await store.list_posts(conn, post_ids)}
    items: dict[Board, list[Item]] = {}
    for definition, some in itertools.groupby(boards, key=lambda board: board.definition):
        everything = deferred or not definition.deferred
        due = [post.post_id for post in posts.values() if everything or not post.visible]
        if not due:
            continue
        async with pool.acquire() as conn:
            candidates = await definition.list_candidates(conn, list(some), due)
        for board, members in candidates.items():
            items[board] = await _read_board(pool, redis, head, board, [posts[post_id] for post_id in members])
    return items


async def _read_board(pool: Pool, redis: Redis, head: LogHead, board: Board, posts: Sequence[store.Post]) -> list[Item]:
    """The board's items of these posts. The posts were read before the rows, so no row is older than its version.

    The rows of a deferred board are expensive; a row is not computed again if the board has its version already.
    """
    held: dict[int, int] = {}
    if board.definition.deferred:
        held = await redis_store.list_versions(redis, board.key, head.epoch, [post.post_id for post in posts])
    due = {post.post_id: post for post in posts if held.get(post.post_id, -1) < post.version}
    async with pool.acquire() as conn:
        rows = await board.definition.list_rows(conn, board, list(due.values())) if due else {}
    return [Item(post.post_id, post.version, rows.get(post.post_id), held=post.post_id not in due) for post in posts]


def _chunks(post_ids: Sequence[int]) -> Iterator[list[int]]:
    ids = iter(post_ids)
    while chunk := list(itertools.islice(ids, _CHUNK)):
        yield chunk
