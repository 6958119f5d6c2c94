"""Fingerprints of keys: what the database knows about them, compared with what a key store holds."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

from feed.errors import Unavailable


class KeysUnusable(Unavailable):
    """This server's key store lacks a key, holds another one than the database knows, or cannot be read. Nothing is sealed or opened."""


class Recorded(msgspec.Struct, frozen=True):
    """A key as the database knows it."""

    fingerprint: str
    is_destroyed: bool = False


Difference = Literal["other", "missing", "kept"]

DIFFERENCES: dict[Difference, tuple[str, str]] = {
    "other": ("与数据库登记的密钥不一致", "is another key than the one that the database knows"),
    "missing": ("数据库已登记，密钥目录中却没有", "is known to the database and missing here"),
    "kept": ("已销毁，密钥目录中却仍保留", "was destroyed and is still kept here: delete it"),
}
# How an operator gets out of it; docs/how-to/operate.md says more.
ADVICE = (
    "各主机须共用同一个 FEED_KEYS_DIR；确认无误后可用 feed keys accept 登记本机的密钥。\n"
    "All hosts share one FEED_KEYS_DIR; `feed keys accept` records the keys of this host instead."
)


def fingerprint_of(name: str, secret: bytes) -> str:
    """32 hexadecimal digits that identify a random key of 32 bytes and tell nothing about it."""
    return hashlib.sha256(b"feed key fingerprint\0" + name.encode() + b"\0" + secret).hexdigest()[:32]


def campaign_name(campaign_id: int) -> str:
    """The name of a campaign's key."""
    return f"campaign/{int(campaign_id)}"


def compare(held: Mapping[str, str], recorded: Mapping[str, Recorded], gone: Collection[str]) -> dict[str, Difference]:
    """The keys that differ, by name. `gone` are the names of keys that the store knows to be destroyed."""
    found: dict[str, Difference] = {}
    for name, known in sorted(recorded.items()):
        if known.is_destroyed:
            if name in held:
                found[name] = "kept"
        elif name not in held:
            if name not in gone:
                found[name] = "missing"
        elif held[name] != known.fingerprint:
            found[name] = "other"
    return found


def require_same(name: str, held: str, known: Recorded) -> None:
    """Raises KeysUnusable unless the key is the recorded one."""
    if held != known.fingerprint:
        raise unusable(name, "other")


def unusable(name: str, difference: Difference) -> KeysUnusable:
    """The error for callers, with the reason as a note for the log and for commands."""
    error = KeysUnusable(retry_after=60)
    error.add_note(explain(name, difference))
    return error


def explain(name: str, difference: Difference) -> str:
    """One difference for an operator, in both languages."""
    zh, en = DIFFERENCES[difference]
    return f"{name} {zh} · {en}"
