"""The classes of routes, and quantiles of buckets."""

import math

import pytest

from feed.observability.traffic import class_of, quantile

_BUCKETS = [(0.1, 50.0), (0.5, 90.0), (1.0, 100.0), (math.inf, 100.0)]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 0.1), (0.25, 0.05), (0.9, 0.5), (0.95, 0.75)])
def test_a_quantile_lies_within_its_bucket(share: float, expected: float) -> None:
    assert quantile(_BUCKETS, share) == pytest.approx(expected)


def test_without_observations_and_beyond_the_last_bound_there_is_no_quantile() -> None:
    assert quantile([], 0.5) is None
    assert quantile([(0.1, 0.0), (math.inf, 0.0)], 0.5) is None
    assert quantile([(0.1, 1.0), (math.inf, 10.0)], 0.5) is None


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("/v1/posts/{post_id:str}", "readers"),
        ("/v1/admin/status", "staff"),
        ("/console/queue", "staff"),
        ("/p/{post_id:str}", "pages"),
        ("/health/ready", "other"),
        ("unknown", "other"),
    ],
)
def test_each_route_has_a_class(route: str, expected: str) -> None:
    assert class_of(route) == expected
