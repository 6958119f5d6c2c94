"""Publishing draws by comment and like: what the announcement must be, and that it stays while the draw runs."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feed.campaigns import actions, cancellation
from feed.campaigns.errors import CampaignIncomplete, CampaignRunning
from feed.posts import actions as posts
from feed.posts.model import NewPost, PostAnnouncesDraw, PostChange, PostId
from tests.support import make
from tests.support.campaign_drafts import CONCERT_TICKET, drafted, fields, published
from tests.support.campaigns import Stage
from tests.support.make import DAY

WAYS = ("comment", "like")


async def written(stage: Stage, editor: int, **given: Any) -> int:
    """A post of the account, counted as one."""
    await stage.pool.execute("UPDATE accounts SET post_count = post_count + 1 WHERE id = $1", editor)
    return await make.post(stage.pool, editor, topics=(), **given)


async def announced(stage: Stage, editor: int, entry_by: str, **changed: Any) -> tuple[int, int]:
    """A published draw, open since an hour, and its announcement."""
    post_id = await written(stage, editor)
    return await published(stage, editor, opened=True, **draw(post_id, entry_by, **changed)), post_id  # type: ignore[arg-type]


def draw(post_id: int | None, entry_by: str, **changed: Any) -> dict[str, Any]:
    return {
        "method": "draw",
        "beacon_order": ["drand"],
        "beacon_wait_hours": 1,
        "entry_by": entry_by,
        "announcement_post_id": None if post_id is None else str(post_id),
    } | changed


@pytest.mark.parametrize("entry_by", WAYS)
async def test_the_announcement_is_a_visible_post_by_the_staff(stage: Stage, entry_by: str) -> None:
    editor = await stage.person(role="editor")
    posts_ = {
        "required": None,
        "not_found": await make.post(stage.pool, editor, state="removed"),
        "not_by_staff": await make.post(stage.pool, await stage.person()),
    }
    for code, post_id in posts_.items():
        campaign = await drafted(stage, editor, **draw(post_id, entry_by))
        with pytest.raises(CampaignIncomplete) as raised:
            await actions.publish_campaign(stage.pool, stage.keys, editor, campaign)
        assert [(error.field, error.code) for error in raised.value.errors] == [("announcement_post_id", code)]


async def test_a_draw_by_comment_needs_comments_and_a_ranked_campaign_takes_posts_only(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    closed = await make.post(stage.pool, editor)
    await stage.pool.execute("UPDATE posts SET comment_policy = 'nobody' WHERE id = $1", closed)
    for changed, problem in (
        ({}, ("announcement_post_id", "takes_no_comments")),
        ({"entry_by": "like", "method": "ranked"}, ("entry_by", "draws_only")),
        # Neither a comment nor a like carries a photo.
        ({"entry_by": "like", "eligibility": {"require_media": True}}, ("eligibility.require_media", "posts_only")),
    ):
        campaign = await drafted(stage, editor, **(draw(closed, "comment") | changed))
        with pytest.raises(CampaignIncomplete) as raised:
            await actions.publish_campaign(stage.pool, stage.keys, editor, campaign)
        assert [(error.field, error.code) for error in raised.value.errors] == [problem]


@pytest.mark.parametrize("entry_by", WAYS)
async def test_its_author_cannot_change_or_delete_an_announcement_until_the_freeze(stage: Stage, entry_by: str) -> None:
    editor = await stage.person(role="editor")
    campaign, post_id = await announced(stage, editor, entry_by)
    change = PostChange(text="改了")
    with pytest.raises(PostAnnouncesDraw):
        await posts.edit_post(stage.pool, editor, PostId(post_id), change)
    with pytest.raises(PostAnnouncesDraw):
        await posts.delete_post(stage.pool, editor, PostId(post_id))
    assert await stage.pool.fetchval("SELECT state FROM posts WHERE id = $1", post_id) == "published"
    await stage.freeze(campaign)
    await posts.edit_post(stage.pool, editor, PostId(post_id), change)
    await posts.delete_post(stage.pool, editor, PostId(post_id))


async def test_publishing_and_deleting_the_announcement_at_once_leave_a_draw_with_one_or_no_draw(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    for number in range(12):
        post_id = await written(stage, editor)
        campaign = await drafted(stage, editor, topic=f"音乐会{number}", **draw(post_id, "like"))
        steps = [
            actions.publish_campaign(stage.pool, stage.keys, editor, campaign),
            posts.delete_post(stage.pool, editor, PostId(post_id)),
        ]
        # Either one may come first.
        results = await asyncio.gather(*(steps if number % 2 else steps[::-1]), return_exceptions=True)
        state = await stage.pool.fetchval("SELECT state FROM campaigns WHERE id = $1", campaign)
        post_state = await stage.pool.fetchval("SELECT state FROM posts WHERE id = $1", post_id)
        assert (state, post_state) in {("scheduled", "published"), ("draft", "deleted")}
        (error,) = [each for each in results if each is not None]
        assert isinstance(error, PostAnnouncesDraw if state == "scheduled" else CampaignIncomplete)


async def test_a_post_that_announces_a_draw_by_post_is_its_authors(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    _, post_id = await announced(stage, editor, "post")
    await posts.delete_post(stage.pool, editor, PostId(post_id))


async def test_posts_with_the_topic_do_not_enter(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign, _ = await announced(stage, editor, "like")
    await posts.publish_posts(stage.pool, [posts.Draft.checked(await stage.person(), NewPost(text="#读书#"))])
    assert await stage.pool.fetchval("SELECT count(*) FROM entries WHERE campaign_id = $1", campaign) == 0


async def test_after_the_opening_the_announcement_is_fixed(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign, _ = await announced(stage, editor, "like")
    other = await make.post(stage.pool, editor)
    with pytest.raises(CampaignRunning) as raised:
        await actions.change_campaign(
            stage.pool, stage.keys, editor, campaign, fields(announcement_post_id=str(other), entry_by="comment")
        )
    assert {error.field for error in raised.value.errors} == {"announcement_post_id", "entry_by"}


async def test_before_the_opening_another_announcement_takes_its_place(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    first, second = [await written(stage, editor) for _ in range(2)]
    campaign = await published(stage, editor, **draw(first, "like"))
    await actions.change_campaign(
        stage.pool, stage.keys, editor, campaign, fields(announcement_post_id=str(second), entry_by="comment")
    )
    row = await stage.pool.fetchrow("SELECT entry_by, entry_post_id FROM campaigns WHERE id = $1", campaign)
    assert row is not None
    assert tuple(row) == ("comment", second)
    await posts.delete_post(stage.pool, editor, PostId(first))


@pytest.mark.parametrize("entry_by", WAYS)
async def test_each_participant_is_notified_once_of_a_cancellation(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, entry_by: str
) -> None:
    monkeypatch.setattr(cancellation, "_NOTIFIED_PER_TRANSACTION", 2)
    editor = await stage.person(role="editor")
    campaign, post_id = await announced(stage, editor, entry_by)
    people = [await stage.person() for _ in range(5)]
    for account_id in people:
        await (stage.like if entry_by == "like" else stage.comment)(post_id, account_id)
    if entry_by == "comment":
        await stage.comment(post_id, people[0])
    erased = people.pop()
    await stage.pool.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", erased)
    for by in (editor, await stage.person(role="editor")):
        await cancellation.cancel_campaign(stage.pool, by, campaign, "场地停用")
    await stage.pool.execute("UPDATE campaigns SET cancelled_at = cancelled_at - interval '10 seconds'")
    while await cancellation.notify_next_cancellation(stage.pool):
        pass
    notified = await stage.pool.fetch("SELECT account_id FROM inbox ORDER BY account_id")
    assert [row["account_id"] for row in notified] == sorted(people)


def weekend() -> dict[str, Any]:
    """A draw of tickets that opens on a Friday and is decided on the Monday."""
    now = datetime.now(UTC)
    friday = (now + timedelta(days=(4 - now.weekday()) % 7 or 7)).replace(hour=2, minute=0, second=0, microsecond=0)
    monday = friday + timedelta(days=2, hours=14)
    return {
        "starts_at": friday,
        "ends_at": monday,
        "settle_at": monday + timedelta(minutes=1),
        "objection_days": 1,
        "claim_days": 1,
        "delivery": {"within_days": 1, "place": "音乐厅"},
        "prizes": [CONCERT_TICKET | {"valid_until": monday + timedelta(days=1, hours=1, minutes=1)}],
    }


async def test_a_draw_of_three_days_is_published_if_everything_fits(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    post_id = await written(stage, editor)
    campaign = await published(stage, editor, **draw(post_id, "like", **weekend()))
    assert await stage.pool.fetchval("SELECT state FROM campaigns WHERE id = $1", campaign) == "scheduled"


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ({"beacon_wait_hours": 2}, 1),
        ({"beacon_order": ["drand", "public_number"], "beacon": "双色球"}, 1),
        ({"claim_days": 3}, 48),
        ({"settle_at": None}, 72),
    ],
)
async def test_one_that_does_not_fit_names_the_field_the_earliest_time_and_what_adds_up(
    stage: Stage, changed: dict[str, Any], missing: int
) -> None:
    editor = await stage.person(role="editor")
    post_id = await written(stage, editor)
    campaign = await drafted(stage, editor, **draw(post_id, "like", **weekend() | changed))
    with pytest.raises(CampaignIncomplete) as raised:
        await actions.publish_campaign(stage.pool, stage.keys, editor, campaign)
    (error,) = raised.value.errors
    assert (error.field, error.code) == ("prizes[0].valid_until", "expires_before_claimed")
    rules = weekend() | draw(post_id, "like") | changed
    hours = rules["beacon_wait_hours"] * len(rules["beacon_order"])
    listed = rules["settle_at"] or rules["ends_at"] + 3 * DAY
    earliest = listed + timedelta(hours=hours, days=max(rules["claim_days"], rules["objection_days"]))
    assert error.params["earliest"] == f"{earliest:%Y-%m-%dT%H:%M:%S}.000000Z"
    assert (error.params["missing_hours"], error.params["beacon_hours"]) == (missing, hours)
    assert (error.params["objection_days"], error.params["claim_days"]) == (1, rules["claim_days"])
