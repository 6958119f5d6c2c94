"""What search engines, chats and home screens get of the site."""

import io
import re
from xml.etree import ElementTree

import pytest
from PIL import Image

from feed.api.state import AppState
from tests.support import make
from tests.support.api import Join
from tests.support.pages import BrowserClient, page_routes

_META = re.compile(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">')
_LOC = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"


@pytest.fixture
def browser(app_state: AppState) -> BrowserClient:
    """A browser that is not signed in."""
    return BrowserClient(app_state)


async def _public_paths(app_state: AppState, join: Join) -> list[str]:
    """Pages that everybody may read, one of each kind."""
    author = join("阿珍")
    post = (await author("POST", "/posts", {"text": "在深圳湾 #读书# "})).json()
    campaign = await make.campaign(app_state.pool)
    user = post["author"]["id"]
    paths = ("rules", "board")
    lists = ("/", "/hot", "/videos", "/topics", "/topics/%E8%AF%BB%E4%B9%A6", "/campaigns", f"/users/{user}")
    return [
        *lists,
        f"/posts/{post['id']}",
        f"/campaigns/{campaign}",
        *(f"/campaigns/{campaign}/{each}" for each in paths),
    ]


async def test_a_link_to_any_public_page_shows_title_words_and_a_picture(
    browser: BrowserClient, app_state: AppState, join: Join
) -> None:
    for path in await _public_paths(app_state, join):
        page = await browser.get(path)
        assert page.status_code == 200, path
        found = _META.findall(page.text)
        meta = dict(found)
        assert len(meta) == len(found), f"{path}: a name twice"
        assert meta["og:title"], path
        assert meta["og:description"] == meta["description"] != "", path
        assert meta["og:url"].startswith(app_state.settings.public_url), path
        assert meta["og:image"].startswith("http"), path
        assert "robots" not in meta, path


async def test_pages_of_one_user_are_not_indexed_and_share_nothing(
    browser: BrowserClient, app_state: AppState, join: Join
) -> None:
    person = join("小明")
    await browser.sign_in_as(int((await person("GET", "/me")).json()["id"]))
    for path in ("/me", "/me/settings", "/inbox", "/prizes", "/write", "/sign-in", "/campaigns?mine=true"):
        page = await browser.get(path)
        meta = dict(_META.findall(page.text))
        assert meta["robots"] == "noindex", path
        assert not any(name.startswith("og:") for name in meta), path


async def test_every_public_page_is_in_the_sitemap_and_no_private_one(
    browser: BrowserClient, app_state: AppState, join: Join
) -> None:
    paths = await _public_paths(app_state, join)
    sitemap = await browser.get("/sitemap.xml")
    home = app_state.settings.public_url
    listed = [str(each.text) for each in ElementTree.fromstring(sitemap.text).iter(_LOC)]
    assert all(each.startswith(f"{home}/") for each in listed)
    # Of topics those that people talk about now; a profile is found by its posts.
    wanted = {home + path.replace("/posts/", "/p/") for path in paths if not re.search("/users/|/board|/topics/", path)}
    assert wanted <= set(listed)
    for each in listed:
        assert (await browser.get(each.removeprefix(home))).status_code == 200, each


async def test_robots_leaves_out_what_needs_a_session(browser: BrowserClient, app_state: AppState) -> None:
    robots = (await browser.get("/robots.txt")).text
    assert f"Sitemap: {app_state.settings.public_url}/sitemap.xml" in robots
    left_out = tuple(line.partition(" ")[2] for line in robots.splitlines() if line.startswith("Disallow:"))
    assert left_out
    for method, path in page_routes(app_state):
        if method == "GET" and "{" not in path:
            page = await browser.get(path)
            to_sign_in = page.status_code == 303 and page.headers["location"].startswith("/sign-in")
            assert not to_sign_in or path.startswith(left_out), path


async def test_icons_and_manifest_are_there(browser: BrowserClient) -> None:
    icon = await browser.get("/favicon.ico")
    assert Image.open(io.BytesIO(icon.content)).format == "ICO"
    head = (await browser.get("/")).text
    touch = re.search(r'rel="apple-touch-icon" href="([^"]+)"', head)
    manifest = re.search(r'rel="manifest" href="([^"]+)"', head)
    assert touch is not None
    assert manifest is not None
    assert Image.open(io.BytesIO((await browser.get(touch[1])).content)).size == (180, 180)
    read = (await browser.get(manifest[1])).json()
    for each in read["icons"]:
        picture = Image.open(io.BytesIO((await browser.get(each["src"])).content))
        assert "x".join(map(str, picture.size)) == each["sizes"]
