"""Postgres is back at an instant up to which the boards had followed the log, though they hold what came after it.

An API process projects at once, and the position in the log moves a moment later: so the log alone does not tell.
"""

from redis.asyncio import Redis

from feed.boards import actions
from feed.boards.drift import check_drift
from feed.boards.model import HOT
from feed.postgres import Pool
from tests.support import make
from tests.support.boards import assert_same, head_of, is_caught_up, settle, shown


async def lose_what_has_no_number(pool: Pool, kept: int, lost: int) -> None:
    """As a copy of the disk that was made an instant earlier would bring it back."""
    await pool.execute("DELETE FROM changes")
    await pool.execute("DELETE FROM likes WHERE post_id = $1", kept)
    await pool.execute("UPDATE post_stats SET like_count = 0, version = version - 1 WHERE post_id = $1", kept)
    for statement in (
        "DELETE FROM post_stats WHERE post_id = $1",
        "DELETE FROM post_revisions WHERE post_id = $1",
        "DELETE FROM posts WHERE id = $1",
    ):
        await pool.execute(statement, lost)


async def test_a_board_that_knows_what_postgres_has_lost_is_built_anew(pool: Pool, redis: Redis) -> None:
    kept = await make.post(pool)
    await settle(pool, redis)
    before = (await head_of(pool)).epoch
    lost = await make.post(pool)
    await make.like(pool, kept)
    await actions.project_posts(pool, redis, [kept, lost])
    await lose_what_has_no_number(pool, kept, lost)
    assert await shown(pool, redis, HOT) == [kept, lost]
    assert await is_caught_up(pool, redis)

    await check_drift(pool, redis, delay_seconds=0)
    assert (await head_of(pool)).epoch != before
    await settle(pool, redis)
    assert await shown(pool, redis, HOT) == [kept]
    await assert_same(pool, redis, [])
    assert await check_drift(pool, redis, delay_seconds=0) == 0


async def test_a_late_change_alone_builds_nothing_anew(pool: Pool, redis: Redis) -> None:
    post_id = await make.post(pool)
    await settle(pool, redis)
    before = (await head_of(pool)).epoch
    await make.like(pool, post_id)
    await actions.project_posts(pool, redis, [post_id])
    assert await check_drift(pool, redis, delay_seconds=0) == 0
    assert (await head_of(pool)).epoch == before
