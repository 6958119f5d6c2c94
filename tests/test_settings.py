"""What a process refuses to start with."""

import base64
from pathlib import Path

import pytest

from feed.environment import read_settings
from feed.settings import MissingSetting, Settings, WeakSecret

REQUIRED = {"FEED_DATABASE_URL": "postgresql://x", "FEED_REDIS_URL": "redis://x", "FEED_KEYS_DIR": "/keys"}
APP = {
    "FEED_JWKS_URL": "https://app.example/jwks.json",
    "FEED_JWT_ISSUER": "https://app.example",
    "FEED_JWT_AUDIENCE": "community",
}
BUCKET = {
    "FEED_MEDIA_STORE": "s3://feed-media",
    "FEED_MEDIA_S3_ENDPOINT": "https://oss.example.cn",
    "FEED_MEDIA_S3_KEY_ID": "LTAI5tExample",
    "FEED_MEDIA_S3_KEY_SECRET": "Zk3vQ9wLr7pXt2Hm",
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
        ({"FEED_EMBED_SITES": "news.example.cn"}, "FEED_EMBED_SITES"),
        ({"FEED_EMBED_SITES": "https://news.example.cn,"}, "FEED_EMBED_SITES"),
        ({"FEED_EMBED_SITES": "https://news.example.cn/path"}, "FEED_EMBED_SITES"),
        ({"FEED_EMBED_SITES": "https://a.example; script-src *"}, "FEED_EMBED_SITES"),
        ({"FEED_EMBED_SITES": "https://*"}, "FEED_EMBED_SITES"),
        ({"FEED_EMBED_SITES": "http://news.example.cn"}, "FEED_EMBED_SITES"),
        ({"FEED_EMBED_SITES": "'none'"}, "FEED_EMBED_SITES"),
        ({"FEED_EMBED_SITES": "https://user@news.example.cn"}, "FEED_EMBED_SITES"),
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
        ({"FEED_MEDIA_STORE": "s3://"}, "FEED_MEDIA_STORE"),
        ({"FEED_MEDIA_STORE": "s3://bucket/below"}, "FEED_MEDIA_STORE"),
        ({"FEED_MEDIA_STORE": "s3://Bucket"}, "FEED_MEDIA_STORE"),
        ({"FEED_MEDIA_STORE": "https://oss.example.cn/bucket"}, "FEED_MEDIA_STORE"),
        (BUCKET | {"FEED_MEDIA_S3_ENDPOINT": "oss.example.cn"}, "FEED_MEDIA_S3_ENDPOINT"),
        (BUCKET | {"FEED_MEDIA_S3_ENDPOINT": "https://key:secret@oss.example.cn"}, "FEED_MEDIA_S3_ENDPOINT"),
        (BUCKET | {"FEED_MEDIA_S3_PUBLIC_ENDPOINT": "https://oss.example.cn/?a=b"}, "FEED_MEDIA_S3_PUBLIC_ENDPOINT"),
        (BUCKET | {"FEED_MEDIA_S3_ADDRESSING": "host"}, "media_s3_addressing"),
        ({"FEED_MEDIA_URL": "media.example.cn"}, "FEED_MEDIA_URL"),
        ({"FEED_MEDIA_URL": "https://media.example.cn/?v=1"}, "FEED_MEDIA_URL"),
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


@pytest.mark.parametrize("name", ["FEED_MEDIA_S3_ENDPOINT", "FEED_MEDIA_S3_KEY_ID", "FEED_MEDIA_S3_KEY_SECRET"])
def test_a_bucket_is_named_whole(name: str) -> None:
    assert read(**BUCKET).media_s3_addressing == "virtual"
    with pytest.raises(MissingSetting, match=name):
        read(**BUCKET | {name: ""})
    # A folder needs none of it.
    assert read(FEED_MEDIA_STORE="/var/lib/feed/media").media_path == Path("/var/lib/feed/media")


def test_a_weak_secret_of_a_bucket_is_refused_outside_of_the_embedded_mode() -> None:
    for weak in ("short", "LTAI5tExampleLTAI5tExample"):
        given = BUCKET | {"FEED_MEDIA_S3_KEY_ID": "LTAI5tExampleLTAI5tExample", "FEED_MEDIA_S3_KEY_SECRET": weak}
        with pytest.raises(WeakSecret, match=r"^FEED_MEDIA_S3_KEY_SECRET$"):
            read(**given)


def test_media_are_below_the_public_address_or_at_a_cdn() -> None:
    assert read(FEED_PUBLIC_URL="https://feed.example.cn/").media_base_url == "https://feed.example.cn/media"
    assert read(FEED_MEDIA_URL="https://media.example.cn/").media_base_url == "https://media.example.cn"


@pytest.mark.parametrize(
    "sites",
    ["*", "https://news.example.cn", "https://*.example.cn:8443, http://localhost:8080", "https://h5.example.cn/"],
)
def test_sites_that_may_frame_the_block_are_origins(sites: str) -> None:
    assert read(FEED_EMBED_SITES=sites).embed_sites == sites
