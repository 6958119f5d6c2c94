"""Every page in a browser: it fits a phone and a desktop in both colour schemes, has one heading, and axe finds nothing serious."""

from typing import Any

import pytest

from feed.api.pages import router
from tests.browser.conftest import Site
from tests.browser.pages import CAMPAIGN, CONSOLE, PUBLIC, Reader, write_contents
from tests.browser.support import DESKTOP, PHONE, axe_problems

# Files, and what leads on.
NO_PAGES = {
    "/assets/{release:str}/{name:path}",
    "/embed/fragment",
    "/embed/block.css",
    "/embed/frame.js",
    "/language",
    "/sign-in/state",
    "/favicon.ico",
    "/robots.txt",
    "/site.webmanifest",
    "/sitemap.xml",
    f"{CAMPAIGN}/settlement/sheet.csv",
}
FIELDS = "[...document.querySelectorAll('input, textarea')].map((each) => each.value).join()"
# A control of a page that a finger misses; links within a text are text.
SMALL = """() => [...document.querySelectorAll("main button, main a.button, main select, main input:not([type=hidden])")]
  .filter((each) => each.offsetParent && !["checkbox", "radio", "file"].includes(each.type)
    && each.getBoundingClientRect().height < 34).map((each) => each.outerHTML.slice(0, 90))"""


def test_every_page_has_its_place_in_the_walk() -> None:
    shown = {route.path for route in router.routes if "GET" in route.methods}
    assert shown == set(PUBLIC) | set(CONSOLE) | NO_PAGES


@pytest.mark.parametrize("pages", [PUBLIC, CONSOLE], ids=["public", "console"])
@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")], ids=["phone", "desktop"])
async def test_every_page_fits_and_is_accessible(
    site: Site, pages: dict[str, tuple[Reader, str]], viewport: Any, scheme: Any
) -> None:
    contents = await write_contents(site)
    visitors: dict[Reader, Any] = {}
    found = []
    for reader, pattern in pages.values():
        if reader not in visitors:
            visitors[reader] = await site.visit(contents.readers[reader], viewport=viewport, color_scheme=scheme)
        path = pattern.format(**contents.ids)
        page = visitors[reader].page
        answer = await page.goto(f"{site.url}{path}")
        if answer.status != 200:
            found.append(f"{path}: {answer.status} {await page.inner_text('main')}")
            continue
        wide, most = await page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        if wide > most:
            found.append(f"{path}: {wide} pixels wide")
        found += [f"{path}: small {each}" for each in await page.evaluate(SMALL)]
        # A function in place of a value: a name of the page that templates have for something else.
        if "&lt;function" in await page.content() or "<function" in await page.evaluate(FIELDS):
            found.append(f"{path}: shows a function")
        if pattern != "/embed" and await page.locator("h1").count() != 1:
            found.append(f"{path}: {await page.locator('h1').count()} headings of the page")
        found += [f"{path}: {each}" for each in await axe_problems(page)]
    assert not found, "\n".join(found)
