"""The environment, read once into one frozen Struct."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a process is told by its environment. Every field is documented in docs/operations.md."""

    database_url: str
    redis_url: str
    keys_dir: Path
    database_direct_url: str = ""  # Sessions that a transaction-mode pooler would break: migrations, LISTEN, locks.
    public_url: str = "http://127.0.0.1:8080"
    sms_provider: str = "file"  # `file` writes the development outbox; providers come with part 4.
    sms_outbox: Path = Path(".feed/outbox.jsonl")
    sms_quiet_hours: str = "22:00-08:00"  # In Shanghai; only sign-in codes ring then. `off` for none.
    metrics_token: str = ""  # Empty: /metrics answers loopback only.
    log_format: str = "json"  # `json`, or `console` for a terminal.
    embedded: bool = False
    api_pool_size: int = 8
    trusted_proxies: int = 0  # How many proxies of ours stand in front and add to X-Forwarded-For.
    limits: str = "on"  # `on`, `off`, or the path of a TOML file with other windows.
    limits_scale: float = 1.0  # Every quota times this.
    allowed_hosts: str = ""  # Comma-separated, `*.example.cn` and `*` too. Empty: the host of public_url.
    cors_origins: str = ""  # Comma-separated; browsers of these sites may call us. Empty: of none.

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
SECRETS = ("database_url", "redis_url", "database_direct_url", "metrics_token")
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
    for name in ("database_url", "database_direct_url", "redis_url"):
        parts = urlsplit(getattr(settings, name))
        # No password at all is somebody's decision: a socket, a certificate, a network of its own.
        if parts.password is not None and unquote(parts.password).lower() in _GUESSED | {parts.username or ""}:
            raise WeakSecret(f"FEED_{name.upper()}")
