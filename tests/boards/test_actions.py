"""The projection of boards: Redis equals Postgres after projections, repairs and rebuilds."""

import random
from datetime import timedelta

import msgspec
import pytest
from redis.asyncio import Redis

from feed.boards import actions, compute, definitions, redis_store, store
from feed.boards.definitions import SiteBoard
from feed.boards.drift import check_drift
from feed.boards.model import HOT, board_of
from feed.changes.actions import number_changes
from feed.postgres import Pool, transaction
from tests.support import make
from tests.support.boards import (
    assert_same,
    head_of,
    is_caught_up,
    keys_of,
    ordered,
    raise_version,
    remove_post,
    settle,
    shown,
    top,
)
from tests.support.make import DAY, HOUR


async def make_town(pool: Pool, dice: random.Random, campaigns: int = 2) -> list[int]:
    """Adds random accounts, posts and engagement in some campaigns; returns the campaigns."""
    people = [
        await make.account(pool, person=f"town {dice.randrange(25)}", verified=dice.random() < 0.9) for _ in range(30)
    ]
    made = [await make.campaign(pool) for _ in range(campaigns)]
    for _ in range(40):
        campaign_id = dice.choice(made)
        post_id = await make.entry(
            pool, campaign_id, dice.choice(people), at=make.now() - timedelta(seconds=dice.randrange(60, 80_000))
        )
        for liker in dice.sample(people, dice.randrange(8)):
            await make.like(pool, post_id, liker, at=make.now() - timedelta(seconds=30))
        for commenter in dice.sample(people, dice.randrange(4)):
            await make.comment(pool, post_id, commenter, at=make.now() - timedelta(seconds=30))
        if dice.random() < 0.1:
            await remove_post(pool, post_id)
        if dice.random() < 0.1:
            await pool.execute(
                "UPDATE entries SET disqualified_at = now(), disqualified_reason = 'x' WHERE post_id = $1", post_id
            )
            await raise_version(pool, post_id)
    return made


@pytest.mark.parametrize("seed", range(3))
async def test_redis_equals_postgres(pool: Pool, redis: Redis, seed: int) -> None:
    campaigns = await make_town(pool, random.Random(seed))
    await settle(pool, redis)
    await assert_same(pool, redis, campaigns)


async def test_redis_equals_postgres_after_the_marks_are_locked(pool: Pool, redis: Redis) -> None:
    campaign_id = await make.campaign(pool)
    posts = [await make.entry(pool, campaign_id) for _ in range(3)]
    await settle(pool, redis)
    rows = await top(pool, redis, board_of(campaign_id))
    assert rows is not None
    assert {row.quality for row in rows} == {None}
    for post_id, scores in zip(posts, (["90", "81", "80"], ["10"], []), strict=True):
        for juror_id, score in enumerate(scores):
            await make.mark(pool, campaign_id, post_id, juror_id, score)
    await pool.execute("UPDATE campaigns SET marks_locked_at = now() WHERE id = $1", campaign_id)
    await raise_version(pool, *posts)
    await settle(pool, redis)
    await assert_same(pool, redis, [campaign_id])
    rows = await top(pool, redis, board_of(campaign_id))
    assert [f"{row.quality:f}" for row in ordered(rows)] == ["83.666667", "10.000000", "0.000000"]


async def test_a_projected_like_is_on_the_hot_list_at_once(pool: Pool, redis: Redis) -> None:
    campaign_id = await make.campaign(pool)
    post_id = await make.entry(pool, campaign_id)
    await settle(pool, redis)
    await make.like(pool, post_id, at=make.now() - timedelta(seconds=1))
    await actions.project_posts(pool, redis, [post_id])
    await assert_same(pool, redis, [])
    assert not await is_caught_up(pool, redis) or await number_changes(pool)


async def test_a_leaderboard_drops_removed_posts_at_once_and_counts_likes_later(pool: Pool, redis: Redis) -> None:
    campaign_id = await make.campaign(pool)
    liked, removed = await make.entry(pool, campaign_id), await make.entry(pool, campaign_id)
    await settle(pool, redis)
    await make.like(pool, liked, at=make.now() - timedelta(seconds=1))
    await remove_post(pool, removed)
    await actions.project_posts(pool, redis, [liked, removed])
    rows = await top(pool, redis, board_of(campaign_id))
    assert [(row.post_id, row.likes) for row in ordered(rows)] == [(liked, 0)]
    await settle(pool, redis)
    await assert_same(pool, redis, [campaign_id])


async def test_a_projection_before_there_are_boards_does_nothing(pool: Pool, redis: Redis) -> None:
    post_id = await make.post(pool)
    assert await actions.project_posts(pool, redis, [post_id]) == (await head_of(pool)).epoch
    assert await redis.dbsize() == 0


async def test_following_a_log_without_new_changes_writes_nothing(pool: Pool, redis: Redis) -> None:
    await make.post(pool)
    await settle(pool, redis)
    before = (await redis.info("stats"))["total_commands_processed"]
    assert not await actions.follow_change_log(pool, redis)
    assert (await redis.info("stats"))["total_commands_processed"] - before < 10


async def test_entries_that_stop_competing_are_removed_from_redis(pool: Pool, redis: Redis) -> None:
    campaign_id = await make.campaign(pool)
    kept, removed, disqualified, edited = [await make.entry(pool, campaign_id) for _ in range(4)]
    await settle(pool, redis)
    assert await shown(pool, redis, board_of(campaign_id)) == [kept, removed, disqualified, edited]
    await remove_post(pool, removed)
    await pool.execute(
        "UPDATE entries SET disqualified_at = now(), disqualified_reason = 'x' WHERE post_id = $1", disqualified
    )
    await pool.execute("UPDATE post_revisions SET topic_ids = '{}' WHERE post_id = $1", edited)
    await raise_version(pool, disqualified, edited)
    await settle(pool, redis)
    assert await shown(pool, redis, board_of(campaign_id)) == [kept]
    assert await shown(pool, redis, HOT) == [kept, disqualified, edited]


async def test_an_author_who_may_not_win_is_not_on_the_board(pool: Pool, redis: Redis) -> None:
    campaign_id = await make.campaign(pool)
    author = await make.account(pool)
    await make.staff(pool, author)
    await make.entry(pool, campaign_id, author)
    await settle(pool, redis)
    assert await shown(pool, redis, board_of(campaign_id)) == []


async def test_a_new_campaign_gets_a_board_and_a_settled_one_has_none(pool: Pool, redis: Redis) -> None:
    await settle(pool, redis)
    campaign_id = await make.campaign(pool)
    await settle(pool, redis)
    assert await shown(pool, redis, board_of(campaign_id)) == []
    await pool.execute("UPDATE campaigns SET state = 'decided' WHERE id = $1", campaign_id)
    assert await keys_of(pool) == [HOT]


async def test_an_emptied_redis_is_refilled_by_the_worker(pool: Pool, redis: Redis) -> None:
    campaigns = await make_town(pool, random.Random(7))
    await settle(pool, redis)
    await redis.flushdb()
    assert await top(pool, redis, HOT) is None
    await settle(pool, redis)
    await assert_same(pool, redis, campaigns)


async def test_changes_during_an_outage_of_redis_are_caught_up(pool: Pool, redis: Redis) -> None:
    campaign_id = await make.campaign(pool)
    posts = [await make.entry(pool, campaign_id) for _ in range(5)]
    await settle(pool, redis)
    epoch = (await head_of(pool)).epoch
    for post_id in posts[:3]:
        await make.like(pool, post_id, at=make.now() - timedelta(seconds=1))
    await remove_post(pool, posts[4])
    await number_changes(pool)
    assert await shown(pool, redis, board_of(campaign_id)) == posts
    await settle(pool, redis)
    assert (await head_of(pool)).epoch == epoch
    await assert_same(pool, redis, [campaign_id])


async def test_a_board_behind_the_trimmed_log_is_rebuilt(pool: Pool, redis: Redis) -> None:
    post_id, gone = await make.post(pool), await make.post(pool)
    await raise_version(pool, post_id)
    await settle(pool, redis)
    for _ in range(3):
        await raise_version(pool, post_id)
    await remove_post(pool, gone)
    await number_changes(pool)
    await pool.execute("DELETE FROM change_log WHERE number < (SELECT max(number) FROM change_log)")
    await settle(pool, redis)
    assert await shown(pool, redis, HOT) == [post_id]


async def test_a_restored_postgres_leaves_no_rows_of_the_lost_history(pool: Pool, redis: Redis) -> None:
    campaign_id = await make.campaign(pool)
    kept = await make.entry(pool, campaign_id)
    await raise_version(pool, kept)
    await settle(pool, redis)
    tables = ("posts", "post_stats", "post_revisions", "entries", "changes", "change_log", "change_numbers", "likes")
    for table in tables:
        await pool.execute(f"CREATE TABLE saved_{table} AS TABLE {table}")
    epoch = (await head_of(pool)).epoch

    ghost = await make.entry(pool, campaign_id)
    await make.like(pool, kept, at=make.now() - timedelta(seconds=1))
    await raise_version(pool, kept, ghost)
    await settle(pool, redis)
    assert await shown(pool, redis, HOT) == [kept, ghost]

    async with transaction(pool) as conn:  # As a restored disk snapshot does, with the same system identifier.
        await conn.execute(
            "TRUNCATE posts, post_stats, post_revisions, entries, changes, change_log, change_numbers, likes CASCADE"
        )
        for table in tables:
            await conn.execute(f"INSERT INTO {table} SELECT * FROM saved_{table}")
    assert (await head_of(pool)).epoch == epoch
    for _ in range(4):  # The new history gets longer than the old one.
        await raise_version(pool, kept)
    await number_changes(pool)
    await settle(pool, redis)
    assert (await head_of(pool)).epoch != epoch
    assert await shown(pool, redis, HOT) == [kept]
    await assert_same(pool, redis, [campaign_id])


async def test_a_restored_postgres_with_a_shorter_log_starts_a_new_epoch(pool: Pool, redis: Redis) -> None:
    post_id = await make.post(pool)
    for _ in range(3):
        await raise_version(pool, post_id)
    await settle(pool, redis)
    epoch = (await head_of(pool)).epoch
    await pool.execute("DELETE FROM change_log WHERE number > 1")
    await pool.execute("UPDATE change_numbers SET last_number = 1")
    await settle(pool, redis)
    assert (await head_of(pool)).epoch != epoch


async def test_a_rebuild_makes_new_keys_and_removes_the_old_ones(pool: Pool, redis: Redis) -> None:
    campaigns = await make_town(pool, random.Random(11))
    await settle(pool, redis)
    before, old = set(await redis.keys()), (await head_of(pool)).epoch
    assert await actions.rebuild_boards(pool, redis) == 3
    assert before.isdisjoint(await redis.keys())
    assert await redis_store.top(redis, HOT, epoch=old, limit=1) is None
    await assert_same(pool, redis, campaigns)
    await settle(pool, redis)


async def test_a_late_write_of_a_row_read_before_a_removal_is_rejected(pool: Pool, redis: Redis) -> None:
    post_id = await make.post(pool)
    await raise_version(pool, post_id)
    await settle(pool, redis)
    head = await head_of(pool)
    async with pool.acquire() as conn:
        (post,) = await store.list_posts(conn, [post_id])
    await remove_post(pool, post_id)
    await settle(pool, redis)
    late = redis_store.Item(post_id, post.version, compute.hot_row(post))

    async def write_late() -> None:
        await redis_store.write(redis, HOT, head.epoch, [late], read_at=head.position.number)

    await write_late()
    assert await shown(pool, redis, HOT) == []
    await redis_store.forget_tombstones(redis, HOT, head.epoch)
    await write_late()
    assert await shown(pool, redis, HOT) == []
    await redis.flushdb()
    await settle(pool, redis)
    await write_late()
    assert await shown(pool, redis, HOT) == []


async def test_the_hot_list_keeps_the_best_and_refills(
    pool: Pool, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    hot, *others = definitions.DEFINITIONS
    assert isinstance(hot, SiteBoard)
    monkeypatch.setattr(definitions, "DEFINITIONS", (msgspec.structs.replace(hot, kept=20, shown=10), *others))
    now = make.now()
    posts = [await make.post(pool, at=now - hours * HOUR) for hours in range(60)]
    await settle(pool, redis)
    assert await shown(pool, redis, HOT) is None
    await assert_same(pool, redis, [], limits=(10,))
    for post_id in posts[:15]:
        await remove_post(pool, post_id)
    await settle(pool, redis)
    await assert_same(pool, redis, [], limits=(10,))
    assert await top(pool, redis, HOT, 30) is None


async def test_the_hot_list_from_postgres_includes_old_posts_with_much_engagement(pool: Pool, redis: Redis) -> None:
    loved = await make.post(pool, at=make.now() - 3 * DAY)
    await pool.execute("UPDATE post_stats SET like_count = 99999999, version = 2 WHERE post_id = $1", loved)
    recent = [await make.post(pool, at=make.now() - number * HOUR) for number in range(5)]
    await settle(pool, redis)
    await assert_same(pool, redis, [], limits=(1, 3, 6))
    async with pool.acquire() as conn:
        assert [row.post_id for row in await compute.hot_ranking(conn, 2)] == [loved, recent[0]]


async def test_drift_is_detected_and_repaired(pool: Pool, redis: Redis) -> None:
    campaigns = await make_town(pool, random.Random(3))
    await settle(pool, redis)
    assert await check_drift(pool, redis, delay_seconds=0) == 0
    board, epoch = board_of(campaigns[0]), (await head_of(pool)).epoch
    rows = await top(pool, redis, board)
    assert rows is not None
    rows_key = f"feed:{{{board}}}:{epoch}:rows"
    # A wrong row under the right version, which only a fault can cause.
    held = await redis.hget(rows_key, str(rows[0].post_id))
    await redis.hset(rows_key, str(rows[0].post_id), await redis.hget(rows_key, str(rows[1].post_id)) or held)
    assert await check_drift(pool, redis, delay_seconds=0) >= 1
    await settle(pool, redis)
    await assert_same(pool, redis, campaigns)
    assert await check_drift(pool, redis, delay_seconds=0) == 0


async def test_the_drift_check_applies_the_end_of_a_ban(pool: Pool, redis: Redis) -> None:
    campaign_id = await make.campaign(pool)
    post_id = await make.entry(pool, campaign_id)
    liker = await make.like(pool, post_id, at=make.now() - HOUR)
    await make.ban(pool, liker, until=make.now() + DAY)
    await settle(pool, redis)
    rows = await top(pool, redis, board_of(campaign_id))
    assert rows is not None
    assert rows[0].likes == 0
    await pool.execute("UPDATE sanctions SET until = now() - interval '1 second'")
    assert await check_drift(pool, redis, delay_seconds=0) == 1
    await settle(pool, redis)
    rows = await top(pool, redis, board_of(campaign_id))
    assert rows is not None
    assert rows[0].likes == 1
