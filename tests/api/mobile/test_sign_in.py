"""Endpoints of the sign-in by phone: limits on codes and attempts, challenges, and no disclosure of known phones."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import altcha
import httpx
import msgspec
import pytest
import structlog

from feed.accounts import otp_guard, otp_quotas
from feed.api.state import AppState
from feed.observability.logging import configure
from feed.redis import connect
from feed.settings import Settings
from feed.sms.actions import open_recipient
from feed.sms.file_provider import FileProvider
from feed.sms.model import MessageId, SendAttempt
from feed.worker.sms import send_message
from feed.worker.state import WorkerState
from tests.support.app import app_over
from tests.support.logs import log_plainly

PHONE = "13800138000"
PER_TEN_MINUTES, PER_DAY = otp_quotas.IPV4_QUOTAS[0].per_ten_minutes, otp_quotas.IPV4_QUOTAS[0].per_day


def key_of(app_state: AppState) -> str:
    """The Redis key of the client's address."""
    return otp_quotas.client_networks(app_state.keys, "127.0.0.1")[0].key


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """In embedded mode, quotas by address do not apply to this machine."""
    return msgspec.structs.replace(settings, embedded=False)


@pytest.fixture(autouse=True)
def _easy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otp_guard, "_COST", 1)


@asynccontextmanager
async def client_at(app_state: AppState, address: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app_over(app_state), client=(address, 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1") as opened:
        yield opened


async def solved(client: httpx.AsyncClient, **changed: Any) -> str:
    """A solved challenge in the encoding of a browser."""
    challenge = altcha.Challenge.from_dict((await client.get("/auth/challenge")).json())
    solution = altcha.solve_challenge(challenge)
    assert solution is not None
    payload = {"challenge": challenge.to_dict(), "solution": solution.to_dict()} | changed
    return base64.b64encode(json.dumps(payload).encode()).decode()


async def ask(
    client: httpx.AsyncClient, phone: str = PHONE, *, solve: bool = True, forwarded: str = ""
) -> httpx.Response:
    challenge = await solved(client) if solve else None
    return await client.post(
        "/auth/codes",
        json={"phone": phone, "challenge": challenge},
        headers={"x-forwarded-for": forwarded} if forwarded else {},
    )


async def newest_code(app_state: AppState) -> str:
    row = await app_state.pool.fetchrow(
        "SELECT id, purpose, once_key, sealed, created_at AS sending_at FROM messages ORDER BY id DESC LIMIT 1"
    )
    recipient = open_recipient(app_state.keys, msgspec.convert(row, SendAttempt))
    assert recipient is not None
    return recipient.params["code"]


async def sign_in(client: httpx.AsyncClient, app_state: AppState, phone: str = PHONE) -> dict[str, Any]:
    assert (await ask(client, phone)).status_code == 202
    answer = await client.post("/auth/tokens", json={"phone": phone, "code": await newest_code(app_state)})
    assert answer.status_code == 200
    tokens: dict[str, Any] = answer.json()
    return tokens


async def test_a_second_use_of_a_refresh_token_revokes_the_sign_in(
    client: httpx.AsyncClient, app_state: AppState
) -> None:
    async def refresh(token: str) -> httpx.Response:
        return await client.post("/auth/refresh", json={"refresh_token": token})

    stolen = (await sign_in(client, app_state))["refresh_token"]
    elsewhere = (await sign_in(client, app_state))["refresh_token"]
    attacker = (await refresh(stolen)).json()["refresh_token"]
    # The owner uses the token that the attacker has used before.
    await app_state.pool.execute("UPDATE refresh_tokens SET used_at = used_at - interval '61 seconds'")
    for token in (stolen, attacker, stolen):
        answer = await refresh(token)
        assert (answer.status_code, answer.json()["code"]) == (401, "refresh_refused")
    assert (await refresh(elsewhere)).status_code == 200


async def test_a_repeated_refresh_gets_the_same_successor(client: httpx.AsyncClient, app_state: AppState) -> None:
    first = await sign_in(client, app_state)
    answers = [await client.post("/auth/refresh", json={"refresh_token": first["refresh_token"]}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    for answer in answers:
        headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
        assert (await client.get("/me", headers=headers)).status_code == 200


async def test_signing_out_ends_the_sign_in(client: httpx.AsyncClient, app_state: AppState) -> None:
    async def sign_out(token: str, query: str = "") -> int:
        answer = await client.request("DELETE", f"/auth/tokens{query}", json={"refresh_token": token})
        assert answer.content == b""
        return answer.status_code

    async def refresh(token: str) -> int:
        return (await client.post("/auth/refresh", json={"refresh_token": token})).status_code

    here, there, third = [(await sign_in(client, app_state))["refresh_token"] for _ in range(3)]
    assert [await sign_out(here), await sign_out(here), await sign_out("unknown"), await sign_out("")] == [204] * 4
    assert await refresh(here) == 401
    assert await sign_out(there, "?everywhere=true") == 204
    assert [await refresh(there), await refresh(third)] == [401, 401]
    answer = await client.request("DELETE", "/auth/tokens")
    assert answer.status_code in (400, 422)


async def test_guesses_are_limited_per_code_and_codes_per_phone(client: httpx.AsyncClient, app_state: AppState) -> None:
    guesses = 0
    for _ in range(20):
        answer = await ask(client)
        if answer.status_code != 202:
            break
        right = await newest_code(app_state)
        for number in range(5):
            wrong = f"{(int(right) + 1 + number) % 1_000_000:06d}"
            answer = await client.post("/auth/tokens", json={"phone": PHONE, "code": wrong})
            assert (answer.status_code, answer.json()["code"]) == (401, "code_refused")
            guesses += 1
        answer = await client.post("/auth/tokens", json={"phone": PHONE, "code": right})
        assert (answer.status_code, answer.json()["code"]) == (401, "code_refused")
    assert guesses == 25
    answer = await ask(client)
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 0


async def test_responses_do_not_disclose_whether_a_phone_is_known(
    client: httpx.AsyncClient, app_state: AppState
) -> None:
    await sign_in(client, app_state, "13800138000")
    known, unknown = "13800138000", "13900139000"
    await app_state.pool.execute("DELETE FROM sign_in_codes")

    def visible(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
        return answer.status_code, answer.content, dict(answer.headers)

    # From different addresses, because the limit per address shows in the response and is independent of the phone.
    seen = []
    for phone, address in ((known, "203.0.113.1"), (unknown, "203.0.113.2")):
        async with client_at(app_state, address) as other:
            seen.append([visible(await ask(other, phone, solve=solve)) for solve in (False, False, False, True)])
    assert seen[0] == seen[1]
    assert [status for status, *_ in seen[0]] == [202, 202, 403, 202]
    for code in ("", "abcdef", "000000000"):
        answers = [
            await client.post("/auth/tokens", json={"phone": phone, "code": code})
            for phone in (known, unknown, "13700137000")
        ]
        assert len({str(visible(answer)) for answer in answers}) == 1


async def test_no_code_and_no_phone_is_in_any_log(
    client: httpx.AsyncClient,
    app_state: AppState,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    configure("json", level=logging.DEBUG)
    root.addHandler(caplog.handler)
    try:
        with structlog.testing.capture_logs() as events:
            assert (await ask(client)).status_code == 202
        code = await newest_code(app_state)
        message_id = MessageId(await app_state.pool.fetchval("SELECT id FROM messages"))
        worker = WorkerState(
            app_state.pool, app_state.redis, app_state.keys, FileProvider(tmp_path / "outbox.jsonl"), None
        )
        assert await send_message(worker, message_id) is None
        await client.post("/auth/tokens", json={"phone": PHONE, "code": f"{(int(code) + 1) % 1_000_000:06d}"})
        await client.post("/auth/tokens", json={"phone": PHONE, "code": code})
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        log_plainly()
    assert code in (tmp_path / "outbox.jsonl").read_text()
    printed = capsys.readouterr()
    output = printed.out + printed.err + caplog.text + str(events)
    assert "message sent" in output
    assert code not in output
    assert PHONE not in output


async def test_the_third_code_for_a_phone_needs_a_challenge(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        assert (await ask(client, solve=False)).status_code == 202
    answer = await ask(client, solve=False)
    assert (answer.status_code, answer.json()["code"]) == (403, "challenge_required")
    assert (await ask(client)).status_code == 202


async def test_the_fifth_code_for_an_address_needs_a_challenge(client: httpx.AsyncClient, app_state: AppState) -> None:
    for number in range(4):
        assert (await ask(client, f"1380013800{number}", solve=False)).status_code == 202
    answer = await ask(client, "13800138009", solve=False)
    assert (answer.status_code, answer.json()["code"]) == (403, "challenge_required")
    async with client_at(app_state, "203.0.113.9") as other:
        assert (await ask(other, "13800138009", solve=False)).status_code == 202


async def test_a_challenge_is_accepted_once_with_any_solution(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        await ask(client, solve=False)
    payload = await solved(client)
    content = json.loads(base64.b64decode(payload))
    challenge = altcha.Challenge.from_dict(content["challenge"])
    other = altcha.solve_challenge(challenge, counter_start=content["solution"]["counter"] + 1)
    assert other is not None
    another = base64.b64encode(json.dumps(content | {"solution": other.to_dict()}).encode()).decode()
    assert another != payload
    answers = [
        await client.post("/auth/codes", json={"phone": PHONE, "challenge": each})
        for each in (payload, payload, another)
    ]
    assert [answer.status_code for answer in answers] == [202, 403, 403]
    assert answers[1].json()["code"] == "challenge_refused"


async def test_an_unsolved_foreign_or_expired_challenge_is_rejected(
    client: httpx.AsyncClient, app_state: AppState, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        await ask(client, solve=False)
    good = json.loads(base64.b64decode(await solved(client)))
    easier = good | {
        "challenge": good["challenge"] | {"parameters": good["challenge"]["parameters"] | {"keyPrefix": ""}}
    }
    foreign = altcha.create_challenge("PBKDF2/SHA-256", 1, hmac_secret=b"another" * 5, expires_at=9_999_999_999)
    unsolved = good | {
        "solution": good["solution"] | {"counter": good["solution"]["counter"] + 1, "derivedKey": "00" * 32}
    }
    monkeypatch.setattr(otp_guard, "CHALLENGE_SECONDS", -5)
    expired = await solved(client)
    wrong: list[Any] = [easier, unsolved, good | {"challenge": foreign.to_dict()}, [], 1]
    tried = [base64.b64encode(json.dumps(each).encode()).decode() for each in wrong]
    for payload in (*tried, expired, "x", "e30=", "é", "A" * 10_000):
        answer = await client.post("/auth/codes", json={"phone": PHONE, "challenge": payload})
        assert (answer.status_code, answer.json()["code"]) == (403, "challenge_refused")


async def test_codes_are_limited_per_address(client: httpx.AsyncClient, app_state: AppState) -> None:
    for number in range(PER_TEN_MINUTES):
        assert (await ask(client, f"138001380{number:02d}")).status_code == 202
    answer = await ask(client, "13800138099")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 590 <= int(answer.headers["retry-after"]) <= 600
    # Without trusted proxies the forwarded address is ignored.
    assert (await ask(client, "13800138099", forwarded="198.51.100.7")).status_code == 429
    async with client_at(app_state, "2001:db8::1") as other:
        assert (await ask(other, "13800138099")).status_code == 202


async def test_an_ipv6_64_network_counts_as_one_address(app_state: AppState) -> None:
    for number in range(PER_TEN_MINUTES):
        async with client_at(app_state, f"2001:db8:1:2::{number + 1:x}") as one:
            assert (await ask(one, f"138001380{number:02d}")).status_code == 202
    async with client_at(app_state, "2001:db8:1:2:aaaa::1") as same:
        assert (await ask(same, "13800138099")).status_code == 429
    async with client_at(app_state, "2001:db8:1:3::1") as neighbour:
        assert (await ask(neighbour, "13800138099")).status_code == 202


async def test_codes_are_limited_per_address_and_day(client: httpx.AsyncClient, app_state: AppState) -> None:
    key = key_of(app_state)
    seconds, _ = await app_state.redis.time()
    hours_ago = (seconds - 5 * 3600) * 1000
    await app_state.redis.zadd(key, {f"old {number}": hours_ago for number in range(PER_DAY)})
    answer = await ask(client)
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert timedelta(hours=18) < timedelta(seconds=int(answer.headers["retry-after"])) <= timedelta(hours=19)


class TestNetworks:
    """An attacker has a network, not an address."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(
            settings, sign_in_codes_per_day=120, sign_in_challenge="never", trusted_proxies=1
        )

    @pytest.mark.parametrize(
        ("same", "neighbour"),
        [
            ([f"2001:db8:7:{n:x}::1" for n in range(256)], "2001:db8:8::1"),
            ([f"2001:db8:7:{n << 8:x}::1" for n in range(256)], "2001:db8:8::1"),
            ([f"198.51.100.{n}" for n in range(256)], "198.51.101.1"),
            ([f"::ffff:198.51.100.{n}" for n in range(256)], "198.51.101.1"),
        ],
        ids=["a /56 of IPv6", "a /48 of IPv6", "a /24 of IPv4", "a mapped /24 of IPv4"],
    )
    async def test_a_network_gets_a_part_of_the_codes_of_the_site_only(
        self, client: httpx.AsyncClient, app_state: AppState, same: list[str], neighbour: str
    ) -> None:
        async def request(number: int, address: str) -> httpx.Response:
            phone = f"138{number:08d}"
            return await ask(client, phone, solve=False, forwarded=address)

        answers = [await request(number, address) for number, address in enumerate(same[:40])]
        assert [answer.status_code for answer in answers] == [202] * 30 + [429] * 10
        assert 0 < int(answers[-1].headers["retry-after"]) <= 86_400
        assert (await request(99, neighbour)).status_code == 202

    async def test_two_workers_count_together(self, app_state: AppState, database: str, redis_url: str) -> None:
        other = msgspec.structs.replace(app_state, redis=connect(redis_url))
        async with client_at(app_state, "198.51.100.1") as one, client_at(other, "198.51.100.1") as two:
            answers = await asyncio.gather(
                *(
                    ask(worker, f"138{number:08d}", solve=False, forwarded=f"2001:db8:7:{number:x}::1")
                    for number in range(20)
                    for worker in (one, two)
                )
            )
        await other.redis.aclose()
        sent = await app_state.pool.fetchval("SELECT count(*) FROM messages")
        assert sent == [answer.status_code for answer in answers].count(202) == 30

    async def test_what_the_quota_of_a_number_rejects_counts_for_nobody(
        self, client: httpx.AsyncClient, app_state: AppState
    ) -> None:
        answers = [await ask(client, solve=False, forwarded=f"198.51.{n}.1") for n in range(20)]
        assert [answer.status_code for answer in answers].count(202) == 5
        assert await app_state.redis.get("feed:{codes}:site") == b"5"


class TestBusy:
    """From a quarter of the site's codes of a day on."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, sign_in_codes_per_day=40)

    async def send(self, app_state: AppState, count: int) -> None:
        await app_state.redis.set("feed:{codes}:site", count, ex=3600)

    async def test_everybody_solves_a_challenge_while_many_codes_are_sent(
        self, client: httpx.AsyncClient, app_state: AppState
    ) -> None:
        for sent, status in ((9, 202), (10, 403)):
            await self.send(app_state, sent)
            assert (await ask(client, f"1380013800{sent % 10}", solve=False)).status_code == status
        assert (await ask(client)).status_code == 202

    async def test_challenges_get_harder_with_load(self, client: httpx.AsyncClient, app_state: AppState) -> None:
        costs = []
        for sent in (0, 10, 20, 30, 39):
            await self.send(app_state, sent)
            costs.append((await client.get("/auth/challenge")).json()["parameters"]["cost"])
        assert costs == [1, 1, 2, 4, 4]

    async def test_a_challenge_from_before_the_load_is_too_easy(
        self, client: httpx.AsyncClient, app_state: AppState
    ) -> None:
        early = await solved(client)
        await self.send(app_state, 20)
        answer = await client.post("/auth/codes", json={"phone": PHONE, "challenge": early})
        assert (answer.status_code, answer.json()["code"]) == (403, "challenge_refused")
        late = await solved(client)
        await self.send(app_state, 0)
        answer = await client.post("/auth/codes", json={"phone": PHONE, "challenge": late})
        assert answer.status_code == 202


class TestCountries:
    async def test_codes_go_to_china_unless_configured(self, client: httpx.AsyncClient, app_state: AppState) -> None:
        for phone in ("+852 9123 4567", "+1 201 555 0123", "0044 7400 123456", "+886 912 345 678"):
            answer = await ask(client, phone, solve=False)
            assert answer.status_code in (403, 422)
        answer = await client.post("/auth/codes", json={"phone": "+85291234567"}, headers={"accept-language": "zh-CN"})
        assert (answer.status_code, answer.json()["code"]) == (403, "country_not_served")
        assert "国家或地区" in answer.json()["title"] + answer.json().get("detail", "")
        assert await app_state.redis.get("feed:{codes}:site") is None
        assert await app_state.pool.fetchval("SELECT count(*) FROM messages") == 0
        for phone in ("13800138000", "+8613800138001", "＋86 138 0013 8002"):
            assert (await ask(client, phone, solve=False)).status_code == 202

    @pytest.mark.parametrize(
        ("countries", "statuses"), [("+86, +852", [202, 202, 403]), ("all", [202, 202, 202]), ("+1", [403, 403, 202])]
    )
    async def test_the_countries_are_a_setting(self, app_state: AppState, countries: str, statuses: list[int]) -> None:
        configured = msgspec.structs.replace(
            app_state, settings=msgspec.structs.replace(app_state.settings, sign_in_countries=countries)
        )
        async with client_at(configured, "203.0.113.9") as client:
            phones = ("13800138000", "+85291234567", "+12015550123")
            assert [(await ask(client, phone, solve=False)).status_code for phone in phones] == statuses


async def test_a_stranger_does_not_lock_out_a_device_that_has_signed_in(
    client: httpx.AsyncClient, app_state: AppState
) -> None:
    device_token = (await sign_in(client, app_state))["device_token"]
    async with client_at(app_state, "198.51.100.9") as stranger:
        while (await ask(stranger)).status_code == 202:
            pass
        assert (await ask(client)).status_code == 429
        body = {"phone": PHONE, "device_token": device_token, "challenge": await solved(client)}
        assert (await client.post("/auth/codes", json=body)).status_code == 202
        code = await newest_code(app_state)
        for number in range(6):
            wrong = f"{(int(code) + 1 + number) % 1_000_000:06d}"
            assert (await stranger.post("/auth/tokens", json={"phone": PHONE, "code": wrong})).status_code == 401
    async with client_at(app_state, "192.0.2.1") as elsewhere:
        body = {"phone": PHONE, "code": code, "device_token": device_token}
        assert (await elsewhere.post("/auth/tokens", json=body)).status_code == 200


class TestCeiling:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, sign_in_codes_per_day=3)

    async def test_codes_are_limited_per_day_for_the_site(self, client: httpx.AsyncClient, app_state: AppState) -> None:
        for number in range(3):
            assert (await ask(client, f"1380013800{number}")).status_code == 202
        answer = await ask(client, "13800138009")
        assert (answer.status_code, answer.json()["code"]) == (503, "codes_exhausted")
        assert 86_000 < int(answer.headers["retry-after"]) <= 86_400
        assert await app_state.pool.fetchval("SELECT count(*) FROM messages") == 3


class TestAlways:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, sign_in_challenge="always")

    async def test_the_first_code_needs_a_challenge_if_configured(self, client: httpx.AsyncClient) -> None:
        assert (await ask(client, solve=False)).json()["code"] == "challenge_required"
        assert (await ask(client)).status_code == 202


class TestEmbedded:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, embedded=True, sign_in_challenge="never")

    async def test_the_loopback_address_is_not_limited(self, client: httpx.AsyncClient, app_state: AppState) -> None:
        for number in range(PER_TEN_MINUTES + 2):
            assert (await ask(client, f"138001380{number:02d}", solve=False)).status_code == 202
        async with client_at(app_state, "203.0.113.9") as other:
            answers = [await ask(other, f"138001381{number:02d}", solve=False) for number in range(11)]
        assert [answer.status_code for answer in answers] == [202] * 10 + [429]


class TestProxies:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, trusted_proxies=1, sign_in_challenge="never")

    async def test_only_the_address_from_the_nearest_proxy_is_trusted(self, client: httpx.AsyncClient) -> None:
        for number in range(10):
            forwarded = f"198.51.100.{number}, 203.0.113.5"
            assert (await ask(client, f"138001380{number:02d}", solve=False, forwarded=forwarded)).status_code == 202
        answer = await ask(client, "13800138099", solve=False, forwarded="198.51.100.99, 203.0.113.5")
        assert answer.status_code == 429
        answer = await ask(client, "13800138099", solve=False, forwarded="203.0.113.5, 203.0.113.6")
        assert answer.status_code == 202


async def test_without_redis_no_code_is_sent(app_state: AppState) -> None:
    without_redis = msgspec.structs.replace(app_state, redis=connect("redis://127.0.0.1:1/0"))
    async with client_at(without_redis, "203.0.113.9") as client:
        answer = await ask(client, solve=False)
        assert (answer.status_code, answer.json()["code"]) == (503, "limits_away")
        assert int(answer.headers["retry-after"]) > 0
        assert (await client.get("/auth/challenge")).json()["code"] == "limits_away"
    assert await app_state.pool.fetchval("SELECT count(*) FROM messages") == 0


async def test_an_invalid_phone_is_not_counted(client: httpx.AsyncClient, app_state: AppState) -> None:
    assert (await ask(client, "12345")).status_code == 422
    assert await app_state.redis.zcard(key_of(app_state)) == 0
