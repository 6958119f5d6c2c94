"""The environment, read once into one frozen Struct."""

import os
from collections.abc import Mapping
from pathlib import Path

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
    push_hook_url: str = ""  # Empty: nobody is told of what comes into an inbox.
    push_hook_secret: str = ""  # 32 bytes or more, as text or `whsec_` and base64.
    metrics_token: str = ""  # Empty: /metrics answers loopback only.
    log_format: str = "json"  # `json`, or `console` for a terminal.
    embedded: bool = False
    api_pool_size: int = 8

    @property
    def direct_url(self) -> str:
        """Where session-level features work; the ordinary URL unless another one is set."""
        return self.database_direct_url or self.database_url


class MissingSetting(Exception):
    """A setting without which the process cannot run; the message names the variable."""


_REQUIRED = ("database_url", "redis_url", "keys_dir")


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `FEED_*` variables, each by its upper-case name.

    Raises MissingSetting for a required one that is absent and ValueError for one that does not convert.
    """
    given = {
        name: environ[f"FEED_{name.upper()}"]
        for name in Settings.__struct_fields__
        if environ.get(f"FEED_{name.upper()}")
    }
    for name in _REQUIRED:
        if name not in given:
            raise MissingSetting(f"FEED_{name.upper()}")
    try:
        return msgspec.convert(given, Settings, strict=False, dec_hook=lambda kind, value: kind(value))
    except msgspec.ValidationError as error:
        raise ValueError(f"settings: {error}") from None
