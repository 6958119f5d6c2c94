"""The page of a settlement: what it waits for, settling, undoing, and the number of a draw."""

import re
from urllib.parse import quote

import pytest

from feed.api.state import AppState
from tests.api.pages.editor.conftest import Staff
from tests.support import make, phases


async def test_what_the_settlement_waits_for_is_named_with_where_it_is_resolved(
    app_state: AppState, staff: Staff
) -> None:
    campaign = await phases.due(app_state.pool, app_state.keys)
    blocks = [
        {"kind": "entry_waits", "post_id": "1"},
        {"kind": "mark_missing", "post_id": "2", "marks": 1, "needed": 3},
        {"kind": "comment_waits", "post_id": "3", "comment_id": "4"},
        {"kind": "media_processing", "post_id": "5"},
    ]
    await app_state.pool.execute(
        "UPDATE campaigns SET state = 'judging', blocked_by = $2 WHERE id = $1", campaign.id, blocks
    )
    page = await (await staff("钱编辑")).get(f"/console/campaigns/{campaign.id}/settlement")
    assert page.status_code == 200
    site = app_state.settings.public_url
    for found in ("/posts/1", "/posts/3?comment_id=4"):
        assert f'href="/console/queue?link={quote(site + found)}"' in page.text, found
    assert f'href="/console/campaigns/{campaign.id}/jury"' in page.text
    # Nobody but its author opens what is not public.
    for hidden in (1, 3, 5):
        assert not re.search(rf'href="/posts/{hidden}["?]', page.text), hidden
    assert "1 / 3" in page.text
    assert "如果现在评定" in page.text


async def test_an_editor_settles_reads_the_sheet_and_undoes_with_a_reason(app_state: AppState, staff: Staff) -> None:
    campaign = await phases.due(app_state.pool, app_state.keys)
    editor = await staff("钱编辑")
    base = f"/console/campaigns/{campaign.id}/settlement"
    sent = await editor.send(await editor.get(f"{base}/settle"), f"{base}/settle", {"reason": ""})
    assert sent.headers["location"] == f"{base}?done=settled"
    page = await editor.get(sent.headers["location"])
    assert "已评定，结果见下" in page.text
    assert f'href="{base}/sheet.csv"' in page.text
    sheet = await editor.get(f"{base}/sheet")
    assert sheet.text.count("<tr>") == 5
    table = await editor.get(f"{base}/sheet.csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert table.headers["cache-control"] == "private, no-store"
    assert "attachment" in table.headers["content-disposition"]
    refused = await editor.send(await editor.get(f"{base}/undo"), f"{base}/undo", {"reason": ""})
    assert refused.status_code == 422
    done = await editor.send(await editor.get(f"{base}/undo"), f"{base}/undo", {"reason": "打分有误"})
    assert done.headers["location"] == f"{base}?done=undone"
    assert "打分有误" in (await editor.get(base)).text


async def test_a_blocked_settlement_says_what_is_missing_and_keeps_the_form(app_state: AppState, staff: Staff) -> None:
    campaign = await phases.due(app_state.pool, app_state.keys, shortlist_size=2)
    juror = await make.person(app_state.pool)
    await make.juror(app_state.pool, campaign.id, juror)
    await app_state.pool.execute(
        "UPDATE entries SET shortlisted_at = now() WHERE post_id = ANY ($1::bigint[])", campaign.posts[:2]
    )
    editor = await staff("钱编辑")
    path = f"/console/campaigns/{campaign.id}/settlement/settle"
    blocked = await editor.send(await editor.get(path), path)
    assert blocked.status_code == 409
    assert "仍有内容待审核或待打分" in blocked.text
    assert "打分未满" in blocked.text
    forced = await editor.send(blocked, path, {"reason": "评委请假"})
    assert forced.headers["location"].endswith("?done=settled")
    page = await editor.get(f"/console/campaigns/{campaign.id}/settlement")
    assert "评委请假" in page.text
    assert "已写入公开结果" in page.text


async def test_two_people_enter_the_number_of_a_draw_in_shanghai_time(app_state: AppState, staff: Staff) -> None:
    campaign = await phases.listed(app_state.pool, app_state.keys, beacon_order=["public_number"])
    first, second = await staff("钱编辑"), await staff("孙编辑")
    path = f"/console/campaigns/{campaign.id}/settlement/number"
    appeared = await app_state.pool.fetchval(
        "SELECT to_char(now() AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD\"T\"HH24:MI')"
    )
    # The number has to appear a minute after the list.
    await phases.age_list(app_state.pool, campaign.id, 10 * make.HOUR)
    fields = {"round": "2026137", "value": "03 07 12", "appeared_at": appeared}
    sent = await first.send(await first.get(path), path, fields)
    assert sent.headers["location"].endswith("?done=number_recorded")
    page = await second.get(path)
    assert "钱编辑" in page.text
    assert "03 07 12" not in page.text, "the second person does not see what the first has entered"
    differs = await second.send(page, path, fields | {"value": "03 07 21"})
    assert differs.status_code == 409
    assert 'value="03 07 21"' in differs.text
    sent = await second.send(differs, path, fields)
    assert sent.headers["location"].endswith("?done=number_entered")
    stored = await app_state.pool.fetchval("SELECT appeared_at AT TIME ZONE 'Asia/Shanghai' FROM draws")
    assert f"{stored:%Y-%m-%dT%H:%M}" == appeared


async def test_a_time_that_is_none_is_named_at_its_field(app_state: AppState, staff: Staff) -> None:
    campaign = await phases.listed(app_state.pool, app_state.keys, beacon_order=["public_number"])
    editor = await staff("钱编辑")
    path = f"/console/campaigns/{campaign.id}/settlement/number"
    page = await editor.get(path)
    for text in ("", "gestern", "2026-02-30T10:00", "2026-11-29T25:00", "9" * 300):
        sent = await editor.send(page, path, {"round": "1", "value": "1", "appeared_at": text})
        assert sent.status_code == 422, text
        assert 'id="error-appeared_at"' in sent.text


PAGES = (
    "settlement",
    "settlement/sheet",
    "settlement/sheet.csv",
    "settlement/settle",
    "settlement/undo",
    "settlement/number",
    "winners",
    "winners/announce",
    "winners/shipments",
    "winners/export",
    "winners/codes",
    "winners/access",
)


@pytest.mark.parametrize("page", PAGES)
async def test_who_has_no_such_role_sees_the_error_page(app_state: AppState, staff: Staff, page: str) -> None:
    campaign = await phases.announced(app_state.pool, app_state.keys)
    path = f"/console/campaigns/{campaign.id}/{page}"
    for role in (None, "reviewer"):
        found = await (await staff("路人", role=role)).get(path)
        assert found.status_code == 403
        assert "读书月" not in found.text
        assert found.headers["content-type"].startswith("text/")


@pytest.mark.parametrize("page", PAGES)
async def test_who_is_not_signed_in_signs_in_first(app_state: AppState, staff: Staff, page: str) -> None:
    browser = await staff("钱编辑")
    browser.http.cookies.clear()
    found = await browser.get(f"/console/campaigns/1/{page}")
    assert found.status_code == 303
    assert found.headers["location"].startswith("/sign-in?back=/console/campaigns/1/")


@pytest.mark.parametrize("campaign", ["1", "0", "x", "999999999999999999999999", "%2e%2e", "１"])
async def test_a_campaign_that_does_not_exist_has_no_pages(staff: Staff, campaign: str) -> None:
    admin = await staff("管理员", role="admin")
    for page in PAGES:
        assert (await admin.get(f"/console/campaigns/{campaign}/{page}")).status_code == 404, page
