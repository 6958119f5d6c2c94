"""The language of messages, from `Accept-Language` (RFC 9110, 12.5.4). Pure."""

import re

from feed.bounded_cache import memoized

# By the primary language tag; the first one is the default.
_LANGUAGES = {"zh": "zh-CN", "en": "en"}
# More ranges than any browser sends.
_RANGES_MOST = 50
_WEIGHT = re.compile(r"[ \t]*q=([01](\.[0-9]{0,3})?)[ \t]*", re.IGNORECASE)


@memoized(entries=1024, longest=256)
def preferred_language(header: str) -> str:
    """`zh-CN` or `en`: the one with the higher weight, of equal ones the one that is named first.

    `*` stands for a language that is not named. A malformed range is ignored; without a usable one it is `zh-CN`.
    """
    weights: dict[str, float] = {}
    for given in header.split(",", _RANGES_MOST)[:_RANGES_MOST]:
        tag, *parameters = given.split(";")
        primary = tag.strip().lower().partition("-")[0]
        weight = _weight_of(parameters)
        if weight is not None and (primary in _LANGUAGES or primary == "*"):
            weights[primary] = max(weight, weights.get(primary, 0.0))
    # Those that are named come before those that only `*` stands for.
    ordered = [*(name for name in weights if name != "*"), *(name for name in _LANGUAGES if name not in weights)]
    best = max(ordered, key=lambda name: weights.get(name, weights.get("*", 0.0)))
    return _LANGUAGES[best] if weights.get(best, weights.get("*", 0.0)) > 0 else _LANGUAGES["zh"]


def _weight_of(parameters: list[str]) -> float | None:
    """The weight of a range, from 0 to 1; None if it is malformed."""
    if not parameters:
        return 1.0
    found = _WEIGHT.fullmatch(parameters[0]) if len(parameters) == 1 else None
    weight = float(found[1]) if found else 2.0
    return weight if weight <= 1 else None
