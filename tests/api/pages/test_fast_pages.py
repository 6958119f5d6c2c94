"""The fast way of a page responds like the framework, and passes unusual requests on to it."""

from typing import Any

import httpx
import pytest

from feed.api.state import AppState
from tests.support.api import Join
from tests.support.app import app_over
from tests.support.pages import BrowserClient

# Repeated, which only the framework reads.
FRAMEWORK = [("x-repeated", "1"), ("x-repeated", "2")]


def observed(page: httpx.Response) -> Any:
    html = page.text
    if (mark := 'name="form_token" value="') in html:
        before, _, after = html.partition(mark)
        html = before + after.partition('"')[2]
    headers = {name: value for name, value in page.headers.items() if name != "content-length"}
    return page.status_code, headers, html


@pytest.fixture
async def browsers(app_state: AppState, join: Join) -> list[BrowserClient]:
    """Not signed in, signed in, with a cookie that is none, and with a language of its own."""
    signed_in, odd, english = (BrowserClient(app_state) for _ in range(3))
    await signed_in.sign_in_as(int((await join("小明")("GET", "/me")).json()["id"]))
    odd.http.cookies.set("feed_session", "unknown", domain="feed.test")
    english.http.cookies.set("feed_language", "en", domain="feed.test")
    return [BrowserClient(app_state), signed_in, odd, english]


async def test_both_ways_show_the_same_page(browsers: list[BrowserClient], join: Join, app_state: AppState) -> None:
    author = join("阿珍")
    made = [(await author("POST", "/posts", {"text": f"第{n}条 #读书# #AC/DC#"})).json()["id"] for n in range(25)]
    comment = (await author("POST", f"/posts/{made[0]}/comments", {"text": "说得好"})).json()["id"]
    author_id = (await author("GET", "/me")).json()["id"]
    cursor = (await author("GET", "/feeds/latest")).json()["next_cursor"]
    paths = [
        "/",
        f"/?cursor={cursor}",
        "/?cursor=forged",
        "/?cursor=",
        "/?unknown=1",
        "/hot",
        "/videos",
        "/topics",
        "/topics?q=AC",
        "/topics?q=%E8%AF%BB",
        "/topics/读书",
        "/topics/读书?sort=hot",
        "/topics/AC%2FDC",
        f"/users/{author_id}",
        "/users/0",
        "/users/x",
        f"/posts/{made[0]}",
        f"/p/{made[0]}",
        f"/posts/{made[0]}?sort=newest",
        f"/posts/{made[0]}?comment_id={comment}",
        f"/posts/{made[0]}?comment_id={comment}&reply_to={comment}",
        f"/posts/{made[0]}?sort=oldest&sort=hot",
        "/posts/0",
        "/posts/",
        "/campaigns/0",
        "/campaigns/0?sort=other",
    ]
    for path in paths:
        for browser in browsers:
            fast = await browser.get(path)
            slow = await browser.get(path, headers=[*browser.http.headers.multi_items(), *FRAMEWORK])
            if observed(fast) != observed(slow):
                # The boards were written between the two.
                fast = await browser.get(path)
            assert observed(fast) == observed(slow), path
            assert fast.status_code < 500, path


async def test_the_fast_way_is_the_usual_one(
    browsers: list[BrowserClient], app_state: AppState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The framework's routing sees none of these requests."""
    router = app_over(app_state).asgi_router
    routed = []
    original = router.handle_routing

    def note(path: str, method: Any) -> Any:
        routed.append(path)
        return original(path, method)

    monkeypatch.setattr(router, "handle_routing", note)
    for browser in browsers:
        for path in ("/", "/hot", "/topics", "/posts/1", "/users/1?cursor=x"):
            await browser.get(path)
    assert not [path for path in routed if not path.startswith("/v1/")]
    await browsers[0].get("/?unknown=1")
    assert "/" in routed
