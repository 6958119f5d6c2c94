"""The editorial chain in the console: each of four persons reads the text and signs; a change or a return ends all signatures."""

from pathlib import Path

import pytest

from feed.api.state import AppState
from feed.settings import Settings
from tests.api.pages.editor.conftest import Staff
from tests.support import phases
from tests.support.api import HOOK_SECRET, Join
from tests.support.campaigns_api import terms
from tests.support.pages import BrowserClient


@pytest.fixture
def settings(database: str, redis_url: str, tmp_path: Path) -> Settings:
    return Settings(
        database_url=database,
        redis_url=redis_url,
        keys_dir=tmp_path / "keys",
        sms_outbox=tmp_path / "outbox.jsonl",
        account_hook_secret=HOOK_SECRET,
        limits="off",
        embedded=True,
        editorial_chain="on",
    )


async def draft(join: Join) -> str:
    made = await join("作者", roles=("editor",))("POST", "/admin/campaigns", terms(title="读书月 <b>"))
    return f"/console/editorial/campaign/{made.json()['id']}"


async def newsroom(staff: Staff) -> list[BrowserClient]:
    roles = ("editor", "reviewer", "editor", "admin")
    return [await staff(name, role=role) for name, role in zip(("张三", "李四", "王五", "赵六"), roles, strict=True)]


async def test_four_persons_sign_and_the_byline_is_shown(join: Join, staff: Staff) -> None:
    path = await draft(join)
    people = await newsroom(staff)
    assert f'href="{path}"' in (await people[0].get("/console/editorial")).text
    for each in people:
        page = await each.get(path)
        assert page.headers["cache-control"] == "private, no-store"
        assert "读书月 &lt;b&gt;" in page.text
        assert (await each.send(page, f"{path}/sign")).headers["location"] == f"{path}?done=signed"
    done = await people[0].get(path)
    assert "编辑 张三　审读 李四　二审 王五　三审 赵六" in done.text
    english = await people[0].get(path, headers={"accept-language": "en"})
    assert "Editor 张三, Reader 李四, Second check 王五, Final check 赵六" in english.text
    listed = await people[1].get("/console/editorial")
    assert "四关已签" in listed.text


async def test_who_has_signed_may_not_sign_again_and_reads_why(join: Join, staff: Staff) -> None:
    path = await draft(join)
    first, *_ = await newsroom(staff)
    await first.send(await first.get(path), f"{path}/sign")
    refused = await first.send(await first.get(path), f"{path}/sign")
    assert refused.status_code == 403
    assert "data-problem" in refused.text
    assert refused.text.count("已签署</span>") == 1


async def test_a_text_that_has_changed_since_it_was_read_is_not_signed(
    app_state: AppState, join: Join, staff: Staff
) -> None:
    path = await draft(join)
    first, *_ = await newsroom(staff)
    page = await first.get(path)
    await app_state.pool.execute("UPDATE campaigns SET draft = jsonb_set(draft, '{title}', '\"另一个标题\"')")
    refused = await first.send(page, f"{path}/sign")
    assert refused.status_code == 409
    assert "另一个标题" in refused.text


async def test_a_text_is_sent_back_with_a_reason(join: Join, staff: Staff) -> None:
    path = await draft(join)
    first, second, *_ = await newsroom(staff)
    await first.send(await first.get(path), f"{path}/sign")
    page = await second.get(path)
    assert (await second.send(page, f"{path}/return", {"reason": ""})).status_code == 422
    done = await second.send(page, f"{path}/return", {"reason": "日期有误"})
    assert done.headers["location"] == f"{path}?done=returned"
    assert "待编辑签署" in (await first.get(path)).text


async def test_a_pasted_link_leads_to_a_post_and_what_is_no_text_has_no_page(staff: Staff) -> None:
    editor = await staff("张三")
    found = await editor.get("/console/editorial?post=https://feed.test/posts/123")
    assert found.headers["location"] == "/console/editorial/post/123"
    for path in ("post/123", "campaign/1", "x/1", "campaign/x", "post/99999999999999999999999"):
        assert (await editor.get(f"/console/editorial/{path}")).status_code == 404, path
    assert (await (await staff("路人", role=None)).get("/console/editorial")).status_code == 403


async def test_a_published_text_leads_to_the_rules_that_were_signed(staff: Staff, app_state: AppState) -> None:
    campaign = await phases.due(app_state.pool)
    shown = await (await staff("张三")).get(f"/console/editorial/campaign/{campaign.id}")
    assert shown.status_code == 303
    assert shown.headers["location"] == f"/campaigns/{campaign.id}/rules"
