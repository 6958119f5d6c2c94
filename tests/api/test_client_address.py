"""The client address behind trusted proxies, which a client cannot forge."""

from typing import Any

import pytest
from litestar.connection import ASGIConnection

from feed.api.client_address import address_group, client_address, is_loopback


def connection(peer: str | None, *forwarded: str) -> ASGIConnection[Any, Any, Any, Any]:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    scope: Any = {"type": "http", "headers": headers, "client": None if peer is None else (peer, 1)}
    return ASGIConnection(scope)


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "address"),
    [
        (0, "192.0.2.1", ["203.0.113.9"], "192.0.2.1"),
        (1, "10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        (1, "10.0.0.1", ["198.51.100.7, 203.0.113.9"], "203.0.113.9"),
        (1, "10.0.0.1", ["198.51.100.7", "203.0.113.9"], "203.0.113.9"),
        (2, "10.0.0.1", ["198.51.100.7, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        (2, "10.0.0.1", ["203.0.113.9"], "10.0.0.1"),
        (1, "10.0.0.1", [], "10.0.0.1"),
        (1, "10.0.0.1", ["unknown"], "10.0.0.1"),
        (1, "10.0.0.1", ["203.0.113.9, "], "10.0.0.1"),
        (1, "10.0.0.1", ["999.1.1.1"], "10.0.0.1"),
        (1, "10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        (1, "10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        (1, "10.0.0.1", ["2001:DB8:0::1"], "2001:db8::1"),
        (1, "10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        (0, "::ffff:192.0.2.1", [], "192.0.2.1"),
        (0, "", [], ""),
        (0, None, [], ""),
    ],
)
def test_the_address_is_counted_from_the_right(
    trusted: int, peer: str | None, forwarded: list[str], address: str
) -> None:
    assert client_address(connection(peer, *forwarded).scope, trusted) == address


def test_a_64_bit_ipv6_network_is_one_group() -> None:
    assert address_group("2001:db8:1:2:3:4:5:6") == address_group("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert address_group("2001:db8:1:3::1") != address_group("2001:db8:1:2::1")
    assert address_group("192.0.2.1") == "192.0.2.1"
    assert address_group("") == ""


def test_loopback_is_recognised() -> None:
    assert [is_loopback(text) for text in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "192.0.2.1", "", "x")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip
