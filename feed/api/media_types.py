"""What an `Accept` header allows."""

from feed.bounded_cache import memoized

_JSON = ("application/json", "application/problem+json", "application/*", "*/*")


@memoized(entries=1024, longest=256)
def takes_json(accept: str) -> bool:
    """Whether an `Accept` header allows JSON. A header that cannot be parsed allows everything."""
    ranges = _ranges(accept)
    if not ranges:
        return True
    # The most specific range decides, so that `application/json;q=0, */*` excludes JSON.
    if "application/json" in ranges:
        return ranges["application/json"]
    return any(ranges.get(kind, False) for kind in _JSON)


@memoized(entries=1024, longest=256)
def prefers_text(accept: str) -> bool:
    """Whether an `Accept` header is that of a browser, which names texts and no JSON, or excludes JSON."""
    ranges = _ranges(accept)
    return not takes_json(accept) or ("text/html" in ranges and not any(kind.endswith("json") for kind in ranges))


def _ranges(accept: str) -> dict[str, bool]:
    """Whether each media range of the header is allowed."""
    ranges: dict[str, bool] = {}
    for part in accept.lower().split(","):
        kind, *parameters = (word.strip() for word in part.split(";"))
        if kind:
            ranges[kind] = not any(_is_zero_quality(word) for word in parameters)
    return ranges


def _is_zero_quality(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and value.strip().rstrip("0") in ("", "0.", ".")
