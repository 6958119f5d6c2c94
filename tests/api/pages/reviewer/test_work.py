"""Cases decided on the page of a reviewer, by plain forms."""

import asyncio
import re

from feed.api.state import AppState
from tests.api.pages.reviewer.browsing import browser_of, decision, field
from tests.support import make_media
from tests.support.api import Join
from tests.support.reporting import cases_of, publish, report

WORK = "/console/queue/work"


async def test_a_reviewer_decides_one_case_after_another_by_plain_forms(app_state: AppState, join: Join) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    for text in ("第一条", "第二条", "第三条"):
        await publish(author, text)
    browser = await browser_of(app_state, reviewer)
    page = await browser.send("/console/queue/lease")
    assert page.url.path == WORK
    assert "第一条" in page.text
    page = await browser.send("/console/queue/decide", decision(page, "approve"))
    assert "已通过" in page.text
    page = await browser.send("/console/queue/decide", decision(page, "reject", reason_code="spam"))
    page = await browser.send("/console/queue/decide", decision(page, "remove", reason_code="abuse", note="人身攻击"))
    assert "队列已清空" in page.text
    assert await cases_of(reviewer, "post") == []
    states = {each["text"]: each["state"] for each in (await author("GET", "/me/posts")).json()["items"]}
    assert states == {"第一条": "published", "第二条": "rejected", "第三条": "removed"}


async def test_a_decision_is_about_the_case_and_version_that_were_shown(app_state: AppState, join: Join) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    post_id = await publish(author, "写错了")
    browser = await browser_of(app_state, reviewer)
    page = await browser.send("/console/queue/lease")
    await author("PATCH", f"/posts/{post_id}", {"text": "改好了"})
    # More urgent ones arrive meanwhile.
    await publish(author, "后来的一条")
    shown = decision(page, "remove", reason_code="spam", note="先记下")
    page = await browser.send("/console/queue/decide", shown)
    assert page.status_code == 409
    assert "内容或任务已有变化，请刷新后再审" in page.text
    assert "先记下" in page.text
    assert (await author("GET", f"/posts/{post_id}")).json()["state"] == "published"


async def test_a_decision_that_was_sent_twice_is_made_once(app_state: AppState, join: Join) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    await publish(author, "第一条")
    await publish(author, "第二条")
    browser = await browser_of(app_state, reviewer)
    page = await browser.send("/console/queue/lease")
    fields = decision(page, "approve")
    answers = await asyncio.gather(*(browser.send("/console/queue/decide", fields) for _ in range(5)))
    assert {each.status_code for each in answers} == {200}
    async with app_state.pool.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM verdicts") == 1


async def test_a_decision_is_taken_back_and_the_case_is_at_hand_again(app_state: AppState, join: Join) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    post_id = await publish(author, "误删的一条")
    browser = await browser_of(app_state, reviewer)
    page = await browser.send("/console/queue/lease")
    case_id = field(page, "case_id")
    page = await browser.send("/console/queue/decide", decision(page, "remove", reason_code="spam"))
    undo = {name: field(page, name, within="/console/queue/undo") for name in ("form_token", "batch_id", "case_id")}
    page = await browser.send("/console/queue/undo", undo)
    assert page.url.params["at"] == case_id
    assert "由你处理至" in page.text
    assert (await author("GET", f"/posts/{post_id}")).json()["state"] == "published"


async def test_a_case_that_another_reviewer_has_decided_shows_by_whom(app_state: AppState, join: Join) -> None:
    author, reviewer, other = join("阿珍"), join("阿雅", roles=("reviewer",)), join("老周", roles=("reviewer",))
    await publish(author, "两人同时看")
    browser = await browser_of(app_state, reviewer)
    page = await browser.send("/console/queue/lease")
    async with app_state.pool.acquire() as conn:
        await conn.execute("UPDATE cases SET leased_until = clock_timestamp() - interval '1 second'")
    rival = await browser_of(app_state, other)
    await rival.send("/console/queue/decide", decision(await rival.send("/console/queue/lease"), "approve"))
    page = await browser.send("/console/queue/decide", decision(page, "remove", reason_code="spam"))
    assert page.status_code == 409
    assert re.search(r'first-decision">老周.*已通过', page.text)


async def test_a_case_that_another_reviewer_has_leased_is_shown_as_such(app_state: AppState, join: Join) -> None:
    author, reviewer, other = join("阿珍"), join("阿雅", roles=("reviewer",)), join("老周", roles=("reviewer",))
    await publish(author, "有人在看")
    rival = await browser_of(app_state, other)
    taken = await rival.send("/console/queue/lease")
    browser = await browser_of(app_state, reviewer)
    page = await browser.open(f"{WORK}?at={field(taken, 'case_id')}")
    assert "由另一位审核员处理中" in page.text
    page = await browser.send("/console/queue/decide", decision(page, "approve"))
    assert page.status_code == 409
    assert "该任务正由其他审核员处理" in page.text


async def test_an_expired_lease_is_said_and_a_new_one_is_taken(app_state: AppState, join: Join) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    await publish(author, "看得太久")
    browser = await browser_of(app_state, reviewer)
    case_id = field(await browser.send("/console/queue/lease"), "case_id")
    async with app_state.pool.acquire() as conn:
        await conn.execute("UPDATE cases SET leased_until = clock_timestamp() - interval '1 second'")
    page = await browser.send(f"/console/queue/cases/{case_id}/extend")
    assert page.status_code == 409
    assert "未领取" in page.text
    assert field(await browser.send("/console/queue/lease"), "case_id") == case_id


async def test_a_case_that_is_given_back_is_free_and_the_next_one_is_shown(app_state: AppState, join: Join) -> None:
    author, reviewer, other = join("阿珍"), join("阿雅", roles=("reviewer",)), join("老周", roles=("reviewer",))
    await publish(author, "放回的一条")
    await publish(author, "下一条内容")
    browser = await browser_of(app_state, reviewer)
    page = await browser.send("/console/queue/lease")
    following = field(page, "next", within="/console/queue/decide")
    case_id = field(page, "case_id")
    page = await browser.send(f"/console/queue/cases/{case_id}/release?next={following}")
    assert page.url.params["at"] == following
    rival = await browser_of(app_state, other)
    assert field(await rival.send("/console/queue/lease"), "case_id") == case_id


async def test_hiding_without_a_reason_keeps_the_note(app_state: AppState, join: Join) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    await publish(author, "缺理由")
    browser = await browser_of(app_state, reviewer)
    page = await browser.send("/console/queue/lease")
    page = await browser.send("/console/queue/decide", decision(page, "reject", note="给同事的话"))
    assert page.status_code == 422
    assert "给同事的话</textarea>" in page.text


async def test_a_report_is_dismissed_and_shows_its_reasons_and_notes(app_state: AppState, join: Join) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    post_id = await publish(author, "被举报的一条")
    await report(join("小明"), "post", post_id, "off_topic", note="与主题无关 <i>")
    browser = await browser_of(app_state, reviewer)
    page = await browser.send("/console/queue/lease?kind=report")
    assert "与话题或活动主题无关 × 1" in page.text
    assert "与主题无关 &lt;i&gt;" in page.text
    page = await browser.send("/console/queue/decide?kind=report", decision(page, "dismiss"))
    assert "已认定不成立" in page.text
    assert await cases_of(reviewer, "report") == []


async def test_a_video_is_silent_and_does_not_start_by_itself(app_state: AppState, join: Join) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    author_id = int((await author("GET", "/me")).json()["id"])
    async with app_state.pool.acquire() as conn:
        media_id = await make_media.medium(conn, author_id, kind="video", alt="一段视频")
        rendition = {"name": "video", "file": "video.mp4", "content_type": "video/mp4"}
        sizes = {"width": 640, "height": 360, "byte_count": 9}
        await conn.execute(
            "UPDATE media SET renditions = renditions || $2::jsonb WHERE id = $1", media_id, [rendition | sizes]
        )
    made = await author("POST", "/posts", {"text": "有视频", "media_ids": [str(media_id)]})
    assert made.status_code == 201, made.text
    browser = await browser_of(app_state, reviewer)
    page = await browser.send("/console/queue/lease?has_media=true")
    (video,) = re.findall(r"<video[^>]*>", page.text)
    assert {"muted", "controls", 'preload="none"'} <= set(video.strip("<>").split())
    assert "autoplay" not in video
    # Hidden until its check box is set, which needs no script.
    assert re.search(r'<li class="veiled">\s*<input class="unveil" type="checkbox" id="unveil-case-', page.text)


async def test_bad_fields_of_a_decision_are_no_error_of_the_server(app_state: AppState, join: Join) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    await publish(author, "随便")
    browser = await browser_of(app_state, reviewer)
    page = await browser.send("/console/queue/lease")
    good = decision(page, "approve")
    for name, value in [
        ("case_id", "x"),
        ("case_id", "9" * 30),
        ("version", "x"),
        ("version", "-1"),
        ("verdict", "<script>"),
        ("reason_code", "nothing"),
        ("note", "长" * 501),
        ("next", "//evil"),
    ]:
        page = await browser.send("/console/queue/decide", good | {name: value})
        assert page.status_code < 500, (name, value)
    for path in (
        "?stage=9",
        "?stage=x",
        "?kind=x",
        "?has_media=x",
        "?campaign_id=x",
        "?link=x",
        "?cursor=x",
        "?topic=%00",
    ):
        for base in ("/console/queue", "/console/queue/batches", WORK):
            assert (await browser.open(base + path)).status_code < 500, base + path
        assert (await browser.send("/console/queue/lease" + path)).status_code < 500, path
    assert (await browser.open(f"{WORK}?at=abc&done=1.2")).status_code == 200
    assert (await browser.open(f"{WORK}?at=1&done=1.<b>.2")).status_code == 200


async def test_the_pages_of_reviewers_are_for_staff_and_are_kept_nowhere(app_state: AppState, join: Join) -> None:
    reader, reviewer = join("小明"), join("阿雅", roles=("reviewer",))
    refused, browser = await browser_of(app_state, reader), await browser_of(app_state, reviewer)
    for path in ("/console/queue", WORK, "/console/queue/batches"):
        assert (await refused.open(path)).status_code == 403, path
        page = await browser.open(path)
        assert page.status_code == 200, path
        assert page.headers["cache-control"] == "private, no-store", path


async def test_staff_are_led_to_an_item_only_while_readers_see_it(app_state: AppState, join: Join) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    post_id = await publish(author, "看得到时才有原文")
    browser = await browser_of(app_state, reviewer)
    page = await browser.send("/console/queue/lease")
    pages = (f"{WORK}?at={field(page, 'case_id')}", f"/console/posts/{post_id}/why")
    for path in pages:
        assert f'href="/posts/{post_id}"' in (await browser.open(path)).text, path
    await browser.send("/console/queue/decide", decision(page, "remove", reason_code="spam"))
    for path in pages:
        shown = await browser.open(path)
        assert shown.status_code == 200, path
        assert f'href="/posts/{post_id}"' not in shown.text, path
