"""The drift check: compares samples of the boards with Postgres and repairs differences."""

import asyncio
import contextlib
from typing import NamedTuple

from redis.asyncio import Redis

from feed.boards import redis_store, store
from feed.boards.definitions import Board, list_boards
from feed.boards.model import LogHead, Row
from feed.changes import store as changes
from feed.changes.store import Delta
from feed.observability.metrics import DRIFT
from feed.postgres import Pool, transaction
from feed.redis import UNREACHABLE

# Longer than a change takes to reach the boards, so that pending changes do not count as drift.
_DELAY_SECONDS = 2.0


class _Compared(NamedTuple):
    """Board, post and version of each differing row whose post has not changed meanwhile; and whether a board is ahead, that is
    has a version that Postgres does not have."""

    different: set[tuple[Board, int, int]]
    ahead: bool


async def check_drift(pool: Pool, redis: Redis, *, sample: int = 50, delay_seconds: float = _DELAY_SECONDS) -> int:
    """Returns how many sampled rows differed twice. The versions of their posts are incremented, so that they are written again.

    This also applies what changes with time only, such as a ban that ends. Raises UNREACHABLE while Redis is down.
    """
    async with pool.acquire() as conn:
        head = await store.get_log_head(conn)
        boards = await list_boards(conn)
    sampled: dict[Board, set[int]] = {}
    for board in boards:
        if await redis_store.find_meta(redis, board.key, head.epoch) is not None:
            async with pool.acquire() as conn:
                ids = await board.definition.list_sample(conn, board, sample)
            sampled[board] = {*ids, *await redis_store.list_sample_members(redis, board.key, head.epoch, sample)}
    suspects, ahead = await _compare(pool, redis, head, sampled)
    if ahead:
        # Postgres was restored to a slightly older state, which the boards' positions in the log do not show.
        async with transaction(pool) as conn:
            await store.start_epoch(conn)
        return len(suspects)
    if not suspects:
        return 0
    await asyncio.sleep(delay_seconds)
    again: dict[Board, set[int]] = {}
    for board, post_id, _ in suspects:
        again.setdefault(board, set()).add(post_id)
    wrong = suspects & (await _compare(pool, redis, head, again)).different
    if wrong:
        async with transaction(pool) as conn:
            post_ids = sorted({post_id for _, post_id, _ in wrong})
            await changes.lock_stats(conn, post_ids)
            await changes.change_stats(conn, [Delta(post_id) for post_id in post_ids])
    return len(wrong)


async def _compare(pool: Pool, redis: Redis, head: LogHead, sampled: dict[Board, set[int]]) -> _Compared:
    different: set[tuple[Board, int, int]] = set()
    ahead = False
    for board, ids in sampled.items():
        post_ids = sorted(ids)
        async with pool.acquire() as conn:
            posts = {post.post_id: post for post in await store.list_posts(conn, post_ids)}
            rows = await board.definition.list_rows(conn, board, list(posts.values()))
            # Versions only increase and reach Redis after their commit, so none can be above the one read afterwards.
            held = await redis_store.list_rows(redis, board.key, head.epoch, post_ids)
            least = await redis_store.find_least(redis, board.key, head.epoch)
            still = await changes.list_stats(conn, post_ids)
        for post_id in post_ids:
            version = posts[post_id].version if post_id in posts else 0
            now = still[post_id].version if post_id in still else 0
            ahead = ahead or (post_id in held and held[post_id][0] > now)
            if now == version and not _agree(rows.get(post_id), version, held.get(post_id), least):
                different.add((board, post_id, version))
    return _Compared(different, ahead)


def _agree(row: Row | None, version: int, held: tuple[int, Row | None] | None, least: int | None) -> bool:
    if held is None:
        return row is None or (least is not None and row.score <= least)
    return held == (version, row)


async def repair_drift(pool: Pool, redis: Redis) -> None:
    """Runs `check_drift`, sets its metric and keeps it for `find_drift`; does nothing while Redis is down."""
    with contextlib.suppress(*UNREACHABLE):
        found = await check_drift(pool, redis)
        DRIFT.set(found)
        await redis_store.put_drift(redis, found)
