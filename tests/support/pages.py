"""A browser on the wire: it sends what a browser sends, keeps cookies, and follows no redirect by itself."""

import re
from collections.abc import Mapping
from html import unescape
from html.parser import HTMLParser
from typing import Any

import httpx
import msgspec
from litestar.routes import HTTPRoute

from feed.accounts import web_sessions
from feed.accounts.known_device import SignInClient
from feed.accounts.model import AccountId
from feed.api.state import AppState
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.sms.actions import open_recipient
from feed.sms.model import SendAttempt
from tests.support.app import app_over

SITE = "http://feed.test"
SESSION_COOKIE = "feed_session"
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_INPUT = re.compile(r"<input[^>]*>")
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')


class _Markup(HTMLParser):
    """Collects what browsers repair in their own ways: elements that are not closed where they were opened, and names used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.open: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"{self.getpos()}: {tag} has an attribute twice: {names}")
        id_ = dict(attrs).get("id")
        if id_ in self.ids:
            self.faults.append(f"{self.getpos()}: the id {id_} again")
        if id_ is not None:
            self.ids.add(id_)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open and self.open[-1] == tag:
            self.open.pop()
        elif tag in self.open:
            self.faults.append(f"{self.getpos()}: {self.open[-1]} is open at the end of {tag}")
            while self.open.pop() != tag:
                pass
        else:
            self.faults.append(f"{self.getpos()}: the end of a {tag} that is not open")


def faults_of_markup(page: str) -> list[str]:
    """What is wrong with the markup of a page."""
    parser = _Markup()
    parser.feed(page)
    parser.close()
    return [*parser.faults, *(f"{tag} is not closed" for tag in parser.open)]


class BrowserClient:
    """One browser. `headers` are what it sends with every request; None as a value leaves one out."""

    def __init__(self, app_state: AppState, *, headers: Mapping[str, str] | None = None) -> None:
        self.app_state = app_state
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app_over(app_state), raise_app_exceptions=False),  # type: ignore[arg-type]
            base_url=SITE,
            headers={"accept": "text/html,*/*;q=0.8", "sec-fetch-site": "same-origin", **(headers or {})},
        )

    async def sign_in_as(self, account_id: int) -> None:
        """A new session of the account."""
        ticket = await web_sessions.issue_ticket(self.app_state.pool, AccountId(account_id), "/")
        secret, _ = await web_sessions.exchange_ticket(self.app_state.pool, ticket, SignInClient())
        self.http.cookies.set(SESSION_COOKIE, secret, domain="feed.test")

    @property
    def secret(self) -> str | None:
        """The secret of the session in the cookie."""
        return self.http.cookies.get(SESSION_COOKIE)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        """Opens a page, whose markup must be whole."""
        answer = await self.http.get(path, **more)
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert faults_of_markup(answer.text) == [], path
        return answer

    async def post(self, path: str, fields: Mapping[str, Any] | None = None, **more: Any) -> httpx.Response:
        """Sends a form with these fields and the hidden ones of the session."""
        return await self.http.post(path, data={**(fields or {})}, **more)

    async def send(self, page: httpx.Response, action: str, fields: Mapping[str, Any] | None = None) -> httpx.Response:
        """Sends the form of a page with its hidden fields, as the browser does."""
        return await self.post(action, {**hidden_fields(page.text, action), **(fields or {})})


def hidden_fields(html: str, action: str) -> dict[str, str]:
    """The hidden fields of the form with this action."""
    start = html.find(f'action="{action}"')
    assert start >= 0, f"no form with the action {action}"
    form = html[start : html.index("</form>", start)]
    found = [dict(_ATTRIBUTE.findall(each)) for each in _INPUT.findall(form)]
    return {each["name"]: unescape(each.get("value", "")) for each in found if each.get("type") == "hidden"}


async def newest_code(app_state: AppState) -> str:
    """The sign-in code that was requested last."""
    return await read_newest_code(app_state.pool, app_state.keys)


async def read_newest_code(pool: Pool, keys: Keys) -> str:
    """The same, from the database and the keys of an installation."""
    row = await pool.fetchrow(
        "SELECT id, purpose, once_key, sealed, created_at AS sending_at FROM messages ORDER BY id DESC LIMIT 1"
    )
    recipient = open_recipient(keys, msgspec.convert(row, SendAttempt))
    assert recipient is not None
    return recipient.params["code"]


# Files, which have no policy of a page, and what answers with nothing but a redirect.
_NO_PAGES = (
    "/assets/",
    "/health",
    "/metrics",
    "/openapi",
    "/docs",
    "/v1/",
    "/media",
    "/.well-known",
    "/favicon.ico",
    "/robots.txt",
    "/site.webmanifest",
    "/sitemap.xml",
)


def page_routes(app_state: AppState) -> list[tuple[str, str]]:
    """Method and path of every route of a page."""
    return sorted(
        (str(method), str(route.path_format))
        for route in app_over(app_state).routes
        if isinstance(route, HTTPRoute)
        and not route.path_format.startswith(_NO_PAGES)
        and not any(handler.opt.get("accept") == "json" for handler in route.route_handlers)
        for method in route.methods
        if method in ("GET", "POST")
    )
