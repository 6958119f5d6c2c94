"""The page of an error: what went wrong, and the ways on from it."""

import re

import pytest

from feed.api.html.error_page import WaysOut, error_page
from feed.api.state import AppState
from tests.support.pages import SITE, BrowserClient, faults_of_markup


@pytest.fixture
def browser(app_state: AppState) -> BrowserClient:
    """A browser that is not signed in."""
    return BrowserClient(app_state)


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        (f"{SITE}/topics?q=a&cursor=b", "/topics?q=a&amp;cursor=b"),
        (f"{SITE}/console/queue", "/console/queue"),
        ("https://elsewhere.test/topics", None),
        ("javascript:alert(1)", None),
        (f"{SITE}//elsewhere.test/", "/"),
        ("", None),
    ],
)
async def test_an_error_leads_back_to_the_page_before_it(
    browser: BrowserClient, referer: str, back: str | None
) -> None:
    page = await browser.get("/posts/1", headers={"referer": referer})
    assert page.status_code == 404
    assert re.findall(r'href="([^"]*)">返回上一页', page.text) == ([] if back is None else [back])
    assert 'href="/">回到首页' in page.text


async def test_an_error_is_read_in_the_other_language(browser: BrowserClient) -> None:
    page = await browser.get("/posts/1?a=1&b=2")
    link = re.search(r'href="(/language\?[^"]*)"', page.text)
    assert link is not None
    led = await browser.get(link[1].replace("&amp;", "&"))
    assert led.headers["location"] == "/posts/1?a=1&b=2"
    assert 'lang="en"' in (await browser.get(led.headers["location"])).text


async def test_the_error_of_a_form_leads_back_to_its_page(browser: BrowserClient) -> None:
    headers = {"referer": f"{SITE}/users/1", "sec-fetch-site": "cross-site"}
    refused = await browser.post("/users/1/mute", {"back": "/"}, headers=headers)
    assert refused.status_code == 403
    assert 'href="/users/1">返回上一页' in refused.text
    assert "back=/users/1" in refused.text


@pytest.mark.parametrize(("seconds", "says"), [(5, "请等 5 秒再试"), (600, "请等 10 分钟再试"), (None, None)])
def test_what_is_over_in_a_while_says_when(seconds: int | None, says: str | None) -> None:
    ways = WaysOut("/hot", None, "/hot", seconds)
    page = error_page(503, "unavailable", "服务繁忙，请稍后再试", "zh-CN", [], ways).decode()
    assert faults_of_markup(page) == []
    assert 'href="/hot">重试' in page
    assert (says or "服务繁忙，请稍后再试") in page
