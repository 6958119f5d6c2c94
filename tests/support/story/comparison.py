"""Whether what was played is what is stored as examples: the same requests, and responses of the same shape."""

import re
from collections.abc import Iterator
from typing import Any

from feed.api.openapi.examples.played import Played

# What differs between two runs; times are those of the story.
_ID = re.compile(r"\d{16,19}")
_OTHER_EACH_TIME = {
    "code",
    "refresh_token",
    "cursor",
    "etag",
    "sha256",
    "content_sha256",
    "If-None-Match",
    "webhook-timestamp",
    "webhook-signature",
}
_PSEUDONYM = re.compile(r"[0-9a-f]{16,}")


def differences(name: str, played: Any, stored: Played) -> Iterator[str]:
    """What differs between an operation that was just played and the stored one, for a message."""
    for part in ("parameters", "body"):
        now, then = (exchanged(getattr(each, part)) for each in (played, stored))
        if now != then:
            yield f"{name}: {part} {now}, stored {then}"
    if played.answers.keys() != stored.answers.keys():
        yield f"{name}: answers {sorted(played.answers)}, stored {sorted(stored.answers)}"
    if played.others.keys() != stored.others.keys():
        yield f"{name}: others {sorted(played.others)}, stored {sorted(stored.others)}"
        return
    for each, other in played.others.items():
        yield from differences(f"{name} ({each})", other, stored.others[each])
    for status, contents in played.answers.items():
        yield from _shape(f"{name} {status}", contents, stored.answers.get(status, {}))


def exchanged(value: Any, name: str = "") -> Any:
    """The value with the ids, codes and tokens that another run gets in place of them."""
    if isinstance(value, dict):
        return {key: exchanged(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [exchanged(each, name) for each in value]
    if name in _OTHER_EACH_TIME:
        return name
    return _ID.sub("id", value) if isinstance(value, str) else value


def _shape(where: str, now: Any, then: Any) -> Iterator[str]:
    """Members that only one of the two has; an empty list or null has any shape."""
    if isinstance(now, list) and isinstance(then, list):
        for one in now[:1]:
            for other in then[:1]:
                yield from _shape(f"{where}[]", one, other)
    elif isinstance(now, dict) and isinstance(then, dict):
        keys, stored = _members(now), _members(then)
        if keys.keys() != stored.keys():
            extra, missing = sorted(keys.keys() - stored.keys()), sorted(stored.keys() - keys.keys())
            yield f"{where}: new {extra}, gone {missing}"
        for key in keys.keys() & stored.keys():
            yield from _shape(f"{where}.{key}", keys[key], stored[key])
    elif type(now) is not type(then) and now is not None and then is not None:
        yield f"{where}: {type(now).__name__}, stored {type(then).__name__}"


def _members(value: dict[str, Any]) -> dict[str, Any]:
    return {_PSEUDONYM.sub("…", key): each for key, each in value.items()}
