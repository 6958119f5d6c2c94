"""Where an account is signed in, and signing a device out: its tokens end soon, also in processes that have cached them."""

from typing import Any

import httpx
import pytest

from feed.accounts import authentication
from feed.accounts.devices import device_of
from feed.api.state import AppState
from feed.auth.tokens import issue_token
from tests.support.api import Join, Person
from tests.support.sms import newest_code

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/130 Mobile Safari/537.36"
PHONE = "+8613900003333"


async def sign_in(client: httpx.AsyncClient, app_state: AppState, agent: str, phone: str = PHONE) -> dict[str, Any]:
    await app_state.pool.execute("DELETE FROM sign_in_codes")
    assert (await client.post("/auth/codes", json={"phone": phone})).status_code == 202
    body = {"phone": phone, "code": await newest_code(app_state.pool, app_state.keys)}
    answer = await client.post("/auth/tokens", json=body, headers={"user-agent": agent})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def sessions(person: Person) -> list[tuple[str, bool]]:
    items = (await person("GET", "/me/sessions")).json()["items"]
    return [(each["device"], each["current"]) for each in items]


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request waits for the read of what has ended, as the first one after a pause does."""
    monkeypatch.setattr(authentication, "_ENDED_MAX_AGE_SECONDS", 0.0)
    monkeypatch.setattr(authentication, "_ENDED_LONGEST_AGE_SECONDS", 0.0)


@pytest.mark.usefixtures("no_waiting")
async def test_a_device_is_listed_and_signed_out(client: httpx.AsyncClient, app_state: AppState) -> None:
    first, second = [await sign_in(client, app_state, agent) for agent in (IPHONE, ANDROID)]
    phone, tablet = Person(client, first["access_token"]), Person(client, second["access_token"])
    assert await sessions(phone) == [("android", False), ("iphone", True)]
    assert await sessions(tablet) == [("android", True), ("iphone", False)]
    page = (await phone("GET", "/me/sessions?limit=1")).json()
    rest = (await phone("GET", "/me/sessions", params={"limit": 1, "cursor": page["next_cursor"]})).json()
    ended = page["items"][0]["id"]
    assert [each["device"] for each in rest["items"]] == ["iphone"]

    for _ in range(2):
        assert (await phone("DELETE", f"/me/sessions/{ended}")).status_code == 204
    assert await sessions(phone) == [("iphone", True)]
    # The cached access token and the refresh token of the device end; a process that has not cached the token rejects it too.
    assert (await tablet("GET", "/me")).json()["code"] == "token_invalid"
    app_state.authenticator._viewers.drop(lambda _: True)
    assert (await tablet("GET", "/me")).json()["code"] == "token_invalid"
    refused = await client.post("/auth/refresh", json={"refresh_token": second["refresh_token"]})
    assert refused.json()["code"] == "refresh_refused"
    assert (await phone("GET", "/me")).status_code == 200


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("everywhere", [False, True])
async def test_signing_out_ends_access_tokens(client: httpx.AsyncClient, app_state: AppState, everywhere: bool) -> None:
    first, second = [await sign_in(client, app_state, agent) for agent in (IPHONE, ANDROID)]
    people = [Person(client, tokens["access_token"]) for tokens in (first, second)]
    for person in people:
        assert (await person("GET", "/me")).status_code == 200
    path = f"/auth/tokens?everywhere={str(everywhere).lower()}"
    assert (await client.request("DELETE", path, json={"refresh_token": first["refresh_token"]})).status_code == 204
    assert [(await person("GET", "/me")).status_code for person in people] == [401, 401 if everywhere else 200]


async def test_a_renewed_token_belongs_to_the_same_session(client: httpx.AsyncClient, app_state: AppState) -> None:
    tokens = await sign_in(client, app_state, IPHONE)
    renewed = await client.post(
        "/auth/refresh", json={"refresh_token": tokens["refresh_token"]}, headers={"user-agent": ANDROID}
    )
    person = Person(client, renewed.json()["access_token"])
    assert await sessions(person) == [("android", True)]


async def test_a_session_of_another_account_is_not_found(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    await sign_in(client, app_state, IPHONE)
    family = await app_state.pool.fetchval("SELECT family FROM sign_ins")
    stranger = join("别人")
    for session_id in (str(family), "1", "x", "9" * 30):
        answer = await stranger("DELETE", f"/me/sessions/{session_id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "session_not_found")
    assert await sessions(stranger) == []
    assert await app_state.pool.fetchval("SELECT ended_at FROM sign_ins") is None


@pytest.mark.parametrize("session", [1, 10**25])
async def test_a_token_of_an_unknown_session_is_invalid(
    client: httpx.AsyncClient, app_state: AppState, session: int
) -> None:
    person = Person(client, issue_token(app_state.keys.token_key, sub="test:x", name="甲", session=session))
    answer = await person("GET", "/me")
    assert (answer.status_code, answer.json().get("code")) == ((401, "token_invalid") if session == 1 else (200, None))


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (IPHONE, "iphone"),
        (ANDROID, "android"),
        ("Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 ArkWeb/4.1.6.1 Mobile", "harmony"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130", "windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605", "mac"),
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/132", "linux"),
        ("axios/1.7", "other"),
        ("", "other"),
        (None, "other"),
    ],
)
def test_only_the_kind_of_a_device_is_kept(agent: str | None, device: str) -> None:
    assert device_of(agent) == device
