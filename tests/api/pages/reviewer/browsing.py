"""A browser without script, which opens pages and sends their forms within the process."""

import re
from html import unescape
from typing import Any

import httpx

from feed.accounts import web_sessions
from feed.accounts.known_device import SignInClient
from feed.accounts.model import AccountId
from feed.api.state import AppState
from tests.support.api import Person
from tests.support.app import app_over

_SITE = "http://feed.test"


class Browser:
    """The session of a person. Redirects are followed."""

    def __init__(self, opened: httpx.AsyncClient) -> None:
        self._opened = opened

    async def open(self, path: str) -> httpx.Response:
        """The page at a path."""
        return await self._opened.get(path)

    async def send(self, path: str, fields: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        """The page after a form with these fields."""
        return await self._opened.post(path, data={"session_token": "", **(fields or {}), **more})


async def browser_of(app_state: AppState, person: Person) -> Browser:
    """A browser in which the person is signed in."""
    account_id = AccountId(int((await person("GET", "/me")).json()["id"]))
    ticket = await web_sessions.issue_ticket(app_state.pool, account_id, "/")
    secret, _ = await web_sessions.exchange_ticket(app_state.pool, ticket, SignInClient())
    transport = httpx.ASGITransport(app=app_over(app_state), raise_app_exceptions=False)  # type: ignore[arg-type]
    opened = httpx.AsyncClient(
        transport=transport,
        base_url=_SITE,
        follow_redirects=True,
        cookies={"feed_session": secret},
        headers={"sec-fetch-site": "same-origin", "accept": "text/html"},
    )
    return Browser(opened)


def field(page: httpx.Response, name: str, *, within: str = "") -> str:
    """The value of the first hidden field of this name, in the form with this action."""
    text = page.text
    if within:
        text = text[text.index(f'action="{within}') :]
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found is not None, name
    return unescape(found[1])


def decision(page: httpx.Response, verdict: str, **more: str) -> dict[str, str]:
    """The fields of the decision that the page of a case would send."""
    names = ("form_token", "case_id", "version", "next")
    return {name: field(page, name, within="/console/queue/decide") for name in names} | {"verdict": verdict, **more}
