"""Editors with a browser."""

from collections.abc import Awaitable, Callable

import pytest

from feed.accounts.model import Role
from feed.api.state import AppState
from tests.support import make
from tests.support.pages import BrowserClient

Staff = Callable[..., Awaitable[BrowserClient]]


@pytest.fixture
def staff(app_state: AppState) -> Staff:
    """`await staff("钱编辑", role="editor")`: the browser of a new person with this role and name."""

    async def made(name: str, *, role: Role | None = "editor") -> BrowserClient:
        account_id = await make.person(app_state.pool, role=role)
        await app_state.pool.execute("UPDATE accounts SET name = $2 WHERE id = $1", account_id, name)
        opened = BrowserClient(app_state)
        await opened.sign_in_as(account_id)
        return opened

    return made
