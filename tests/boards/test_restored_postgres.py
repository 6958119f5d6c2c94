"""Postgres restored to a state that the log positions of the boards allow, while the boards contain later rows.

An API process projects at once and the position in the log advances later, so positions alone do not show the restore.
"""

from redis.asyncio import Redis

from feed.boards import actions
from feed.boards.drift import check_drift
from feed.boards.model import HOT
from feed.postgres import Pool
from tests.support import make
from tests.support.boards import assert_same, head_of, is_caught_up, settle, shown


async def lose_changes_without_number(pool: Pool, kept: int, lost: int) -> None:
    """The state of a disk snapshot that was made just before these changes."""
    await pool.execute("DELETE FROM changes")
    await pool.execute("DELETE FROM likes WHERE post_id = $1", kept)
    await pool.execute("UPDATE post_stats SET like_count = 0, version = version - 1 WHERE post_id = $1", kept)
    for statement in (
        "DELETE FROM post_stats WHERE post_id = $1",
        "DELETE FROM post_revisions WHERE post_id = $1",
        "DELETE FROM posts WHERE id = $1",
    ):
        await pool.execute(statement, lost)


async def test_a_board_with_rows_that_postgres_has_lost_is_rebuilt(pool: Pool, redis: Redis) -> None:
    kept = await make.post(pool)
    await settle(pool, redis)
    before = (await head_of(pool)).epoch
    lost = await make.post(pool)
    await make.like(pool, kept)
    await actions.project_posts(pool, redis, [kept, lost])
    await lose_changes_without_number(pool, kept, lost)
    assert await shown(pool, redis, HOT) == [kept, lost]
    assert await is_caught_up(pool, redis)

    await check_drift(pool, redis, delay_seconds=0)
    assert (await head_of(pool)).epoch != before
    await settle(pool, redis)
    assert await shown(pool, redis, HOT) == [kept]
    await assert_same(pool, redis, [])
    assert await check_drift(pool, redis, delay_seconds=0) == 0


async def test_a_change_that_is_not_numbered_yet_causes_no_rebuild(pool: Pool, redis: Redis) -> None:
    post_id = await make.post(pool)
    await settle(pool, redis)
    before = (await head_of(pool)).epoch
    await make.like(pool, post_id)
    await actions.project_posts(pool, redis, [post_id])
    assert await check_drift(pool, redis, delay_seconds=0) == 0
    assert (await head_of(pool)).epoch == before
