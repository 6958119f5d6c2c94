"""The numbers of a campaign over time: each act in its step, none outside, and no more work than the bound."""

from datetime import timedelta

import pytest

from feed.campaigns.errors import CampaignNotFound
from feed.postgres import Connection
from feed.screens.campaigns import numbers
from feed.screens.campaigns.numbers import STEPS, get_numbers, step_of
from tests.support import make

HOUR = timedelta(hours=1)


async def test_each_act_is_in_the_hour_in_which_it_was_made(conn: Connection) -> None:
    end = make.now().replace(minute=0, second=0, microsecond=0)
    start = end - 3 * HOUR
    campaign = await make.campaign(conn, starts_at=start, ends_at=end)
    entry = await make.entry(conn, campaign, at=start + HOUR)
    other = await make.entry(conn, campaign, at=start + 2 * HOUR)
    await make.like(conn, entry, at=start + HOUR)
    await make.like(conn, entry, at=start + 2 * HOUR - timedelta(microseconds=1))
    await make.comment(conn, other, at=start + 2 * HOUR)
    # Before the opening, after the end, not public, and of a post that has not entered.
    await make.like(conn, entry, at=start - HOUR)
    await make.like(conn, entry, at=end)
    await make.comment(conn, entry, at=start + HOUR, state="pending")
    await make.like(conn, await make.post(conn), at=start + HOUR)
    # The period is of three hours: its points are minutes only up to two.
    found = await get_numbers(conn, campaign)
    assert (found.step, found.posts, found.looked_at) == ("hour", 2, 2)
    assert [(each.at, each.entries, each.likes, each.comments) for each in found.points] == [
        (start, 0, 0, 0),
        (start + HOUR, 1, 2, 0),
        (start + 2 * HOUR, 1, 0, 1),
    ]
    assert (found.likes, found.comments) == (4, 1)


async def test_the_funnel_counts_who_comes_how_far(conn: Connection) -> None:
    campaign = await make.campaign(conn)
    posts = [await make.entry(conn, campaign) for _ in range(4)]
    await conn.execute("UPDATE posts SET state = 'removed' WHERE id = $1", posts[0])
    await conn.execute(
        "UPDATE entries SET disqualified_at = now(), disqualified_reason = 'copied' WHERE post_id = $1", posts[1]
    )
    await conn.execute("UPDATE entries SET shortlisted_at = now() WHERE post_id = $1", posts[2])
    funnel = (await get_numbers(conn, campaign)).funnel
    assert (funnel.entered, funnel.visible, funnel.shortlisted, funnel.winners) == (4, 3, 1, None)
    assert funnel.competing is not None
    assert funnel.competing <= 2


async def test_a_draft_has_no_points_and_an_unknown_campaign_is_not_found(conn: Connection) -> None:
    campaign = await make.campaign(conn)
    await conn.execute("UPDATE campaigns SET published_at = NULL, state = 'draft' WHERE id = $1", campaign)
    assert (await get_numbers(conn, campaign)).points == []
    with pytest.raises(CampaignNotFound):
        await get_numbers(conn, 1)


async def test_a_campaign_of_years_has_bounded_points(conn: Connection) -> None:
    start = make.now() - timedelta(days=3000)
    campaign = await make.campaign(conn, starts_at=start, ends_at=make.now() + HOUR)
    found = await get_numbers(conn, campaign)
    assert found.step == "week"
    assert numbers.POINTS_MOST <= len(found.points) <= numbers.POINTS_MOST + 1


async def test_the_posts_with_the_most_acts_are_read_up_to_the_bound(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbers, "ACTS_MOST", 3)
    campaign = await make.campaign(conn)
    for likes in (1, 2, 2):
        entry = await make.entry(conn, campaign)
        for _ in range(likes):
            await make.like(conn, entry)
    found = await get_numbers(conn, campaign)
    assert (found.posts, found.looked_at, found.likes) == (3, 1, 5)
    assert sum(each.likes for each in found.points) == 2


@pytest.mark.parametrize(
    ("period", "step"), [(2, "minute"), (3, "hour"), (120, "hour"), (121, "day"), (24 * 121, "week")]
)
def test_the_step_is_the_finest_with_few_enough_points(period: int, step: str) -> None:
    assert step_of(period * HOUR) == step
    assert list(STEPS.values()) == sorted(STEPS.values())
