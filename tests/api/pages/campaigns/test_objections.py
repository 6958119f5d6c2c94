"""The page of objections: sent once, kept when refused, answered where it was sent."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest

from feed.accounts.model import AccountId
from feed.api.state import AppState
from feed.keys.store import Keys
from feed.prizes.objections.actions import answer_objection
from feed.screens.campaigns.my_participation import get_participation
from tests.api.pages.campaigns.support import browser_of, words, words_of
from tests.support import make, phases
from tests.support.pages import BrowserClient


async def objecting(app_state: AppState, keys: Keys) -> tuple[phases.Played, BrowserClient, str]:
    """An announced campaign, the browser of a participant without a prize, and the path of the page."""
    campaign = await phases.announced(app_state.pool, keys)
    author = await app_state.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[-1])
    return campaign, await browser_of(app_state, author), f"/campaigns/{campaign.id}/objections"


async def test_an_objection_is_made_and_its_answer_stands_beside_it(app_state: AppState, keys: Keys) -> None:
    campaign, browser, path = await objecting(app_state, keys)
    page = await browser.get(path)
    entry = f"{app_state.settings.public_url}/posts/{campaign.posts[0]}?from=wechat"
    sent = await browser.send(page, path, {"kind": "counts", "text": "点赞算少了\r\n请核实", "entry": entry})
    assert (sent.status_code, sent.headers["location"]) == (303, f"{path}#own")
    said = await words(browser, path)
    assert "等待答复 点赞或评论的计数" in said
    stored = await app_state.pool.fetchrow("SELECT id, text, post_id FROM objections")
    assert stored is not None
    assert (stored["text"], stored["post_id"]) == ("点赞算少了\n请核实", campaign.posts[0])
    answerer = AccountId(await make.person(app_state.pool, role="editor"))
    await answer_objection(app_state.pool, stored["id"], by=answerer, text="已核实，计数无误")
    said = await words(browser, path)
    assert "已答复" in said
    assert "已核实，计数无误" in said
    assert "我的异议和答复（1）" in await words(browser, f"/campaigns/{campaign.id}")


async def test_one_form_sent_many_times_makes_one_objection(app_state: AppState, keys: Keys) -> None:
    _, browser, path = await objecting(app_state, keys)
    page = await browser.get(path)
    fields = {"kind": "winner", "text": "刷赞"}
    sent = await asyncio.gather(*(browser.send(page, path, fields) for _ in range(5)))
    assert [each.status_code for each in sent] == [303] * 5
    assert await app_state.pool.fetchval("SELECT count(*) FROM objections") == 1


@pytest.mark.parametrize(
    ("fields", "status", "words_"),
    [
        ({"kind": "other", "text": ""}, 422, "#field-text"),
        ({"kind": "all", "text": "有误"}, 422, "#field-kind"),
        ({"kind": "other", "text": "有误", "entry": "一幅画"}, 422, "#field-entry"),
        ({"kind": "other", "text": "有误", "entry": "1"}, 404, "data-problem"),
        ({"kind": "other", "text": "长" * 1001}, 422, "#field-text"),
    ],
)
async def test_a_refused_objection_keeps_what_was_typed(
    app_state: AppState, keys: Keys, fields: dict[str, str], status: int, words_: str
) -> None:
    _, browser, path = await objecting(app_state, keys)
    answer = await browser.send(await browser.get(path), path, fields)
    assert answer.status_code == status
    assert words_ in answer.text
    assert fields["text"] in answer.text
    assert fields.get("entry", "") in answer.text


async def test_a_kind_with_an_open_objection_is_not_offered_again(app_state: AppState, keys: Keys) -> None:
    _, browser, path = await objecting(app_state, keys)
    assert (await browser.send(await browser.get(path), path, {"kind": "other", "text": "一"})).status_code == 303
    page = await browser.get(path)
    assert re.findall(r'value="(\w+)"[^>]* disabled', page.text) == ["other"]
    again = await browser.send(page, path, {"kind": "other", "text": "第二次的话"})
    assert again.status_code == 409
    assert "第二次的话" in again.text
    for kind in ("counts", "marks", "eligibility", "winner"):
        assert (await browser.send(await browser.get(path), path, {"kind": kind, "text": "一"})).status_code == 303
    assert "请等待答复" in await words(browser, path)


async def _stranger(app_state: AppState, keys: Keys, campaign: phases.Played) -> int:
    return await make.person(app_state.pool)


async def _without_phone(app_state: AppState, keys: Keys, campaign: phases.Played) -> int:
    author: int = await app_state.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[-1])
    await app_state.pool.execute(
        "UPDATE accounts SET person = NULL, phone_verified_at = NULL, phone_sealed = NULL WHERE id = $1", author
    )
    return author


async def _late(app_state: AppState, keys: Keys, campaign: phases.Played) -> int:
    author: int = await app_state.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[-1])
    await app_state.pool.execute(
        "UPDATE campaigns SET objections_end_at = clock_timestamp() WHERE id = $1", campaign.id
    )
    return author


@pytest.mark.parametrize(
    ("reader", "code", "status", "says"),
    [
        (_stranger, "not_a_participant", 403, "只有参与过本活动的人可以提出异议。"),
        (_without_phone, "objection_needs_phone", 403, "提出异议前需要验证手机号。"),
        (_late, "objections_closed", 409, "公示期已满，正在处理已提出的异议"),
    ],
)
async def test_one_who_cannot_object_reads_why_in_place_of_the_form(
    app_state: AppState,
    keys: Keys,
    reader: Callable[[AppState, Keys, phases.Played], Awaitable[int]],
    code: str,
    status: int,
    says: str,
) -> None:
    campaign, _, path = await objecting(app_state, keys)
    account_id = await reader(app_state, keys, campaign)
    browser = await browser_of(app_state, account_id)
    page = await browser.get(path)
    assert says in words_of(page)
    assert f'action="{path}"' not in page.text
    mine = await get_participation(app_state.leaderboards, campaign.id, account_id)
    assert (mine.may_object.refusal, mine.may_object.kinds) == (code, [])
    sent = await browser.post(path, {"kind": "other", "text": "我也有话说"})
    assert sent.status_code == status
    assert "我也有话说" in sent.text


async def test_after_the_period_no_page_says_that_one_may_object(app_state: AppState, keys: Keys) -> None:
    campaign, browser, path = await objecting(app_state, keys)
    shown = f"/campaigns/{campaign.id}"
    assert f'href="{path}"' in (await browser.get(shown)).text
    await app_state.pool.execute(
        "UPDATE campaigns SET objections_end_at = clock_timestamp() WHERE id = $1", campaign.id
    )
    for reader in (browser, await browser_of(app_state)):
        page = await reader.get(shown)
        assert "公示期已满，正在处理已提出的异议" in words_of(page)
        assert f'href="{path}"' not in page.text


async def test_objections_of_others_stay_unseen(app_state: AppState, keys: Keys) -> None:
    campaign, browser, path = await objecting(app_state, keys)
    await browser.send(await browser.get(path), path, {"kind": "other", "text": "只有我知道"})
    winner = (await phases.winners_of(app_state.pool, campaign.id))[0]["account_id"]
    for reader in (winner, await make.person(app_state.pool, role="editor")):
        other = await browser_of(app_state, reader)
        for shown in (path, f"/campaigns/{campaign.id}"):
            assert "只有我知道" not in (await other.get(shown)).text


async def test_after_the_objection_days_there_is_no_form(app_state: AppState, keys: Keys) -> None:
    campaign, browser, path = await objecting(app_state, keys)
    page = await browser.get(path)
    await phases.finish(app_state.pool, campaign.id, days=3)
    assert "公示期已满" in await words(browser, path)
    late = await browser.send(page, path, {"kind": "other", "text": "晚了"})
    assert late.status_code == 409
    assert "公示期已满" in words_of(late)


async def test_markup_in_an_objection_stays_text(app_state: AppState, keys: Keys) -> None:
    _, browser, path = await objecting(app_state, keys)
    evil = '"><script>alert(1)</script>'
    await browser.send(await browser.get(path), path, {"kind": "other", "text": evil})
    refused = await browser.send(await browser.get(path), path, {"kind": "other", "text": evil, "entry": evil})
    for page in (refused, await browser.get(path)):
        assert evil not in page.text
        assert "&lt;script&gt;" in page.text
