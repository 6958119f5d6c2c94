"""Pages in Debian's Chromium, from a real server process: every page of every test must keep its own policy and log no error."""

import os
import shutil
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from asyncpg import Record
from playwright.async_api import Browser, async_playwright

from feed.keys.store import open_keys
from tests.browser.support import HANG_MS, Person, Visitor, make_person, new_visitor, session_of
from tests.support.api_process import Server, environment_of
from tests.support.ports import free_port
from tests.support.waiting import HANG_SECONDS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
_phones = count(13_900_000_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM or os.environ.get("CI"):
        # In CI a missing browser is an error, not a reason to skip.
        return
    for item in items:
        if "/tests/browser/" in str(item.path):
            item.add_marker(pytest.mark.skip(reason="Chromium is not installed (Debian: apt-get install chromium)"))


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for all tests of a process; each visitor has a profile of its own."""
    assert CHROMIUM, "Chromium is not installed (Debian: apt-get install chromium)"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=HANG_MS)
        yield browser
        await browser.close()


class Site:
    """A running server, people, and their browsers."""

    def __init__(
        self, url: str, browser: Browser, pool: "asyncpg.Pool[Record]", keys_dir: Path, newspaper: int
    ) -> None:
        self.url = url
        # The port of the only site, http://localhost, whose pages may frame the block.
        self.newspaper = newspaper
        self.pool = pool
        self.keys = open_keys(keys_dir, create=False)
        self.api = httpx.AsyncClient(base_url=url, trust_env=False, timeout=HANG_SECONDS)
        self.visitors: list[Visitor] = []
        self._browser = browser

    async def person(self, name: str, *, roles: tuple[str, ...] = ()) -> Person:
        """A user with a verified phone."""
        return await make_person(self.api, self.keys, name, f"+86{next(_phones)}", roles)

    async def call(self, person: Person, method: str, path: str, json: Any = None) -> Any:
        """Calls the API as the person, which must succeed."""
        headers = {"authorization": f"Bearer {person.token}"}
        answer = await self.api.request(method, path, json=json, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def visit(self, person: Person | None = None, **more: Any) -> Visitor:
        """A browser, signed in as the person or not; `viewport=PHONE`, `color_scheme="dark"`, `java_script_enabled=False`, …"""
        secret = None if person is None else await session_of(self.pool, person)
        visitor = await new_visitor(self._browser, self.url, secret=secret, **more)
        self.visitors.append(visitor)
        return visitor


@pytest.fixture
async def site(
    chromium: Browser, database: str, pool: "asyncpg.Pool[Record]", redis_url: str, tmp_path: Path
) -> AsyncIterator[Site]:
    """A server process of this test alone, and browsers. At the end no page may have logged an error or broken its policy."""
    port, newspaper = free_port(), free_port()
    environ = environment_of(database, redis_url, tmp_path) | {
        "FEED_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "FEED_SMS_OUTBOX": str(tmp_path / "outbox.jsonl"),
        "FEED_EMBED_SITES": f"http://localhost:{newspaper}",
    }
    server = Server(environ, port)
    server.log = tmp_path / "server.log"
    await server.start()
    opened = Site(server.url, chromium, pool, tmp_path / "keys", newspaper)
    try:
        yield opened
        for visitor in opened.visitors:
            await visitor.check()
    finally:
        for visitor in opened.visitors:
            await visitor.context.close()
        await opened.api.aclose()
        await server.kill()
        # Shown with a failure only.
        print(server.log.read_text())
