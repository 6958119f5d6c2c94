"""The environment, read once into one frozen Struct."""

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec

# Asymmetric ones alone: with a secret shared between the two, whoever verifies could also sign.
JWT_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")

# An HMAC secret that is shorter than its digest is the weakest part of it.
_SECRET_SHORTEST = 32


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a process is told by its environment. Every field is documented in docs/operations.md."""

    database_url: str
    redis_url: str
    keys_dir: Path
    kms_url: str = (
        ""  # Of a Vault or OpenBao, whose keys wrap those of campaigns. Empty: they lie in keys_dir as they are.
    )
    kms_token_file: str = ""  # Read at each question: whoever renews the token writes it there.
    kms_mount: str = "transit"
    kms_ca_file: str = ""  # Empty: the authorities that everybody trusts.
    database_direct_url: str = ""  # Sessions that a transaction-mode pooler would break: migrations, LISTEN, locks.
    public_url: str = "http://127.0.0.1:8080"
    sms_provider: str = "file"  # A name of feed/sms/registry.py; `file` writes the development outbox.
    sms_outbox: Path = Path(".feed/outbox.jsonl")
    sms_key_id: str = ""  # Of the provider's account: AccessKeyId, SecretId.
    sms_key_secret: str = ""
    sms_sign_name: str = ""  # As it is registered with the provider, without brackets.
    sms_templates: str = ""  # The template registered for each purpose: `sign_in_code=SMS_1,prize_notice=…`.
    sms_app_id: str = ""  # Tencent's SmsSdkAppId.
    sms_endpoint: str = ""  # Empty: the provider's own.
    sms_receipt_token: str = ""  # Part of the address at which the provider reports; empty: it reports to nobody.
    sms_notices_per_day: int = 20_000  # Of the whole site: what a mistake can cost in SMS.
    sms_notices_per_phone: int = 5  # In a day.
    sms_quiet_hours: str = "22:00-08:00"  # In Shanghai; only sign-in codes ring then. `off` for none.
    ip_regions_file: str = ""  # Empty: nobody is told where a post was made.
    push_hook_url: str = ""  # Empty: nobody is told of what comes into an inbox.
    drand_url: str = "https://api.drand.sh"  # A relay of the League of Entropy; `off`: none is asked.
    claims_kept_days: int = 90  # Winners' details after a campaign has become final; then their key is destroyed.
    claims_kept_at_most_days: int = 180  # The same although a prize is still waited for.
    backup_days: int = 35  # How old the oldest backup of the database is, which the receipts name.
    push_hook_secret: str = ""  # 32 bytes or more, as text or `whsec_` and base64.
    minimum_app_version: str = ""  # Older apps ask their people to renew them.
    metrics_token: str = ""  # Empty: /metrics answers loopback only.
    log_format: str = "json"  # `json`, or `console` for a terminal.
    embedded: bool = False
    api_pool_size: int = 8
    jwks_url: str = ""  # Where the app's public keys are; while it is empty `feed` signs people in by phone itself.
    jwt_issuer: str = ""
    jwt_audience: str = ""
    jwt_algorithms: str = "RS256,ES256,EdDSA"
    roles_claim: str = ""  # Empty: roles in the app's tokens count for nothing.
    account_hook_secret: str = ""  # Empty: there is no hook.
    trusted_proxies: int = 0  # How many proxies of ours stand before us, each of which adds an address.
    sign_in_challenge: Literal["auto", "always", "never"] = "auto"
    sign_in_codes_per_day: int = 20_000  # Of the whole site: what an attack can cost in SMS.
    limits: str = "on"  # `on`, `off`, or the path of a TOML file with other windows.
    limits_scale: float = 1.0  # Every quota times this.
    allowed_hosts: str = ""  # Comma-separated, `*.example.cn` and `*` too. Empty: the host of public_url.
    cors_origins: str = ""  # Comma-separated; browsers of these sites may call us. Empty: of none.

    @property
    def jwt_algorithm_names(self) -> frozenset[str]:
        """The algorithms that a token of the app may be signed with."""
        return frozenset(name.strip() for name in self.jwt_algorithms.split(",") if name.strip())

    def __repr__(self) -> str:
        # Settings end up in traces and logs; what they keep secret must not.
        return f"Settings(public_url={self.public_url!r}, embedded={self.embedded!r}, …)"

    @property
    def direct_url(self) -> str:
        """Where session-level features work; the ordinary URL unless another one is set."""
        return self.database_direct_url or self.database_url


class MissingSetting(Exception):
    """A setting without which the process cannot run; the message names the variable."""


class WeakSecret(Exception):
    """A secret that anybody could guess; the message names the variable and never the value."""


# Each may also be read from the file that FEED_…_FILE names, as container platforms hand secrets over.
SECRETS = (
    "database_url",
    "database_direct_url",
    "redis_url",
    "metrics_token",
    "account_hook_secret",
    "push_hook_secret",
    "sms_key_secret",
    "sms_receipt_token",
)
_TOKEN_SHORTEST = 16
# What examples and images come with.
_GUESSED = frozenset(
    {"", "admin", "changeme", "default", "feed", "password", "postgres", "redis", "root", "secret", "test", "valkey"}
)
_SCHEMES = {
    "database_url": ("postgresql", "postgres"),
    "database_direct_url": ("postgresql", "postgres"),
    "redis_url": ("redis", "rediss", "unix"),
    "public_url": ("https", "http"),
}
_REQUIRED = ("database_url", "redis_url", "keys_dir")


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `FEED_*` variables, each by its upper-case name.

    Raises MissingSetting for a required one that is absent, WeakSecret for a secret that is none, and ValueError for a
    setting that does not convert.
    """
    given = {
        name: environ[f"FEED_{name.upper()}"]
        for name in Settings.__struct_fields__
        if environ.get(f"FEED_{name.upper()}")
    }
    given |= _from_files(environ, given)
    for name in _REQUIRED:
        if name not in given:
            raise MissingSetting(f"FEED_{name.upper()}")
    try:
        settings = msgspec.convert(given, Settings, strict=False, dec_hook=lambda kind, value: kind(value))
    except msgspec.ValidationError as error:
        raise ValueError(f"settings: {error}") from None
    for name, schemes in _SCHEMES.items():
        _check_url(name, getattr(settings, name), schemes)
    if settings.drand_url != "off":
        _check_url("drand_url", settings.drand_url, ("https", "http"))
    if settings.kms_url:
        _check_url("kms_url", settings.kms_url, ("https", "http"))
        if settings.kms_url.startswith("http:") and not is_loopback(settings.kms_url):
            raise ValueError("FEED_KMS_URL is https, except on this machine: what it unwraps are keys")
        if not settings.kms_token_file:
            raise MissingSetting("FEED_KMS_TOKEN_FILE")
    _check_issuer(settings)
    if settings.account_hook_secret and len(hook_key(settings.account_hook_secret)) < _SECRET_SHORTEST:
        raise ValueError(f"FEED_ACCOUNT_HOOK_SECRET is too short: {_SECRET_SHORTEST} bytes at least, at random")
    if not 0 <= settings.trusted_proxies <= 10:
        raise ValueError("FEED_TRUSTED_PROXIES is a number of proxies, 0 to 10")
    if not settings.embedded:
        _refuse_weak(settings)
    return settings


def _check_url(name: str, url: str, schemes: tuple[str, ...]) -> None:
    # Whoever opened it would complain with a trace, and perhaps with the password in it.
    try:
        parts = urlsplit(url)
        # Several hosts, as Postgres takes them, have no single port.
        readable = not url or (parts.scheme in schemes and ("," in parts.netloc or parts.port != 0))
    except ValueError:
        readable = False
    if not readable:
        raise ValueError(f"FEED_{name.upper()}: not an address that starts with {schemes[0]}://")


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own, where nobody listens in."""
    return urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")


def hook_key(secret: str) -> bytes:
    """The key in a hook's secret: base64 behind `whsec_`, as senders of webhooks hand it out, or the text itself.

    Raises ValueError for broken base64.
    """
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("a hook's secret that begins with whsec_ goes on in base64") from None


def _check_issuer(settings: Settings) -> None:
    """Raises ValueError where the app's issuer is named half, or could be impersonated."""
    if not settings.jwks_url:
        return
    scheme = urlsplit(settings.jwks_url).scheme
    if scheme != "https" and not (scheme == "http" and is_loopback(settings.jwks_url)):
        raise ValueError("FEED_JWKS_URL must be https: whoever can change the keys on their way can be anybody")
    if not settings.jwt_issuer or not settings.jwt_audience:
        raise ValueError("FEED_JWKS_URL needs FEED_JWT_ISSUER and FEED_JWT_AUDIENCE: the issuer signs for others too")
    if settings.jwt_issuer == "feed":
        raise ValueError("FEED_JWT_ISSUER must not be `feed`: that is the issuer of our own key")
    names = settings.jwt_algorithm_names
    if not names or not names <= set(JWT_ALGORITHMS):
        raise ValueError(f"FEED_JWT_ALGORITHMS names other algorithms than {', '.join(JWT_ALGORITHMS)}")


def _from_files(environ: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The secrets that stand in files. Raises ValueError for one that is also given otherwise."""
    found = {}
    for name in SECRETS:
        variable = f"FEED_{name.upper()}_FILE"
        if not environ.get(variable):
            continue
        try:
            value = Path(environ[variable]).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{variable}: {type(error).__name__}") from None
        # A process hands its settings on to its children, so the same value twice is no contradiction.
        if given.get(name, value) != value:
            raise ValueError(f"{variable} and FEED_{name.upper()} differ: set one of them")
        if not value:
            raise ValueError(f"{variable}: the file is empty")
        found[name] = value
    return found


def _refuse_weak(settings: Settings) -> None:
    if settings.metrics_token and len(settings.metrics_token) < _TOKEN_SHORTEST:
        raise WeakSecret("FEED_METRICS_TOKEN")
    secret = settings.sms_key_secret
    if secret and (len(secret) < _TOKEN_SHORTEST or secret == settings.sms_key_id):
        raise WeakSecret("FEED_SMS_KEY_SECRET")
    for name in ("database_url", "database_direct_url", "redis_url"):
        parts = urlsplit(getattr(settings, name))
        # No password at all is somebody's decision: a socket, a certificate, a network of its own.
        if parts.password is not None and unquote(parts.password).lower() in _GUESSED | {parts.username or ""}:
            raise WeakSecret(f"FEED_{name.upper()}")
