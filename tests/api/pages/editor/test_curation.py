"""The hot list, topics and the fairness report in the console."""

import re

from feed.api.state import AppState
from tests.api.pages.editor.conftest import Staff
from tests.support import make, phases

UNTIL = "2099-12-31T12:00"


async def test_a_post_is_suppressed_until_a_time_in_shanghai_and_found_again(app_state: AppState, staff: Staff) -> None:
    post = await make.post(app_state.pool)
    editor = await staff("钱编辑")
    assert (await editor.get(f"/console/hot?post=https://feed.test/p/{post}?from=x")).headers["location"] == (
        f"/console/hot/{post}"
    )
    path = f"/console/hot/{post}"
    page = await editor.get(path)
    assert "log10(1 + 点赞" in page.text
    blank = await editor.send(page, path, {"action": "suppress", "reason": "", "until": UNTIL})
    assert blank.status_code == 422
    assert 'value="suppress" required checked' in blank.text
    done = await editor.send(page, path, {"action": "suppress", "reason": "广告", "until": UNTIL})
    assert done.headers["location"] == f"{path}?done=hot_set"
    until = await app_state.pool.fetchval("SELECT until AT TIME ZONE 'Asia/Shanghai' FROM hot_actions")
    assert f"{until:%Y-%m-%dT%H:%M}" == UNTIL
    listed = await (await staff("孙编辑")).get("/console/hot")
    assert f'href="{path}"' in listed.text
    assert "广告" in listed.text
    assert "钱编辑" in listed.text
    await editor.send(await editor.get(path), f"{path}/end")
    assert "没有：名次全由公式决定" in (await editor.get("/console/hot")).text


async def test_a_hidden_topic_is_found_and_shown_again(app_state: AppState, staff: Staff) -> None:
    for name in ("读书", "ac/dc"):
        await make.topic(app_state.pool, name)
    editor = await staff("钱编辑")
    path = "/console/topics/change"
    page = await editor.get(f"{path}?name=ac%2Fdc")
    fields = {"state": "hidden", "alias_of": "", "review_chain": "2"}
    done = await editor.send(page, path, fields)
    assert done.headers["location"] == f"{path}?name=ac%2Fdc&done=topic_changed"
    assert "已隐藏" in (await editor.get(done.headers["location"])).text
    listed = await editor.get("/console/topics")
    assert "ac/dc" in listed.text
    assert "两审后公开" in listed.text
    page = await editor.get(f"{path}?name=ac%2Fdc")
    unknown = await editor.send(page, path, fields | {"alias_of": "没有这个话题"})
    assert unknown.status_code in (404, 422)
    odd = await editor.send(page, path, fields | {"state": "x", "review_chain": "9"})
    assert odd.status_code == 422
    assert (await editor.send(page, path, {"state": "allowed", "alias_of": "", "review_chain": "1"})).status_code == 303
    for name in ("", "没有", "x" * 300, "%00", ".", ".."):
        assert (await editor.get(f"{path}?name={name}")).status_code in (404, 422), name


async def test_fairness_is_there_from_the_opening_on(app_state: AppState, staff: Staff) -> None:
    editor = await staff("钱编辑")
    draw = await phases.listed(app_state.pool, app_state.keys)
    assert "中奖机会人人相同" in (await editor.get(f"/console/campaigns/{draw.id}/fairness")).text
    campaign = await phases.due(app_state.pool, app_state.keys)
    page = await editor.get(f"/console/campaigns/{campaign.id}/fairness")
    assert "换一种算法，名单会变吗" in page.text
    assert "仅供参考" in page.text
    assert page.text.count('class="hours"') == 2


async def test_curation_is_for_editors(staff: Staff) -> None:
    for role in (None, "reviewer"):
        browser = await staff("路人", role=role)
        for path in (
            "/console/hot",
            "/console/hot/1",
            "/console/topics",
            "/console/topics/change?name=x",
            "/console/objections",
        ):
            assert (await browser.get(path)).status_code == 403, path


async def test_what_another_editor_has_changed_of_a_topic_is_not_overwritten(app_state: AppState, staff: Staff) -> None:
    first, second = await staff("钱编辑"), await staff("孙编辑")
    await make.topic(app_state.pool, "读书")
    path, change = "/console/topics/change?name=读书", "/console/topics/change"
    page = await first.get(path)
    shown = {"state": "allowed", "alias_of": "", "review_chain": "publish_first"}
    hidden = await second.send(await second.get(path), change, shown | {"state": "hidden"})
    assert hidden.status_code == 303, hidden.text

    async def now() -> tuple[str, int]:
        row = await app_state.pool.fetchrow("SELECT state, review_stages FROM topics WHERE name = '读书'")
        assert row is not None
        return row["state"], row["review_stages"]

    # Another field: both changes stand.
    saved = await first.send(page, change, shown | {"review_chain": "2"})
    assert (saved.status_code, await now()) == (303, ("hidden", 2))
    # The same one: refused, with what was chosen, and saved once that was read.
    refused = await first.send(page, change, shown | {"state": "closed", "review_chain": "publish_first"})
    assert (refused.status_code, await now()) == (409, ("hidden", 2))
    assert "有人刚刚改过" in refused.text
    assert re.search(r'value="closed" required checked', refused.text)
    saved = await first.send(refused, change, shown | {"state": "closed", "review_chain": "2"})
    assert (saved.status_code, await now()) == (303, ("closed", 2))
