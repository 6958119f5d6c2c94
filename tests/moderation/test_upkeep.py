"""Due times that come nearer, and items that wait without a case."""

from datetime import timedelta

import pytest

from feed.cases.urgency import due_at
from feed.changes.actions import number_changes
from feed.moderation.upkeep import hasten_cases, queue_waiting_items
from feed.observability.metrics import CASES_OPEN, UNQUEUED
from feed.worker.queue_watch import watch_queue, watch_waiting_items
from tests.moderation.conftest import Newsroom
from tests.support import make

CASES = "SELECT id, kind, risk, due_at, created_at, state, version, stages FROM cases ORDER BY id"


async def test_a_case_comes_forward_when_its_post_is_engaged_with(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    author = await newsroom.person()
    quiet, busy = await newsroom.post(author), await newsroom.post(author)
    await newsroom.comment(await newsroom.person(), busy)
    before = {row["id"]: row["due_at"] for row in await pool.fetch(CASES)}
    for _ in range(30):
        await make.like(pool, busy)
    await number_changes(pool)
    await hasten_cases(pool)
    quiet_case = await newsroom.case(post_id=quiet)
    for row in await pool.fetch(CASES):
        if row["id"] == quiet_case:
            assert row["due_at"] == before[row["id"]]
        else:
            assert row["due_at"] == due_at(row["kind"], row["created_at"], reach=31)
            assert row["due_at"] < before[row["id"]]
        assert row["version"] == 1
    after = await pool.fetch(CASES)
    await hasten_cases(pool)
    assert await pool.fetch(CASES) == after


async def test_a_due_time_never_moves_back(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    post = await newsroom.post(await newsroom.person())
    soon = await pool.fetchval("UPDATE cases SET due_at = created_at + interval '1 second' RETURNING due_at")
    await make.like(pool, post)
    await number_changes(pool)
    await hasten_cases(pool)
    assert await pool.fetchval("SELECT due_at FROM cases") == soon


async def test_a_post_that_enters_a_campaign_later_is_due_a_day_before_its_end(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    author = await newsroom.person()
    post = await newsroom.post(author, "没有话题")
    campaign = await make.campaign(pool, ends_at=make.now() + timedelta(hours=10))
    await pool.execute(
        "INSERT INTO entries (campaign_id, post_id, author_id, entered_at) VALUES ($1, $2, $3, now())",
        campaign,
        post,
        author,
    )
    await hasten_cases(pool)
    ends_at = await pool.fetchval("SELECT ends_at FROM campaigns WHERE id = $1", campaign)
    assert await pool.fetchval("SELECT due_at FROM cases") == ends_at - timedelta(hours=24)


# How an item comes to wait without an open case, each a defect.
DEFECTS = {
    "a post that is not published": "UPDATE posts SET state = 'pending'",
    "a post that reports hold": "UPDATE posts SET holds = 1",
    "a post that the machine holds": "UPDATE posts SET holds = 64",
    "a revision that is newer than the shown one": """
        WITH added AS (
            INSERT INTO post_revisions (post_id, revision, text, topic_ids, content_sha256, author_id)
            SELECT id, 2, 'x', '{}', '', author_id FROM posts
        )
        UPDATE posts SET latest_revision = 2
        """,
    "a comment that is not published": "UPDATE comments SET state = 'pending'",
    "a comment that reports hold": "UPDATE comments SET holds = 1",
    "a comment that the machine holds": "UPDATE comments SET holds = 65",
}


@pytest.mark.parametrize("defect", DEFECTS)
async def test_what_waits_without_a_case_is_found_and_queued(newsroom: Newsroom, defect: str) -> None:
    pool = newsroom.pool
    author = await newsroom.person()
    post = await newsroom.post(author)
    comment = await newsroom.comment(author, post)
    assert await queue_waiting_items(pool) == 0
    await pool.execute("UPDATE cases SET state = 'closed', closed_at = now()")
    assert await queue_waiting_items(pool) == 0
    await pool.execute(DEFECTS[defect])
    assert await queue_waiting_items(pool) == 1
    (case,) = [row for row in await pool.fetch(CASES) if row["state"] == "open"]
    assert (case["kind"], case["stages"]) == ("comment" if "comment" in defect else "post", 1)
    subject = await pool.fetchval("SELECT subject_id FROM audit WHERE action = 'case.repair' AND actor_id IS NULL")
    assert subject == (comment if "comment" in defect else post)
    assert await queue_waiting_items(pool) == 0


async def test_what_is_decided_or_held_for_another_reason_does_not_wait(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    author = await newsroom.person()
    await newsroom.comment(author, await newsroom.post(author))
    await pool.execute("UPDATE cases SET state = 'closed', closed_at = now()")
    for state, holds in (("published", 2), ("published", 256), ("removed", 1), ("rejected", 64), ("published", 128)):
        await pool.execute("UPDATE posts SET state = $1, holds = $2", state, holds)
        await pool.execute("UPDATE comments SET state = $1, holds = $2", state, holds)
        assert await queue_waiting_items(pool) == 0, (state, holds)


async def test_the_metrics_follow_the_queue(newsroom: Newsroom) -> None:
    await newsroom.post(await newsroom.person())
    await watch_queue(newsroom.pool)
    await watch_waiting_items(newsroom.pool)
    gauge = CASES_OPEN.labels("post", "1")
    assert gauge._value.get() == 1
    await newsroom.pool.execute("UPDATE cases SET state = 'closed', closed_at = now()")
    await newsroom.pool.execute("UPDATE posts SET state = 'pending'")
    await watch_queue(newsroom.pool)
    await watch_waiting_items(newsroom.pool)
    assert (gauge._value.get(), UNQUEUED._value.get()) == (0, 1)
