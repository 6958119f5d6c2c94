"""What protects the forms and pages of a browser: where requests come from, retries, policies, and caches."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from feed.api.pages.form import FIELDS_MOST
from feed.api.paths import own_address
from feed.api.state import AppState
from feed.links import local_path
from tests.support.api import Join, Person
from tests.support.pages import SITE, BrowserClient, hidden_fields, page_routes

FORM = "/me/settings"


@pytest.fixture
async def browser(app_state: AppState, join: Join) -> BrowserClient:
    """A browser that is signed in as 小明."""
    opened = BrowserClient(app_state)
    await opened.sign_in_as(int((await join("小明")("GET", "/me")).json()["id"]))
    return opened


async def sent_from(browser: BrowserClient, headers: dict[str, str], *, token: str | None = None) -> int:
    """The status of a form with these headers, and with a right token unless another one is given."""
    fields = hidden_fields((await browser.get(FORM)).text, FORM)
    if token is not None:
        fields["session_token"] = token
    browser.http.headers.pop("sec-fetch-site", None)
    try:
        return (await browser.post(FORM, fields, headers=headers)).status_code
    finally:
        browser.http.headers["sec-fetch-site"] = "same-origin"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "", "SAME-ORIGIN"])
async def test_a_form_that_a_browser_says_is_from_elsewhere_is_refused(browser: BrowserClient, site: str) -> None:
    # Also with the right token and the right origin: what the browser says decides.
    assert await sent_from(browser, {"sec-fetch-site": site, "origin": SITE}) == 403
    assert (await browser.get(FORM)).text.count(" checked") == 3


async def test_a_form_of_this_site_needs_no_token_where_the_browser_says_where_it_is_from(
    browser: BrowserClient,
) -> None:
    assert await sent_from(browser, {"sec-fetch-site": "same-origin"}, token="") == 303


@pytest.mark.parametrize(
    "origin", ["https://evil.test", "null", "http://feed.test.evil.test", "http://feed.test:81", ""]
)
async def test_without_that_word_another_origin_is_refused(browser: BrowserClient, origin: str) -> None:
    assert await sent_from(browser, {"origin": origin}) == 403


@pytest.mark.parametrize("token", ["", "x", "пароль", "A" * 5000])
async def test_without_that_word_a_wrong_token_is_refused(browser: BrowserClient, token: str) -> None:
    assert await sent_from(browser, {"origin": SITE}, token=token) == 403
    assert await sent_from(browser, {}, token=token) == 403


async def test_an_old_browser_sends_its_form_with_the_token(browser: BrowserClient) -> None:
    assert await sent_from(browser, {"origin": SITE}) == 303
    assert await sent_from(browser, {}) == 303


async def test_the_token_of_another_session_is_refused(browser: BrowserClient, join: Join) -> None:
    other = BrowserClient(browser.app_state)
    await other.sign_in_as(int((await join("小红")("GET", "/me")).json()["id"]))
    token = hidden_fields((await other.get(FORM)).text, FORM)["session_token"]
    assert await sent_from(browser, {"origin": SITE}, token=token) == 403


async def test_a_refused_form_is_other_site_for_every_kind_of_page(browser: BrowserClient, app_state: AppState) -> None:
    for method, path in page_routes(app_state):
        if method != "POST":
            continue
        answer = await browser.post(concrete(path), {"x": "1"}, headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 403, path
        assert "other_site" in answer.text, path


async def test_every_form_without_a_session_leads_to_the_sign_in_and_back(app_state: AppState) -> None:
    browser = BrowserClient(app_state, headers={"referer": f"{SITE}/posts/1?sort=hot"})
    back = "back=/posts/1%3Fsort%3Dhot"
    for method, path in page_routes(app_state):
        if method != "POST" or path.startswith(("/sign-", "/embed")):
            continue
        answer = await browser.post(concrete(path), {"text": "x"})
        assert answer.status_code in (303, 307), path
        assert answer.headers["location"].startswith((f"/sign-in?{back}", f"/sign-in/form?{back}")), path


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        # A proxy ends TLS: the browser knows this site by another scheme, and perhaps by another host.
        ("https://feed.test/topics/AC%2FDC?a=1", "/topics/AC%252FDC%3Fa%3D1"),
        ("http://127.0.0.1:8080/hot", "/hot"),
        ("https://evil.test/hot", "/"),
        ("http://[", "/"),
        ("javascript://feed.test/%0aalert(1)", "/"),
    ],
)
async def test_a_form_without_a_session_leads_back_to_a_page_of_this_site_only(
    app_state: AppState, referer: str, back: str
) -> None:
    browser = BrowserClient(app_state, headers={"referer": referer})
    sent = await browser.post("/me/settings", {"likes": "1"})
    assert sent.headers["location"].startswith(f"/sign-in/form?back={back}&"), sent.headers["location"]


@pytest.mark.parametrize(
    "address", ["/topics/AC%2FDC?sort=hot", "/topics/a%3Fb", "/topics/%E8%AF%BB%E4%B9%A6?q=%0d%0a"]
)
def test_the_address_of_a_page_is_as_its_browser_has_it(address: str) -> None:
    path, _, query = address.partition("?")
    scope: Any = {"raw_path": path.encode(), "query_string": query.encode()}
    assert own_address(scope) == address
    assert local_path(own_address(scope)) == address


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain", b"likes=1", 400),
        ("application/json", b'{"likes": 1}', 400),
        ("application/x-www-form-urlencoded", "名字=1".encode(), 400),
        ("application/x-www-form-urlencoded", b"likes=%FF%FE", 400),
        ("application/x-www-form-urlencoded", b"a=1&" * (FIELDS_MOST + 1), 400),
        ("application/x-www-form-urlencoded", b"form_token=" + b"x" * 500, 422),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 300_000, 413),
        ("", b"likes=1", 400),
    ],
)
async def test_a_malformed_form_is_never_a_server_error(
    browser: BrowserClient, content_type: str, body: bytes, status: int
) -> None:
    answer = await browser.http.post(FORM, content=body, headers={"content-type": content_type})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


async def test_five_parallel_posts_of_one_form_make_one_record(browser: BrowserClient, join: Join) -> None:
    post = (await join("小红")("POST", "/posts", {"text": "你好"})).json()["id"]
    page = await browser.get(f"/report?kind=post&id={post}")
    fields = hidden_fields(page.text, "/report") | {"reason_code": "spam", "note": ""}
    answers = await asyncio.gather(*(browser.post("/report", fields) for _ in range(5)))
    assert await browser.app_state.pool.fetchval("SELECT count(*) FROM reports") == 1
    # Those that came while the first one ran wait for its record.
    assert {each.status_code for each in answers} == {303}
    assert (await browser.post("/report", fields)).status_code == 303
    assert await browser.app_state.pool.fetchval("SELECT count(*) FROM reports") == 1


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "posts/1",
        "//evil.test",
        "///evil.test",
        "/..//evil.test",
        "/x/../..//evil.test?y",
        "/\\evil.test",
        "\\\\evil.test",
        "/%0a//evil.test\n",
        "\t//evil.test",
        "/\t/evil.test",
        " //evil.test",
        "http://evil.test",
        "https:evil.test",
        "javascript:alert(1)",
        "data:text/html,x",
        "/a\r\nSet-Cookie: x=1",
        "/" + "a" * 2001,
        "/a\x00",
        "/a\x7f",
        "/a b",
    ],
)
def test_a_path_that_leads_elsewhere_is_no_local_path(given: str | None) -> None:
    assert local_path(given, "/otherwise") == "/otherwise"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("/", "/"),
        ("/posts/1?comment_id=2#c", "/posts/1?comment_id=2#c"),
        ("/campaigns/1/result?entry=http://feed.test/p/1", "/campaigns/1/result?entry=http://feed.test/p/1"),
        ("/campaigns/", "/campaigns/"),
        ("/topics/读书", "/topics/%E8%AF%BB%E4%B9%A6"),
        ("/topics/AC%2FDC", "/topics/AC%2FDC"),
        ('/a"b<c>', "/a%22b%3Cc%3E"),
    ],
)
def test_a_local_path_is_one_of_an_address(given: str, path: str) -> None:
    assert local_path(given) == path


def concrete(path: str) -> str:
    """The path with a value for each parameter."""
    return re.sub(r"\{[^}]*\}", "1", path.replace("{change}", "like"))


async def test_every_page_keeps_the_policy(browser: BrowserClient, app_state: AppState) -> None:
    routes = [path for method, path in page_routes(app_state) if method == "GET"]
    assert len(routes) > 20
    for path in routes:
        answer = await browser.get(concrete(path))
        assert answer.status_code < 500, path
        if answer.status_code in (301, 303, 307) or not answer.headers["content-type"].startswith("text/html"):
            continue
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert "base-uri 'none'" in policy, path
        if not path.startswith("/embed"):
            assert "frame-ancestors 'none'" in policy, path
            assert answer.headers["x-frame-options"] == "DENY", path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert not re.search(r"<script(?![^>]* src=)[^>]*>[^<]|<style|<[^>]* (style|on[a-z]+)=", answer.text), path
        assert "http-equiv" not in answer.text or 'content="2"' in answer.text, path


async def test_a_page_that_caches_keep_holds_nothing_of_its_viewer(
    app_state: AppState, join: Join, browser: BrowserClient
) -> None:
    person = join("小红")
    await person("POST", "/posts", {"text": "大家好"})
    anonymous = BrowserClient(app_state)
    public = []
    for method, path in page_routes(app_state):
        if method != "GET":
            continue
        answer = await anonymous.get(concrete(path))
        if "public" not in answer.headers.get("cache-control", ""):
            continue
        public.append(path)
        assert "set-cookie" not in answer.headers, path
        assert "session_token" not in answer.text, path
        assert "form_token" not in answer.text, path
        assert "form_account" not in answer.text, path
        if path.startswith("/embed") and path != "/embed/guide":
            # The block and its files do not look at cookies.
            assert (await browser.get(concrete(path))).text == answer.text, path
            continue
        # The page of a signed-in user is never the one that caches keep.
        assert "public" not in (await browser.get(concrete(path))).headers["cache-control"], path
    assert "/" in public


async def test_the_api_never_takes_a_cookie_for_a_token(browser: BrowserClient, client: httpx.AsyncClient) -> None:
    headers = {"cookie": f"feed_session={browser.secret}"}
    for method, path, body in (
        ("GET", "/me", None),
        ("POST", "/posts", {"text": "x"}),
        ("DELETE", "/me", None),
        ("POST", "/auth/web-tickets", {"path": "/"}),
    ):
        answer = await client.request(method, path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_an_unknown_page_and_an_unknown_file_are_pages_that_say_so(browser: BrowserClient) -> None:
    for path in ("/no-such-page", "/assets/x/no-such-file.js", "/posts", "/users/x"):
        answer = await browser.get(path)
        assert answer.status_code in (404, 405), path
        assert answer.headers["content-type"].startswith("text/html"), path
        assert "data-problem" in answer.text, path
    assert "asset_not_found" in (await browser.get("/assets/x/no-such-file.js")).text


async def test_a_page_for_staff_says_to_others_that_it_needs_a_role(browser: BrowserClient) -> None:
    answer = await browser.get("/console/queue")
    assert (answer.status_code, "role_missing" in answer.text) == (403, True)


async def test_a_page_of_a_malformed_id_is_not_there(app_state: AppState, join: Join) -> None:
    browser = BrowserClient(app_state)
    await browser.sign_in_as(int((await join("编辑", roles=("editor",))("GET", "/me")).json()["id"]))
    for path in ("/console/campaigns/x", "/console/campaigns/..%2Fme"):
        answer = await browser.get(path)
        assert answer.status_code == 404, path
    assert "page_not_found" in (await browser.get("/console/campaigns/x")).text


_FIELDS = ('"><script>alert(1)</script>', "<img src=x onerror=alert(1)>", "'-alert(1)-'", "{{ 7*7 }}", "\u202e</title>")


@pytest.mark.parametrize("text", _FIELDS)
async def test_markup_in_what_users_and_headers_say_stays_inert(
    app_state: AppState, join: Join, client: httpx.AsyncClient, text: str
) -> None:
    name = text[:20]
    person: Person = join(name)
    await person("POST", "/posts", {"text": f"{text} 你好"})
    browser = BrowserClient(app_state, headers={"user-agent": text.encode("ascii", "ignore").decode()})
    user_id = int((await person("GET", "/me")).json()["id"])
    await browser.sign_in_as(user_id)
    headers = {"referer": f"http://feed.test/{text.encode('ascii', 'ignore').decode()}"}
    pages = ("/", "/me", "/inbox", "/me/sessions", f"/users/{user_id}", "/sign-in", f"/no-such-page/{text[:5]}")
    for path in pages:
        page = (await browser.get(path, headers=headers)).text
        body = page.partition("</head>")[2]
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        assert 'value=""><' not in body, path
        assert "49" not in re.findall(r"\{\{.*?\}\}|>49<", page), path
