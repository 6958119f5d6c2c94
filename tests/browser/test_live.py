"""Pages that are open while things change: numbers, boards and the queue follow, and nothing moves under a reader's hands."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import Site
from tests.browser.support import PHONE, axe_problems
from tests.support import make
from tests.support.waiting import HANG_SECONDS

# What the page does when it is hidden and shown again, as a phone does in a pocket.
_HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
_COUNT_SPOKEN = """() => {
  window.spoken = [];
  new MutationObserver(() => window.spoken.push(document.getElementById("announcer").textContent))
    .observe(document.getElementById("announcer"), { childList: true, characterData: true, subtree: true });
}"""


def likes_of(page: Page, post_id: str) -> Any:
    return page.locator(f"[data-live='post:{post_id}:likes']").first


async def shows(page: Page, post_id: str, likes: str) -> None:
    await page.wait_for_function(
        "([id, likes]) => document.querySelector(`[data-live='post:${id}:likes']`).textContent === likes",
        arg=[post_id, likes],
    )


async def open_streams(site: Site) -> int:
    lines = (await site.api.get("/metrics")).text.splitlines()
    return sum(round(float(line.split()[-1])) for line in lines if line.startswith("feed_streams"))


async def test_numbers_follow_and_new_posts_are_offered_without_moving_what_is_read(site: Site) -> None:
    author, reader = await site.person("阿珍"), await site.person("小明")
    post = await site.call(author, "POST", "/v1/posts", {"text": "在深圳湾读书"})
    visitor = await site.visit(reader, viewport=PHONE)
    page = await visitor.open("/")
    await page.evaluate(_COUNT_SPOKEN)
    await page.locator(f"#like-{post['id']}").focus()
    top = await page.locator(f"#post-{post['id']}").bounding_box()
    await site.call(author, "PUT", f"/v1/posts/{post['id']}/like")
    await shows(page, post["id"], "1")
    for text in ("第二条", "第三条", "第四条"):
        await site.call(author, "POST", "/v1/posts", {"text": text})
        await asyncio.sleep(0.4)
    await page.wait_for_selector("#fresh:has-text('3')")
    # Above the list there is an offer; the post with the focus is still the first one, and has the focus.
    assert await page.locator("article.post").count() == 1
    assert await page.evaluate("document.activeElement.id") == f"like-{post['id']}"
    moved = await page.locator(f"#post-{post['id']}").bounding_box()
    assert top is not None
    assert moved is not None
    await page.wait_for_timeout(1_000)
    # At once, and then every fifteen seconds.
    seconds = await page.evaluate("performance.now() / 1000")
    assert len(await page.evaluate("window.spoken")) <= 2 + seconds // 15
    assert await axe_problems(page) == []
    await page.locator("#fresh a").click()
    await expect(page.locator("article.post")).to_have_count(4)
    # One's own like comes by the stream, too, and does not overwrite the button that was just pressed.
    await page.locator(f"#like-{post['id']}").click()
    await shows(page, post["id"], "2")


async def test_a_page_that_slept_equals_one_that_is_loaded_anew(site: Site) -> None:
    author = await site.person("阿珍")
    post = await site.call(author, "POST", "/v1/posts", {"text": "在深圳湾读书"})
    visitor = await site.visit()
    page = await visitor.open("/")
    async with asyncio.timeout(HANG_SECONDS):
        await until(site, 1)
    await page.evaluate(_HIDE, True)
    # A hidden page keeps no connection.
    async with asyncio.timeout(HANG_SECONDS):
        await until(site, 0)
    for number in range(3):
        fan = await site.person(f"读者{number}")
        await site.call(fan, "PUT", f"/v1/posts/{post['id']}/like")
    assert await likes_of(page, post["id"]).text_content() == "0"
    await page.evaluate(_HIDE, False)
    await shows(page, post["id"], "3")
    other = await visitor.context.new_page()
    await other.goto(f"{site.url}/")
    assert await likes_of(other, post["id"]).text_content() == "3"


async def until(site: Site, streams: int) -> None:
    while await open_streams(site) != streams:
        await asyncio.sleep(0.2)


async def test_eight_tabs_share_one_stream_and_all_follow(site: Site) -> None:
    author, reader = await site.person("阿珍"), await site.person("小明")
    posts = [await site.call(author, "POST", "/v1/posts", {"text": f"第{number}条"}) for number in range(3)]
    visitor = await site.visit(reader)
    pages = [visitor.page] + [await visitor.context.new_page() for _ in range(7)]
    for number, page in enumerate(pages):
        visitor.watch(page)
        # The last one shows a post that the others do not ask for by itself.
        await page.goto(f"{site.url}/" if number < 7 else f"{site.url}/posts/{posts[0]['id']}")
    async with asyncio.timeout(HANG_SECONDS):
        await until(site, 1)
    await site.call(author, "PUT", f"/v1/posts/{posts[0]['id']}/like")
    for page in pages:
        await shows(page, posts[0]["id"], "1")
    # The tab with the stream is closed: another one takes over.
    await pages[0].close()
    await site.call(reader, "PUT", f"/v1/posts/{posts[0]['id']}/like")
    for page in pages[1:]:
        await shows(page, posts[0]["id"], "2")


async def test_a_board_follows_but_never_replaces_a_field_that_is_being_changed(site: Site) -> None:
    campaign = await make.campaign(site.pool, board="public")
    first, second = await make.entry(site.pool, campaign), await make.entry(site.pool, campaign)
    await make.like(site.pool, second)
    visitor = await site.visit()
    page = await visitor.open(f"/campaigns/{campaign}")
    await page.mouse.move(0, 0)
    assert await page.locator("#board li").first.get_attribute("id") == f"board-{second}"
    # A page that shows the present board does not fetch itself again.
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if request.url.endswith(f"/{campaign}") else None)
    await page.wait_for_timeout(2_500)
    assert fetched == []
    await page.evaluate(
        "document.getElementById('board').insertAdjacentHTML('beforeend', '<textarea id=note></textarea>')"
    )
    await page.locator("#note").fill("正在写的话")
    for _ in range(3):
        await make.like(site.pool, first)
    await page.wait_for_selector("#board-changed")
    assert await page.locator("#note").input_value() == "正在写的话"
    await page.locator("#note").fill("")
    await page.locator("#note").blur()
    await page.mouse.move(0, 0)
    await page.wait_for_selector(f"#board li:first-child[id='board-{first}']")
    assert await page.locator("#note").count() == 0
    assert await page.locator("#board-changed").count() == 0


async def test_the_queue_offers_new_cases_and_keeps_the_row_under_the_pointer(site: Site) -> None:
    author, reporter, reviewer = (
        await site.person("阿珍"),
        await site.person("小明"),
        await site.person("审核员", roles=("reviewer",)),
    )
    posts = [await site.call(author, "POST", "/v1/posts", {"text": f"第{number}条"}) for number in range(2)]

    async def report(post_id: str) -> None:
        target = {"kind": "post", "id": post_id}
        await site.call(reporter, "POST", "/v1/reports", {"target": target, "reason_code": "spam"})

    await report(posts[0]["id"])
    visitor = await site.visit(reviewer)
    page = await visitor.open("/console/queue")
    depth = int(await page.locator("[data-live='queue:depth']").first.inner_text())
    rows = await page.locator("ol.cases > li").count()
    await report(posts[1]["id"])
    await page.wait_for_selector("[data-live-new=queue]:has-text('1 条新任务')")
    assert int(await page.locator("[data-live='queue:depth']").first.inner_text()) == depth + 1
    assert await page.locator("ol.cases > li").count() == rows
    await page.locator("[data-live-new=queue] a").click()
    await page.wait_for_selector(f"ol.cases > li:nth-child({rows + 1})")


async def test_the_numbers_of_a_campaign_follow_whatever_its_board_and_nothing_is_loaded_for_nothing(
    site: Site,
) -> None:
    campaign = await make.campaign(site.pool, board="hidden")
    entry = await make.entry(site.pool, campaign)
    visitor = await site.visit(await site.person("钱编辑", roles=("editor",)))
    page = await visitor.open(f"/console/campaigns/{campaign}")
    await page.mouse.move(0, 0)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if request.url.endswith(f"/{campaign}") else None)
    await page.wait_for_timeout(2_500)
    assert fetched == []
    await page.locator("#numbers summary").click()
    await page.locator("#numbers summary").blur()
    await page.mouse.move(0, 0)
    await make.like(site.pool, entry)
    await page.wait_for_selector(f"[data-live='campaign:{campaign}:likes']:text-is('1')")
    # The charts and their table are of the server; what was unfolded stays so.
    await page.wait_for_selector("#chart-likes:has-text('1')")
    assert await page.locator("#numbers details[open]").count() == 1
    await page.wait_for_timeout(2_500)
    assert len(fetched) == 1


# What a stream is answered, and the topics that are not asked for again.
REFUSALS: dict[int, set[str]] = {502: set(), 429: set(), 401: {"inbox"}}


@pytest.mark.parametrize("status", REFUSALS)
async def test_a_refused_stream_comes_back_with_all_that_its_viewer_may_read(site: Site, status: int) -> None:
    reviewer = await site.person("审核员", roles=("reviewer",))
    await site.call(await site.person("阿珍"), "POST", "/v1/posts", {"text": "第一条"})
    visitor = await site.visit(reviewer)
    visitor.allowed.append(str(status))
    asked: list[set[str]] = []

    async def refuse(route: Route) -> None:
        asked.append(set(route.request.url.partition("topics=")[2].split(",")))
        # The stream itself, and the question what it was answered: two times.
        if len(asked) <= 4 and asked[-1] & (REFUSALS[status] or asked[0]):
            await route.fulfill(status=status, body="")
        else:
            await route.continue_()

    await visitor.page.route("**/v1/events*", refuse)
    page = await visitor.open("/console/queue" if status != 401 else "/")
    async with asyncio.timeout(HANG_SECONDS):
        while not asked or (len(asked) <= 4 if not REFUSALS[status] else asked[-1] & REFUSALS[status]):
            await asyncio.sleep(0.1)
    assert asked[0] >= ({"latest", "inbox"} if status == 401 else {"queue"})
    assert asked[-1] == asked[0] - REFUSALS[status]
    await site.call(await site.person("小明"), "POST", "/v1/posts", {"text": "第二条"})
    await page.wait_for_selector("#fresh:has-text('1')" if status == 401 else "[data-live-new=queue]:has-text('1 条')")
