"""The app's tokens and keys, with a misbehaving issuer over real HTTP."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from feed.auth.jwks import CachePolicy, IssuerAway, JwksInvalid, KeySet, RefreshRequired, read_document
from feed.auth.tokens import AppIssuer, TokenExpired, TokenInvalid, TokenVerifier, issue_token
from tests.support.clock import Clock
from tests.support.issuer import AUDIENCE, NAME, Issuer, issuing
from tests.support.waiting import HANG_SECONDS

OWN = b"our own key of thirty-two bytes!"
ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA"})


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing("EC") as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make_verifier(
    issuer: Issuer,
    *,
    roles_claim: str = "",
    algorithms: frozenset[str] = ALGORITHMS,
    clock: Clock | None = None,
    **times: float,
) -> TokenVerifier:
    keys = KeySet(issuer.url, algorithms, CachePolicy(**times), clock=clock or Clock())
    return TokenVerifier(OWN, AppIssuer(NAME, AUDIENCE, algorithms, keys, roles_claim))


def is_good(verifier: TokenVerifier, token: str) -> bool:
    """Whether the keys that are cached now accept it."""
    try:
        verifier.verify(token)
    except (RefreshRequired, TokenInvalid):
        return False
    return True


async def rejection(verifier: TokenVerifier, token: str) -> type[Exception]:
    with pytest.raises((TokenInvalid, TokenExpired, IssuerAway)) as raised:
        await verifier.verify_with_refresh(token)
    return raised.type


def forged(header: dict[str, Any], claims: dict[str, Any], sign: bytes | None = None) -> str:
    """A token with this header and these claims, signed with HMAC-SHA256 or unsigned."""
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in (header, claims)]
    signed = b".".join(parts)
    proof = b"" if sign is None else base64.urlsafe_b64encode(hmac.digest(sign, signed, hashlib.sha256)).rstrip(b"=")
    return (signed + b"." + proof).decode()


def from_now(changes: dict[str, Any]) -> dict[str, Any]:
    """The claims, with floats as seconds from now."""
    return {name: time.time() + value if isinstance(value, float) else value for name, value in changes.items()}


@pytest.mark.parametrize("kind", ["RSA", "EC", "OKP"])
async def test_a_token_of_the_app_is_verified_and_then_cached(kind: str) -> None:
    async with issuing(kind) as issuer:
        verifier = make_verifier(issuer)
        token = issuer.token("u1", aud=[AUDIENCE, "other"], roles=["admin"])
        with pytest.raises(RefreshRequired):
            verifier.verify(token)
        claims = await verifier.verify_with_refresh(token)
        assert (claims.iss, claims.sub, claims.roles) == (NAME, "u1", ())
        assert hash(claims) == hash(verifier.verify(token))
        assert issuer.asked == 1


async def test_a_token_is_valid_for_its_own_issuer_only(issuer: Issuer) -> None:
    async with issuing("EC", name="https://other.example") as other:
        ours, theirs = make_verifier(issuer), make_verifier(other)
        assert await rejection(ours, other.token()) is TokenInvalid
        # The right issuer and `kid`, but the key of the other issuer.
        assert await rejection(ours, issuer.token(key=other.keys["k1"])) is TokenInvalid
        assert (await ours.verify_with_refresh(issuer.token())).sub == "u1"
        assert await rejection(theirs, issuer.token()) is TokenInvalid


async def test_our_own_issuer_is_verified_with_our_own_key_only(issuer: Issuer) -> None:
    verifier = make_verifier(issuer)
    assert verifier.verify(issue_token(OWN, sub="test:x")).iss == "feed"
    assert await rejection(verifier, issuer.token(iss="feed", aud="feed")) is TokenInvalid
    header = {"alg": "HS256", "kid": "k1"}
    claims = {"iss": NAME, "aud": AUDIENCE, "sub": "u1", "exp": int(time.time()) + 600}
    assert await rejection(verifier, jwt.encode(header, claims, OctKey.import_key(OWN))) is TokenInvalid


async def test_a_token_does_not_choose_its_algorithm() -> None:
    async with issuing("RSA") as issuer:
        verifier = make_verifier(issuer)
        assert await verifier.verify_with_refresh(issuer.token())
        claims = {"iss": NAME, "aud": AUDIENCE, "sub": "u1", "exp": int(time.time()) + 600}
        key = issuer.keys["k1"]
        assert isinstance(key, RSAKey)
        pem = key.as_pem(private=False)
        for algorithm in ("HS256", "RS256", "HS512"):
            assert await rejection(verifier, forged({"alg": algorithm, "kid": "k1"}, claims, pem)) is TokenInvalid
        for algorithm in ("none", "None", "NONE", ""):
            assert await rejection(verifier, forged({"alg": algorithm, "kid": "k1"}, claims)) is TokenInvalid
        own = {**claims, "iss": "feed", "aud": "feed"}
        assert await rejection(verifier, forged({"alg": "none"}, own)) is TokenInvalid
        good = issuer.token().split(".")
        assert await rejection(verifier, f"{good[0]}.{good[1]}.") is TokenInvalid
        # A key of the set with an algorithm that the settings do not allow.
        assert await rejection(make_verifier(issuer, algorithms=frozenset({"ES256"})), issuer.token()) in (
            TokenInvalid,
            IssuerAway,
        )


async def test_unknown_critical_extensions_are_rejected(issuer: Issuer) -> None:
    header = {"alg": "ES256", "kid": "k1", "crit": ["exp"]}
    claims = {"iss": NAME, "aud": AUDIENCE, "sub": "u1", "exp": int(time.time()) + 600}
    assert await rejection(make_verifier(issuer), forged(header, claims)) is TokenInvalid
    assert issuer.asked == 0


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"aud": "others"}, TokenInvalid),
        ({"aud": None}, TokenInvalid),
        ({"aud": []}, TokenInvalid),
        ({"iss": "https://app.example/"}, TokenInvalid),
        ({"iss": None}, TokenInvalid),
        ({"sub": ""}, TokenInvalid),
        ({"sub": "a\0b"}, TokenInvalid),
        ({"sub": "x" * 300}, TokenInvalid),
        ({"sub": 7}, TokenInvalid),
        ({"exp": None}, TokenInvalid),
        ({"exp": "tomorrow"}, TokenInvalid),
        ({"exp": float("inf")}, TokenInvalid),
        ({"exp": float("nan")}, TokenInvalid),
        ({"exp": -120.0}, TokenExpired),
        ({"nbf": 600.0}, TokenInvalid),
    ],
)
async def test_invalid_claims_are_rejected_with_a_valid_signature(
    issuer: Issuer, changes: dict[str, Any], outcome: type[Exception]
) -> None:
    assert await rejection(make_verifier(issuer), issuer.token(**from_now(changes))) is outcome


@pytest.mark.parametrize("changes", [{"exp": -20.0}, {"nbf": 20.0}, {"exp": 600.5}])
async def test_clocks_may_differ_by_a_minute(issuer: Issuer, changes: dict[str, Any]) -> None:
    assert (await make_verifier(issuer).verify_with_refresh(issuer.token(**from_now(changes)))).sub == "u1"


@pytest.mark.parametrize(
    "token", ["", "a", "a.b", "a.b.c", "....", "é.é.é", "\ud800.b.c", "e30.e30.", "x" * 9000, "W1tb.W1tb."]
)
async def test_a_malformed_token_is_invalid(issuer: Issuer, token: str) -> None:
    assert await rejection(make_verifier(issuer), token) is TokenInvalid
    assert issuer.asked == 0


async def test_a_new_key_is_used_at_once_and_a_removed_one_ends_cached_tokens(issuer: Issuer, clock: Clock) -> None:
    verifier = make_verifier(issuer, clock=clock)
    old = issuer.token()
    await verifier.verify_with_refresh(old)
    issuer.make_key("k2")
    clock.advance(60)
    assert await verifier.verify_with_refresh(issuer.token(kid="k2"))
    assert verifier.verify(old)

    del issuer.keys["k1"]
    clock.advance(60)
    issuer.make_key("k3")
    assert await verifier.verify_with_refresh(issuer.token(kid="k3"))
    assert await rejection(verifier, old) is TokenInvalid


async def test_keys_are_refreshed_in_the_background(issuer: Issuer, clock: Clock) -> None:
    verifier = make_verifier(issuer, clock=clock)
    token = issuer.token()
    await verifier.verify_with_refresh(token)
    del issuer.keys["k1"]
    issuer.make_key("k2")
    clock.advance(400)
    assert verifier.verify(token)  # Starts the refresh and does not wait for it.
    async with asyncio.timeout(HANG_SECONDS):
        while is_good(verifier, token):
            await asyncio.sleep(0.01)


async def test_old_keys_are_fetched_again_before_they_are_used(issuer: Issuer, clock: Clock) -> None:
    verifier = make_verifier(issuer, clock=clock)
    token = issuer.token()
    await verifier.verify_with_refresh(token)
    del issuer.keys["k1"]
    issuer.make_key("k2")
    clock.advance(700)
    assert await rejection(verifier, token) is TokenInvalid


async def test_a_replaced_key_with_the_same_kid_ends_old_tokens(issuer: Issuer, clock: Clock) -> None:
    verifier = make_verifier(issuer, clock=clock)
    old = issuer.token()
    await verifier.verify_with_refresh(old)
    issuer.make_key("k1")
    clock.advance(700)
    assert await rejection(verifier, old) is TokenInvalid
    assert await verifier.verify_with_refresh(issuer.token())


async def test_cached_keys_are_used_during_an_outage_until_they_expire(issuer: Issuer, clock: Clock) -> None:
    verifier = make_verifier(issuer, clock=clock)
    known, other = issuer.token("u1"), issuer.token("u2")
    await verifier.verify_with_refresh(known)
    await issuer.stop()
    clock.advance(3600)
    assert (await verifier.verify_with_refresh(known)).sub == "u1"
    assert (await verifier.verify_with_refresh(other)).sub == "u2"
    clock.advance(86_400)
    assert await rejection(verifier, known) is IssuerAway
    await issuer.start()
    clock.advance(60)
    assert (await verifier.verify_with_refresh(known)).sub == "u1"


async def test_without_keys_a_token_is_not_rejected_as_invalid(issuer: Issuer, clock: Clock) -> None:
    verifier = make_verifier(issuer, clock=clock)
    await issuer.stop()
    with pytest.raises(IssuerAway) as raised:
        await verifier.verify_with_refresh(issuer.token())
    assert raised.value.params["retry_after"] >= 1
    await issuer.start()
    assert await rejection(verifier, issuer.token()) is IssuerAway  # Within the minimum interval.
    clock.advance(60)
    assert await verifier.verify_with_refresh(issuer.token())


async def test_made_up_key_ids_do_not_cause_requests_to_the_issuer(issuer: Issuer) -> None:
    verifier = make_verifier(issuer, min_interval=60)
    good = issuer.token()
    tokens = [issuer.token(kid=f"made up {number}", key=issuer.keys["k1"]) for number in range(200)]
    outcomes = await asyncio.gather(*(rejection(verifier, token) for token in tokens))
    assert issuer.asked == 1
    assert set(outcomes) <= {TokenInvalid, IssuerAway}
    for token in tokens:
        assert await rejection(verifier, token) is TokenInvalid
    assert issuer.asked == 1
    assert await verifier.verify_with_refresh(good)


async def test_concurrent_requests_fetch_keys_once(issuer: Issuer) -> None:
    issuer.delay = 0.2
    verifier = make_verifier(issuer)
    tokens = [issuer.token(f"u{number}") for number in range(50)]
    claims = await asyncio.gather(*(verifier.verify_with_refresh(token) for token in tokens))
    assert len({each.sub for each in claims}) == 50
    assert issuer.asked == 1


async def test_a_cancelled_request_does_not_cancel_the_fetch_of_others(issuer: Issuer) -> None:
    issuer.delay = 0.2
    verifier = make_verifier(issuer)
    cancelled = asyncio.create_task(verifier.verify_with_refresh(issuer.token("u1")))
    waiting = asyncio.create_task(verifier.verify_with_refresh(issuer.token("u2")))
    await asyncio.sleep(0.05)
    cancelled.cancel()
    assert (await waiting).sub == "u2"


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, "", b"<html>"),
        (200, "", b""),
        (200, "", b"[" * 100_000),
        (200, "", b'{"keys": []}'),
        (200, "", b'{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "k1"}]}'),
        (200, "", b'{"keys": [{"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "k1"}]}'),
        (200, "", b'{"keys": [' + b" " * 300_000 + b"]}"),
        (200, "content-encoding: gzip\r\n", b"\x1f\x8b"),
        (500, "", b""),
        (404, "", b'{"keys": []}'),
    ],
)
async def test_an_invalid_key_set_leaves_the_cached_keys(
    issuer: Issuer, status: int, headers: str, body: bytes, clock: Clock
) -> None:
    verifier = make_verifier(issuer, clock=clock)
    token = issuer.token()
    await verifier.verify_with_refresh(token)
    issuer.status, issuer.headers, issuer.body = status, headers, body
    clock.advance(700)
    assert (await verifier.verify_with_refresh(token)).sub == "u1"
    assert issuer.asked == 2


async def test_a_redirect_is_not_followed(issuer: Issuer) -> None:
    async with issuing("EC") as elsewhere:
        issuer.status, issuer.headers, issuer.body = 302, f"location: {elsewhere.url}\r\n", b""
        assert await rejection(make_verifier(issuer, min_interval=5), issuer.token()) is IssuerAway
        assert elsewhere.asked == 0


async def test_an_unresponsive_issuer_times_out(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feed.auth.jwks._TIMEOUT_SECONDS", 0.2)
    issuer.delay = 30
    began = time.monotonic()
    assert await rejection(make_verifier(issuer, min_interval=5), issuer.token()) is IssuerAway
    assert time.monotonic() - began < 20


async def test_roles_are_read_from_the_configured_claim_only(issuer: Issuer) -> None:
    verifier = make_verifier(issuer, roles_claim="community_roles")
    claims = await verifier.verify_with_refresh(issuer.token(roles=["admin"], community_roles=["editor", 7]))
    assert claims.roles == ("editor",)
    assert (await verifier.verify_with_refresh(issuer.token(community_roles="reviewer editor"))).roles == (
        "reviewer",
        "editor",
    )
    assert (await verifier.verify_with_refresh(issuer.token(roles=["admin"]))).roles == ()
    assert (await verifier.verify_with_refresh(issuer.token(community_roles={"admin": True}))).roles == ()


async def test_a_token_without_a_kid_is_verified_with_the_only_key(issuer: Issuer) -> None:
    token = jwt.encode(
        {"alg": "ES256"},
        {"iss": NAME, "aud": AUDIENCE, "sub": "u1", "exp": int(time.time()) + 600},
        issuer.keys["k1"],
        algorithms=["ES256"],
    )
    assert (await make_verifier(issuer).verify_with_refresh(token)).sub == "u1"
    issuer.make_key("k2")
    assert await rejection(make_verifier(issuer), token) is TokenInvalid


def test_a_key_is_used_for_its_algorithms_only() -> None:
    key = RSAKey.generate_key(2048)
    public = {**key.as_dict(private=False), "kid": "a"}
    held = {
        each.kid: each.algorithms
        for each in read_document(_keys(public, {**public, "kid": "b", "alg": "PS256"}), ["RS256", "PS256"])
    }
    assert held == {"a": {"RS256", "PS256"}, "b": {"PS256"}}
    for others in (
        {**public, "use": "enc"},
        {**public, "alg": "RS512"},
        RSAKey.generate_key(1024).as_dict(private=False),
    ):
        with pytest.raises(JwksInvalid):
            read_document(_keys(others), ["RS256"])
    with pytest.raises(JwksInvalid):
        read_document(_keys(*[public] * 65), ["RS256"])


def _keys(*keys: Any) -> bytes:
    return json.dumps({"keys": keys}).encode()
