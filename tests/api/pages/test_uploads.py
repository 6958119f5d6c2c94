"""Pages that send a file on to the API: each as the operation takes it."""

import io
import random
from collections.abc import AsyncIterator

import httpx
import pytest
from PIL import Image

from feed.api.state import AppState
from feed.app import MAX_BODY_BYTES
from tests.support.api import Join
from tests.support.pages import BrowserClient

PAGES = ("/me/avatar", "/write/photos", "/console/campaigns/1/pictures/upload")


@pytest.fixture
async def browser(app_state: AppState, join: Join) -> BrowserClient:
    opened = BrowserClient(app_state)
    await opened.sign_in_as(int((await join("编辑", roles=("editor",))("GET", "/me")).json()["id"]))
    return opened


def photo(side: int) -> bytes:
    """A PNG of noise, of three bytes a pixel."""
    content = io.BytesIO()
    noise = random.Random(side).randbytes(side * side * 3)
    Image.frombytes("RGB", (side, side), noise).save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize("path", PAGES)
async def test_a_photo_of_a_phone_is_larger_than_a_form_and_is_taken(browser: BrowserClient, path: str) -> None:
    content = photo(400)
    assert len(content) > MAX_BODY_BYTES
    sent = await browser.http.post(path, files={"file": ("a.png", content, "image/png")})
    assert sent.status_code == 303, sent.text


@pytest.mark.parametrize("path", PAGES)
async def test_a_photo_without_a_length_is_taken(browser: BrowserClient, path: str) -> None:
    whole = httpx.Request("POST", "http://feed.test/", files={"file": ("a.png", photo(20), "image/png")})
    body = await whole.aread()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 500):
            yield body[start : start + 500]

    sent = await browser.http.post(path, content=pieces(), headers={"content-type": whole.headers["content-type"]})
    assert sent.status_code == 303, sent.text


@pytest.mark.parametrize("path", PAGES[:2])
async def test_what_is_no_file_is_refused_by_the_operation(browser: BrowserClient, path: str) -> None:
    assert (await browser.post(path, {"file": "x"})).status_code == 415


@pytest.mark.parametrize("path", PAGES)
async def test_a_file_from_another_site_is_refused(browser: BrowserClient, path: str) -> None:
    files = {"file": ("a.png", photo(20), "image/png")}
    sent = await browser.http.post(path, files=files, headers={"sec-fetch-site": "cross-site"})
    assert (sent.status_code, "other_site" in sent.text) == (403, True)
