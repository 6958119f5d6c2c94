"""Forms with a file: each takes what its page promises, also a file larger than other forms may be."""

import inspect
import re

import httpx
from litestar.routes import HTTPRoute

from feed.api.pages.uploads import UPLOAD_BYTES_MOST
from feed.api.state import AppState
from tests.support.api import Join
from tests.support.app import app_over
from tests.support.media_files import large_picture
from tests.support.pages import BrowserClient

_PHONE_PHOTO = 3_000_000


def _upload_paths(app_state: AppState) -> list[str]:
    """The paths of all pages that pass a file on, with an id in place of parameters."""
    return sorted(
        re.sub(r"\{[^}]*\}", "1", route.path_format)
        for route in app_over(app_state).routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if "pass_upload_on(request" in inspect.getsource(handler.fn) and not route.path_format.startswith("/v1/")
    )


async def _send(browser: BrowserClient, path: str, byte_count: int) -> httpx.Response:
    return await browser.http.post(path, files={"file": ("a.jpg", large_picture(byte_count), "image/jpeg")})


async def test_every_form_with_a_file_takes_a_photo_of_a_phone(app_state: AppState, join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    browser = BrowserClient(app_state)
    await browser.sign_in_as(int((await editor("GET", "/me")).json()["id"]))
    paths = _upload_paths(app_state)
    assert {"/me/avatar", "/write/photos"} < set(paths)
    for path in paths:
        sent = await _send(browser, path, _PHONE_PHOTO)
        assert sent.status_code == 303, (path, sent.text)


async def test_every_form_with_a_file_names_the_limit_of_files(app_state: AppState, join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    browser = BrowserClient(app_state)
    await browser.sign_in_as(int((await editor("GET", "/me")).json()["id"]))
    for path in _upload_paths(app_state):
        refused = await _send(browser, path, UPLOAD_BYTES_MOST + 1)
        assert refused.status_code == 413, path
        assert "20 MB" in refused.text, path


async def test_what_is_no_photo_is_refused_in_the_language_of_the_page(app_state: AppState, join: Join) -> None:
    person = join("Ming")
    browser = BrowserClient(app_state, headers={"accept-language": "en"})
    await browser.sign_in_as(int((await person("GET", "/me")).json()["id"]))
    for path in ("/me/avatar", "/write/photos"):
        refused = await browser.http.post(path, files={"file": ("a.txt", b"words", "text/plain")})
        assert refused.status_code == 415
        assert re.search(r"[\u4e00-\u9fff]", refused.text.replace("中文", "")) is None, path


async def test_a_repeated_upload_of_a_form_is_one_file(app_state: AppState, join: Join) -> None:
    person = join("Ming")
    browser = BrowserClient(app_state)
    await browser.sign_in_as(int((await person("GET", "/me")).json()["id"]))
    page = await browser.get("/me/avatar")
    action = re.search(r'action="(/me/avatar\?form_token=[^"]+)"', page.text)
    assert action is not None
    led_to = {(await _send(browser, action[1], _PHONE_PHOTO)).headers["location"] for _ in range(2)}
    assert len(led_to) == 1
