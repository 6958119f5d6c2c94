"""What a process refuses to start with."""

import base64

import pytest

from feed.settings import Settings, read_settings

REQUIRED = {"FEED_DATABASE_URL": "postgresql://x", "FEED_REDIS_URL": "redis://x", "FEED_KEYS_DIR": "/keys"}
APP = {
    "FEED_JWKS_URL": "https://app.example/jwks.json",
    "FEED_JWT_ISSUER": "https://app.example",
    "FEED_JWT_AUDIENCE": "community",
}


def read(**given: str) -> Settings:
    return read_settings(REQUIRED | given)


def test_an_app_s_issuer_is_named_whole() -> None:
    settings = read(**APP, FEED_JWT_ALGORITHMS="RS256, ES256")
    assert settings.jwt_algorithm_names == {"RS256", "ES256"}
    for name in ("FEED_JWT_ISSUER", "FEED_JWT_AUDIENCE"):
        with pytest.raises(ValueError, match=name):
            read(**(APP | {name: ""}))


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"FEED_JWT_ISSUER": "feed"}, "FEED_JWT_ISSUER"),
        ({"FEED_JWT_ALGORITHMS": "RS256,HS256"}, "FEED_JWT_ALGORITHMS"),
        ({"FEED_JWT_ALGORITHMS": "none"}, "FEED_JWT_ALGORITHMS"),
        ({"FEED_JWT_ALGORITHMS": ","}, "FEED_JWT_ALGORITHMS"),
        ({"FEED_JWKS_URL": "http://app.example/jwks.json"}, "FEED_JWKS_URL"),
        ({"FEED_JWKS_URL": "http://127.0.0.1.evil.example/"}, "FEED_JWKS_URL"),
        ({"FEED_JWKS_URL": "http://127.0.0.1@evil.example/"}, "FEED_JWKS_URL"),
        ({"FEED_JWKS_URL": "file:///etc/passwd"}, "FEED_JWKS_URL"),
        ({"FEED_JWKS_URL": "app.example"}, "FEED_JWKS_URL"),
        ({"FEED_ACCOUNT_HOOK_SECRET": "x" * 31}, "FEED_ACCOUNT_HOOK_SECRET"),
        ({"FEED_ACCOUNT_HOOK_SECRET": "whsec_" + base64.b64encode(b"x" * 31).decode()}, "FEED_ACCOUNT_HOOK_SECRET"),
        ({"FEED_ACCOUNT_HOOK_SECRET": "whsec_" + "x" * 41}, "hook"),
        ({"FEED_TRUSTED_PROXIES": "-1"}, "FEED_TRUSTED_PROXIES"),
        ({"FEED_SIGN_IN_COUNTRIES": "86"}, "FEED_SIGN_IN_COUNTRIES"),
        ({"FEED_SIGN_IN_COUNTRIES": "+86,CN"}, "FEED_SIGN_IN_COUNTRIES"),
        ({"FEED_SIGN_IN_COUNTRIES": "+86,all"}, "FEED_SIGN_IN_COUNTRIES"),
        ({"FEED_SIGN_IN_COUNTRIES": ","}, "FEED_SIGN_IN_COUNTRIES"),
        ({"FEED_SIGN_IN_CHALLENGE": "sometimes"}, "sign_in_challenge"),
        ({"FEED_SHARE_URL": "https://h5.example.cn/p/"}, "FEED_SHARE_URL"),
        ({"FEED_SHARE_URL": "https://h5.example.cn/{post_id}/{post_id}"}, "FEED_SHARE_URL"),
        ({"FEED_SHARE_URL": "h5.example.cn/p/{post_id}"}, "FEED_SHARE_URL"),
        ({"FEED_SHARE_URL": "javascript:alert({post_id})"}, "FEED_SHARE_URL"),
        ({"FEED_DEEP_LINK": "city://posts"}, "FEED_DEEP_LINK"),
        ({"FEED_DEEP_LINK": "{path}"}, "FEED_DEEP_LINK"),
        ({"FEED_DEEP_LINK": "city://{path}?a={b}"}, "FEED_DEEP_LINK"),
        ({"FEED_DEEP_LINK": "city://{path} "}, "FEED_DEEP_LINK"),
        ({"FEED_PRIVACY_VERSION": "第一版"}, "FEED_PRIVACY_VERSION"),
        ({"FEED_PRIVACY_VERSION": "1" * 41}, "FEED_PRIVACY_VERSION"),
        ({"FEED_PRIVACY_URL": "ftp://example.cn/privacy"}, "FEED_PRIVACY_URL"),
    ],
)
def test_what_is_weak_or_half_is_refused_by_name(given: dict[str, str], names: str) -> None:
    with pytest.raises(ValueError, match=names) as raised:
        read(**(APP | given))
    secret = given.get("FEED_ACCOUNT_HOOK_SECRET")
    assert secret is None or secret not in str(raised.value)


def test_loopback_needs_no_encryption() -> None:
    for url in ("http://127.0.0.1:8/k", "http://[::1]:8/k", "http://localhost/k"):
        assert read(**(APP | {"FEED_JWKS_URL": url})).jwks_url == url


def test_a_secret_of_32_bytes_is_accepted() -> None:
    assert read(FEED_ACCOUNT_HOOK_SECRET="x" * 32)
    assert read(FEED_ACCOUNT_HOOK_SECRET="whsec_" + base64.b64encode(b"x" * 32).decode())
