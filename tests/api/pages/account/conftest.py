"""A browser, and people who are signed in with it."""

from collections.abc import Awaitable, Callable

import pytest

from feed.api.state import AppState
from tests.support.api import Person
from tests.support.pages import BrowserClient


@pytest.fixture
def browser(app_state: AppState) -> BrowserClient:
    """A browser that is not signed in."""
    return BrowserClient(app_state)


Visit = Callable[..., Awaitable[BrowserClient]]


@pytest.fixture
def visit(app_state: AppState) -> Visit:
    """`await visit(person)`: a browser that is signed in as the person."""

    async def signed_in(person: Person) -> BrowserClient:
        opened = BrowserClient(app_state)
        await opened.sign_in_as(int((await person("GET", "/me")).json()["id"]))
        return opened

    return signed_in
