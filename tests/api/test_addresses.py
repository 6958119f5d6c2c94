"""Where a request comes from."""

from typing import Any

import pytest
from litestar import Request
from litestar.testing import RequestFactory

from feed.api.addresses import client_address


def request(*forwarded: str, peer: str = "10.0.0.1") -> Request[Any, Any, Any]:
    made = RequestFactory().get()
    made.scope["client"] = (peer, 1234)
    made.scope["headers"] = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    return Request(made.scope)


@pytest.mark.parametrize(
    ("forwarded", "trusted", "address"),
    [
        ((), 0, "10.0.0.1"),
        (("203.0.113.5",), 0, "10.0.0.1"),
        ((), 1, "10.0.0.1"),
        (("203.0.113.5",), 1, "203.0.113.5"),
        (("6.6.6.6, 203.0.113.5",), 1, "203.0.113.5"),
        (("6.6.6.6, 203.0.113.5, 10.0.0.2",), 2, "203.0.113.5"),
        (("6.6.6.6", "203.0.113.5", "10.0.0.2"), 2, "203.0.113.5"),
        (("203.0.113.5",), 2, "10.0.0.1"),
        (("6.6.6.6, 203.0.113.5:4711",), 1, "203.0.113.5"),
        (("[2001:db8::1]:4711",), 1, "2001:db8::1"),
        (("2001:db8::1",), 1, "2001:db8::1"),
    ],
)
def test_it_is_counted_from_the_right(forwarded: tuple[str, ...], trusted: int, address: str) -> None:
    assert client_address(request(*forwarded), trusted) == address
