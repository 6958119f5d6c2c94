"""Two campaigns on one topic at the same time: the second one has to say that it is meant."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import UNSET

from feed.campaigns import actions
from feed.campaigns.errors import CampaignIncomplete
from feed.curation.actions import change_topic
from feed.curation.model import TopicInCampaign
from feed.errors import FeedError, Invalid
from tests.support import make
from tests.support.campaign_drafts import HOUR, drafted, fields, published
from tests.support.campaigns import Stage
from tests.support.make import DAY


async def conflicts(stage: Stage, editor: Any, **changed: Any) -> list[tuple[str, str]]:
    """The problems of a campaign that is published now; empty if it is published."""
    campaign = await drafted(stage, editor, **changed)
    try:
        await actions.publish_campaign(stage.pool, stage.keys, editor, campaign)
    except CampaignIncomplete as error:
        return [(each.field, each.code) for each in error.errors]
    return []


async def alias(stage: Stage, editor: Any, name: str, of: str) -> None:
    for each in (name, of):
        await stage.topic(each)
    await change_topic(stage.pool, editor, name, state=UNSET, alias_of=of)


async def test_the_second_campaign_needs_a_word_and_names_the_first(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    first = await published(stage, editor, title="甲")
    draft = await drafted(stage, editor)
    with pytest.raises(CampaignIncomplete) as raised:
        await actions.publish_campaign(stage.pool, stage.keys, editor, draft)
    (error,) = raised.value.errors
    assert (error.field, error.code) == ("topic", "topic_in_use")
    assert error.params == {"title": "“甲”", "campaign_id": str(first)}
    await actions.change_campaign(stage.pool, stage.keys, editor, draft, fields(shares_topic=True))
    await actions.publish_campaign(stage.pool, stage.keys, editor, draft)
    text = await stage.pool.fetchval("SELECT rules_text FROM campaign_rules WHERE campaign_id = $1", draft)
    assert "同期另有活动使用同一话题" in text
    # The third one as well: the second one's word is not its own.
    assert await conflicts(stage, editor) == [("topic", "topic_in_use")]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"topic": "音乐"}, []),
        ({"topic": "读\ufe0f书"}, [("topic", "topic_in_use")]),
        ({"topic": "看书"}, [("topic", "topic_in_use")]),
        ({"starts_at": 1 * DAY, "ends_at": 2 * DAY}, []),
        ({"starts_at": 1 * DAY - HOUR, "ends_at": 2 * DAY}, [("topic", "topic_in_use")]),
        ({"starts_at": -2 * DAY, "ends_at": HOUR / 2}, []),
        ({"starts_at": -2 * DAY, "ends_at": 10 * DAY}, [("topic", "topic_in_use")]),
    ],
)
async def test_spellings_aliases_and_periods_that_overlap(
    stage: Stage, changed: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    editor = await stage.person(role="editor")
    await alias(stage, editor, "看书", "读书")
    now = datetime.now(UTC)
    await published(stage, editor, starts_at=now + HOUR, ends_at=now + DAY)
    given = {name: now + value if isinstance(value, timedelta) else value for name, value in changed.items()}
    assert await conflicts(stage, editor, **given) == found


async def test_the_first_campaign_on_an_alias_counts(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    await alias(stage, editor, "看书", "读书")
    await published(stage, editor, topic="看书")
    assert await conflicts(stage, editor) == [("topic", "topic_in_use")]


async def test_a_campaign_that_has_ended_counts_and_a_cancelled_one_does_not(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    over = await stage.campaign(starts=-3 * DAY, ends=-DAY)
    now = datetime.now(UTC)
    assert await conflicts(stage, editor, starts_at=now - 2 * DAY) == [("topic", "topic_in_use")]
    assert await conflicts(stage, editor, topic="音乐", starts_at=now - 2 * DAY) == []
    await stage.pool.execute("UPDATE campaigns SET state = 'cancelled', cancelled_at = now() WHERE id = $1", over)
    assert await conflicts(stage, editor, starts_at=now - 2 * DAY) == []


async def test_of_two_that_are_published_at_once_one_is_rejected(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    drafts = [await drafted(stage, editor, topic="新话题") for _ in range(4)]
    done = await asyncio.gather(
        *(actions.publish_campaign(stage.pool, stage.keys, editor, each) for each in drafts), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in done) == ["CampaignIncomplete"] * 3 + ["NoneType"]


async def test_the_first_campaign_may_be_changed_while_the_second_shares_its_topic(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    first = await published(stage, editor)
    second = await published(stage, editor, shares_topic=True)
    for campaign in (first, second):
        await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(winner_count=4))
    with pytest.raises(Invalid) as raised:
        await actions.change_campaign(stage.pool, stage.keys, editor, second, fields(shares_topic=False))
    assert [error.code for error in raised.value.errors] == ["topic_in_use"]
    other = await published(stage, editor, topic="音乐")
    with pytest.raises(Invalid) as raised:
        await actions.change_campaign(stage.pool, stage.keys, editor, other, fields(topic="读书"))
    assert [error.code for error in raised.value.errors] == ["topic_in_use"]


async def test_no_alias_joins_two_running_campaigns(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    for name in ("阅读", "翻书"):
        await alias(stage, editor, name, "读书")
    await stage.topic("音乐")
    await published(stage, editor)
    await published(stage, editor, topic="音乐")

    async def moved(name: str, of: str | None) -> str | None:
        try:
            await change_topic(stage.pool, editor, name, state=UNSET, alias_of=of)
        except FeedError as error:
            return type(error).__name__
        return None

    assert await moved("阅读", "音乐") == TopicInCampaign.__name__
    # Given up and passed on in two steps: its posts still enter the campaign that has had it.
    assert await moved("阅读", None) is None
    assert await moved("阅读", "音乐") == TopicInCampaign.__name__
    # As an alias of a topic that becomes an alias.
    await stage.topic("书")
    assert await moved("阅读", "书") is None
    assert await moved("书", "音乐") == TopicInCampaign.__name__
    assert await moved("阅读", "读书") is None
    assert await make.topic(stage.pool, "翻书")
