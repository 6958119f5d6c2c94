"""One-time sign-in from the app: an address that signs a browser in once, whatever has fetched it before."""

from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from feed.accounts.web_sessions import TicketRefused
from feed.api.state import AppState
from feed.settings import Settings
from tests.api.pages.account.conftest import Visit
from tests.support.api import Join, Person
from tests.support.issuer import AUDIENCE, NAME, Issuer, issuing
from tests.support.pages import SITE, BrowserClient, hidden_fields


async def ticket_url(person: Person, path: str = "/me") -> str:
    answer = await person("POST", "/auth/web-tickets", {"path": path})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.json()["expires_in"] == 60
    url: str = answer.json()["url"]
    return url.replace("http://127.0.0.1:8080", SITE)


async def open_ticket(browser: BrowserClient, url: str) -> httpx.Response:
    page = await browser.get(url)
    return await browser.post("/sign-in/ticket", hidden_fields(page.text, "/sign-in/ticket"))


async def user_id(browser: BrowserClient) -> str | None:
    found: str | None = (await browser.get("/sign-in/state")).json()["user_id"]
    return found


async def test_a_ticket_signs_in_once_and_leads_to_its_page(join: Join, browser: BrowserClient) -> None:
    person = join("小明")
    url = await ticket_url(person, "/posts/1?comment_id=2")
    done = await open_ticket(browser, url)
    assert (done.status_code, done.headers["location"]) == (303, "/posts/1?comment_id=2")
    assert await user_id(browser) == (await person("GET", "/me")).json()["id"]
    other = BrowserClient(browser.app_state)
    again = await open_ticket(other, url)
    assert again.status_code == 410
    assert "链接已失效" in again.text
    assert TicketRefused.code == "ticket_refused"
    assert await user_id(other) is None


async def test_fetching_an_address_in_advance_uses_nothing_up(join: Join, browser: BrowserClient) -> None:
    url = await ticket_url(join("小明"))
    for method, headers in (("HEAD", {}), ("GET", {"sec-purpose": "prefetch"}), ("GET", {"user-agent": "WeChat"})):
        answer = await browser.http.request(method, url, headers=headers)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert (await open_ticket(browser, url)).status_code == 303


async def test_the_page_of_a_ticket_tells_its_address_to_no_other(join: Join, browser: BrowserClient) -> None:
    page = await browser.get(await ticket_url(join("小明")))
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "private, no-store"
    # No link of the page holds the ticket, for instance that to the other language.
    ticket = hidden_fields(page.text, "/sign-in/ticket")["web_ticket"]
    assert page.text.count(ticket) == 1


async def test_an_expired_or_invented_ticket_shows_a_page_that_says_so(join: Join, browser: BrowserClient) -> None:
    url = await ticket_url(join("小明"))
    await browser.app_state.pool.execute("UPDATE web_tickets SET expires_at = now() - interval '1 second'")
    assert (await open_ticket(browser, url)).status_code == 410
    for ticket in ("", "x" * 5000, "<script>alert(1)</script>", "\x00"):
        answer = await browser.post("/sign-in/ticket", {"web_ticket": ticket})
        assert answer.status_code == 410, ticket
        assert "set-cookie" not in answer.headers
    shown = await browser.get("/sign-in/ticket", params={"ticket": '"><script>alert(1)</script>'})
    assert "<script>alert" not in shown.text
    assert "链接已失效" in (await browser.get("/sign-in/ticket")).text


async def test_a_browser_of_another_user_is_switched(join: Join, visit: Visit) -> None:
    first, second = join("小明"), join("小红")
    browser = await visit(first)
    former = browser.secret
    await open_ticket(browser, await ticket_url(second))
    assert await user_id(browser) == (await second("GET", "/me")).json()["id"]
    old = BrowserClient(browser.app_state)
    old.http.cookies.set("feed_session", former or "", domain="feed.test")
    assert await user_id(old) is None


@pytest.mark.parametrize(
    ("site", "is_pressed"), [("none", True), ("same-origin", True), ("cross-site", False), (None, False)]
)
async def test_a_page_presses_its_button_only_where_no_other_site_can_have_led_to_it(
    join: Join, browser: BrowserClient, site: str | None, *, is_pressed: bool
) -> None:
    reader = BrowserClient(browser.app_state)
    reader.http.headers.pop("sec-fetch-site", None)
    url = await ticket_url(join("小明"))
    page = await reader.http.get(url, headers={} if site is None else {"sec-fetch-site": site})
    assert ("ticket.js" in page.text) is is_pressed
    assert hidden_fields(page.text, "/sign-in/ticket")["web_ticket"]


async def test_a_form_of_another_site_signs_no_browser_in(join: Join, browser: BrowserClient) -> None:
    page = await browser.get(await ticket_url(join("小明")))
    fields = hidden_fields(page.text, "/sign-in/ticket")
    for site in ("cross-site", "same-site"):
        answer = await browser.post("/sign-in/ticket", fields, headers={"sec-fetch-site": site})
        assert answer.status_code == 403
    # An old browser says nothing, and its Origin is null without a referrer.
    old = BrowserClient(browser.app_state)
    del old.http.headers["sec-fetch-site"]
    assert (await old.post("/sign-in/ticket", fields, headers={"origin": "null"})).status_code == 303


@pytest.mark.parametrize("path", ["", "posts/1", "//evil.test", "https://evil.test/", "/\\evil.test", "/a\nb", "/ x"])
async def test_a_path_that_leads_elsewhere_is_refused(join: Join, path: str) -> None:
    answer = await join("小明")("POST", "/auth/web-tickets", {"path": path})
    assert answer.status_code == 422
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [("path", "not_local")]


async def test_a_retry_with_the_same_key_gets_a_ticket_of_its_own(join: Join) -> None:
    person = join("小明")
    headers = {"idempotency-key": "abc"}
    urls = {(await person("POST", "/auth/web-tickets", {"path": "/"}, headers=headers)).json()["url"] for _ in range(2)}
    assert len(urls) == 2


async def test_no_ticket_is_stored_as_it_is(join: Join, app_state: AppState) -> None:
    ticket = (await ticket_url(join("小明"))).rpartition("=")[2]
    stored = await app_state.pool.fetchval("SELECT string_agg(web_tickets::text, '') FROM web_tickets")
    assert ticket.encode().hex() not in stored
    assert ticket not in stored


class TestWithTheAppsOwnSignIn:
    @pytest.fixture
    async def issuer(self) -> AsyncIterator[Issuer]:
        async with issuing("RSA") as running:
            yield running

    @pytest.fixture
    def settings(self, settings: Settings, issuer: Issuer) -> Settings:
        return msgspec.structs.replace(settings, jwks_url=issuer.url, jwt_issuer=NAME, jwt_audience=AUDIENCE)

    async def test_a_user_of_the_app_gets_a_page_that_is_signed_in(
        self, client: httpx.AsyncClient, issuer: Issuer, browser: BrowserClient
    ) -> None:
        person = Person(client, issuer.token("u1"))
        assert (await open_ticket(browser, await ticket_url(person))).status_code == 303
        assert await user_id(browser) == (await person("GET", "/me")).json()["id"]


@pytest.mark.parametrize(("site", "opened"), [("none", True), ("cross-site", False), ("same-site", False)])
async def test_a_page_of_another_site_signs_its_reader_in_to_no_account(
    join: Join, browser: BrowserClient, site: str, opened: bool
) -> None:
    page = await browser.get(await ticket_url(join("小明")), headers={"sec-fetch-site": site})
    assert ("ticket.js" in page.text) is opened
    assert "<button" in page.text
