"""The traffic of the API since its processes started, by classes of routes: from the metrics."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from feed.observability import metrics

RouteClass = Literal["readers", "staff", "pages", "other"]
CLASSES: tuple[RouteClass, ...] = ("readers", "staff", "pages", "other")
_REQUESTS, _BUCKETS = "feed_requests_total", "feed_request_seconds_bucket"
_STREAMS = "feed_streams"
_ROUTES_MOST = 20


class Traffic(msgspec.Struct, frozen=True):
    """Requests by class or route; of ten responses five took at most `median_ms`, and of a hundred 95 at most `slow_ms`: bounds of buckets.

    They are null without a request, and where they took longer than the largest bound.
    """

    name: str
    requests: int
    client_errors: int
    server_errors: int
    median_ms: float | None
    slow_ms: float | None


class TrafficReport(msgspec.Struct, frozen=True):
    """Traffic by class, of the routes with most errors of the server and most requests, and open streams."""

    classes: list[Traffic]
    routes: list[Traffic]
    streams: int


def read_traffic() -> TrafficReport:
    """The traffic of all processes that share their metrics, else of this one. With shared metrics it reads files."""
    found = metrics.samples(_REQUESTS, _BUCKETS, _STREAMS)
    streams = sum(int(value) for name, _, value in found if name == _STREAMS)
    routes = _group(found, lambda route: route)
    routes.sort(key=lambda each: (each.server_errors, each.requests), reverse=True)
    by_class = {each.name: each for each in _group(found, class_of)}
    return TrafficReport(
        [by_class.get(name) or Traffic(name, 0, 0, 0, None, None) for name in CLASSES],
        [each for each in routes if each.requests][:_ROUTES_MOST],
        streams,
    )


def class_of(route: str) -> RouteClass:
    """Which users a route is for."""
    if route.startswith(("/v1/admin", "/v1/moderation", "/v1/audit", "/console")):
        return "staff"
    if route.startswith("/v1/"):
        return "readers"
    return "other" if route.startswith(("/health", "/metrics", "/.well-known", "unknown")) else "pages"


def quantile(buckets: Sequence[tuple[float, float]], share: float) -> float | None:
    """The bound in seconds below which this share of the observations is.

    `buckets`: bounds in ascending order, each with the number of observations up to it; the last bound is infinite. Within a bucket
    observations count as evenly spread. None without observations, and in the last bucket.
    """
    if not buckets or not buckets[-1][1]:
        return None
    wanted = buckets[-1][1] * share
    for (low, before), (high, count) in pairwise([(0.0, 0.0), *buckets]):
        if count >= wanted:
            return None if high == float("inf") else low + (high - low) * (wanted - before) / (count - before)
    return None


def _group(found: Sequence[tuple[str, dict[str, str], float]], key: Callable[[str], str]) -> list[Traffic]:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    buckets: dict[str, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for name, labels, value in found:
        if name == _REQUESTS:
            # By the first digit of the status.
            counts[key(labels["route"])][labels["status"][:1]] += int(value)
        elif name == _BUCKETS:
            buckets[key(labels["route"])][float(labels["le"])] += value
    return [
        Traffic(name, sum(by.values()), by["4"], by["5"], _ms(buckets[name], 0.5), _ms(buckets[name], 0.95))
        for name, by in counts.items()
    ]


def _ms(buckets: dict[float, float], share: float) -> float | None:
    seconds = quantile(sorted(buckets.items()), share)
    return None if seconds is None else round(seconds * 1000, 1)
