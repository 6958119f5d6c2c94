"""Authentication: missing, forged and expired tokens."""

import httpx
import pytest

from feed.auth.tokens import issue_token
from feed.keys.store import Keys
from tests.support.api import Join


async def test_reading_needs_no_token_and_writing_does(client: httpx.AsyncClient) -> None:
    assert (await client.get("/feeds/latest")).status_code == 200
    answer = await client.post("/posts", json={"text": "你好"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Bearer x", "Bearer a.b.c", "Basic eDp5", "Bearer", "Bearer  "])
async def test_a_forged_token_is_refused_also_on_public_reads(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.get("/feeds/latest", headers={"authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


async def test_a_token_of_another_key_is_refused(client: httpx.AsyncClient) -> None:
    forged = issue_token(b"another key of thirty-two bytes!", sub="test:x", name="x")
    answer = await client.get("/feeds/latest", headers={"authorization": f"Bearer {forged}"})
    assert answer.json()["code"] == "token_invalid"


async def test_an_expired_token_has_its_own_code(client: httpx.AsyncClient, keys: Keys) -> None:
    old = issue_token(keys.token_key, sub="test:x", name="x", seconds=-1)
    answer = await client.get("/feeds/latest", headers={"authorization": f"Bearer {old}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")


async def test_two_accounts_of_one_phone_are_one_person(client: httpx.AsyncClient, join: Join, app_state) -> None:  # type: ignore[no-untyped-def]
    for name in ("甲", "乙"):
        assert (await join(name, phone="+8613900000000")("POST", "/posts", {"text": "你好"})).status_code == 201
    assert await app_state.pool.fetchval("SELECT count(DISTINCT person) FROM accounts") == 1
    assert await app_state.pool.fetchval("SELECT count(*) FROM accounts") == 2
