"""Every form of every page: whatever becomes of its request, the page says so beside it and keeps what was typed."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from feed.api.html import assets
from tests.browser.conftest import Site
from tests.browser.pages import CONSOLE, PUBLIC, Reader, write_contents
from tests.browser.support import DESKTOP

# What answers a form; 0: nothing, the connection is broken.
STATUSES = (403, 409, 422, 500, 0)
TYPED = "写了很久的话"
# The sign-in, and a file that may be larger than memory: the browser sends them itself.
PLAIN = {"/sign-in", "/sign-in/code", "/sign-in/ticket", "/me/export/ID/file"}
TEMPLATES = Path(assets.__file__).parent / "templates"

# Numbers the forms of a page and their buttons, those of the form that many buttons share as forms of their own; returns what each is
# for. Those that are sent by the browser are left out.
_FIND = """() => {
  for (const each of document.querySelectorAll("details")) each.open = true;
  const found = [];
  const shared = document.getElementById("act");
  for (const form of document.querySelectorAll("form[method=post]")) {
    if (form === shared || form.dataset.plain !== undefined) continue;
    form.noValidate = true;
    const button = [...form.elements].find((each) => each.type === "submit" && !each.closest("[aria-hidden=true]"));
    if (button) found.push([form.getAttribute("action"), button, form]);
  }
  for (const button of shared ? shared.elements : []) {
    if (button.type === "submit") found.push([button.getAttribute("formaction"), button, null]);
  }
  return found.map(([action, button, form], at) => {
    button.dataset.tried = at;
    const field = form && [...form.elements].find((each) => each.matches("textarea, input[type=text], input:not([type])")
      && each.name && each.offsetParent);
    if (field) field.dataset.typed = at;
    return [action, Boolean(field)];
  });
}"""
_PRESS = """(at) => {
  const button = document.querySelector(`[data-tried="${at}"]`);
  button.disabled = false;
  button.form.requestSubmit(button);
}"""
_KIND = r"""(action) => action.replace(/\?.*/, "").replace(/[0-9a-f-]{36}|\d+/g, "N")"""


async def _failures(page: Page, at: int, name: str, has_text: bool) -> list[str]:
    """What is wrong with a form of the page, for each status."""
    found = []
    field = page.locator(f"[data-typed='{at}']")
    for status in STATUSES:

        async def fail(route: Route, _: object = None, status: int = status) -> None:
            if route.request.method != "POST":
                await route.continue_()
            elif status:
                await route.fulfill(status=status, content_type="text/html", body="<p>nothing of ours</p>")
            else:
                await route.abort()

        await page.evaluate("for (const each of document.querySelectorAll('[data-problem]')) each.hidden = true")
        if has_text:
            await field.fill(TYPED)
        await page.route("**/*", fail)
        await page.evaluate(_PRESS, at)
        problem = page.locator("[data-problem]:focus:has(p)")
        try:
            await expect(problem).to_contain_text(f"（{status}）" if status else "网络不通", timeout=10_000)
            await expect(problem).to_have_attribute("role", "alert")
            await expect(problem).to_be_in_viewport()
            if has_text:
                await expect(field).to_have_value(TYPED)
        except AssertionError as error:
            found.append(f"{name} {status}: {str(error)[:300]}")
            await page.unroute("**/*")
            break
        await page.unroute("**/*")
    return found


@pytest.mark.timeout(900)
@pytest.mark.parametrize("pages", [PUBLIC, CONSOLE], ids=["public", "console"])
async def test_every_form_that_fails_says_so_and_keeps_what_was_typed(
    site: Site, pages: dict[str, tuple[Reader, str]]
) -> None:
    contents = await write_contents(site)
    visitors: dict[Reader, Any] = {}
    tried: set[str] = set()
    found: list[str] = []
    for reader, pattern in pages.values():
        if reader not in visitors:
            visitors[reader] = await site.visit(contents.readers[reader], viewport=DESKTOP)
            visitors[reader].allowed += ["Failed to load resource", "net::ERR"]
            visitors[reader].page.on("dialog", lambda dialog: dialog.accept())
        page = await visitors[reader].open(pattern.format(**contents.ids))
        for at, (action, has_text) in enumerate(await page.evaluate(_FIND)):
            kind = await page.evaluate(_KIND, action)
            if kind in tried:
                continue
            tried.add(kind)
            problems = await _failures(page, at, f"{page.url} {action}", has_text)
            found += problems
            if problems:
                page = await visitors[reader].open(pattern.format(**contents.ids))
                await page.evaluate(_FIND)
    assert len(tried) > 20, sorted(tried)
    assert not found, "\n".join(found)


def test_only_named_forms_are_sent_by_the_browser_itself() -> None:
    forms = [
        form
        for path in TEMPLATES.rglob("*.html")
        for form in re.findall(r"<form [^>]*data-plain[^>]*>", path.read_text())
    ]
    assert {re.sub(r"\{\{.*?\}\}", "ID", re.findall(r'action="([^"]*)"', form)[0]) for form in forms} == PLAIN
