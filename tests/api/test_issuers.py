"""Requests with tokens of the app's issuer."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from feed.api.state import AppState
from feed.settings import Settings
from tests.support.api import Join, Person
from tests.support.issuer import AUDIENCE, NAME, Issuer, issuing


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing("RSA") as running:
        yield running


@pytest.fixture
def settings(settings: Settings, issuer: Issuer) -> Settings:
    return msgspec.structs.replace(settings, jwks_url=issuer.url, jwt_issuer=NAME, jwt_audience=AUDIENCE)


async def test_a_token_of_the_app_makes_an_account_at_its_first_request(
    client: httpx.AsyncClient, issuer: Issuer, app_state: AppState
) -> None:
    phone_claims: dict[str, Any] = {"phone_number": "+8613800138000", "phone_number_verified": True}
    me = (await Person(client, issuer.token("u1", **phone_claims))("GET", "/me")).json()
    assert (me["name"], me["verified"], me["phone_masked"], me["roles"]) == ("小明", True, "138****8000", [])
    again = (await Person(client, issuer.token("u1", name="别名", iat=1))("GET", "/me")).json()
    assert (again["id"], again["name"]) == (me["id"], "小明")
    row = await app_state.pool.fetchrow("SELECT iss, sub FROM accounts")
    assert tuple(row or ()) == (NAME, "u1")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\u202e明小\n已中奖", "明小 已中奖"),
        ("\u3164", "读者"),
        ("a" + "\u0301\u0316" * 800, "á" + "\u0316" * 19),
        ("很" * 900, "很" * 20),
        (None, "读者"),
        (7, "读者"),
    ],
)
async def test_a_name_in_a_token_is_made_to_fit(
    client: httpx.AsyncClient, issuer: Issuer, name: str | int | None, shown: str
) -> None:
    person = Person(client, issuer.token("u1", name=name))
    answer = await person("GET", "/me")
    assert (answer.status_code, answer.json()["name"]) == (200, shown)


@pytest.mark.parametrize("sub", ["\U00031350", "a\u3000b", "\U0001fabf", "用户 1"])
async def test_a_subject_may_have_any_character_except_controls(
    client: httpx.AsyncClient, issuer: Issuer, sub: str
) -> None:
    assert (await Person(client, issuer.token(sub))("GET", "/me")).status_code == 200


async def test_the_same_sub_of_our_own_issuer_is_another_account(
    client: httpx.AsyncClient, issuer: Issuer, join: Join
) -> None:
    theirs = (await Person(client, issuer.token("test:甲"))("GET", "/me")).json()
    assert (await join("甲")("GET", "/me")).json()["id"] != theirs["id"]


async def test_a_role_in_a_token_of_the_app_grants_nothing(client: httpx.AsyncClient, issuer: Issuer) -> None:
    boss = Person(client, issuer.token("u1", roles=["admin", "editor"]))
    assert (await boss("GET", "/me")).json()["roles"] == []
    assert (await boss("GET", "/admin/campaigns")).status_code == 403


async def test_an_invalid_phone_verifies_no_person_and_does_not_prevent_sign_in(
    client: httpx.AsyncClient, issuer: Issuer
) -> None:
    for number, phone in enumerate(("0755-12345678", "垃圾", "+8613800138000")):
        token = issuer.token(f"u{number}", phone_number=phone, phone_number_verified=number < 2)
        assert (await Person(client, token)("GET", "/me")).json()["verified"] is False


async def test_a_public_read_rejects_a_token_of_an_unknown_issuer(client: httpx.AsyncClient, issuer: Issuer) -> None:
    async with issuing("RSA", name="https://other.example") as other:
        for token in (other.token(), issuer.token(key=other.keys["k1"]), issuer.token(aud="others")):
            answer = await Person(client, token)("GET", "/feeds/latest")
            assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
        answer = await Person(client, issuer.token(exp=1))("GET", "/feeds/latest")
        assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")


async def test_unreachable_keys_are_a_server_error(client: httpx.AsyncClient, issuer: Issuer) -> None:
    await issuer.stop()
    answer = await Person(client, issuer.token())("GET", "/feeds/latest")
    assert (answer.status_code, answer.json()["code"]) == (503, "issuer_away")
    assert int(answer.headers["retry-after"]) >= 1
    assert (await client.get("/feeds/latest")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/auth/codes", {"phone": "13800138000"}),
        ("POST", "/auth/tokens", {"phone": "13800138000", "code": "123456"}),
        ("POST", "/auth/refresh", {"refresh_token": "x"}),
        ("GET", "/auth/challenge", None),
    ],
)
async def test_sign_in_with_a_code_does_not_exist_with_an_app_issuer(
    client: httpx.AsyncClient, method: str, path: str, body: object
) -> None:
    answer = await client.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "sign_in_elsewhere")


class TestNamedClaim:
    """With FEED_ROLES_CLAIM."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, roles_claim="community_roles")

    async def test_its_roles_count_and_end_with_the_token_that_has_them_no_longer(
        self, client: httpx.AsyncClient, issuer: Issuer, app_state: AppState
    ) -> None:
        boss = Person(client, issuer.token("u1", community_roles=["editor", "emperor"], roles=["admin"]))
        assert (await boss("GET", "/me")).json()["roles"] == ["editor"]
        assert (await boss("GET", "/admin/campaigns")).status_code == 200
        await app_state.pool.execute("INSERT INTO staff_rights (account_id, role) SELECT id, 'reviewer' FROM accounts")

        later = Person(client, issuer.token("u1", community_roles=[]))
        assert (await later("GET", "/me")).json()["roles"] == ["reviewer"]
        assert (await boss("GET", "/admin/campaigns")).status_code == 403
        rights = await app_state.pool.fetch("SELECT role, revoked_at IS NULL AS held FROM staff_rights ORDER BY id")
        assert [tuple(right) for right in rights] == [("editor", False), ("reviewer", True)]
