"""The settings, read once from the environment and checked: what cannot be right is refused by the name of its variable."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec
import phonenumbers

from feed.settings import SECRETS, MissingSetting, Settings, WeakSecret, hook_key, is_loopback

# Asymmetric algorithms only: with a shared secret every verifier could also sign.
JWT_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")

# An HMAC secret should not be shorter than the digest.
_MIN_SECRET_BYTES = 32
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
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SITE = re.compile(r"(?i)(?P<scheme>https?)://(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?/?", re.ASCII)
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
    _check_embedding(settings)
    _check_issuer(settings)
    if settings.account_hook_secret and len(hook_key(settings.account_hook_secret)) < _MIN_SECRET_BYTES:
        raise ValueError(f"FEED_ACCOUNT_HOOK_SECRET is too short: {_MIN_SECRET_BYTES} bytes at least, at random")
    if not 0 <= settings.database_statement_cache <= 10_000:
        raise ValueError("FEED_DATABASE_STATEMENT_CACHE is a number of statements, 0 to 10000")
    _check_countries(settings)
    _check_screening(settings)
    _check_media(settings)
    _check_reports(settings)
    if not 183 <= settings.access_log_days <= 3650:
        raise ValueError("FEED_ACCESS_LOG_DAYS is a number of days, 183 to 3650: six months at least")
    if not 0 <= settings.names_reserved_days <= 3650:
        raise ValueError("FEED_NAMES_RESERVED_DAYS is a number of days, 0 to 3650")
    _check_review(settings)
    if not 0 <= settings.media_workers <= 64:
        raise ValueError("FEED_MEDIA_WORKERS is a number of photos and videos at once, 1 to 64, or 0")
    if not 1 <= settings.media_evidence_days <= 3650:
        raise ValueError("FEED_MEDIA_EVIDENCE_DAYS is a number of days, 1 to 3650")
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
    _check_url("terms_url", settings.terms_url, ("https", "http"))
    if _VERSION.fullmatch(settings.privacy_version) is None:
        raise ValueError(
            "FEED_PRIVACY_VERSION has 1 to 40 letters, digits, dots, underscores and hyphens, like 2026-09"
        )


def _check_embedding(settings: Settings) -> None:
    """Raises ValueError for sites that are no origins: they become part of a policy."""
    for site in settings.embed_sites.split(",") if settings.embed_sites else []:
        found = _SITE.fullmatch(site.strip())
        if site.strip() != "*" and (found is None or (found["scheme"] == "http" and not is_loopback(site.strip()))):
            raise ValueError(
                "FEED_EMBED_SITES lists origins like https://news.example.cn or https://*.example.cn, or is *"
            )


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


def _check_media(settings: Settings) -> None:
    """Raises MissingSetting or ValueError if the object storage of media cannot be addressed."""
    _check_url("media_url", settings.media_url, ("https", "http"))
    if "?" in settings.media_url or "#" in settings.media_url:
        raise ValueError("FEED_MEDIA_URL is the address of a folder, without a query")
    if "://" not in settings.media_store:
        return
    if _BUCKET.fullmatch(settings.media_store) is None:
        raise ValueError("FEED_MEDIA_STORE is the path of a folder, or s3:// and the name of a bucket, without a path")
    for name in ("media_s3_endpoint", "media_s3_key_id", "media_s3_key_secret"):
        if not getattr(settings, name):
            raise MissingSetting(f"FEED_{name.upper()}")
    for name in ("media_s3_endpoint", "media_s3_public_endpoint"):
        url = getattr(settings, name)
        _check_url(name, url, ("https", "http"))
        parts = urlsplit(url)
        if url and (not parts.hostname or parts.username is not None or parts.query or parts.fragment):
            raise ValueError(f"FEED_{name.upper()} is the address of a server, without a user and a query")


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
    for name in ("sms", "screening", "media_s3"):
        secret = getattr(settings, f"{name}_key_secret")
        if secret and (len(secret) < _MIN_TOKEN_LENGTH or secret == getattr(settings, f"{name}_key_id")):
            raise WeakSecret(f"FEED_{name.upper()}_KEY_SECRET")
    for name in ("database_url", "database_direct_url", "database_owner_url", "redis_url"):
        parts = urlsplit(getattr(settings, name))
        # No password at all is allowed: a socket, a certificate or a private network.
        if parts.password is not None and unquote(parts.password).lower() in _GUESSABLE | {parts.username or ""}:
            raise WeakSecret(f"FEED_{name.upper()}")
