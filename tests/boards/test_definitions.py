"""A board that is only a line in the table of definitions is projected, rebuilt, checked and trimmed like the others."""

from datetime import timedelta

import msgspec
import pytest
from redis.asyncio import Redis

from feed.boards import actions, compute, definitions, redis_store, store
from feed.boards.definitions import SiteBoard
from feed.boards.drift import check_drift
from feed.boards.hot_score import REACH
from feed.boards.model import HOT, Row, top_with_ties
from feed.boards.projector import Projector
from feed.boards.store import Post
from feed.changes.actions import number_changes
from feed.postgres import Connection, Pool
from tests.support import make
from tests.support.boards import head_of, keys_of, remove_post, settle, shown, top

RISING = "rising"


def rising_row(post: Post) -> Row | None:
    """Posts with at least one like, by likes."""
    row = compute.hot_row(post)
    return None if row is None or not row.likes else msgspec.structs.replace(row, score=row.likes)


async def rising_ranking(conn: Connection, limit: int) -> list[Row]:
    rows = [rising_row(post) for post in await store.list_hottest(conn, 100, REACH)]
    return top_with_ties([row for row in rows if row is not None], limit)


@pytest.fixture(autouse=True)
def rising(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adds a board to the table of definitions."""
    more = SiteBoard(key=RISING, row=rising_row, ranking=rising_ranking, kept=4, shown=2)
    monkeypatch.setattr(definitions, "DEFINITIONS", (*definitions.DEFINITIONS, more))


async def like(pool: Pool, post_id: int, times: int = 1) -> None:
    for _ in range(times):
        await make.like(pool, post_id, at=make.now() - timedelta(seconds=1))


async def scores(pool: Pool, redis: Redis) -> dict[int, int] | None:
    rows = await top(pool, redis, RISING)
    return None if rows is None else {row.post_id: row.score for row in rows}


async def test_following_the_change_log_fills_it(pool: Pool, redis: Redis) -> None:
    campaign_id = await make.campaign(pool)
    liked, other = await make.entry(pool, campaign_id), await make.post(pool)
    await settle(pool, redis)
    assert await keys_of(pool) == [HOT, f"c{campaign_id}", RISING]
    assert await scores(pool, redis) == {}
    epoch = (await head_of(pool)).epoch
    await like(pool, liked, 2)
    await settle(pool, redis)
    assert (await head_of(pool)).epoch == epoch
    assert await scores(pool, redis) == {liked: 2}
    assert await shown(pool, redis, HOT) == [liked, other]


async def test_the_projector_writes_it_and_drops_removed_posts(pool: Pool, redis: Redis) -> None:
    kept, removed = await make.post(pool), await make.post(pool)
    await like(pool, removed)
    await settle(pool, redis)
    await like(pool, kept)
    await remove_post(pool, removed)
    projector = Projector(pool, redis)
    projector.start()
    projector.touch([kept, removed])
    await projector.close()
    assert await scores(pool, redis) == {kept: 1}
    # Following the log gives the same.
    await settle(pool, redis)
    assert await scores(pool, redis) == {kept: 1}


async def test_it_is_rebuilt_from_its_own_ranking(pool: Pool, redis: Redis) -> None:
    liked = await make.post(pool)
    await like(pool, liked)
    await make.post(pool)
    await settle(pool, redis)
    old = (await head_of(pool)).epoch
    assert await actions.rebuild_boards(pool, redis) == 2
    assert await scores(pool, redis) == {liked: 1}
    assert not await redis.exists(f"feed:{{{RISING}}}:{old}:rows", f"feed:{{{RISING}}}:{old}:rank")
    await redis.flushdb()
    await settle(pool, redis)
    assert await scores(pool, redis) == {liked: 1}


async def test_the_drift_check_covers_it(pool: Pool, redis: Redis) -> None:
    first, second = await make.post(pool), await make.post(pool)
    await like(pool, first)
    await like(pool, second, 3)
    await settle(pool, redis)
    assert await check_drift(pool, redis, delay_seconds=0) == 0
    rows_key = f"feed:{{{RISING}}}:{(await head_of(pool)).epoch}:rows"
    held = await redis.hget(rows_key, str(second))
    assert held is not None
    await redis.hset(rows_key, str(first), held)
    assert await check_drift(pool, redis, delay_seconds=0) == 1
    await settle(pool, redis)
    assert await scores(pool, redis) == {first: 1, second: 3}
    assert await check_drift(pool, redis, delay_seconds=0) == 0


async def test_it_is_trimmed_to_its_number_of_ranks(pool: Pool, redis: Redis) -> None:
    posts = [await make.post(pool) for _ in range(9)]
    await settle(pool, redis)
    for times, post_id in enumerate(posts, 1):
        await like(pool, post_id, times)
    await settle(pool, redis)
    await make.like(pool, posts[-1], at=make.now() - timedelta(seconds=1))
    await settle(pool, redis)
    epoch = (await head_of(pool)).epoch
    meta = await redis_store.find_meta(redis, RISING, epoch)
    assert meta is not None
    assert meta.ranks == 4
    rows = await redis_store.top(redis, RISING, epoch=epoch, limit=2)
    assert rows is not None
    assert [row.post_id for row in rows] == [posts[8], posts[7]]


async def test_a_deferred_board_is_written_by_the_worker_only(
    pool: Pool, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    *others, more = definitions.DEFINITIONS
    assert isinstance(more, SiteBoard)
    monkeypatch.setattr(definitions, "DEFINITIONS", (*others, msgspec.structs.replace(more, deferred=True)))
    liked, removed = await make.post(pool), await make.post(pool)
    await like(pool, removed)
    await settle(pool, redis)
    await like(pool, liked)
    await remove_post(pool, removed)
    await actions.project_posts(pool, redis, [liked, removed])
    assert await scores(pool, redis) == {}
    await number_changes(pool)
    await settle(pool, redis)
    assert await scores(pool, redis) == {liked: 1}
