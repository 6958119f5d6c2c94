"""Boards that have caught up with Postgres, and what they show."""

from collections.abc import Sequence

from redis.asyncio import Redis

from feed.boards import actions, compute, definitions, redis_store, store
from feed.boards.model import HOT, LogHead, Row, board_of
from feed.changes import store as changes
from feed.changes.actions import number_changes
from feed.changes.store import Delta
from feed.postgres import Pool, transaction


async def settle(pool: Pool, redis: Redis) -> None:
    """Numbers and follows until nothing is left."""
    for _ in range(50):
        numbered = await number_changes(pool)
        if not await actions.follow_change_log(pool, redis) and not numbered and await is_caught_up(pool, redis):
            return
    raise AssertionError("the boards do not come to rest")


async def head_of(pool: Pool) -> LogHead:
    async with pool.acquire() as conn:
        return await store.get_log_head(conn)


async def keys_of(pool: Pool) -> list[str]:
    async with pool.acquire() as conn:
        return [board.key for board in await definitions.list_boards(conn)]


async def is_caught_up(pool: Pool, redis: Redis) -> bool:
    head = await head_of(pool)
    metas = [await redis_store.find_meta(redis, key, head.epoch) for key in await keys_of(pool)]
    return all(meta is not None and meta.position == head.position for meta in metas)


async def top(pool: Pool, redis: Redis, board: str, limit: int = 100) -> list[Row] | None:
    return await redis_store.top(redis, board, epoch=(await head_of(pool)).epoch, limit=limit)


async def shown(pool: Pool, redis: Redis, board: str) -> list[int] | None:
    rows = await top(pool, redis, board)
    return None if rows is None else sorted(row.post_id for row in rows)


def ordered(rows: Sequence[Row] | None) -> list[Row]:
    assert rows is not None
    return sorted(rows, key=lambda row: (-row.score, row.post_id))


async def raise_version(pool: Pool, *post_ids: int) -> None:
    async with transaction(pool) as conn:
        await changes.change_stats(conn, [Delta(post_id) for post_id in post_ids])


async def remove_post(pool: Pool, post_id: int) -> None:
    await pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", post_id)
    await raise_version(pool, post_id)


async def assert_same(pool: Pool, redis: Redis, campaigns: Sequence[int], limits: Sequence[int] = (1, 5, 100)) -> None:
    for limit in limits:
        async with pool.acquire() as conn:
            assert ordered(await top(pool, redis, HOT, limit)) == ordered(await compute.hot_ranking(conn, limit))
            for campaign_id in campaigns:
                there = await compute.campaign_ranking(conn, campaign_id, limit)
                assert ordered(await top(pool, redis, board_of(campaign_id), limit)) == ordered(there)
