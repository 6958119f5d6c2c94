"""A reviewer's work in the browser: by keyboard, by touch, with photos, beside another reviewer."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Page, expect

from feed.storage.grants import UploadGrants
from feed.storage.local import LocalStorage
from tests.browser.conftest import Site
from tests.browser.support import PHONE, Person, Visitor, axe_problems, follow, session_of
from tests.support.media_files import picture
from tests.support.served_media import store_medium

WORK = "/console/queue/work"
_MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>"


async def _photo(site: Site, folder: Path, person: Person, alt: str = "") -> str:
    """The id of a photo of the person that is ready."""
    storage = LocalStorage(folder, UploadGrants("http://127.0.0.1/media/uploads", b"k" * 32))
    content = picture("WEBP", size=(64, 48))
    async with site.pool.acquire() as conn:
        stored = await store_medium(conn, storage, person.account_id, content, alt=alt)
    return str(stored.id)


async def _cases(site: Site, reviewer: Person) -> list[dict[str, Any]]:
    found = await site.call(reviewer, "GET", "/v1/moderation/cases?limit=50")
    items: list[dict[str, Any]] = found["items"]
    return items


async def _leased(site: Site, reviewer: Person) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await site.call(reviewer, "GET", "/v1/moderation/cases/leased"))["items"]
    return items


async def _mixed_queue(site: Site, author: Person, reader: Person) -> str:
    """Four cases: posts, a comment, and the reports of a post, whose id it returns."""
    first = await site.call(author, "POST", "/v1/posts", {"text": "在深圳湾读书"})
    await site.call(author, "POST", "/v1/posts", {"text": "在图书馆读书"})
    await site.call(reader, "POST", f"/v1/posts/{first['id']}/comments", {"text": "写得好"})
    target = {"kind": "post", "id": first["id"]}
    await site.call(reader, "POST", "/v1/reports", {"target": target, "reason_code": "spam"})
    post_id: str = first["id"]
    return post_id


async def _shown(page: Page, case_id: str) -> None:
    await page.wait_for_selector(f'#case[data-case="{case_id}"]')


async def test_a_queue_is_emptied_by_keyboard_alone(site: Site) -> None:
    author, reader = await site.person("阿珍"), await site.person("小明")
    reviewer = await site.person("阿雅", roles=("reviewer",))
    await _mixed_queue(site, author, reader)
    visitor = await site.visit(reviewer)
    page = await visitor.open("/console/queue")
    await follow(page, page.keyboard.press("b"))
    leased = [each["id"] for each in (await site.call(reviewer, "GET", "/v1/moderation/cases/leased"))["items"]]
    assert len(leased) == 4
    assert await axe_problems(page) == []
    kinds = {each["id"]: each["kind"] for each in await _cases(site, reviewer)}
    for place, case_id in enumerate(leased):
        await _shown(page, case_id)
        if place:
            # After a decision the next case has the focus.
            await expect(page.locator("#case-title")).to_be_focused()
        if kinds[case_id] == "report":
            await page.keyboard.press("d")
        elif kinds[case_id] == "comment":
            await page.keyboard.press("x")
            await expect(page.locator(".pending-verdict")).to_be_visible()
            await page.keyboard.press("2")
        else:
            await page.keyboard.press("a")
    await expect(page.locator("#case-title")).to_have_text("队列已清空")
    assert await _cases(site, reviewer) == []
    # The last decision is taken back, and the case is at hand again.
    await page.keyboard.press("u")
    await _shown(page, leased[-1])
    assert [each["id"] for each in await _cases(site, reviewer)] == [leased[-1]]
    assert await axe_problems(page) == []


async def test_single_keys_do_nothing_in_fields_with_modifiers_when_held_or_switched_off(site: Site) -> None:
    author, reviewer = await site.person("阿珍"), await site.person("阿雅", roles=("reviewer",))
    await site.call(author, "POST", "/v1/posts", {"text": "不要误删"})
    visitor = await site.visit(reviewer)
    page = await visitor.open("/console/queue")
    await follow(page, page.get_by_role("button", name="领取最紧急的一批").click())
    await page.keyboard.press("n")
    await page.keyboard.type("a and x", delay=5)
    await expect(page.locator("textarea[name=note]")).to_have_value("a and x")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+a")
    await page.keyboard.press("Alt+a")
    await page.keyboard.press("Shift+A")
    await page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', repeat: true, bubbles: true}))"
    )
    await page.keyboard.press("?")
    await page.get_by_label("在本浏览器启用单键快捷键").uncheck()
    await page.locator("body").press("a")
    await page.reload()
    await page.locator("body").press("a")
    await page.locator("body").press("x")
    assert len(await _cases(site, reviewer)) == 1
    assert (await site.call(reviewer, "GET", "/v1/moderation/cases/leased"))["items"] != []


async def test_a_queue_is_emptied_by_touch_on_a_phone(site: Site) -> None:
    author, reader = await site.person("阿珍"), await site.person("小明")
    reviewer = await site.person("阿雅", roles=("reviewer",))
    await _mixed_queue(site, author, reader)
    for number in range(5):
        await site.call(author, "POST", "/v1/posts", {"text": f"又一条 {number}"})
    visitor = await site.visit(reviewer, viewport=PHONE, has_touch=True, color_scheme="dark")
    page = await visitor.open("/console/queue")
    assert await axe_problems(page) == []
    await follow(page, page.get_by_role("button", name="领取最紧急的一批").tap())
    while leased := [each["id"] for each in await _leased(site, reviewer)]:
        # The reports of a post are decided with it.
        await _shown(page, leased[0])
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.locator("#case button[value=reject]").tap()
        await page.get_by_label("广告或刷屏").tap()
        await page.locator("#case button[value=reject]").tap()
        await page.wait_for_selector(f'#outcome input[name=case_id][value="{leased[0]}"]', state="attached")
    await expect(page.locator("#case-title")).to_have_text("队列已清空")
    assert await _cases(site, reviewer) == []
    assert await axe_problems(page) == []


async def test_decisions_are_made_without_script(site: Site) -> None:
    author, reviewer = await site.person("阿珍"), await site.person("阿雅", roles=("reviewer",))
    for text in ("一", "二", "三"):
        await site.call(author, "POST", "/v1/posts", {"text": f"第{text}条"})
    visitor = await site.visit(reviewer, java_script_enabled=False)
    page = await visitor.open("/console/queue")
    await page.get_by_role("button", name="领取最紧急的一批").click()
    await page.locator("#case button[value=approve]").click()
    await page.get_by_label("广告或刷屏").check()
    await page.locator("#case button[value=reject]").click()
    await page.get_by_label("辱骂攻击他人").check()
    await page.locator("#case button[value=remove]").click()
    await expect(page.locator("#case-title")).to_have_text("队列已清空")
    states = {each["text"]: each["state"] for each in (await site.call(author, "GET", "/v1/me/posts"))["items"]}
    assert states == {"第一条": "published", "第二条": "rejected", "第三条": "removed"}


async def test_photos_stay_grey_and_blurred_until_each_is_asked_for_by_keyboard(site: Site, tmp_path: Path) -> None:
    author, reviewer = await site.person("阿珍"), await site.person("阿雅", roles=("reviewer",))
    folder = tmp_path / "media"
    media = [await _photo(site, folder, author, _MARKUP), await _photo(site, folder, author, "第二张")]
    await site.call(author, "POST", "/v1/posts", {"text": "两张照片", "media_ids": media})
    visitor = await site.visit(reviewer)
    page = await visitor.open("/console/queue")
    answers: list[tuple[str, str]] = []
    page.on("response", lambda answer: answers.append((answer.url, answer.headers.get("cache-control", ""))))
    await follow(page, page.keyboard.press("b"))
    await page.wait_for_selector("#case .media img")
    veil = "Array.from(document.querySelectorAll('#case .media img'), (it) => getComputedStyle(it).filter)"
    assert await page.evaluate(veil) == ["grayscale(1) blur(18px)"] * 2
    await page.keyboard.press("v")
    assert await page.evaluate(veil) == ["none", "grayscale(1) blur(18px)"]
    # The check box has the focus: it hides the photo again.
    await page.keyboard.press("Space")
    assert await page.evaluate(veil) == ["grayscale(1) blur(18px)"] * 2
    await page.wait_for_function("Array.from(document.querySelectorAll('#case .media img')).every((it) => it.complete)")
    files = [kept for url, kept in answers if "/media/" in url]
    assert files
    assert all("no-store" in kept for kept in files)


async def test_the_next_case_is_shown_before_the_decision_has_arrived(site: Site) -> None:
    author, reviewer = await site.person("阿珍"), await site.person("阿雅", roles=("reviewer",))
    for number in range(3):
        await site.call(author, "POST", "/v1/posts", {"text": f"第{number}条"})
    visitor = await site.visit(reviewer)
    page = await visitor.open("/console/queue")
    await follow(page, page.keyboard.press("b"))
    leased = [each["id"] for each in (await site.call(reviewer, "GET", "/v1/moderation/cases/leased"))["items"]]
    let_go = asyncio.Event()

    async def delayed(route: Any) -> None:
        await let_go.wait()
        await route.continue_()

    await page.route("**/console/queue/decide*", delayed)
    await page.keyboard.press("a")
    await _shown(page, leased[1])
    await page.keyboard.press("n")
    await page.keyboard.type("先写着")
    let_go.set()
    await page.wait_for_selector("#outcome .done")
    # The answer replaces neither the case nor what is being written about it.
    await expect(page.locator("textarea[name=note]")).to_have_value("先写着")
    await expect(page.locator("textarea[name=note]")).to_be_focused()
    assert [each["id"] for each in await _cases(site, reviewer)] == leased[1:]


async def test_verdicts_that_meet_a_lost_session_lead_to_the_sign_in_and_are_not_shown_as_made(site: Site) -> None:
    author, reviewer = await site.person("阿珍"), await site.person("阿雅", roles=("reviewer",))
    for number in range(3):
        await site.call(author, "POST", "/v1/posts", {"text": f"第{number}条"})
    visitor = await site.visit(reviewer)
    visitor.allowed.append("401")
    page = await visitor.open("/console/queue")
    await follow(page, page.keyboard.press("b"))
    leased = await _leased(site, reviewer)
    await page.keyboard.press("3")
    await page.keyboard.press("n")
    await page.keyboard.type("核对过原文")
    await page.keyboard.press("Escape")
    await site.pool.execute("UPDATE sign_ins SET ended_at = now()")
    await page.keyboard.press("r")
    # The next one is shown at once; what is decided there before the answer has arrived is not made either.
    await page.keyboard.press("a")
    await page.wait_for_url("**/sign-in?back=/console/queue/work*")
    assert await page.locator("#case").count() == 0
    assert [each["id"] for each in await _cases(site, reviewer)] == [each["id"] for each in leased]
    secret = await session_of(site.pool, reviewer)
    await visitor.context.add_cookies([{"name": "feed_session", "value": secret, "url": site.url}])
    # Nor is it put into the form of another case.
    await visitor.open(f"{WORK}?at={leased[1]['id']}")
    await expect(page.locator("textarea[name=note]")).to_have_value("")
    await visitor.open(WORK)
    await _shown(page, leased[0]["id"])
    await expect(page.locator("textarea[name=note]")).to_have_value("核对过原文")
    await expect(page.locator("[data-number='3']")).to_be_checked()
    await page.keyboard.press("r")
    await page.wait_for_selector("#outcome .done")
    assert [each["id"] for each in await _cases(site, reviewer)] == [each["id"] for each in leased[1:]]


async def test_escape_returns_to_the_verdict_that_waited_for_its_reason(site: Site) -> None:
    author, reviewer = await site.person("阿珍"), await site.person("阿雅", roles=("reviewer",))
    await site.call(author, "POST", "/v1/posts", {"text": "在深圳湾读书"})
    visitor = await site.visit(reviewer)
    page = await visitor.open("/console/queue")
    await follow(page, page.keyboard.press("b"))
    for leaves in ((), ("n",)):
        await page.keyboard.press("r")
        await expect(page.locator(".reasons input").first).to_be_focused()
        for key in leaves:
            await page.keyboard.press(key)
        await page.keyboard.press("Escape")
        await expect(page.locator(".pending-verdict")).to_be_hidden()
        await expect(page.locator("[data-key=r]")).to_be_focused()


async def test_arrivals_move_no_row_and_a_batch_is_about_what_was_chosen(site: Site) -> None:
    author, reviewer = await site.person("阿珍"), await site.person("阿雅", roles=("reviewer",))
    for number in range(3):
        await site.call(author, "POST", "/v1/posts", {"text": f"第{number}条"})
    before = [each["id"] for each in await _cases(site, reviewer)]
    visitor = await site.visit(reviewer)
    page = await visitor.open("/console/queue/batches")
    await page.locator(".rows input[name=case]").nth(1).focus()
    await page.keyboard.press("Space")
    places = "Array.from(document.querySelectorAll('.rows input[name=case]'), (it) => it.getBoundingClientRect().top)"
    were = await page.evaluate(places)
    async with site.pool.acquire() as conn:
        await site.call(author, "POST", "/v1/posts", {"text": "更急的一条"})
        await conn.execute(
            "UPDATE cases SET due_at = due_at - interval '1 day' WHERE id <> ALL ($1)", [*map(int, before)]
        )
    # Longer than the stream needs to say that the queue has changed.
    await page.wait_for_timeout(2500)
    assert await page.evaluate(places) == were
    await expect(page.locator(".rows input[name=case]").nth(1)).to_be_focused()
    await page.get_by_role("button", name="通过").click()
    await expect(page.get_by_role("status").first).to_contain_text("1 / 1")
    left = {each["id"] for each in await _cases(site, reviewer)}
    assert before[1] not in left
    assert len(left) == 3
    await page.get_by_role("button", name="撤销整批").click()
    await expect(page.get_by_role("status").first).to_contain_text("已撤销 1 条")
    assert before[1] in {each["id"] for each in await _cases(site, reviewer)}


async def test_of_two_reviewers_the_second_one_sees_who_has_decided(site: Site) -> None:
    author = await site.person("阿珍")
    first, second = await site.person("阿雅", roles=("reviewer",)), await site.person("老周", roles=("reviewer",))
    await site.call(author, "POST", "/v1/posts", {"text": "两人同时看"})
    visitor = await site.visit(first)
    visitor.allowed.append("409")
    page = await visitor.open("/console/queue")
    await follow(page, page.keyboard.press("b"))
    async with site.pool.acquire() as conn:
        await conn.execute("UPDATE cases SET leased_until = clock_timestamp() - interval '1 second'")
    rival = await site.visit(second)
    other = await rival.open("/console/queue")
    await follow(other, other.keyboard.press("b"))
    await other.keyboard.press("a")
    await expect(other.locator("#case-title")).to_have_text("队列已清空")
    await page.keyboard.press("x")
    await page.keyboard.press("1")
    await expect(page.locator(".first-decision")).to_contain_text("老周")
    await expect(page.locator(".first-decision")).to_contain_text("已通过")
    await expect(page.locator("#case [data-problem]")).to_be_focused()


async def test_an_expired_lease_counts_down_and_is_said(site: Site) -> None:
    author, reviewer = await site.person("阿珍"), await site.person("阿雅", roles=("reviewer",))
    await site.call(author, "POST", "/v1/posts", {"text": "看得太久"})
    visitor = await site.visit(reviewer)
    visitor.allowed.append("409")
    await visitor.page.clock.install()
    page = await visitor.open("/console/queue")
    await follow(page, page.keyboard.press("b"))
    await expect(page.locator("[data-until]")).to_contain_text(re.compile("还剩 [0-4]:"))
    await page.clock.fast_forward("06:00")
    await expect(page.locator("[data-until]")).to_have_text("已到期")
    async with site.pool.acquire() as conn:
        await conn.execute("UPDATE cases SET leased_until = clock_timestamp() - interval '1 second'")
    await page.keyboard.press("g")
    await expect(page.locator("[data-problem]:not([hidden])").first).to_be_visible()


async def test_markup_stays_inert_on_every_page_of_reviewers(site: Site) -> None:
    reviewer = await site.person("阿雅", roles=("reviewer", "admin"))
    evil = await site.person(_MARKUP[:20])
    post = await site.call(evil, "POST", "/v1/posts", {"text": f"{_MARKUP} #{'<b>题</b>'}#"})
    await site.call(evil, "PATCH", "/v1/me", {"bio": _MARKUP})
    await site.call(evil, "POST", f"/v1/posts/{post['id']}/comments", {"text": _MARKUP})
    target = {"kind": "post", "id": post["id"]}
    reader = await site.person("小明")
    await site.call(reader, "POST", "/v1/reports", {"target": target, "reason_code": "spam", "note": _MARKUP})
    await site.call(reviewer, "PUT", f"/v1/moderation/users/{evil.account_id}/sanction", _sanction())
    down = {"target": {"kind": "comment", "id": (await _comments(site, post["id"]))[0]}, "reason_code": "spam"}
    await site.call(reviewer, "POST", "/v1/moderation/takedowns", down)
    await site.call(
        reviewer, "PUT", "/v1/moderation/words", {"words": [{"term": "粗话连篇", "level": "review", "note": _MARKUP}]}
    )
    await site.call(reviewer, "POST", "/v1/moderation/cases/lease", {"count": 10})
    cases = await _cases(site, reviewer)
    visitor = await site.visit(reviewer, user_agent=f"Mozilla/5.0 {_MARKUP}", extra_http_headers={"x-note": _MARKUP})
    page = visitor.page
    page.on("dialog", lambda dialog: visitor.errors.append(f"dialog on {page.url}: {dialog.message}"))
    for path in (
        "/console/queue",
        "/console/queue/batches",
        *(f"{WORK}?at={each['id']}" for each in cases),
        f"/console/takedowns?link={site.url}/posts/{post['id']}",
        f"/console/takedowns?link={_MARKUP}",
        "/console/users?q=%3Cimg",
        f"/console/users/{evil.account_id}",
        "/console/words",
        "/console/audit",
        f"/console/posts/{post['id']}/why",
    ):
        await visitor.open(path)
        found = await page.evaluate("document.querySelectorAll('main img[src=x], main script, main b').length")
        assert found == 0, path
        assert await axe_problems(page) == [], path


def _sanction() -> dict[str, str]:
    return {"kind": "mute", "reason_code": "spam"}


async def _comments(site: Site, post_id: str) -> list[str]:
    answer: httpx.Response = await site.api.get(f"/v1/posts/{post_id}/comments")
    return [each["id"] for each in answer.json()["items"]]


async def test_statuses_are_told_apart_without_colour(site: Site) -> None:
    author, reviewer = await site.person("阿珍"), await site.person("阿雅", roles=("reviewer",))
    await site.call(author, "POST", "/v1/posts", {"text": "颜色之外"})
    for more in ({"color_scheme": "dark"}, {"forced_colors": "active"}):
        visitor: Visitor = await site.visit(reviewer, **more)
        for path in (
            "/console/queue",
            "/console/queue/batches",
            "/console/users",
            "/console/takedowns",
            "/console/words",
        ):
            page = await visitor.open(path)
            assert await axe_problems(page) == [], (more, path)
            assert await page.evaluate("[...document.querySelectorAll('.badge')].every((it) => it.textContent.trim())")
