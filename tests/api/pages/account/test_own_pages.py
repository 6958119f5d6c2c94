"""The pages of a user: each shows what its operation says, changes what its form says, and is kept by no browser."""

import io
import re
import zipfile

import httpx
import pytest
from PIL import Image

from feed.api.pages import own_decisions
from feed.api.pages.account.complaints import TargetNotFound
from feed.api.state import AppState
from feed.changes.actions import number_changes
from feed.exports.jobs import make_next_export
from feed.links import PHONE_PAGE, Links, campaign_page, comment_page, jury_page, post_page, prize_page
from feed.notifications.actions import notify_comments
from tests.api.pages.account.conftest import Visit
from tests.support import make_media
from tests.support.api import Join
from tests.support.app import app_over
from tests.support.pages import BrowserClient, hidden_fields

OWN = (
    "/me",
    "/me/avatar",
    "/me/settings",
    "/me/blocks",
    "/me/phone",
    "/me/sessions",
    "/me/reports",
    "/me/appeals",
    "/me/decisions",
    "/me/export",
    "/me/delete",
    "/inbox",
)


async def test_own_pages_are_shown_in_both_languages_and_kept_by_no_browser(join: Join, visit: Visit) -> None:
    browser = await visit(join('<script>alert("1")</script>'))
    for path in OWN:
        for language in ("zh-CN", "en"):
            page = await browser.get(path, headers={"accept-language": language})
            assert page.status_code == 200, path
            assert page.headers["cache-control"] == "private, no-store", path
            assert "<script>alert" not in page.text, path
            assert (re.search(r"[\u4e00-\u9fff]", page.text.replace("中文", "")) is None) == (language == "en"), path


async def test_own_pages_lead_to_the_sign_in_and_back(browser: BrowserClient) -> None:
    for path in OWN:
        answer = await browser.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?back={path}")
    for path in ("/report?kind=post&id=1", "/appeal?kind=post&id=1"):
        assert (await browser.get(path)).status_code == 303


async def test_a_profile_is_changed_and_a_refused_name_stays_in_its_field(join: Join, visit: Visit) -> None:
    person = join("小明")
    browser = await visit(person)
    page = await browser.get("/me")
    changed = await browser.send(page, "/me/profile", {"name": "深圳小明", "bio": "第一行\r\n第二行"})
    assert changed.headers["location"] == "/me?done=1"
    me = (await person("GET", "/me")).json()
    assert (me["name"], me["bio"]) == ("深圳小明", "第一行\n第二行")
    refused = await browser.send(page, "/me/profile", {"name": "很" * 21, "bio": "<b>简介</b>"})
    assert refused.status_code == 422
    assert "不能超过 20 个字" in refused.text
    assert 'value="' + "很" * 21 in refused.text
    assert "&lt;b&gt;简介&lt;/b&gt;" in refused.text


async def test_own_posts_are_listed_by_state(join: Join, visit: Visit, app_state: AppState) -> None:
    person = join("小明")
    post = (await person("POST", "/posts", {"text": "在深圳湾读书"})).json()["id"]
    browser = await visit(person)
    assert f'id="post-{post}"' in (await browser.get("/me")).text
    assert f'id="post-{post}"' in (await browser.get("/me?state=published")).text
    assert f'id="post-{post}"' not in (await browser.get("/me?state=removed")).text
    assert (await browser.get("/me?state=<script>")).status_code == 200


async def test_settings_are_changed(join: Join, visit: Visit) -> None:
    person = join("小明")
    browser = await visit(person)
    page = await browser.get("/me/settings")
    await browser.send(page, "/me/settings", {"likes": "1", "age_band": "adult"})
    settings = (await person("GET", "/me/settings")).json()
    assert settings["notify"] == {"likes": True, "comments": False, "replies": False}
    assert settings["age_band"] == "adult"
    for days in (7, 30, 90):
        assert (await browser.send(page, "/me/protection", {"days": str(days)})).status_code == 303
        assert (await person("GET", "/me/settings")).json()["protected_until"] is not None
    await browser.send(await browser.get("/me/settings"), "/me/protection/end")
    assert (await person("GET", "/me/settings")).json()["protected_until"] is None
    for bad in ("", "0", "91", "-1", "x", "9" * 30):
        assert (await browser.send(page, "/me/protection", {"days": bad})).status_code == 422


async def test_blocks_are_listed_and_ended(join: Join, visit: Visit) -> None:
    person, other = join("小明"), join("小红")
    other_id = (await other("GET", "/me")).json()["id"]
    await person("PUT", f"/users/{other_id}/block")
    browser = await visit(person)
    page = await browser.get("/me/blocks")
    assert "小红" in page.text
    await browser.send(page, f"/me/blocks/{other_id}/end")
    assert (await person("GET", "/me/blocks")).json()["items"] == []


async def test_the_inbox_lists_notifications_and_marks_them_as_read(join: Join, visit: Visit) -> None:
    person, other = join("小明"), join("小红")
    post = (await person("POST", "/posts", {"text": "你好"})).json()["id"]
    await other("POST", f"/posts/{post}/comments", {"text": "<i>好</i>"})
    browser = await visit(person)
    await number_changes(browser.app_state.pool)
    while await notify_comments(browser.app_state.pool):
        pass
    page = await browser.get("/inbox?kind=comment")
    assert f'href="/posts/{post}?comment_id=' in page.text
    assert "<i>好" not in page.text
    await browser.send(await browser.get("/inbox"), "/inbox/read")
    assert (await person("GET", "/me")).json()["unread_count"] == 0
    assert (await browser.get("/inbox?kind=unknown")).status_code == 200
    assert (await browser.post("/inbox/read", {"until_id": "x"})).status_code == 422


def test_a_notification_leads_to_a_page_of_this_site_whatever_the_address_within_the_app() -> None:
    for deep in ("/{path}", "city://{path}", "https://app.test/open?to={path}&from=feed"):
        links = Links(deep=deep)
        for page in ("/posts/1", "/posts/1?comment_id=2", "/prizes/3"):
            assert links.page_of(links.deep_link(page)) == page
        assert links.page_of(None) is None
    assert Links(deep="city://{path}").page_of("https://elsewhere.test/") is None


async def test_a_report_is_sent_once_and_is_in_the_list(join: Join, visit: Visit) -> None:
    person, other = join("小明"), join("小红")
    post = (await other("POST", "/posts", {"text": "看看这个 <b>链接</b>"})).json()["id"]
    browser = await visit(person)
    page = await browser.get(f"/report?kind=post&id={post}")
    assert "&lt;b&gt;链接" in page.text
    fields = {"reason_code": "spam", "note": "广告"}
    sent = await browser.send(page, "/report", fields)
    assert sent.headers["location"] == "/me/reports?done=1"
    assert (await browser.send(page, "/report", fields)).headers["location"] == "/me/reports?done=1"
    listed = await browser.get("/me/reports")
    assert listed.text.count("<article") == 1
    assert "广告或刷屏" in listed.text
    again = await browser.send(await browser.get(f"/report?kind=post&id={post}"), "/report", fields)
    assert again.status_code == 409
    assert ">广告</textarea>" in again.text


async def test_a_report_without_a_reason_says_what_is_missing(join: Join, visit: Visit) -> None:
    other = join("小红")
    post = (await other("POST", "/posts", {"text": "你好"})).json()["id"]
    browser = await visit(join("小明"))
    page = await browser.get(f"/report?kind=post&id={post}")
    refused = await browser.send(page, "/report", {"reason_code": "", "note": "没有选原因"})
    assert refused.status_code == 422
    assert ">没有选原因</textarea>" in refused.text


@pytest.mark.parametrize(
    "query",
    ["", "kind=post", "kind=post&id=x", "kind=planet&id=1", "kind=post&id=1", "kind=user&id=1", "kind=<b>&id=<b>"],
)
async def test_there_is_no_report_of_what_is_not_there(join: Join, visit: Visit, query: str) -> None:
    browser = await visit(join("小明"))
    answer = await browser.get(f"/report?{query}")
    assert answer.status_code == 404
    assert "<b>" not in answer.text


async def test_a_removed_post_is_appealed_against_from_its_decision(join: Join, visit: Visit) -> None:
    person, editor = join("小明"), join("编辑", roles=("editor",))
    post = (await person("POST", "/posts", {"text": "被误删的动态"})).json()["id"]
    removed = await editor(
        "POST", "/moderation/takedowns", {"target": {"kind": "post", "id": post}, "reason_code": "spam"}
    )
    assert removed.is_success, removed.text
    browser = await visit(person)
    decisions = await browser.get("/me/decisions")
    assert "被误删的动态" in decisions.text
    page = await browser.get(f"/appeal?kind=post&id={post}")
    assert "被误删的动态" in page.text
    sent = await browser.send(page, "/appeal", {"text": "这不是广告"})
    assert sent.headers["location"] == "/me/appeals?done=1"
    assert "这不是广告" in (await browser.get("/me/appeals")).text
    assert "你已经对这个决定申诉过" in (await browser.get(f"/appeal?kind=post&id={post}")).text


async def test_a_comment_is_quoted_where_it_is_reported(join: Join, visit: Visit) -> None:
    person, other = join("小明"), join("小红")
    post = (await other("POST", "/posts", {"text": "你好"})).json()["id"]
    root = (await other("POST", f"/posts/{post}/comments", {"text": "原来的评论"})).json()["id"]
    reply = await other("POST", f"/posts/{post}/comments", {"text": "下面的 <b>回复</b>", "reply_to_id": root})
    browser = await visit(person)
    assert "原来的评论" in (await browser.get(f"/report?kind=comment&id={root}")).text
    page = await browser.get(f"/report?kind=comment&id={reply.json()['id']}")
    assert "下面的 &lt;b&gt;回复" in page.text
    assert "原来的评论" not in page.text


async def test_without_a_verified_phone_a_report_asks_for_it_first(join: Join, visit: Visit) -> None:
    person, other = join("路人", phone=None), join("小红")
    post = (await other("POST", "/posts", {"text": "你好"})).json()["id"]
    browser = await visit(person)
    page = await browser.get(f"/report?kind=post&id={post}")
    assert 'href="/me/phone"' in page.text
    assert 'action="/report"' not in page.text


@pytest.mark.parametrize("query", ["kind=post&id=1", "kind=decision&id=1", "kind=comment&id=1", "kind=user&id=1"])
async def test_without_a_decision_there_is_no_form_of_an_appeal(join: Join, visit: Visit, query: str) -> None:
    browser = await visit(join("小明"))
    page = await browser.get(f"/appeal?{query}")
    assert "没有找到可以申诉的决定" in page.text
    assert 'action="/appeal"' not in page.text
    assert 'href="/me/decisions"' in page.text


async def test_a_decision_behind_the_first_page_is_found(
    join: Join, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, editor = join("小明"), join("编辑", roles=("editor",))
    posts = [(await person("POST", "/posts", {"text": f"第 {at} 条"})).json()["id"] for at in range(3)]
    for post in posts:
        target = {"target": {"kind": "post", "id": post}, "reason_code": "spam"}
        assert (await editor("POST", "/moderation/takedowns", target)).is_success
    monkeypatch.setattr(own_decisions, "_AT_ONCE", 1)
    browser = await visit(person)
    for at, post in enumerate(posts):
        page = await browser.get(f"/appeal?kind=post&id={post}")
        assert f"第 {at} 条" in page.text
        assert 'action="/appeal"' in page.text


async def test_an_appeal_against_nothing_keeps_its_text(join: Join, visit: Visit) -> None:
    browser = await visit(join("小明"))
    refused = await browser.post("/appeal", {"kind": "post", "id": "1", "text": "为什么？"})
    assert refused.status_code == 404
    assert "为什么？" in refused.text
    unknown = await browser.get("/appeal?kind=x&id=1")
    assert unknown.status_code == 404
    assert TargetNotFound.code in unknown.text


async def test_an_export_is_requested_once_by_two_clicks(join: Join, visit: Visit) -> None:
    person = join("小明")
    browser = await visit(person)
    page = await browser.get("/me/export")
    for _ in range(2):
        assert (await browser.send(page, "/me/export")).headers["location"] == "/me/export"
    assert "准备中" in (await browser.get("/me/export")).text


async def test_a_download_of_another_user_is_a_page_that_says_so(join: Join, visit: Visit) -> None:
    person, other = join("小明"), join("小红")
    export = (await other("POST", "/me/export")).json()["id"]
    browser = await visit(person)
    token = hidden_fields((await browser.get("/me/export")).text, "/me/export")
    answer = await browser.post(f"/me/export/{export}/file", token)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


async def test_a_deletion_is_requested_with_its_box_and_taken_back(join: Join, visit: Visit) -> None:
    person = join("小明")
    browser = await visit(person)
    page = await browser.get("/me/delete")
    unsure = await browser.send(page, "/me/delete")
    assert "请先勾选" in unsure.text
    assert (await person("GET", "/me")).json()["erased_at"] is None
    await browser.send(page, "/me/delete", {"sure": "1"})
    assert (await person("GET", "/me")).json()["erased_at"] is not None
    requested = await browser.get("/me/delete")
    assert "撤回注销" in requested.text
    await browser.send(requested, "/me/restore")
    assert (await person("GET", "/me")).json()["erased_at"] is None


async def test_staff_read_why_they_cannot_leave(join: Join, visit: Visit) -> None:
    browser = await visit(join("编辑", roles=("editor",)))
    page = await browser.get("/me/delete")
    refused = await browser.send(page, "/me/delete", {"sure": "1"})
    assert refused.status_code in (403, 409)
    assert "data-problem" in refused.text


async def _upload(browser: BrowserClient, content: bytes) -> httpx.Response:
    return await browser.http.post("/me/avatar", files={"file": ("a.png", content, "image/png")})


async def test_what_is_no_picture_is_refused_on_the_page_of_the_form(join: Join, visit: Visit) -> None:
    browser = await visit(join("小明"))
    refused = await _upload(browser, b"no picture")
    assert refused.status_code == 415
    assert 'type="file"' in refused.text
    assert (await browser.post("/me/avatar", {"file": "x"})).status_code == 415
    for media_id in ("x", "1", "<b>", ""):
        assert (await browser.get("/me/avatar", params={"media_id": media_id})).status_code in (200, 404)


def test_every_page_that_a_notification_leads_to_exists(app_state: AppState) -> None:
    templates = {route.path_format for route in app_over(app_state).routes}
    stored = [post_page(1), comment_page(1, 2), campaign_page(1), jury_page(1), prize_page(1)]
    stored += [PHONE_PAGE, "/users/1", "/topics/1"]
    for page in stored:
        path = page.partition("?")[0]
        assert any(re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", each), path) for each in templates), page


async def test_the_address_of_a_form_leads_to_its_page(join: Join, visit: Visit) -> None:
    browser = await visit(join("小明"))
    page = await browser.get("/me")
    refused = await browser.send(page, "/me/profile", {"name": ""})
    assert refused.status_code == 422
    for address in ("/me/profile", "/sign-in/code", "/sign-in/form?back=/x", "/me/protection", "/me/restore"):
        assert (await browser.get(address)).status_code == 303, address


async def test_an_export_is_downloaded_once(join: Join, visit: Visit) -> None:
    person = join("小明")
    await person("POST", "/posts", {"text": "我的动态"})
    browser = await visit(person)
    await browser.send(await browser.get("/me/export"), "/me/export")
    app_state = browser.app_state
    assert await make_next_export(app_state.pool, app_state.keys)
    page = await browser.get("/me/export")
    export = (await person("GET", "/me/export")).json()["id"]
    action = f"/me/export/{export}/file"
    downloaded = await browser.send(page, action)
    assert downloaded.status_code == 200
    assert downloaded.headers["content-disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(downloaded.content)) as opened:
        assert "manifest.json" in opened.namelist()
    again = await browser.post(action, {"session_token": ""})
    assert again.status_code == 409
    assert again.headers["content-type"].startswith("text/html")
    assert "已下载" in (await browser.get("/me/export")).text


async def test_a_picture_that_is_still_processed_is_not_taken(join: Join, visit: Visit) -> None:
    browser = await visit(join("小明"))
    uploaded = await _upload(browser, _photo())
    assert uploaded.status_code == 303, uploaded.text
    waiting = await browser.get(uploaded.headers["location"])
    assert "正在处理" in waiting.text
    media_id = uploaded.headers["location"].rpartition("=")[2]
    refused = await browser.post("/me/avatar/use", {"media_id": media_id})
    assert refused.status_code == 409
    assert 'type="file"' in refused.text


async def test_a_video_is_no_profile_picture_and_says_so(join: Join, visit: Visit) -> None:
    person = join("小明")
    browser = await visit(person)
    owner = int((await person("GET", "/me")).json()["id"])
    for state in ("ready", "processing"):
        video = await make_media.medium(browser.app_state.pool, owner, kind="video", state=state)
        page = await browser.get(f"/me/avatar?media_id={video}")
        assert "头像要用照片，不能用视频" in page.text
        assert 'action="/me/avatar/use"' not in page.text
        assert 'type="file"' in page.text


async def test_a_ready_picture_is_taken_and_removed_again(join: Join, visit: Visit) -> None:
    person = join("小明")
    browser = await visit(person)
    uploaded = await _upload(browser, _photo())
    media_id = int(uploaded.headers["location"].rpartition("=")[2])
    await make_media.make_ready(browser.app_state.pool, media_id)
    page = await browser.get(uploaded.headers["location"])
    taken = await browser.send(page, "/me/avatar/use")
    assert taken.headers["location"] == "/me?done=1"
    assert (await person("GET", "/me")).json()["avatar_url"] is not None
    changed = await browser.get("/me/avatar")
    assert (await browser.post("/me/avatar/use", {"media_id": ""})).status_code == 303
    assert "移除现在的头像" in changed.text
    assert (await person("GET", "/me")).json()["avatar_url"] is None


def _photo() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(content, "PNG")
    return content.getvalue()
