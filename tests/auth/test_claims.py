"""The claims of a token whose issuer is careless: what an account can do without keeps no one out."""

import base64
import hmac
import json
import time
from typing import Any

import pytest

from feed.accounts.authentication import seed_name
from feed.auth.tokens import TokenInvalid, TokenVerifier

KEY = b"a key of thirty-two bytes, or so"


def token(**claims: Any) -> str:
    """A token as other libraries write it: in ASCII, so that half of a surrogate pair is an escape sequence."""
    now = int(time.time())
    payload = {"iss": "feed", "aud": "feed", "sub": "u1", "iat": now, "exp": now + 600, **claims}
    signed = ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "HS256"}, payload))
    return f"{signed}.{encoded(hmac.digest(KEY, signed.encode(), 'sha256'))}"


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("小明\ud83d", "小明"),
        ("\ude00小明", "小明"),
        ("\ud83d", "读者"),
        ("😀", "😀"),
        (None, "读者"),
        (["x"], "读者"),
        ("明\ufffd", "明"),
    ],
)
def test_a_name_of_any_kind_is_made_to_fit(name: Any, shown: str) -> None:
    assert seed_name(TokenVerifier(KEY).verify(token(name=name)).name) == shown


@pytest.mark.parametrize(
    "claims",
    [
        {"phone_number": None, "phone_number_verified": None},
        {"phone_number": 13800138000, "phone_number_verified": True},
        {"phone_number": "+8613800138000", "phone_number_verified": "true"},
        {"picture": "\ud83d"},
    ],
)
def test_a_phone_of_another_type_is_none(claims: dict[str, Any]) -> None:
    assert TokenVerifier(KEY).verify(token(**claims)).phone is None


@pytest.mark.parametrize(
    "claims", [{"sub": "a\ud83d"}, {"sub": None}, {"iss": "feed\ud83d"}, {"exp": None}, {"nbf": "x"}]
)
def test_what_identifies_and_ends_a_token_has_its_type(claims: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        TokenVerifier(KEY).verify(token(**claims))
