"""The topics whose posts enter a campaign: its own and the aliases of it, at each place where entries are read."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from feed.accounts.model import AccountId
from feed.api.state import AppState
from feed.keys.store import Keys
from feed.prizes.settlement.actions import settle_campaign
from feed.screens.posts import pages
from tests.support import boards
from tests.support.api import Join, Person
from tests.support.campaigns_api import HOUR, close, post, publish, terms, wire


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disables the caches, so that a test reads its own writes."""
    monkeypatch.setattr(pages, "CACHE_SECONDS", 0.0)


async def change(editor: Person, name: str, **to: Any) -> tuple[int, str | None]:
    answer = await editor("PATCH", f"/admin/topics/{name}", to)
    return answer.status_code, answer.json().get("code")


async def entered(client: httpx.AsyncClient, campaign: str) -> set[str]:
    listed = (await client.get(f"/campaigns/{campaign}/posts")).json()["items"]
    return {item["id"] for item in listed}


async def test_a_post_with_an_alias_takes_part_like_one_with_the_topic(
    client: httpx.AsyncClient, join: Join, app_state: AppState, redis: Redis, keys: Keys
) -> None:
    editor, ming, hong, gang = join("编辑", roles=("editor",)), join("小明"), join("小红"), join("小刚")
    await post(join("老王"), "#读书# #阅读# #看书#")
    before = await post(ming, "#看书# 在成为别名之前")
    assert await change(editor, "阅读", alias_of="读书") == (200, None)
    campaign = await publish(editor)
    after = await post(hong, "#阅读# 好")
    assert await change(editor, "看书", alias_of="读书") == (200, None)
    own = await post(gang, "#读书# 好")
    for entry in (before, after, own):
        assert (await join("路人")("PUT", f"/posts/{entry}/like")).status_code == 200
        assert (await join("路人")("POST", f"/posts/{entry}/comments", {"text": "好"})).status_code == 201
    assert {before, after, own} <= await entered(client, campaign)
    for person, entry in ((ming, before), (hong, after), (gang, own)):
        mine = (await person("GET", f"/campaigns/{campaign}/me")).json()["entries"]
        assert [
            (each["post_id"], each["state"], each["likes_counted"], each["commenters_counted"]) for each in mine
        ] == [(entry, "entered", 1, 1)]
        card = (await client.get(f"/posts/{entry}")).json()
        assert [tag["id"] for tag in card["campaigns"]] == [campaign]
    await boards.settle(app_state.pool, redis)
    board = (await client.get(f"/campaigns/{campaign}/leaderboard")).json()
    assert {before, after, own} <= {item["post"]["id"] for item in board["items"]}
    listed = (await editor("GET", f"/admin/campaigns/{campaign}/entries")).json()["items"]
    assert all(item["bears_topic"] for item in listed)
    await app_state.pool.execute(
        "UPDATE campaigns SET starts_at = starts_at - interval '1 hour', ends_at = now() - interval '11 seconds', "
        "settle_at = now() WHERE id = $1",
        int(campaign),
    )
    await app_state.pool.execute(
        "UPDATE posts SET created_at = created_at - interval '1 minute'; "
        "UPDATE post_revisions SET created_at = created_at - interval '1 minute'; "
        "UPDATE accounts SET phone_verified_at = phone_verified_at - interval '1 minute', created_at = now() - interval '1 day'; "
        "UPDATE likes SET liked_at = liked_at - interval '1 minute'; "
        "UPDATE comments SET created_at = created_at - interval '1 minute'"
    )
    editor_id = int((await editor("GET", "/me")).json()["id"])
    await settle_campaign(app_state.pool, keys, int(campaign), by=AccountId(editor_id), reason="测试")
    sheet = (await editor("GET", f"/admin/campaigns/{campaign}/sheet")).json()["items"]
    assert {before, after, own} <= {row["post_id"] for row in sheet if row["rank"] is not None}, [
        row["reason_code"] for row in sheet
    ]


async def test_a_campaign_named_by_an_alias_is_one_of_the_topic(client: httpx.AsyncClient, join: Join) -> None:
    editor, ming = join("编辑", roles=("editor",)), join("小明")
    await post(ming, "#阅读# #读书#")
    assert await change(editor, "阅读", alias_of="读书") == (200, None)
    campaign = await publish(editor, topic="阅读")
    one, other = await post(ming, "#读书# 好"), await post(ming, "#阅读# 好")
    assert {one, other} <= await entered(client, campaign)
    assert await change(editor, "读书", state="closed") == (409, "topic_in_campaign")


@pytest.mark.parametrize("state", ["hidden", "closed"])
@pytest.mark.parametrize("which", ["topic", "alias", "hidden mark"])
async def test_the_topics_of_a_running_campaign_stay(join: Join, app_state: AppState, state: str, which: str) -> None:
    editor = join("编辑", roles=("editor",))
    await post(join("小明"), "#读书# #阅读# #别的#")
    await change(editor, "阅读", alias_of="读书")
    campaign = await publish(editor)
    name = {"topic": "读书", "alias": "阅读", "hidden mark": "读\u200b书"}[which]
    refused = (409, "topic_in_campaign")
    assert await change(editor, name, state=state) == refused
    assert await change(editor, "读书", alias_of="别的") == refused
    assert await change(editor, name, state=state, alias_of="别的") == refused
    assert await change(editor, "读书", state="no_trend") == (200, None)
    await close(app_state, campaign)
    assert await change(editor, name, state=state) == (200, None)


async def test_a_scheduled_campaign_holds_its_topic_too(join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    await publish(editor, starts_at=wire(datetime.now(UTC) + HOUR), ends_at=wire(datetime.now(UTC) + 2 * HOUR))
    await post(join("小明"), "#别的#")
    assert await change(editor, "读书", state="hidden") == (409, "topic_in_campaign")
    assert await change(editor, "读书", alias_of="别的") == (409, "topic_in_campaign")


async def test_a_topic_is_not_hidden_while_a_campaign_is_published_on_it(join: Join) -> None:
    """Whichever is first, never both: the other one is refused."""
    editor, other = join("编辑", roles=("editor",)), join("另一位编辑", roles=("editor",))
    await post(join("小明"), "#别的# " + " ".join(f"#话题{n}#" for n in range(8)))
    for n in range(8):
        draft = (await editor("POST", "/admin/campaigns", terms(topic=f"话题{n}", shares_topic=True))).json()["id"]
        # Shared, as several campaigns may get the same target.
        to = ({"state": "hidden"}, {"alias_of": "别的"}, {"state": "closed"})[n % 3]
        published, changed = await asyncio.gather(
            editor("POST", f"/admin/campaigns/{draft}/publish"), other("PATCH", f"/admin/topics/话题{n}", to)
        )
        if "alias_of" in to and changed.status_code == 200:
            # An alias before the publication: the campaign is one of the target.
            assert published.status_code == 200
            continue
        assert sorted([published.status_code, changed.status_code]) == [200, 409], (published.text, changed.text)


async def test_an_alias_that_is_given_up_puts_no_entry_out(client: httpx.AsyncClient, join: Join) -> None:
    editor, ming = join("编辑", roles=("editor",)), join("小明")
    await post(join("老王"), "#读书# #阅读#")
    await change(editor, "阅读", alias_of="读书")
    campaign = await publish(editor)
    before = await post(ming, "#阅读# 好")
    assert await change(editor, "阅读", alias_of=None) == (200, None)
    after = await post(ming, "#阅读# 又好")
    assert {before, after} <= await entered(client, campaign)
    mine = (await ming("GET", f"/campaigns/{campaign}/me")).json()["entries"]
    assert {each["state"] for each in mine} == {"entered"}
    # It is still one of the campaign's names, so it accepts posts until the end; and the rules can be amended as before.
    assert await change(editor, "阅读", state="closed") == (409, "topic_in_campaign")
    assert (await editor("PATCH", f"/admin/campaigns/{campaign}", {"winner_count": 4})).status_code == 200


async def test_an_alias_made_after_the_end_enters_nothing(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    editor, ming = join("编辑", roles=("editor",)), join("小明")
    campaign = await publish(editor)
    late = await post(ming, "#阅读# 好")
    own = await post(ming, "#读书# 好")
    await close(app_state, campaign)
    assert await change(editor, "阅读", alias_of="读书") == (200, None)
    assert late not in await entered(client, campaign)
    # Nor does it take an entry out: the topic itself may become an alias then.
    await post(ming, "#别的#")
    assert await change(editor, "读书", alias_of="别的") == (200, None)
    assert await entered(client, campaign) == {own}


@pytest.mark.parametrize("state", ["hidden", "closed"])
@pytest.mark.parametrize("name", ["读书", "阅读"])
async def test_no_campaign_is_published_on_a_topic_without_posts_or_page(join: Join, state: str, name: str) -> None:
    editor = join("编辑", roles=("editor",))
    await post(join("小明"), "#读书# #阅读#")
    await change(editor, "阅读", alias_of="读书")
    await change(editor, "读书", state=state)
    draft = (await editor("POST", "/admin/campaigns", terms(topic=name))).json()["id"]
    refused = await editor("POST", f"/admin/campaigns/{draft}/publish")
    assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [("topic", f"{state}_topic")]


async def test_a_closed_topic_accepts_no_post_by_an_alias(client: httpx.AsyncClient, join: Join) -> None:
    editor, ming = join("编辑", roles=("editor",)), join("小明")
    await post(ming, "#读书# #阅读#")
    await change(editor, "阅读", alias_of="读书")
    await change(editor, "读书", state="closed")
    answer = (await ming("POST", "/posts", {"text": "#阅读# 好"})).json()
    assert (answer["topics"], answer["topics_dropped"]) == ([], [{"name": "阅读", "reason": "closed"}])


async def test_cases_are_filtered_by_a_topic_with_its_aliases(join: Join) -> None:
    editor, reviewer = join("编辑", roles=("editor",)), join("审核", roles=("reviewer",))
    one, other = await post(join("小明"), "#读书#"), await post(join("小红"), "#阅读#")
    await post(join("小刚"), "#电影#")
    await change(editor, "阅读", alias_of="读书")
    for name, expected in (
        ("读书", {one, other}),
        ("阅读", {one, other}),
        ("读\u200b书", {one, other}),
        ("没有", set()),
    ):
        page = (await reviewer("GET", f"/moderation/cases?topic={name}")).json()
        assert {case["subject"]["id"] for case in page["items"]} == expected
