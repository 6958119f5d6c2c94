"""The announcement by two people, and the replacement of a winner: what each of them reads, and what counts once."""

import asyncio

from feed.api.state import AppState
from tests.api.pages.editor.conftest import Staff
from tests.support import make, phases


async def announced_at(app_state: AppState, campaign_id: int) -> object:
    return await app_state.pool.fetchval("SELECT announced_at FROM campaigns WHERE id = $1", campaign_id)


async def test_two_editors_announce_what_both_have_read(app_state: AppState, staff: Staff) -> None:
    campaign = await phases.settled(app_state.pool, app_state.keys)
    first, second = await staff("钱编辑"), await staff("孙编辑")
    path = f"/console/campaigns/{campaign.id}/winners/announce"
    page = await first.get(path)
    assert page.headers["cache-control"] == "private, no-store"
    assert "你是第一位" in page.text
    sent = await first.send(page, path)
    assert (sent.status_code, sent.headers["location"]) == (
        303,
        f"/console/campaigns/{campaign.id}/winners?done=announce_recorded",
    )
    assert await announced_at(app_state, campaign.id) is None
    read = await second.get(path)
    assert "钱编辑" in read.text
    assert "已核对并提出公布下面的名单" in read.text
    assert "深圳盒子" in read.text
    sent = await second.send(read, path)
    assert sent.headers["location"].endswith("?done=announced")
    assert await announced_at(app_state, campaign.id) is not None


async def test_the_same_editor_twice_reads_that_a_second_person_is_needed(app_state: AppState, staff: Staff) -> None:
    campaign = await phases.settled(app_state.pool, app_state.keys)
    first = await staff("钱编辑")
    path = f"/console/campaigns/{campaign.id}/winners/announce"
    await first.send(await first.get(path), path)
    again = await first.send(await first.get(path), path)
    assert again.status_code == 409
    assert "此操作需由另一个人确认" in again.text
    assert await announced_at(app_state, campaign.id) is None


async def test_a_double_click_announces_once(app_state: AppState, staff: Staff) -> None:
    campaign = await phases.settled(app_state.pool, app_state.keys)
    first = await staff("钱编辑")
    path = f"/console/campaigns/{campaign.id}/winners/announce"
    page = await first.get(path)
    sent = await asyncio.gather(*(first.send(page, path) for _ in range(5)))
    assert {each.headers.get("location", "").rpartition("=")[2] for each in sent} == {"announce_recorded"}
    assert await announced_at(app_state, campaign.id) is None


async def test_places_that_have_changed_since_the_page_was_read_are_read_again(
    app_state: AppState, staff: Staff
) -> None:
    campaign = await phases.settled(app_state.pool, app_state.keys)
    first = await staff("钱编辑")
    path = f"/console/campaigns/{campaign.id}/winners/announce"
    page = await first.get(path)
    await app_state.pool.execute(
        "UPDATE winners SET post_id = $2 WHERE campaign_id = $1 AND place = 1", campaign.id, campaign.posts[-1]
    )
    sent = await first.send(page, path)
    assert sent.status_code == 409
    assert "名单在你打开页面之后有变化" in sent.text


async def test_two_editors_replace_a_winner_for_the_same_reason(app_state: AppState, staff: Staff) -> None:
    campaign = await phases.announced(app_state.pool, app_state.keys)
    first, second = await staff("钱编辑"), await staff("孙编辑")
    path = f"/console/campaigns/{campaign.id}/winners/places/1/replace"
    fields = {"reason_code": "copied", "reason": "照片来自网络"}
    assert (await first.send(await first.get(path), path, fields)).headers["location"].endswith("replace_recorded")
    listed = await second.get(f"/console/campaigns/{campaign.id}/winners")
    assert "有人提出替换" in listed.text
    read = await second.get(path)
    assert "钱编辑" in read.text
    assert '<option value="copied" selected>' in read.text
    assert (await second.send(read, path, fields)).headers["location"].endswith("done=replaced")


async def test_a_reason_that_is_missing_is_named_at_its_field_and_nothing_is_lost(
    app_state: AppState, staff: Staff
) -> None:
    campaign = await phases.announced(app_state.pool, app_state.keys)
    editor = await staff("钱编辑")
    path = f"/console/campaigns/{campaign.id}/winners/places/1/replace"
    sent = await editor.send(await editor.get(path), path, {"reason_code": "copied", "reason": " "})
    assert sent.status_code == 422
    assert 'id="error-reason"' in sent.text
    assert '<option value="copied" selected>' in sent.text


async def test_a_place_that_nobody_holds_has_no_page(app_state: AppState, staff: Staff) -> None:
    campaign = await phases.announced(app_state.pool, app_state.keys)
    editor = await staff("钱编辑")
    for rank in ("99", "-1", "x", "９"):
        page = await editor.get(f"/console/campaigns/{campaign.id}/winners/places/{rank}/replace")
        assert page.status_code == 404, rank


async def test_a_reason_is_empty_at_first_and_kept_when_it_is_refused(app_state: AppState, staff: Staff) -> None:
    campaign = await phases.announced(app_state.pool, app_state.keys)
    editor = await staff("钱编辑")
    base = f"/console/campaigns/{campaign.id}"
    for rest in ("winners/export", "winners/places/1/replace", "settlement/undo"):
        page = await editor.get(f"{base}/{rest}")
        assert page.status_code == 200, rest
        assert "&lt;function" not in page.text, rest
    cancel = f"/console/campaigns/{await make.campaign(app_state.pool)}/cancel"
    kept = await editor.send(await editor.get(cancel), cancel, {"reason": "照片来自网络" * 500})
    assert kept.status_code == 422
    assert "照片来自网络" in kept.text


async def test_an_act_of_two_people_waits_for_the_other_one(app_state: AppState, staff: Staff) -> None:
    pool, keys = app_state.pool, app_state.keys
    first, second = await staff("钱编辑"), await staff("孙编辑")
    settled, announced = await phases.settled(pool, keys), await phases.announced(pool, keys)
    running = await make.campaign(pool)
    reason = {"reason": "照片来自网络", "reason_code": "copied"}
    for path, confirms in (
        (f"/console/campaigns/{running}/cancel", "确认取消活动"),
        (f"/console/campaigns/{settled.id}/winners/announce", "核对无误，确认公布"),
        (f"/console/campaigns/{announced.id}/winners/places/1/replace", "确认替换"),
    ):
        assert (await first.send(await first.get(path), path, reason)).status_code == 303, path
        assert confirms not in (await first.get(path)).text, path
        assert confirms in (await second.get(path)).text, path


async def test_an_act_that_is_not_possible_any_more_or_yet_has_no_form(app_state: AppState, staff: Staff) -> None:
    editor = await staff("钱编辑")
    announced = await phases.announced(app_state.pool, app_state.keys)
    running = await make.campaign(app_state.pool)
    for campaign, act in (
        (announced.id, "cancel"),
        (announced.id, "settlement/settle"),
        (running, "settlement/settle"),
        (running, "settlement/undo"),
    ):
        path = f"/console/campaigns/{campaign}/{act}"
        page = await editor.get(path)
        assert page.status_code == 200, path
        assert f'action="{path}"' not in page.text, path
        assert f'href="/console/campaigns/{campaign}/settlement"' in page.text, path
