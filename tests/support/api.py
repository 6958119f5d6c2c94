"""The application over real servers, called in the test's own event loop."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from asyncpg import Record
from redis.asyncio import Redis

from feed.api.state import AppState, build_app_state, close_app_state
from feed.auth.tokens import issue_token
from feed.keys.store import Keys, open_keys
from feed.settings import Settings
from feed.storage.local import LocalStorage
from feed.storage.opening import open_storage
from tests.support.app import app_over
from tests.support.documented import Contract, must_be_documented

_phones = count(13_800_000_000)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return open_keys(tmp_path / "keys", create=True)


HOOK_SECRET = "a secret that the app and we have, for tests"


@pytest.fixture
def settings(database: str, redis_url: str, tmp_path: Path) -> Settings:
    return Settings(
        database_url=database,
        redis_url=redis_url,
        keys_dir=tmp_path / "keys",
        sms_outbox=tmp_path / "outbox.jsonl",
        media_store=str(tmp_path / "media"),
        account_hook_secret=HOOK_SECRET,
        limits="off",
        # So that the roles in the tokens of `join` count.
        embedded=True,
    )


@pytest.fixture
def storage(settings: Settings, keys: Keys) -> LocalStorage:
    """The folder in which the application keeps media."""
    opened = open_storage(settings, keys.cursor_key)
    assert isinstance(opened, LocalStorage)
    return opened


@pytest.fixture
async def app_state(
    settings: Settings, pool: "asyncpg.Pool[Record]", redis: Redis, keys: Keys
) -> AsyncIterator[AppState]:
    assembled = build_app_state(settings, pool, redis, keys)
    # Before the tasks start: it stops the event loop, and statements that wait meanwhile would exceed their time.
    await _contract_of(assembled)
    assembled.projector.start()
    assembled.invalidation.start()
    yield assembled
    await close_app_state(assembled)


_contracts: list[Contract] = []


async def _contract_of(app_state: AppState) -> Contract:
    """What the application promises, which is built if no earlier test has done so: a second of processor time."""
    app = app_over(app_state)
    if not _contracts:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://feed.test") as opened:
            # On a busy machine it takes longer than a request may; it is being built meanwhile.
            while (answer := await opened.get("/openapi.json")).status_code == 503:
                pass
            _contracts.append(Contract(answer.json()))
    return _contracts[0]


@pytest.fixture
async def client(app_state: AppState) -> AsyncIterator[httpx.AsyncClient]:
    """Calls the application; every answer of every test has to be one that the served document promises."""
    contract = await _contract_of(app_state)
    transport = httpx.ASGITransport(app=app_over(app_state), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1") as opened:
        opened.event_hooks = {"response": [partial(must_be_documented, contract)]}
        yield opened


class Person:
    """A user with a token, who calls the API."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self.headers = {"authorization": f"Bearer {token}"}

    async def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        headers = self.headers | more.pop("headers", {})
        if json is not None:
            more["json"] = json
        return await self._client.request(method, path, headers=headers, **more)


Join = Callable[..., Person]


@pytest.fixture
def join(client: httpx.AsyncClient, keys: Keys) -> Join:
    """`join("小明", roles=("editor",), phone=None)`: a person with a verified phone of his own unless told otherwise."""

    def joined(name: str, *, roles: tuple[str, ...] = (), phone: str | None = "new") -> Person:
        number = f"+86{next(_phones)}" if phone == "new" else phone
        return Person(client, issue_token(keys.token_key, sub=f"test:{name}", name=name, phone=number, roles=roles))

    return joined
