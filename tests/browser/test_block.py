"""The block in pages of another site: who may frame it, how high it is, what it listens to, and what readers without cookies get."""

import io
import time
from collections.abc import Sequence
from typing import Any

from PIL import Image
from playwright.async_api import Frame, Page, Route, expect

from tests.browser.conftest import Site
from tests.browser.support import HANG_MS, PHONE, Visitor, axe_problems
from tests.support import make
from tests.support.make import DAY
from tests.support.newspaper import newspaper
from tests.support.ports import free_port
from tests.support.waiting import HANG_SECONDS

_SMALL = {"width": 320, "height": 640}
# What the newspaper records of messages and of elements that move.
_RECORD = """
window.heard = [];
window.addEventListener("message", (event) => window.heard.push([event.origin, event.data]));
window.shift = 0;
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) window.shift += each.value;
}).observe({ type: "layout-shift", buffered: true });
"""


async def _fill(site: Site) -> int:
    """Posts, and an open campaign, whose id is returned."""
    author = await site.person("阿珍")
    for number in range(6):
        await site.call(author, "POST", "/v1/posts", {"text": f"在深圳湾读书，第 {number} 天，海风很大，书页一直在翻"})
    now = make.now()
    return await make.campaign(site.pool, starts_at=now - DAY, ends_at=now + DAY, topic="读书")


def _frame(site: Site, query: str = "", more: str = "") -> str:
    return (
        f'<iframe id="block" src="{site.url}/embed{query}" title="鹏友圈" width="100%" height="900" {more} '
        f'style="border:0;display:block;color-scheme:light dark"></iframe><script src="{site.url}/embed/frame.js" async></script>'
    )


async def _block(page: Page) -> Frame:
    """The frame of the block, with the block in it."""
    handle = await page.wait_for_selector("#block", state="attached")
    assert handle is not None
    frame = await handle.content_frame()
    assert frame is not None
    await frame.wait_for_selector(".feed-block", state="attached")
    return frame


async def _sized(page: Page, frame: Frame) -> int:
    """The height of the frame, once it is that of the block."""
    wanted = "document.querySelector('.feed-block').getBoundingClientRect().height"
    deadline = time.monotonic() + HANG_SECONDS
    while True:
        height = int(await page.evaluate("document.getElementById('block').clientHeight"))
        if height and height == await frame.evaluate(f"Math.ceil({wanted})"):
            return height
        assert time.monotonic() < deadline, f"{height} is not the height of the block"
        await page.wait_for_timeout(50)


async def _open(visitor: Visitor, url: str) -> Page:
    page = visitor.page
    await page.add_init_script(_RECORD)
    await page.goto(url)
    return page


async def test_only_listed_sites_frame_the_block_and_none_another_page(site: Site) -> None:
    await _fill(site)
    pages = {"/": _frame(site), "/home": f'<iframe id="block" src="{site.url}/"></iframe>'}
    visitor = await site.visit()
    visitor.allowed += ["frame-ancestors", "ERR_BLOCKED_BY_RESPONSE", "X-Frame-Options", "Refused to display"]
    async with newspaper(site.newspaper, pages) as listed, newspaper(free_port(), pages) as unlisted:
        page = await _open(visitor, listed)
        assert await (await _block(page)).locator(".feed-hot, .feed-post").count() > 0
        for url in (unlisted, f"{listed}/home", f"{unlisted}/home"):
            async with page.expect_event("requestfailed"):
                await page.goto(url)
            handle = await page.wait_for_selector("#block")
            frame = None if handle is None else await handle.content_frame()
            assert frame is None or await frame.locator(".feed-block, .brand").count() == 0, url


async def test_without_cookies_readers_read_and_are_led_to_the_site_to_write(site: Site) -> None:
    campaign_id = await _fill(site)
    reader = await site.person("小明")
    visitor = await site.visit(reader, viewport=PHONE)
    received: list[str] = []
    sent: list[str] = []

    async def look(route: Route) -> None:
        sent.append((await route.request.all_headers()).get("cookie", ""))
        answer = await route.fetch(timeout=HANG_MS)
        received.extend(name for name in answer.headers if name == "set-cookie")
        await route.fulfill(response=answer)

    await visitor.context.route("**/embed?*", look)
    async with newspaper(site.newspaper, {"/": _frame(site, f"?campaign={campaign_id}")}) as listed:
        page = await _open(visitor, listed)
        frame = await _block(page)
        assert await frame.locator(".feed-post").count() == 5
        assert (sent, received) == ([""], [])
        assert frame.url.endswith(f"/embed?campaign={campaign_id}")
        await frame.get_by_role("link", name="我要参加").click()
        await page.wait_for_url(f"{site.url}/write?campaign={campaign_id}")


async def test_the_whole_block_is_visible_wherever_its_frame_is(site: Site) -> None:
    campaign_id = await _fill(site)
    for place in ("at once", "below the screen", "hidden at first", "added later"):
        await _see_whole(site, campaign_id, place)


async def _see_whole(site: Site, campaign_id: int, place: str) -> None:
    frame_html = _frame(site, f"?campaign={campaign_id}", 'loading="lazy"' if place == "below the screen" else "")
    body = {
        "below the screen": f'<div style="height:3000px"></div>{frame_html}',
        "hidden at first": f'<div id="panel" style="display:none">{frame_html}</div>',
        "added later": f'<script src="{site.url}/embed/frame.js"></script><div id="panel"></div>',
    }.get(place, frame_html)
    visitor = await site.visit(viewport=_SMALL)
    async with newspaper(site.newspaper, {"/": body}) as listed:
        page = await _open(visitor, listed)
        if place == "below the screen":
            await page.evaluate("scrollTo(0, 3000)")
        elif place == "hidden at first":
            await _block(page)
            await page.evaluate("document.getElementById('panel').style.display = 'block'")
        elif place == "added later":
            await page.evaluate(
                """(address) => { const frame = document.createElement("iframe"); frame.id = "block"; frame.src = address;
                frame.width = "100%"; document.getElementById("panel").append(frame); }""",
                f"{site.url}/embed?campaign={campaign_id}",
            )
        frame = await _block(page)
        before = await _sized(page, frame)
        last = frame.locator("a").last
        await last.scroll_into_view_if_needed()
        # Text of twice the size, as readers set it.
        await frame.evaluate("document.documentElement.style.fontSize = '32px'")
        await page.wait_for_function(
            "before => document.getElementById('block').clientHeight > before + 100", arg=before
        )
        after = await _sized(page, frame)
        bottom = await frame.evaluate("[...document.links].pop().getBoundingClientRect().bottom")
        assert bottom <= after
        assert await frame.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_other_frames_neither_size_the_block_nor_hear_of_it(site: Site) -> None:
    await _fill(site)
    ad = """<script>
      window.heard = [];
      addEventListener("message", (event) => window.heard.push(event.origin));
      const send = () => {
        for (let at = 0; at < parent.frames.length; at += 1) parent.frames[at].postMessage({ feed: "hello" }, "*");
        parent.postMessage({ feed: "height", height: 4000 }, "*");
      };
      send(); setInterval(send, 50);
    </script>"""
    port = free_port()
    body = _frame(site) + f'<iframe id="ad" src="http://localhost:{port}/ad"></iframe>'
    visitor = await site.visit(viewport=PHONE)
    async with newspaper(site.newspaper, {"/": body}) as listed, newspaper(port, {"/ad": ad}) as other:
        page = await _open(visitor, listed)
        frame = await _block(page)
        height = await _sized(page, frame)
        await page.wait_for_function("origin => window.heard.filter(([from]) => from === origin).length > 5", arg=other)
        assert await _sized(page, frame) == height
        advertisement = next(each for each in page.frames if each.url.startswith(other))
        assert not [each for each in await advertisement.evaluate("window.heard.flat()") if each == site.url]
        # What the block itself might say is bounded, too.
        for value in ("-1", "0", "NaN", "Infinity", "'700'", "null", "{}"):
            await frame.evaluate(f"parent.postMessage({{ feed: 'height', height: {value} }}, '{listed}')")
        await frame.evaluate(f"parent.postMessage(null, '{listed}')")
        await page.wait_for_function(
            "origin => window.heard.filter(([from]) => from === origin).length >= 8", arg=site.url
        )
        assert await _sized(page, frame) == height
        # A longer one ends there, instead of keeping the height that it had.
        await frame.evaluate(f"parent.postMessage({{ feed: 'height', height: 1e9 }}, '{listed}')")
        await page.wait_for_function("() => document.querySelector('iframe').style.height === '8000px'")
        assert {tuple(each) for each in await _kinds(page, site.url)} <= {("feed", "height"), ()}


async def _kinds(page: Page, origin: str) -> Sequence[Any]:
    """The members of the messages from an origin."""
    found: Sequence[Any] = await page.evaluate(
        "origin => window.heard.filter(([from]) => from === origin).map(([, data]) => Object.keys(data || {}))", origin
    )
    return found


async def test_a_dark_block_is_dark_before_its_stylesheet_and_moves_nothing(site: Site) -> None:
    campaign_id = await _fill(site)
    snippet_height = (await site.api.get(f"/embed/guide?campaign={campaign_id}")).text.partition('height="')[2]
    height = int(snippet_height.partition('"')[0])
    html = _frame(site, f"?campaign={campaign_id}").replace('height="900"', f'height="{height}"')
    visitor = await site.visit(viewport=PHONE, color_scheme="dark")
    arrived = False

    async def hold(route: Route) -> None:
        nonlocal arrived
        # What is on the screen while the stylesheet is on its way.
        shot = Image.open(io.BytesIO(await visitor.page.screenshot())).convert("L")
        arrived = True
        assert shot.getpixel((180, 400)) < 80  # type: ignore[operator]
        await route.continue_()

    async with newspaper(site.newspaper, {"/": html}) as listed:
        await visitor.page.route("**/embed/block.css*", hold)
        page = await _open(visitor, listed)
        frame = await _block(page)
        sized = await _sized(page, frame)
        assert arrived
        shot = Image.open(io.BytesIO(await page.screenshot())).convert("L")
        assert shot.getpixel((180, 730)) < 80  # type: ignore[operator]
        assert abs(sized - height) < 40, (sized, height)
        assert await page.evaluate("window.shift") < 0.1


async def test_the_block_and_its_guide_are_accessible(site: Site) -> None:
    campaign_id = await _fill(site)
    for scheme, accent in (("light", "ffe000"), ("dark", "101080")):
        visitor = await site.visit(viewport=PHONE, color_scheme=scheme)
        page = await visitor.open(f"/embed?campaign={campaign_id}&accent={accent}")
        assert await axe_problems(page) == []
        page = await visitor.open(f"/embed/guide?parts=hot&parts=posts&campaign={campaign_id}&accent={accent}")
        assert await axe_problems(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.get_by_label("每部分条数").fill("2")
        await page.get_by_role("button", name="更新预览").click()
        await expect(page.locator("#snippet-frame")).to_contain_text("limit=2")
        frame = page.frame_locator("iframe")
        await frame.locator(".feed-post").nth(1).wait_for()
        assert await frame.locator(".feed-post").count() == 2
