"""Stored public pages: rendered once, and never older than the operations that they show."""

import httpx
import pytest

from feed.api.state import AppState
from tests.support.api import Join
from tests.support.app import app_over

ROOT = "http://feed.test/"


@pytest.fixture(autouse=True)
def _nothing_stored(app_state: AppState) -> None:
    # Applications are shared between tests.
    app_over(app_state).state.public_pages._pages.drop(lambda _: True)


def stored(app_state: AppState) -> int:
    return len(app_over(app_state).state.public_pages._pages)


async def test_a_stored_page_shows_a_change_at_once(client: httpx.AsyncClient, join: Join, app_state: AppState) -> None:
    author = join("阿珍")
    post = (await author("POST", "/posts", {"text": "第一版"})).json()
    before = await client.get(ROOT)
    assert stored(app_state) == 1
    again = await client.get(ROOT)
    assert again.content == before.content
    assert dict(again.headers) == dict(before.headers)
    await author("PATCH", f"/posts/{post['id']}", {"text": "第二版"})
    after = await client.get(ROOT)
    assert "第二版" in after.text
    assert "第一版" not in after.text
    await author("DELETE", f"/posts/{post['id']}")
    assert "第二版" not in (await client.get(ROOT)).text


async def test_pages_of_languages_and_queries_are_stored_apart(client: httpx.AsyncClient, join: Join) -> None:
    await join("阿珍")("POST", "/posts", {"text": "在深圳湾读书"})
    for _ in range(2):
        assert 'lang="zh-CN"' in (await client.get(ROOT)).text
        assert 'lang="en"' in (await client.get(ROOT, headers={"accept-language": "en"})).text


async def test_a_page_with_a_cookie_is_neither_stored_nor_sent_from_the_store(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    await join("阿珍")("POST", "/posts", {"text": "在深圳湾读书"})
    await client.get(ROOT, headers={"cookie": "feed_session=unknown"})
    assert stored(app_state) == 0


async def test_a_page_of_an_error_is_not_stored(client: httpx.AsyncClient, app_state: AppState) -> None:
    answer = await client.get(f"{ROOT}?cursor=forged", headers={"accept": "text/html"})
    assert answer.status_code == 400
    assert stored(app_state) == 0
