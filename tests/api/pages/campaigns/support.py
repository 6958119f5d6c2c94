"""Readers of pages, and what the pages say to them."""

import html
import re

import httpx

from feed.api.state import AppState
from tests.support.pages import BrowserClient


async def browser_of(app_state: AppState, account_id: int | None = None, *, language: str = "zh-CN") -> BrowserClient:
    """A browser that is signed in as the account, or not signed in."""
    browser = BrowserClient(app_state, headers={"accept-language": language})
    if account_id is not None:
        await browser.sign_in_as(account_id)
    return browser


async def words(browser: BrowserClient, path: str) -> str:
    """What a page says, which must be there."""
    answer = await browser.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return words_of(answer)


def words_of(answer: httpx.Response) -> str:
    """The text of the main part of a page, with single spaces."""
    main = answer.text.partition("<main")[2].partition("</main>")[0].partition(">")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", main)).split())
