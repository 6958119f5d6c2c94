"""Settings from the environment, read once into a frozen Struct."""

import base64
import binascii
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec
import phonenumbers

# Asymmetric algorithms only: with a shared secret every verifier could also sign.
JWT_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")

# An HMAC secret should not be shorter than the digest.
_MIN_SECRET_BYTES = 32


# Of the privacy text of a site that has not had another one.
PRIVACY_VERSION = "1"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a process. Every field is documented in docs/reference/settings.md."""

    database_url: str
    redis_url: str
    keys_dir: Path
    kms_url: str = (
        ""  # A Vault or OpenBao whose key wraps the campaign keys. Empty: they are stored unwrapped in keys_dir.
    )
    kms_token_file: str = ""  # Read for each request, so that the token can be renewed.
    kms_mount: str = "transit"
    kms_ca_file: str = ""  # Empty: the default certificate authorities.
    database_direct_url: str = ""  # Without a transaction-mode pooler, for migrations, LISTEN and session locks.
    database_owner_url: str = ""  # The owner of the schema, for migrations. Empty: as the direct URL.
    database_statement_cache: int = 100  # Prepared statements per connection; 0 for PgBouncer before 1.21.
    public_url: str = "http://127.0.0.1:8080"
    sms_provider: str = "file"  # A name of feed/sms/registry.py; `file` writes the development outbox.
    sms_outbox: Path = Path(".feed/outbox.jsonl")
    sms_key_id: str = ""  # AccessKeyId or SecretId of the provider account.
    sms_key_secret: str = ""
    sms_sign_name: str = ""  # As registered with the provider, without brackets.
    sms_templates: str = ""  # Template ids by purpose: `sign_in_code=SMS_1,prize_notice=…`.
    sms_app_id: str = ""  # Tencent's SmsSdkAppId.
    sms_endpoint: str = ""  # Empty: the provider's default.
    sms_receipt_token: str = ""  # Part of the URL of delivery reports. Empty: no reports.
    sms_notices_per_day: int = 20_000  # For the whole site; bounds the cost of a mistake.
    sms_notices_per_phone: int = 5  # Per day.
    sms_quiet_hours: str = "22:00-08:00"  # Shanghai time; only sign-in codes are sent then. `off` for none.
    ip_regions_file: str = ""  # Empty: posts show no region.
    push_hook_url: str = ""  # Empty: no pushes.
    drand_url: str = "https://api.drand.sh"  # A relay of the League of Entropy, or `off`.
    editorial_chain: Literal["on", "off"] = "off"  # `on`: four persons sign what the newsroom publishes.
    licences_file: str = ""  # A TOML file of clauses on the use of works. Empty: the built-in ones.
    # How long claims are kept after a campaign is final; then their key is destroyed. The rules of a campaign keep the days
    # that were set when it was published.
    claims_kept_days: int = 90
    claims_kept_at_most_days: int = 180  # The same while a prize is still pending.
    deletion_days: int = 15  # Until an account is erased whose owner has requested it.
    backup_days: int = 35  # Age of the oldest database backup, stated in shredding receipts.
    # How many persons' reports hide a post or a comment until a reviewer has decided; 0: reports hide nothing. The factor is for
    # a version that a reviewer has approved.
    reports_to_hide_post: int = 5
    reports_to_hide_comment: int = 3
    reports_after_approval: int = 3
    audit_checkpoint_file: str = ""  # A copy of the newest checkpoint of the audit log. Empty: in keys_dir.
    audit_checkpoint_url: str = ""  # Gets each new checkpoint by POST. Empty: none is sent.
    appeal_days: int = 30  # How long after a decision its user can appeal against it.
    push_hook_secret: str = ""  # 32 bytes or more, as text or `whsec_` and base64.
    share_url: str = ""  # The address of a post, with {post_id}. Empty: {public_url}/p/{post_id}.
    deep_link: str = "/{path}"  # The address of a page within the app, with {path}, for instance `city://{path}`.
    privacy_version: str = PRIVACY_VERSION  # Of the privacy text that winners agree to with a claim.
    privacy_url: str = ""  # Where that text is. Empty: the app has it.
    minimum_app_version: str = ""  # Older apps ask the user to update.
    metrics_token: str = ""  # Empty: /metrics is served to loopback only.
    log_format: str = "json"  # `json`, or `console` for a terminal.
    embedded: bool = False
    api_pool_size: int = 8
    jwks_url: str = ""  # The app's public keys. Empty: `feed` issues tokens itself, after sign-in by phone.
    jwt_issuer: str = ""
    jwt_audience: str = ""
    jwt_algorithms: str = "RS256,ES256,EdDSA"
    roles_claim: str = ""  # Empty: roles in the app's tokens are ignored.
    account_hook_secret: str = ""  # Empty: no hook.
    trusted_proxies: int = 0  # Number of our own reverse proxies, each of which adds an address.
    sign_in_challenge: Literal["auto", "always", "never"] = "auto"
    sign_in_codes_per_day: int = 20_000  # For the whole site; bounds the cost of an attack.
    sign_in_countries: str = "+86"  # Calling codes that codes are sent to, comma-separated; `all`.
    screening_provider: Literal["local", "aliyun"] = (
        "local"  # Of content checks; `local`: the lists of this site alone.
    )
    screening_key_id: str = ""  # AccessKeyId of the provider account.
    screening_key_secret: str = ""
    screening_endpoint: str = ""  # Empty: the provider's default.
    screening_fail: Literal["open", "closed"] = (
        "open"  # Whether a text that the provider does not answer about is hidden.
    )
    limits: str = "on"  # `on`, `off`, or the path of a TOML file with other windows.
    limits_scale: float = 1.0  # Factor for every quota.
    # The approvals before a post or a comment is visible: publish_first, 1, 2 or 3.
    review_chain: str = "publish_first"
    review_chain_comments: str = "publish_first"
    review_risks: str = "40,70,90"  # The risks of the machine check from which one, two and three approvals are needed.
    review_hours: str = "always"  # Of the reviewers, Shanghai time, like 08:00-23:00.
    allowed_hosts: str = ""  # Comma-separated, `*.example.cn` and `*` too. Empty: the host of public_url.
    access_log_dir: str = ""  # Apart from the application's logs. Empty: no access log.
    access_log_days: int = 183  # The law asks for six months at least.
    require_phone: bool = True  # A verified phone before posts, comments and reports.
    protected_names: str = ""  # Comma-separated, besides the built-in ones: the names of the paper.
    unique_names: bool = False  # By their look, for names that are chosen from now on.
    names_reserved_days: int = 180  # How long a name that was given up is kept from others, while names are unique.
    review_profiles: Literal["publish_first", "held"] = "publish_first"  # Changed names and bios.
    cors_origins: str = ""  # Comma-separated origins whose pages may call the API. Empty: none.

    @property
    def jwt_algorithm_names(self) -> frozenset[str]:
        """The accepted signature algorithms of the app's tokens."""
        return frozenset(name.strip() for name in self.jwt_algorithms.split(",") if name.strip())

    @property
    def sign_in_country_codes(self) -> frozenset[str]:
        """The calling codes of countries that codes are sent to, or `all`."""
        return frozenset(name.strip() for name in self.sign_in_countries.split(",") if name.strip())

    def __repr__(self) -> str:
        # Settings appear in tracebacks and logs; secrets must not.
        return f"Settings(public_url={self.public_url!r}, embedded={self.embedded!r}, …)"

    @property
    def direct_url(self) -> str:
        """The URL for session-level features: database_direct_url, else database_url."""
        return self.database_direct_url or self.database_url

    @property
    def owner_url(self) -> str:
        """The URL for changes of the schema: database_owner_url, else direct_url."""
        return self.database_owner_url or self.direct_url

    @property
    def audit_checkpoint_path(self) -> Path:
        """The file with the newest checkpoint of the audit log, outside of the database."""
        return (
            Path(self.audit_checkpoint_file) if self.audit_checkpoint_file else self.keys_dir / "audit-checkpoint.json"
        )


class MissingSetting(Exception):
    """A required setting is missing; the message names the variable."""


class WeakSecret(Exception):
    """A secret that can be guessed; the message names the variable, never the value."""


# Each can also be read from the file named by FEED_…_FILE, as container platforms provide secrets.
SECRETS = (
    "database_url",
    "database_direct_url",
    "database_owner_url",
    "redis_url",
    "metrics_token",
    "account_hook_secret",
    "push_hook_secret",
    "sms_key_secret",
    "sms_receipt_token",
    "screening_key_secret",
)
_MIN_TOKEN_LENGTH = 16
# Defaults of examples and container images.
_GUESSABLE = frozenset(
    {"", "admin", "changeme", "default", "feed", "password", "postgres", "redis", "root", "secret", "test", "valkey"}
)
_SCHEMES = {
    "database_url": ("postgresql", "postgres"),
    "database_direct_url": ("postgresql", "postgres"),
    "database_owner_url": ("postgresql", "postgres"),
    "redis_url": ("redis", "rediss", "unix"),
    "public_url": ("https", "http"),
}
_DEEP_LINK = re.compile(r"[a-z][a-z0-9+.-]*:")
_VERSION = re.compile(r"[A-Za-z0-9._-]{1,40}")
_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_REQUIRED = ("database_url", "redis_url", "keys_dir")


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Reads the settings from `FEED_*` variables, each by its upper-case name.

    Raises MissingSetting for an absent required one, WeakSecret for a guessable secret, and ValueError for an invalid value.
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
    if settings.audit_checkpoint_url:
        _check_url("audit_checkpoint_url", settings.audit_checkpoint_url, ("https", "http"))
        if settings.audit_checkpoint_url.startswith("http:") and not is_loopback(settings.audit_checkpoint_url):
            raise ValueError("FEED_AUDIT_CHECKPOINT_URL is https, except on this machine")
    _check_pages(settings)
    _check_issuer(settings)
    if settings.account_hook_secret and len(hook_key(settings.account_hook_secret)) < _MIN_SECRET_BYTES:
        raise ValueError(f"FEED_ACCOUNT_HOOK_SECRET is too short: {_MIN_SECRET_BYTES} bytes at least, at random")
    if not 0 <= settings.database_statement_cache <= 10_000:
        raise ValueError("FEED_DATABASE_STATEMENT_CACHE is a number of statements, 0 to 10000")
    _check_countries(settings)
    _check_screening(settings)
    _check_reports(settings)
    if not 183 <= settings.access_log_days <= 3650:
        raise ValueError("FEED_ACCESS_LOG_DAYS is a number of days, 183 to 3650: six months at least")
    if not 0 <= settings.names_reserved_days <= 3650:
        raise ValueError("FEED_NAMES_RESERVED_DAYS is a number of days, 0 to 3650")
    _check_review(settings)
    if not 0 <= settings.trusted_proxies <= 10:
        raise ValueError("FEED_TRUSTED_PROXIES is a number of proxies, 0 to 10")
    if not 0 <= settings.deletion_days <= 90:
        raise ValueError("FEED_DELETION_DAYS is a number of days, 0 to 90")
    if not settings.embedded:
        _reject_weak(settings)
    return settings


def _check_url(name: str, url: str, schemes: tuple[str, ...]) -> None:
    # Checked here, because an error when it is opened might show the password in a traceback.
    try:
        parts = urlsplit(url)
        # A Postgres URL may list several hosts, which has no single port.
        readable = not url or (parts.scheme in schemes and ("," in parts.netloc or parts.port != 0))
    except ValueError:
        readable = False
    if not readable:
        raise ValueError(f"FEED_{name.upper()}: not an address that starts with {schemes[0]}://")


def _check_pages(settings: Settings) -> None:
    """Raises ValueError for templates of addresses that name no page, and for an unusable version of the privacy text."""
    for name, part in (("share_url", "{post_id}"), ("deep_link", "{path}")):
        template = getattr(settings, name)
        rest = template.replace(part, "", 1)
        if template and (rest == template or set("{} \t\n") & set(rest)):
            raise ValueError(
                f"FEED_{name.upper()} is an address that contains {part} once, and no other braces or spaces"
            )
    if not settings.deep_link.startswith("/") and _DEEP_LINK.match(settings.deep_link) is None:
        raise ValueError("FEED_DEEP_LINK starts with a scheme like city://, or with a slash")
    _check_url("share_url", settings.share_url.replace("{post_id}", "1"), ("https", "http"))
    _check_url("privacy_url", settings.privacy_url, ("https", "http"))
    if _VERSION.fullmatch(settings.privacy_version) is None:
        raise ValueError(
            "FEED_PRIVACY_VERSION has 1 to 40 letters, digits, dots, underscores and hyphens, like 2026-09"
        )


def is_loopback(url: str) -> bool:
    """Whether the URL is a loopback address, so that plain HTTP is safe."""
    return urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")


def hook_key(secret: str) -> bytes:
    """The key bytes of a webhook secret: base64 after `whsec_` (Standard Webhooks), else the text itself.

    Raises ValueError for invalid base64.
    """
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("a hook's secret that begins with whsec_ goes on in base64") from None


def _check_issuer(settings: Settings) -> None:
    """Raises ValueError if the settings of the app's issuer are incomplete or insecure."""
    if not settings.jwks_url:
        return
    scheme = urlsplit(settings.jwks_url).scheme
    if scheme != "https" and not (scheme == "http" and is_loopback(settings.jwks_url)):
        raise ValueError("FEED_JWKS_URL must be https: keys that are changed on their way admit any account")
    if not settings.jwt_issuer or not settings.jwt_audience:
        raise ValueError("FEED_JWKS_URL needs FEED_JWT_ISSUER and FEED_JWT_AUDIENCE: the issuer signs for others too")
    if settings.jwt_issuer == "feed":
        raise ValueError("FEED_JWT_ISSUER must not be `feed`: that is the issuer of our own key")
    names = settings.jwt_algorithm_names
    if not names or not names <= set(JWT_ALGORITHMS):
        raise ValueError(f"FEED_JWT_ALGORITHMS names other algorithms than {', '.join(JWT_ALGORITHMS)}")


def _check_reports(settings: Settings) -> None:
    """Raises ValueError for thresholds of reports that are no numbers of persons."""
    for name in ("reports_to_hide_post", "reports_to_hide_comment"):
        if not 0 <= getattr(settings, name) <= 10_000:
            raise ValueError(f"FEED_{name.upper()} is a number of persons, 0 to 10000")
    if not 1 <= settings.appeal_days <= 3_650:
        raise ValueError("FEED_APPEAL_DAYS is a number of days, 1 to 3650")
    if not 1 <= settings.reports_after_approval <= 100:
        raise ValueError("FEED_REPORTS_AFTER_APPROVAL is a factor, 1 to 100")


def _check_screening(settings: Settings) -> None:
    """Raises MissingSetting or ValueError if the provider of content checks cannot be asked."""
    if settings.screening_provider == "local":
        return
    for name in ("screening_key_id", "screening_key_secret"):
        if not getattr(settings, name):
            raise MissingSetting(f"FEED_{name.upper()}")
    url = settings.screening_endpoint
    _check_url("screening_endpoint", url, ("https", "http"))
    if url.startswith("http:") and not is_loopback(url):
        raise ValueError("FEED_SCREENING_ENDPOINT is https, except on this machine: texts of users are sent there")


def _check_countries(settings: Settings) -> None:
    known = {f"+{code}" for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE}
    given = settings.sign_in_country_codes
    if not given or (given != {"all"} and not given <= known):
        raise ValueError("FEED_SIGN_IN_COUNTRIES lists calling codes like +86,+852, or is `all`")


def _check_review(settings: Settings) -> None:
    """Raises ValueError for review settings that `feed.cases.chain` cannot read."""
    for name in ("review_chain", "review_chain_comments"):
        if getattr(settings, name) not in ("publish_first", "1", "2", "3"):
            raise ValueError(f"FEED_{name.upper()} is publish_first, 1, 2 or 3")
    risks = [int(part) for part in settings.review_risks.split(",") if part.isascii() and part.isdigit()]
    if (
        len(risks) != 3
        or settings.review_risks.count(",") != 2
        or risks != sorted(risks)
        or not 1 <= risks[0] <= risks[2] <= 101
    ):
        raise ValueError("FEED_REVIEW_RISKS is three ascending numbers from 1 to 101, like 40,70,90")
    if settings.review_hours != "always" and _HOURS.fullmatch(settings.review_hours) is None:
        raise ValueError("FEED_REVIEW_HOURS is an interval like 08:00-23:00, or always")


def _from_files(environ: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The secrets read from files. Raises ValueError for one that also has a different value in the environment."""
    found = {}
    for name in SECRETS:
        variable = f"FEED_{name.upper()}_FILE"
        if not environ.get(variable):
            continue
        try:
            value = Path(environ[variable]).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{variable}: {type(error).__name__}") from None
        # A process passes its settings to its children, so the same value twice is accepted.
        if given.get(name, value) != value:
            raise ValueError(f"{variable} and FEED_{name.upper()} differ: set one of them")
        if not value:
            raise ValueError(f"{variable}: the file is empty")
        found[name] = value
    return found


def _reject_weak(settings: Settings) -> None:
    if settings.metrics_token and len(settings.metrics_token) < _MIN_TOKEN_LENGTH:
        raise WeakSecret("FEED_METRICS_TOKEN")
    for name in ("sms", "screening"):
        secret = getattr(settings, f"{name}_key_secret")
        if secret and (len(secret) < _MIN_TOKEN_LENGTH or secret == getattr(settings, f"{name}_key_id")):
            raise WeakSecret(f"FEED_{name.upper()}_KEY_SECRET")
    for name in ("database_url", "database_direct_url", "database_owner_url", "redis_url"):
        parts = urlsplit(getattr(settings, name))
        # No password at all is allowed: a socket, a certificate or a private network.
        if parts.password is not None and unquote(parts.password).lower() in _GUESSABLE | {parts.username or ""}:
            raise WeakSecret(f"FEED_{name.upper()}")
