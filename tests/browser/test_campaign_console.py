"""An editor runs a campaign and a juror marks, by keyboard alone, on a desktop and on a phone."""

from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Page, Route

from feed.api.pages.editor.typed_times import local_value
from tests.browser.conftest import Site
from tests.browser.support import PHONE, Person, axe_problems, follow

# A name and texts that would run a script if any page wrote them as they are.
MARKUP = '<img src=x onerror="window.ran=1">'
HOUR = timedelta(hours=1)


def terms(**changed: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "title": "读书月",
        "topic": "读书",
        "body": "分享你的读书瞬间",
        "starts_at": (now - HOUR).isoformat(),
        "ends_at": (now + HOUR).isoformat(),
        "method": "ranked",
        "winner_count": 2,
        "reserve_count": 1,
        "prizes": [{"name": "好书", "kind": "goods", "per_winner": 1, "value_cny": "59.9"}],
        "criteria": [{"name": "创意", "weight": "0.6"}, {"name": "文采", "weight": "0.4"}],
        "claim_days": 7,
        "organiser": "读特客户端",
        "contact": "0755-12345678",
    } | changed


async def open_campaign(site: Site, editor: Person, **changed: Any) -> str:
    """A campaign that takes entries."""
    made = await site.call(editor, "POST", "/v1/admin/campaigns", terms(**changed))
    await site.call(editor, "POST", f"/v1/admin/campaigns/{made['id']}/publish")
    return str(made["id"])


async def tab_to(page: Page, selector: str, *, most: int = 120) -> None:
    """Presses the tab key until the element has the focus, as a person without a mouse does."""
    for _ in range(most):
        if await page.evaluate("(selector) => document.activeElement?.matches(selector)", selector):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by the tab key")


async def fill(page: Page, field: str, text: str) -> None:
    await tab_to(page, f'[id="field-{field}"]')
    await page.keyboard.press("Control+a")
    await page.keyboard.type(text)


async def no_script_ran(page: Page) -> bool:
    return await page.evaluate("window.ran === undefined") is True


async def test_an_editor_takes_a_campaign_from_draft_to_open_by_keyboard(site: Site) -> None:
    editor = await site.person("钱编辑", roles=("editor",))
    visitor = await site.visit(editor, timezone_id="America/New_York")
    visitor.allowed += ["409", "422"]
    page = await visitor.open("/console/campaigns")
    await tab_to(page, 'a[href="/console/campaigns/new"]')
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/campaigns/new")
    await fill(page, "title", f"春日摄影 {MARKUP}")
    await fill(page, "topic", "春日摄影")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/edit")
    campaign = page.url.split("/")[-2]

    await fill(page, "body", "拍下春天。")
    await fill(page, "organiser", "读特客户端")
    await fill(page, "contact", "0755-12345678")
    opens = datetime.now(UTC) - HOUR
    for name, at in (("starts_at", opens), ("ends_at", opens + 48 * HOUR)):
        # What a date picker would set: its parts differ by the browser's language.
        await page.locator(f"#field-{name}").fill(local_value(at))
    await fill(page, "claim_days", "7")
    await fill(page, "winner_count", "三")
    await fill(page, "reserve_count", "1")
    await page.keyboard.press("Enter")
    # Refused: the message is beside the field, and everything typed is still there.
    await page.wait_for_selector("#error-winner_count")
    assert await page.input_value("#field-organiser") == "读特客户端"
    await page.locator("#field-winner_count").focus()
    await fill(page, "winner_count", "2")
    await tab_to(page, "#add-prizes")
    await page.keyboard.press("Enter")
    name = '[id="field-prizes[0].name"]'
    await page.wait_for_function("(name) => document.activeElement?.matches(name)", arg=name)
    await page.keyboard.type("相机")
    await tab_to(page, '[id="field-prizes[0].kind"]')
    await page.keyboard.press("ArrowDown")
    await fill(page, "prizes[0].value_cny", "999")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#campaign-fields .notice:has-text('已保存')")
    assert await axe_problems(page) == []
    assert await page.locator(".finding.stops").all_inner_texts() == []
    assert "相机" in await page.locator(".rules-text").inner_text()

    await tab_to(page, "button[value=publish]")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/publish")
    assert await axe_problems(page) == []
    await tab_to(page, "#panel button.primary")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**?done=published")
    assert await axe_problems(page) == []
    found = await site.call(editor, "GET", f"/v1/admin/campaigns/{campaign}")
    assert found["state"] == "open"
    # The times are those that were typed, in Shanghai, whatever the browser's zone.
    assert local_value(datetime.fromisoformat(found["starts_at"])) == local_value(opens)
    assert await no_script_ran(page)


async def test_a_juror_marks_by_keyboard_without_names_and_numbers(site: Site) -> None:
    editor, juror = await site.person("钱编辑", roles=("editor",)), await site.person("评委甲")
    campaign = await open_campaign(site, editor)
    jurors = {"user_ids": [str(juror.account_id)]}
    await site.call(editor, "PUT", f"/v1/admin/campaigns/{campaign}/jurors", jurors)
    for number in range(3):
        author = await site.person(f"作者{number}")
        made = await site.call(author, "POST", "/v1/posts", {"text": f"第{number}件 #读书# {MARKUP}"})
        await site.call(author, "PUT", f"/v1/posts/{made['id']}/like")
    visitor = await site.visit(juror, viewport=PHONE, color_scheme="dark")
    visitor.allowed.append("422")
    page = await visitor.open("/console/jury")
    await tab_to(page, f'a[href="/console/jury/{campaign}"]')
    await follow(page, page.keyboard.press("Enter"))
    source = await page.content()
    assert not any(word in source for word in ("作者0", "作者1", "like_count", ":likes"))
    for expected in ("1 / 3", "2 / 3"):
        await page.wait_for_function("() => document.activeElement?.id === 'field-scores.创意'")
        await page.keyboard.type("88.5")
        await page.keyboard.press("Tab")
        await page.keyboard.type("90")
        await page.keyboard.press("Enter")
        await page.wait_for_selector(f"#marking-progress:has-text('{expected}')")
    await page.keyboard.type("101")
    await page.keyboard.press("Tab")
    await page.keyboard.type("90")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#marking [data-problem]:not([hidden])")
    assert await page.input_value('[id="field-scores.文采"]') == "90"
    assert await axe_problems(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    await page.fill('[id="field-scores.创意"]', "100")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#marking-progress:has-text('3 / 3')")
    marks = await site.call(juror, "GET", f"/v1/admin/campaigns/{campaign}/marks")
    assert [each["mark"]["score"] for each in marks["items"]] == ["89.100000", "89.100000", "96.000000"]
    # A letter outside of a field is no shortcut here: nothing happens.
    await page.locator("#main").focus()
    before = page.url
    await page.keyboard.type("jknpae")
    assert page.url == before
    assert await no_script_ran(page)


async def test_an_entry_keeps_its_place_and_the_focus_while_it_is_decided(site: Site) -> None:
    editor = await site.person("钱编辑", roles=("editor",))
    campaign = await open_campaign(site, editor)
    posts = []
    for number in range(3):
        author = await site.person(f"{MARKUP}{number}")
        posts.append((await site.call(author, "POST", "/v1/posts", {"text": f"第{number}件 #读书# {MARKUP}"}))["id"])
    visitor = await site.visit(editor)
    page = await visitor.open(f"/console/campaigns/{campaign}/entries")
    assert await axe_problems(page) == []
    order = await page.eval_on_selector_all(".entry", "(all) => all.map((each) => each.id)")
    # Likes that arrive meanwhile would change the order of a new page.
    for number in range(3):
        await site.call(await site.person(f"读者{number}"), "PUT", f"/v1/posts/{posts[-1]}/like")
    toggle = page.locator(f"#entry-{posts[1]} .toggle")
    await toggle.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_selector(f"#entry-{posts[1]} .toggle[aria-pressed=true]")
    assert await page.eval_on_selector_all(".entry", "(all) => all.map((each) => each.id)") == order
    assert await page.evaluate("document.activeElement.matches('.toggle[aria-pressed=true]')")
    # The same key takes it back.
    await page.keyboard.press("Enter")
    await page.wait_for_selector(f"#entry-{posts[1]} .toggle[aria-pressed=false]")
    found = await site.call(editor, "GET", f"/v1/admin/campaigns/{campaign}/entries?shortlist=true")
    assert found["items"] == []

    await page.locator(f"#entry-{posts[0]} summary").focus()
    await page.keyboard.press("Enter")
    await page.select_option(f"#reason-{posts[0]}", "copied")
    await page.locator(f"#entry-{posts[0]} button.danger").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_selector(f"#entry-{posts[0]} .badge.bad")
    assert await page.evaluate(f"document.activeElement.closest('#entry-{posts[0]}') !== null")
    assert await no_script_ran(page)
    for path in ("", "/voids", "/jury", "/edit"):
        await visitor.open(f"/console/campaigns/{campaign}{path}")
        assert await axe_problems(page) == []
        assert await no_script_ran(page)


async def test_a_form_that_fails_says_so_and_keeps_what_was_typed(site: Site) -> None:
    editor = await site.person("钱编辑", roles=("editor",))
    made = await site.call(editor, "POST", "/v1/admin/campaigns", {"title": "读书月"})
    visitor = await site.visit(editor, color_scheme="dark")
    visitor.allowed += ["403", "409", "500", "ERR_FAILED"]
    page = await visitor.open(f"/console/campaigns/{made['id']}/edit")
    assert await axe_problems(page) == []
    await page.fill("#field-organiser", "读特客户端")
    save = page.locator(".save-bar button.primary")
    box = "#campaign-form [data-problem]:not([hidden]) p"
    for status in (500, 403, None):

        async def answer(route: Route, *, status: int | None = status) -> None:
            await (route.abort() if status is None else route.fulfill(status=status, body="<p>?</p>"))

        await page.route("**/edit", answer)
        await save.click()
        await page.wait_for_selector(f"{box}:has-text('{status or '网络不通'}')")
        assert await page.input_value("#field-organiser") == "读特客户端"
        assert await page.evaluate("document.activeElement.matches('[data-problem]')")
        await page.unroute("**/edit")
    # Another editor saves first: both are shown, and the second attempt saves.
    await site.call(editor, "PATCH", f"/v1/admin/campaigns/{made['id']}", {"organiser": "别处", "contact": "0755"})
    await save.click()
    await page.wait_for_selector(f"{box}:has-text('另一位编辑刚刚保存了修改')")
    assert await page.input_value("#field-organiser") == "读特客户端"
    assert await page.input_value("#field-contact") == "0755"
    await save.click()
    await page.wait_for_selector("#campaign-fields .notice:has-text('已保存')")
    found = await site.call(editor, "GET", f"/v1/admin/campaigns/{made['id']}")
    assert (found["organiser"], found["contact"]) == ("读特客户端", "0755")
    await page.emulate_media(color_scheme="light", forced_colors="active")
    assert await axe_problems(page) == []
