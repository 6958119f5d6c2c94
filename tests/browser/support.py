"""People with a browser: a profile each, signed in or not, whose every page is watched."""

from collections.abc import Awaitable, Sequence
from typing import Any, NamedTuple

import httpx
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, expect

from feed.accounts import web_sessions
from feed.accounts.known_device import SignInClient
from feed.accounts.model import AccountId
from feed.auth.tokens import issue_token
from feed.keys.store import Keys
from feed.postgres import Pool
from tests.support.waiting import HANG_SECONDS

PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}

# On a busy machine a page takes its time.
HANG_MS = HANG_SECONDS * 1000
expect.set_options(timeout=HANG_MS)

# Reported to the page itself, as `report-to` would need HTTPS.
_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(
  `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


class Person(NamedTuple):
    """A user: the account, and the token for calls of the API that prepare a test."""

    account_id: int
    token: str


class Visitor:
    """One browser profile. `errors` collects what pages logged, threw, and what their policy stopped."""

    def __init__(self, context: BrowserContext, page: Page, base_url: str) -> None:
        self.context = context
        self.page = page
        self.base_url = base_url
        self.errors: list[str] = []
        # Expected ones: a test that provokes a status adds its text, for instance "403".
        self.allowed: list[str] = []
        self.watch(page)

    def watch(self, page: Page) -> None:
        """Collects the errors of another page of the profile, too."""
        page.on("pageerror", lambda error: self.errors.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda message: self.errors.append(f"{page.url}: {message.text}") if message.type == "error" else None,
        )

    async def open(self, path: str) -> Page:
        """Opens a path and waits for the page."""
        await self.page.goto(f"{self.base_url}{path}")
        return self.page

    async def check(self) -> None:
        """Fails for every error and violation that no test expects."""
        found = list(self.errors)
        for page in self.context.pages:
            if not page.is_closed() and page.url.startswith(self.base_url):
                found += [f"{page.url}: {each}" for each in await page.evaluate("window.violations ?? []")]
        unexpected = [each for each in found if not any(word in each for word in self.allowed)]
        assert unexpected == [], unexpected


async def follow(page: Page, act: Awaitable[None]) -> None:
    """Does what leads to another address, and waits for the page there: until then keys, and what is read, are those of the old one.

    When it has loaded its scripts have run, as they are modules.
    """
    before = page.url
    await act
    await page.wait_for_url(lambda url: url != before)


async def new_visitor(
    browser: Browser, base_url: str, *, viewport: ViewportSize = DESKTOP, secret: str | None = None, **more: Any
) -> Visitor:
    """A profile of its own; `secret` is that of a session."""
    context = await browser.new_context(viewport=viewport, locale=more.pop("locale", "zh-CN"), **more)
    context.set_default_timeout(HANG_MS)
    await context.add_init_script(_WATCH)
    if secret is not None:
        await context.add_cookies([{"name": "feed_session", "value": secret, "url": base_url}])
    return Visitor(context, await context.new_page(), base_url)


async def make_person(
    api: httpx.AsyncClient, keys: Keys, name: str, phone: str | None, roles: Sequence[str] = ()
) -> Person:
    """A user with a verified phone, and roles that count in embedded mode."""
    token = issue_token(keys.token_key, sub=f"test:{name}", name=name, phone=phone, roles=tuple(roles))
    answer = await api.get("/v1/me", headers={"authorization": f"Bearer {token}"})
    return Person(int(answer.raise_for_status().json()["id"]), token)


async def session_of(pool: Pool, person: Person) -> str:
    """The secret of a new browser session of the person."""
    ticket = await web_sessions.issue_ticket(pool, AccountId(person.account_id), "/")
    secret, _ = await web_sessions.exchange_ticket(pool, ticket, SignInClient())
    return secret


async def axe_problems(page: Page) -> list[str]:
    """The serious and critical findings of axe-core on a page."""
    found = await Axe().run(page)
    return [
        f"{each['id']}: {each['help']} {[node['target'] for node in each['nodes']][:5]}"
        for each in found.response["violations"]
        if each["impact"] in ("serious", "critical")
    ]
