"""How forms are sent: answers in another order than their requests, input methods, replies, and the keyboard of a phone."""

import pytest
from playwright.async_api import Request, expect

from tests.browser.conftest import Site
from tests.browser.support import PHONE, Person

_PRESS = """(each, init) => {
  each.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, cancelable: true, key: "Enter", ...init }));
}"""


async def post_of(site: Site, person: Person, text: str = "在深圳湾读书") -> str:
    return str((await site.call(person, "POST", "/v1/posts", {"text": text}))["id"])


async def comment_of(site: Site, person: Person, post_id: str, text: str) -> str:
    return str((await site.call(person, "POST", f"/v1/posts/{post_id}/comments", {"text": text}))["id"])


# Requests are carried out at once; the answers of those to an address arrive when `arrive()` is called.
_HOLD = """(end) => {
  const fetched = window.fetch;
  const arrived = new Promise((resolve) => { window.arrive = resolve; });
  window.fetch = async (address, options) => {
    const response = await fetched(address, options);
    if (options?.method === "POST" && String(address).endsWith(end)) {
      window.held = (window.held ?? 0) + 1;
      await arrived;
    }
    return response;
  };
}"""


@pytest.mark.parametrize("is_within", [True, False], ids=["within the later part", "around the later part"])
async def test_of_overlapping_answers_the_last_state_wins(site: Site, is_within: bool) -> None:
    post_id = await post_of(site, await site.person("阿珍"))
    comment = await comment_of(site, await site.person("小红"), post_id, "好")
    visitor = await site.visit(await site.person("小明"))
    page = await visitor.open(f"/posts/{post_id}")
    await page.evaluate(_HOLD, "/like" if is_within else "/comments")
    await page.get_by_label("写评论").fill("来了")
    like, send = page.locator(f"#like-comment-{comment}"), page.get_by_role("button", name="发表")
    if is_within:
        await like.click()
        await page.wait_for_function("() => window.held")
        await send.click()
        await expect(page.locator(".comment .text")).to_have_count(2)
    else:
        await send.click()
        await page.wait_for_function("() => window.held")
        await like.click()
        await expect(page.locator(f"#like-comment-{comment}[aria-pressed=true]")).to_be_visible()
        # Another user's, which only the newest page knows.
        await comment_of(site, await site.person("小刚"), post_id, "我也来")
    await page.evaluate("window.arrive()")
    await expect(page.locator(".comment .text")).to_have_count(2 if is_within else 3)
    await expect(page.locator(f"#like-comment-{comment}[aria-pressed=true]")).to_contain_text("1")
    await expect(page.get_by_label("写评论")).to_have_value("")


async def test_a_second_click_before_the_answer_sends_nothing_and_what_is_typed_stays(site: Site) -> None:
    post_id = await post_of(site, await site.person("阿珍"))
    visitor = await site.visit(await site.person("小明"))
    page = await visitor.open(f"/posts/{post_id}")
    await page.evaluate(_HOLD, "/like")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    await page.locator(f"#like-{post_id}").click()
    await page.locator(f"#like-{post_id}").click()
    await page.get_by_label("写评论").fill("正在写")
    await page.evaluate("window.arrive()")
    await page.wait_for_selector(f"#like-{post_id}[aria-pressed=true]")
    await expect(page.get_by_label("写评论")).to_have_value("正在写")
    await expect(page.get_by_label("写评论")).to_be_focused()
    assert len(sent) == 1


async def test_cancelling_a_reply_returns_to_the_link_that_began_it(site: Site) -> None:
    post_id = await post_of(site, await site.person("阿珍"))
    first = await comment_of(site, await site.person("小红"), post_id, "一")
    second = await comment_of(site, await site.person("小刚"), post_id, "二")
    visitor = await site.visit(await site.person("小明"))
    page = await visitor.open(f"/posts/{post_id}")
    for comment in (first, second):
        await page.locator(f"[data-reply='{comment}']").press("Enter")
        await expect(page.get_by_label("写评论")).to_be_focused()
        await expect(page.locator(".replying")).to_be_visible()
        await page.locator(".replying a").press("Enter")
        await expect(page.locator(".replying")).to_be_hidden()
        await expect(page.locator(f"[data-reply='{comment}']")).to_be_focused()
    await page.get_by_label("写评论").fill("不是回复")
    await page.get_by_role("button", name="发表").click()
    await expect(page.locator(".thread > .comment .text")).to_have_count(3)


# One-line fields, which Enter sends: of a form that is sent by script, of one that leads to another page, and of a search.
ONE_LINE = {
    "name": ("/me", "#field-name"),
    "place": ("/write", "input[name=location]"),
    "topics": ("/topics", "main input[type=search]"),
}


@pytest.mark.parametrize("name", ONE_LINE)
async def test_enter_that_confirms_a_word_does_not_send_a_field_of_one_line(site: Site, name: str) -> None:
    path, selector = ONE_LINE[name]
    visitor = await site.visit(await site.person("阿珍"))
    page = await visitor.open(path)
    await page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")
    field = page.locator(selector)
    await field.fill("深圳")
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" or request.is_navigation_request():
            sent.append(request.url)

    page.on("request", note)
    for init in ({"isComposing": True}, {"keyCode": 229}):
        # The browser sends the form after the key, unless the page stops it.
        await field.evaluate(_PRESS, init)
        await field.evaluate("(each) => each.form.requestSubmit()")
        await page.wait_for_timeout(200)
        assert sent == [], init
        await field.evaluate(
            "(each) => each.dispatchEvent(new KeyboardEvent('keyup', { bubbles: true, key: 'Enter' }))"
        )
    # What is sent then lacks the other fields.
    visitor.allowed.append("422")
    async with page.expect_request(lambda request: request.method == "POST" or request.is_navigation_request()):
        await field.evaluate("(each) => each.form.requestSubmit()")
    await visitor.open(path)


# What the keyboard of a phone does: it makes the page smaller, or only what is seen of it.
@pytest.mark.parametrize("is_page_smaller", [True, False], ids=["the page", "what is seen"])
@pytest.mark.parametrize(("path", "label", "button"), [("/posts/{post}", "写评论", "发表"), ("/write", "正文", "发布")])
async def test_field_and_button_are_above_the_keyboard_and_one_tap_sends(
    site: Site, path: str, label: str, button: str, is_page_smaller: bool
) -> None:
    post_id = await post_of(site, await site.person("阿珍"))
    visitor = await site.visit(await site.person("小明"), viewport=PHONE, has_touch=True, is_mobile=True)
    page = await visitor.open(path.format(post=post_id))
    field, send = page.get_by_label(label, exact=True), page.get_by_role("button", name=button, exact=True)
    await field.tap()
    height = 330
    if is_page_smaller:
        await page.set_viewport_size({"width": 360, "height": height})
    else:
        # No headless browser has such a keyboard.
        await page.evaluate(
            """(height) => {
              Object.defineProperty(visualViewport, "height", { configurable: true, get: () => height });
              visualViewport.dispatchEvent(new Event("resize"));
            }""",
            height,
        )
    await page.wait_for_timeout(300)
    await field.type("一下就发出去")
    text, place = await field.bounding_box(), await send.bounding_box()
    assert text is not None
    assert place is not None
    assert text["y"] >= 0
    assert place["y"] + place["height"] <= height
    shown = "(each) => { const { left, top, width, height } = each.getBoundingClientRect();"
    # No bar covers the line that is typed, nor the button.
    for each, part in ((field, 16), (send, place["height"] / 2)):
        assert await each.evaluate(
            f"{shown} return each.contains(document.elementFromPoint(left + width / 2, top + {part})); }}"
        )
    await field.evaluate("(each) => each.blur()")
    assert await send.bounding_box() == place
    await field.focus()
    await send.tap()
    await expect(page.locator(".comment .text, .post > .text").last).to_have_text("一下就发出去")
