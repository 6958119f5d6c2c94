"""The form of a campaign on the wire: nothing typed is lost, nothing is overwritten, times are those of Shanghai."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import httpx
import pytest

from feed.api.state import AppState
from tests.api.pages.editor.conftest import Staff
from tests.support.pages import BrowserClient, hidden_fields

MARKUP = '"><script>alert(1)</script>'


async def new_draft(editor: BrowserClient, title: str = "春日摄影") -> str:
    """The path of the form of a new draft."""
    page = await editor.get("/console/campaigns/new")
    made = await editor.send(page, "/console/campaigns/new", {"title": title, "topic": "春日", "method": "ranked"})
    assert made.status_code == 303, made.text
    return str(made.headers["location"])


async def save(editor: BrowserClient, page: httpx.Response, path: str, fields: Mapping[str, Any]) -> httpx.Response:
    return await editor.post(path, {**hidden_fields(page.text, path), **fields})


def value_of(html: str, name: str) -> str:
    found = re.search(rf'id="field-{re.escape(name)}"[^>]* value="([^"]*)"', html)
    assert found, name
    return unescape(found[1])


async def test_a_time_that_is_entered_as_twelve_is_twelve_for_everyone(staff: Staff) -> None:
    author, approver = await staff("钱编辑"), await staff("孙编辑")
    path = await new_draft(author)
    saved = await save(
        author, await author.get(path), path, {"starts_at": "2027-03-01T12:00", "ends_at": "2027-03-08T18:30"}
    )
    assert saved.headers["location"] == f"{path}?saved=save"
    approver.http.headers["accept-language"] = "en"
    page = await approver.get(path)
    assert value_of(page.text, "starts_at") == "2027-03-01T12:00"
    assert value_of(page.text, "ends_at") == "2027-03-08T18:30"
    # With the zone for people, and in UTC for machines.
    assert '<time datetime="2027-03-01T04:00:00Z">1 Mar 2027, 12:00 (Shanghai)</time>' in page.text
    # Saving what is shown changes nothing.
    campaign = path.split("/")[3]
    before = await author.app_state.pool.fetchval("SELECT draft FROM campaigns WHERE id = $1", int(campaign))
    await save(approver, page, path, {"starts_at": "2027-03-01T12:00"})
    assert await author.app_state.pool.fetchval("SELECT draft FROM campaigns WHERE id = $1", int(campaign)) == before


async def test_what_was_typed_stays_when_the_form_is_refused(staff: Staff) -> None:
    editor = await staff("钱编辑")
    path = await new_draft(editor)
    typed = {
        "title": MARKUP,
        "winner_count": "三",
        "starts_at": "tomorrow",
        "prizes[0].name": "相机",
        "prizes[0].value_cny": "很贵",
        "body": MARKUP,
    }
    refused = await save(editor, await editor.get(path), path, typed)
    assert refused.status_code == 422
    for name in ("title", "winner_count", "starts_at", "prizes[0].name", "prizes[0].value_cny"):
        assert value_of(refused.text, name) == typed[name]
    for name in ("winner_count", "starts_at", "prizes[0].value_cny"):
        assert f'id="error-{name}"' in refused.text
    assert "<script>alert" not in refused.text
    assert "（winner_count）" not in refused.text


async def test_rows_of_prizes_come_and_go_without_script_and_without_saving(staff: Staff) -> None:
    editor = await staff("钱编辑")
    path = await new_draft(editor)
    page = await save(editor, await editor.get(path), path, {"do": "add:prizes", "title": "改了标题"})
    page = await save(editor, page, path, {"do": "add:prizes", "title": "改了标题", "prizes[0].name": "一等"})
    assert (page.status_code, value_of(page.text, "title")) == (200, "改了标题")
    two = {"title": "改了标题", "prizes[0].name": "一等", "prizes[1].name": "二等"}
    page = await save(editor, page, path, two | {"do": "up:prizes:1"})
    assert [value_of(page.text, f"prizes[{index}].name") for index in (0, 1)] == ["二等", "一等"]
    page = await save(editor, page, path, {"prizes[0].name": "二等", "prizes[1].name": "一等", "do": "remove:prizes:0"})
    assert value_of(page.text, "prizes[0].name") == "一等"
    assert 'name="prizes[1]' not in page.text
    assert value_of((await editor.get(path)).text, "title") == "春日摄影"
    for odd in ("add:", "remove:prizes:99", "up:prizes:0", "remove:prizes:-1", "remove:prizes:²", "x:y:z", ":"):
        assert (await save(editor, page, path, {"do": odd})).status_code == 200


async def test_two_editors_of_one_campaign_see_each_others_changes(staff: Staff) -> None:
    first, second = await staff("钱编辑"), await staff("孙编辑")
    path = await new_draft(first)
    opened = await first.get(path)
    theirs = await save(second, await second.get(path), path, {"organiser": "读特", "contact": "0755-1"})
    assert theirs.status_code == 303
    mine = {"title": "夏日摄影", "contact": "0755-2", "organiser": ""}
    conflict = await save(first, opened, path, mine)
    assert conflict.status_code == 409
    # Mine where both have written, theirs where only they have; and nothing is saved yet.
    assert [value_of(conflict.text, name) for name in ("title", "contact", "organiser")] == [
        "夏日摄影",
        "0755-2",
        "读特",
    ]
    assert "另一位编辑刚刚保存了修改" in conflict.text
    assert "0755-1" in conflict.text
    assert value_of((await second.get(path)).text, "title") == "春日摄影"
    done = await save(first, conflict, path, {"title": "夏日摄影", "contact": "0755-2", "organiser": "读特"})
    assert done.status_code == 303
    page = (await second.get(path)).text
    assert [value_of(page, name) for name in ("title", "contact", "organiser")] == ["夏日摄影", "0755-2", "读特"]


async def test_a_form_that_is_sent_twice_creates_one_draft(staff: Staff) -> None:
    editor = await staff("钱编辑")
    page = await editor.get("/console/campaigns/new")
    sent = [await editor.send(page, "/console/campaigns/new", {"title": "一次"}) for _ in range(3)]
    assert len({each.headers["location"] for each in sent}) == 1


async def test_odd_fields_of_a_form_are_no_error_of_ours(staff: Staff) -> None:
    editor = await staff("钱编辑")
    path = await new_draft(editor)
    page = await editor.get(path)
    for odd in (
        {"basis": "not json"},
        {"basis": '{"title": 1}'},
        {"content_sha256": "zz", "title": "x"},
        {"prizes[0].kind": "goods"},
        {"prizes[999].name": "x"},
        {"prizes[0].places[0]": "9"},
        {"prizes[0].per_winner": "0", "prizes[0].name": "x"},
        {"tie_break[0]": "likes", "tie_break[1]": "likes"},
        {"weights.quality": "²", "caps.likes": "-1"},
        {"review_chain": "7", "method": "best", "board": ""},
        {"starts_at": "0001-01-01T00:00", "ends_at": "9999-12-31T23:59"},
        {"title": "\x00"},
        {"criteria[0].weight": "1"},
    ):
        answer = await save(editor, page, path, odd)
        assert answer.status_code in (200, 303, 409, 422), (odd, answer.status_code)
    for address in ("/console/campaigns/x/edit", "/console/campaigns/1/edit", "/console/campaigns/0/publish"):
        assert (await editor.get(address)).status_code == 404


async def test_the_check_stands_beside_the_fields_and_publishing_says_what_is_missing(staff: Staff) -> None:
    editor = await staff("钱编辑")
    path = await new_draft(editor)
    page = (await editor.get(path)).text
    assert 'id="finding-organiser-1"' in page
    assert '<a href="#field-organiser">主办方：不能为空</a>' in page
    publishing = path.replace("/edit", "/publish")
    early = await editor.get(publishing)
    assert "还不能发布" in early.text
    refused = await editor.post(publishing, {"session_token": hidden_fields(page, path)["session_token"]})
    assert (refused.status_code, "主办方" in refused.text) == (409, True)


@pytest.mark.parametrize("role", [None, "reviewer"])
async def test_others_than_editors_have_no_page_of_a_campaign(staff: Staff, role: Any, app_state: AppState) -> None:
    path = await new_draft(await staff("钱编辑"))
    other = await staff("别人", role=role)
    base = path.removesuffix("/edit")
    for rest in ("", "/edit", "/publish", "/cancel", "/entries", "/voids", "/jury", "/lock-marks"):
        answer = await other.get(base + rest)
        assert answer.status_code == 403, rest
        assert "春日摄影" not in answer.text
    assert (await other.get("/console/campaigns")).status_code == 403
    assert (await other.get("/console/campaigns/new")).status_code == 403
    assert (await other.get("/console")).status_code == 200
    signed_out = BrowserClient(app_state)
    assert (await signed_out.get(path)).headers["location"] == f"/sign-in?back={path}"


async def test_pages_of_the_console_are_kept_by_no_cache(staff: Staff) -> None:
    editor = await staff("钱编辑")
    path = await new_draft(editor)
    for address in ("/console", "/console/campaigns", path, path.removesuffix("/edit"), "/console/jury"):
        assert (await editor.get(address)).headers["cache-control"] == "private, no-store"
