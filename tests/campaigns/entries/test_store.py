from datetime import timedelta

import pytest

from feed.campaigns.entries.store import add_entries, add_missed_entries, list_engaged_by
from tests.support.campaigns import Stage
from tests.support.make import DAY

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)


async def list_entered(stage: Stage, campaign_id: int) -> list[int]:
    rows = await stage.pool.fetch("SELECT post_id FROM entries WHERE campaign_id = $1 ORDER BY post_id", campaign_id)
    return [row["post_id"] for row in rows]


async def enter(stage: Stage, post_id: int) -> None:
    async with stage.pool.acquire() as conn:
        await add_entries(conn, [post_id])


async def enter_missed(stage: Stage, campaign_id: int) -> int:
    async with stage.pool.acquire() as conn:
        return await add_missed_entries(conn, campaign_id)


async def test_a_post_enters_every_running_campaign_of_its_topic(stage: Stage) -> None:
    first, second = await stage.campaign(), await stage.campaign()
    other = await stage.campaign(topic="跑步")
    post = await stage.post(await stage.person())
    await enter(stage, post)
    await enter(stage, post)
    assert [await list_entered(stage, campaign) for campaign in (first, second, other)] == [[post], [post], []]


@pytest.mark.parametrize(
    ("opening", "inside"), [(MICROSECOND, False), (0 * HOUR, True), (MICROSECOND - HOUR, True), (-HOUR, False)]
)
async def test_the_period_holds_its_first_instant_and_not_its_last(
    stage: Stage, opening: timedelta, inside: bool
) -> None:
    campaign = await stage.campaign()
    post = await stage.post(await stage.person())
    await stage.pool.execute(
        """
        UPDATE campaigns
        SET starts_at = posts.created_at + $3::interval, ends_at = posts.created_at + $3::interval + interval '1 hour'
        FROM posts WHERE campaigns.id = $1 AND posts.id = $2
        """,
        campaign,
        post,
        opening,
    )
    await enter(stage, post)
    assert await list_entered(stage, campaign) == ([post] if inside else [])


async def test_the_topic_may_come_with_a_later_revision_in_time(stage: Stage) -> None:
    campaign = await stage.campaign()
    post = await stage.post(await stage.person(), topic=None)
    await enter(stage, post)
    assert await list_entered(stage, campaign) == []
    await stage.pool.execute(
        """
        INSERT INTO post_revisions (post_id, revision, text, topic_ids, content_sha256, author_id)
        VALUES ($1, 2, 'x', ARRAY[$2::bigint], '', 1)
        """,
        post,
        await stage.topic(),
    )
    await enter(stage, post)
    assert await list_entered(stage, campaign) == [post]


async def test_a_revision_made_after_the_end_enters_nothing(stage: Stage) -> None:
    campaign = await stage.campaign(ends=-timedelta(minutes=1))
    post = await stage.post(await stage.person())
    await stage.pool.execute("UPDATE post_revisions SET created_at = now() WHERE post_id = $1", post)
    await enter(stage, post)
    assert await enter_missed(stage, campaign) == 0
    assert await list_entered(stage, campaign) == []


async def test_drafts_and_cancelled_campaigns_take_no_entries(stage: Stage) -> None:
    campaign = await stage.campaign()
    post = await stage.post(await stage.person())
    for state in ("draft", "cancelled"):
        await stage.pool.execute("UPDATE campaigns SET state = $2 WHERE id = $1", campaign, state)
        await enter(stage, post)
        assert await enter_missed(stage, campaign) == 0
    assert await list_entered(stage, campaign) == []


async def test_posts_from_before_the_publication_are_entered_later(stage: Stage) -> None:
    old = await stage.post(await stage.person(), ago=2 * DAY)
    post = await stage.post(await stage.person())
    campaign = await stage.campaign()
    assert [await enter_missed(stage, campaign) for _ in range(2)] == [1, 0]
    assert await list_entered(stage, campaign) == [post]
    assert old != post


async def test_a_like_that_was_taken_back_is_still_engagement(stage: Stage) -> None:
    campaign = await stage.campaign()
    entry, outside = await stage.entry(campaign), await stage.post(await stage.person())
    person = await stage.person()
    await stage.like(outside, person)
    await stage.pool.execute(
        "INSERT INTO past_likes (post_id, account_id, liked_at, unliked_at) VALUES ($1, $2, now(), now())",
        entry,
        person,
    )
    async with stage.pool.acquire() as conn:
        assert await list_engaged_by(conn, campaign, [person]) == [entry]
