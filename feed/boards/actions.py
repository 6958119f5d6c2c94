"""Carrying the truth from Postgres to the boards in Redis. Everything here may be repeated, overtaken or lost."""

import asyncio
import contextlib
import itertools
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence

from redis.asyncio import Redis

from feed.boards import counters, standing, store
from feed.boards.counters import Guard, Item, Meta
from feed.boards.model import HOT, HOT_KEPT, HOT_SHOWN, Moment, board_of
from feed.campaigns.counting import list_entry_ids
from feed.changes import store as changes
from feed.postgres import Connection, Pool, transaction
from feed.redis import UNREACHABLE

# Posts in one script call and in one counting statement; changes in one step along the log.
_CHUNK = 200
_STEP = 5_000
_TOMBSTONES_KEPT = 1_000
_LONG_SECONDS = 0.1
_REST = 9
_LONGEST_REST_SECONDS = 3.0


async def project(pool: Pool, redis: Redis, post_ids: Sequence[int]) -> str:
    """Writes what the boards should hold of these posts now. Returns the epoch under which it was written.

    Who counts in a campaign is expensive to tell, and left to `follow`, which does it once for all processes and for many
    changes together; what others no longer see leaves every board at once. Redis away raises UNREACHABLE.
    """
    async with pool.acquire() as conn:
        moment = await store.get_moment(conn)
    for chunk in _chunks(post_ids):
        if late := await _project_chunk(pool, redis, moment, chunk):
            # A board has forgotten versions since the moment: these must be read again to be believed.
            async with pool.acquire() as conn:
                moment = await store.get_moment(conn)
            await _project_chunk(pool, redis, moment, late)
    return moment.epoch


async def follow(pool: Pool, redis: Redis) -> bool:
    """One step of repair: brings boards that lag further along the change log, or builds one anew. Whether more is to do.

    With nothing left it rests nine times as long as it took, so that a storm does not keep Postgres counting.
    """
    started = time.monotonic()
    async with pool.acquire() as conn:
        moment = await store.get_moment(conn)
    try:
        more = await _follow(pool, redis, moment)
    except UNREACHABLE:
        return False
    spent = time.monotonic() - started
    if not more and spent > _LONG_SECONDS:
        await asyncio.sleep(min(_REST * spent, _LONGEST_REST_SECONDS))
    return more


async def rebuild(pool: Pool, redis: Redis) -> int:
    """Builds every board under a new epoch; how many. What the old one left is removed."""
    async with transaction(pool) as conn:
        before = await store.get_moment(conn)
        await store.raise_rebuild(conn)
        moment = await store.get_moment(conn)
    for board in moment.boards:
        while await counters.find_meta(redis, board, moment.epoch) is None:
            if not await _build(pool, redis, moment, board):
                await asyncio.sleep(0.1)  # A worker that has seen the new epoch is at it.
    await counters.remove_boards(redis, before.boards, before.epoch)
    return len(moment.boards)


async def _project_chunk(pool: Pool, redis: Redis, moment: Moment, post_ids: Sequence[int]) -> list[int]:
    async with pool.acquire() as conn:
        posts = await store.list_posts(conn, post_ids)
    items = await _read_items(pool, redis, moment, posts, counting=False)
    return await _write(redis, moment, items)


async def _write(redis: Redis, moment: Moment, items: Mapping[str, Sequence[Item]]) -> list[int]:
    """The posts that have to be read again to be believed."""
    late = await asyncio.gather(
        *(
            counters.write(redis, board, moment.epoch, some, read_at=moment.position.number)
            for board, some in items.items()
        )
    )
    return sorted({post_id for some in late for post_id in some or ()})


async def _follow(pool: Pool, redis: Redis, moment: Moment) -> bool:
    boards = moment.boards
    metas = await asyncio.gather(*(counters.find_meta(redis, board, moment.epoch) for board in boards))
    lagging: dict[str, Meta] = {}
    for board, meta in zip(boards, metas, strict=True):
        if meta is None or (meta.sure is not None and meta.sure < HOT_SHOWN):
            if await _build(pool, redis, moment, board):
                return True
            continue
        if meta.tombstones > _TOMBSTONES_KEPT:
            await counters.forget_tombstones(redis, board, moment.epoch)
        if board == HOT and meta.ranks > 2 * HOT_KEPT:
            await counters.trim(redis, board, moment.epoch, keep=HOT_KEPT)
        if meta.position != moment.position:
            lagging[board] = meta
    return bool(lagging) and await _catch_up(pool, redis, moment, lagging)


async def _catch_up(pool: Pool, redis: Redis, moment: Moment, lagging: dict[str, Meta]) -> bool:
    after = min(meta.position.number for meta in lagging.values())
    async with pool.acquire() as conn:
        stamps = await changes.list_stamps(conn, [meta.position.number for meta in lagging.values()])
        log = await changes.list_changes(conn, after, _STEP)
        end = await changes.last_number(conn)
    for board, meta in lagging.items():
        number = meta.position.number
        if number > end or stamps.get(number, meta.position.stamp) != meta.position.stamp:
            # Redis has followed another history: Postgres is back in an older state, without telling.
            async with transaction(pool) as conn:
                await store.raise_rebuild(conn)
            return True
        if number not in stamps and (number > 0 or (log and log[0].number > 1)):
            return await _build(pool, redis, moment, board)
    if not log:
        return False
    # However often a post has changed in this step, it is read and counted once; only the last write moves the boards on.
    *before, last = _chunks(sorted({change.post_id for change in log}))
    for chunk in before:
        items = await _read_chunk(pool, redis, moment, chunk)
        if await _write(redis, moment, {board: some for board, some in items.items() if board in lagging}):
            return True
    items = await _read_chunk(pool, redis, moment, last)
    guard = Guard("ready", after, log[-1].number, log[-1].stamp)
    written = await asyncio.gather(
        *(
            counters.write(
                redis, board, moment.epoch, items.get(board, []), read_at=moment.position.number, guard=guard
            )
            for board in lagging
        )
    )
    return guard.end < end or any(late != [] for late in written)


async def _build(pool: Pool, redis: Redis, moment: Moment, board: str) -> bool:
    """Whether the board is ready; not so if somebody else builds it, or Redis forgot a step."""
    if await counters.is_being_built(redis, board, moment.epoch):
        return False
    async with pool.acquire() as conn:
        post_ids, least = await _list_members(conn, board)
    # A random start keeps two builders apart that count their steps on one board.
    step = secrets.randbits(32) << 20
    if not await counters.begin_building(redis, board, moment.epoch, step=step, floor=moment.position.number):
        return False
    try:
        for chunk in _chunks(post_ids):
            async with pool.acquire() as conn:
                posts = await store.list_posts(conn, chunk)
            items = (await _read_items(pool, redis, moment, posts)).get(board, [])
            guard = Guard("built", step, step + 1)
            if (
                await counters.write(redis, board, moment.epoch, items, read_at=moment.position.number, guard=guard)
                != []
            ):
                return False
            step += 1
        return await counters.finish_building(
            redis, board, moment.epoch, step=step, position=moment.position, least=least
        )
    except BaseException:
        with contextlib.suppress(*UNREACHABLE):
            await counters.give_up_building(redis, board, moment.epoch)
        raise


async def _list_members(conn: Connection, board: str) -> tuple[list[int], int | None]:
    """The posts that belong on the board, and the score above which none is left out."""
    if board != HOT:
        return await list_entry_ids(conn, int(board.removeprefix("c"))), None
    rows = await standing.hot_standing(conn, HOT_KEPT)
    return [row.post_id for row in rows], rows[-1].score - 1 if len(rows) >= HOT_KEPT else None


async def _read_chunk(pool: Pool, redis: Redis, moment: Moment, post_ids: Sequence[int]) -> dict[str, list[Item]]:
    async with pool.acquire() as conn:
        posts = await store.list_posts(conn, post_ids)
    return await _read_items(pool, redis, moment, posts)


async def _read_items(
    pool: Pool, redis: Redis, moment: Moment, posts: Sequence[store.Post], *, counting: bool = True
) -> dict[str, list[Item]]:
    """What each board should hold of the posts. The posts were read before: so no item is older than its version.

    Engagement in a campaign is expensive to count; where a board holds the version already, it is not counted again.
    Without `counting`, campaigns' boards hear of those posts only that others do not see.
    """
    if not posts:
        return {}
    items = {HOT: [Item(post.post_id, post.version, standing.hot_row(post)) for post in posts]}
    versions = {post.post_id: post.version for post in posts if counting or not post.visible}
    if not versions:
        return items
    async with pool.acquire() as conn:
        entered = await store.list_entered(conn, list(versions), moment.campaign_ids)
    for campaign_id, post_ids in entered.items():
        board = board_of(campaign_id)
        held = await counters.list_versions(redis, board, moment.epoch, post_ids)
        due = [post_id for post_id in post_ids if held.get(post_id, 0) < versions[post_id]]
        async with pool.acquire() as conn:
            rows = await standing.campaign_rows(conn, campaign_id, due) if due else {}
        fresh = set(due)
        items[board] = [
            Item(post_id, versions[post_id], rows.get(post_id), held=post_id not in fresh) for post_id in post_ids
        ]
    return items


def _chunks(post_ids: Sequence[int]) -> Iterator[list[int]]:
    ids = iter(post_ids)
    while chunk := list(itertools.islice(ids, _CHUNK)):
        yield chunk
