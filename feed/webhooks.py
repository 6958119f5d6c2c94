"""Hooks by the Standard Webhooks specification: signatures, and for the hooks that `feed` calls their settings and the meaning of responses."""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from feed.settings import hook_key, is_loopback

TOLERANCE_SECONDS = 300
MIN_SECRET_BYTES = 32
# 10 s, 30 s, 90 s, … 5 h: together about a day.
MAX_TRIES = 12
_FIRST_DELAY = timedelta(seconds=10)
_MAX_DELAY = timedelta(hours=5)
MAX_RETRY_AFTER = timedelta(hours=1)
# Client errors that a later attempt may not get.
_RETRYABLE_CLIENT_ERRORS = frozenset({408, 425, 429})
_STATUSES_WITH_RETRY_AFTER = frozenset({429, 503})


def sign(key: bytes, webhook_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: HMAC-SHA256 over id, timestamp and body."""
    digest = hmac.digest(key, f"{webhook_id}.{timestamp}.".encode() + body, "sha256")
    return "v1," + base64.b64encode(digest).decode()


def is_valid_signature(
    key: bytes, *, webhook_id: str, timestamp: str, signatures: str, body: bytes, now: float
) -> bool:
    """Whether one of the signatures is valid for the key and the timestamp is within the tolerance.

    There are several signatures while the sender rotates its key.
    """
    if not (webhook_id.isascii() and 0 < len(webhook_id) <= 200 and timestamp.isascii() and timestamp.isdecimal()):
        return False
    if len(timestamp) > 12 or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    wanted = sign(key, webhook_id, int(timestamp), body).encode()
    return any(hmac.compare_digest(wanted, given.encode(errors="replace")) for given in signatures.split()[:10])


class InvalidHookSettings(ValueError):
    """The settings of the hook are invalid; the message says why."""


class Hook(msgspec.Struct, frozen=True):
    """The URL of the hook and its signing secrets, several during a rotation."""

    url: str
    secrets: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Hook({self.url!r})"


Outcome = Literal["delivered", "retry", "dead"]


def read_hook(url: str, secret: str, *, setting: str = "FEED_PUSH_HOOK") -> Hook | None:
    """The hook configured by `{setting}_URL` and `_SECRET`; None without a URL. Raises InvalidHookSettings."""
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidHookSettings(f"{setting}_URL must be an https URL")
    if parts.scheme == "http" and not is_loopback(url):
        raise InvalidHookSettings(f"{setting}_URL must use https, except on loopback")
    secrets = _secrets(secret, setting)
    if min(map(len, secrets)) < MIN_SECRET_BYTES:
        raise InvalidHookSettings(f"{setting}_SECRET must have {MIN_SECRET_BYTES} bytes or more where a hook is set")
    return Hook(url, secrets)


def headers_of(hook: Hook, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of a call: id, timestamp and a signature by each secret."""
    stamp = int(at.timestamp())
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": " ".join(sign(secret, message_id, stamp, body) for secret in hook.secrets),
    }


def outcome_of(status: int) -> Outcome:
    """The meaning of a response status. Redirects are not followed: the signed body goes to the configured URL only."""
    if 200 <= status < 300:
        return "delivered"
    return "dead" if 400 <= status < 500 and status not in _RETRYABLE_CLIENT_ERRORS else "retry"


def retry_delay(tries: int, chance: float) -> timedelta | None:
    """The delay after `tries` attempts, with 20 % jitter by `chance` (0 to 1). None after the last attempt."""
    if tries >= MAX_TRIES:
        return None
    pause: timedelta = min(_FIRST_DELAY * 3 ** (tries - 1), _MAX_DELAY)
    return pause * (0.8 + 0.4 * chance)


def retry_after_of(status: int, retry_after: str | None, now: datetime) -> timedelta | None:
    """The pause that the receiver asked for in Retry-After (seconds or a date), one hour at most. None without one."""
    if retry_after is None or status not in _STATUSES_WITH_RETRY_AFTER:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return min(timedelta(seconds=int(text[:6])), MAX_RETRY_AFTER)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(timedelta(0), min(until - now, MAX_RETRY_AFTER))


def _secrets(text: str, setting: str) -> tuple[bytes, ...]:
    """The key of each secret. Several secrets that begin with `whsec_` are separated by spaces."""
    parts = text.split()
    if not parts or not all(part.startswith("whsec_") for part in parts):
        return (hook_key(text),)
    try:
        return tuple(hook_key(part) for part in parts)
    except ValueError as error:
        raise InvalidHookSettings(f"{setting}_SECRET: {error}") from None
