"""The push hook: where it is, how a push is signed, and what an answer means. As in the Standard Webhooks specification."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from feed.settings import hook_key, is_loopback
from feed.webhooks import sign

SECRET_SHORTEST = 32
# 10 s, 30 s, 90 s, … 5 h: together about a day.
TRIES_MOST = 12
_FIRST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(hours=5)
RETRY_AFTER_MOST = timedelta(hours=1)
# Of the answers that would be final, those that a later attempt may not get.
_PASSING = frozenset({408, 425, 429})
_ASK_FOR_PATIENCE = frozenset({429, 503})


class HookRefused(ValueError):
    """The hook's settings cannot be used; the message says why."""


class Hook(msgspec.Struct, frozen=True):
    """Where pushes go, and by which secrets they are signed: several while they are being changed."""

    url: str
    secrets: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Hook({self.url!r})"


Outcome = Literal["delivered", "again", "dead"]


def read_hook(url: str, secret: str) -> Hook | None:
    """The hook that the settings name; None for none. Raises HookRefused."""
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise HookRefused("FEED_PUSH_HOOK_URL must be an https URL")
    if parts.scheme == "http" and not is_loopback(url):
        raise HookRefused("FEED_PUSH_HOOK_URL must use https, except on loopback")
    secrets = _secrets(secret)
    if min(map(len, secrets)) < SECRET_SHORTEST:
        raise HookRefused(f"FEED_PUSH_HOOK_SECRET must have {SECRET_SHORTEST} bytes or more where a hook is set")
    return Hook(url, secrets)


def headers_of(hook: Hook, push_id: int, at: datetime, body: bytes) -> dict[str, str]:
    """Who sends, when and what, under a signature by each secret."""
    stamp = int(at.timestamp())
    return {
        "content-type": "application/json",
        "webhook-id": str(push_id),
        "webhook-timestamp": str(stamp),
        "webhook-signature": " ".join(sign(secret, str(push_id), stamp, body) for secret in hook.secrets),
    }


def outcome_of(status: int) -> Outcome:
    """What an answer means. A redirect is not followed: the signed body goes nowhere but to the URL that was set."""
    if 200 <= status < 300:
        return "delivered"
    return "dead" if 400 <= status < 500 and status not in _PASSING else "again"


def pause_after(tries: int, chance: float) -> timedelta | None:
    """How long to wait after that many tries, a fifth more or less by `chance` (0 to 1). None: it has been tried enough."""
    if tries >= TRIES_MOST:
        return None
    pause: timedelta = min(_FIRST_PAUSE * 3 ** (tries - 1), _LONGEST_PAUSE)
    return pause * (0.8 + 0.4 * chance)


def patience_of(status: int, retry_after: str | None, now: datetime) -> timedelta | None:
    """How long the receiver asks to be left alone, in seconds or until a date; an hour at most. None: it does not ask."""
    if retry_after is None or status not in _ASK_FOR_PATIENCE:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return min(timedelta(seconds=int(text[:6])), RETRY_AFTER_MOST)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(timedelta(0), min(until - now, RETRY_AFTER_MOST))


def _secrets(text: str) -> tuple[bytes, ...]:
    """The key of each secret: several of those that begin with `whsec_` may stand with spaces between them."""
    parts = text.split()
    if not parts or not all(part.startswith("whsec_") for part in parts):
        return (hook_key(text),)
    try:
        return tuple(hook_key(part) for part in parts)
    except ValueError as error:
        raise HookRefused(f"FEED_PUSH_HOOK_SECRET: {error}") from None
