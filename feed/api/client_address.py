"""The client address of a request, behind trusted proxies or not."""

import ipaddress

from litestar.types import Scope

from feed.bounded_cache import memoized

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# A household or a phone can use any address of its /64 network.
_IPV6_PREFIX = 64


def header(scope: Scope, name: bytes) -> str | None:
    """The first header with this name, which is in lower case."""
    for each, value in scope["headers"]:
        if each == name:
            return value.decode("latin-1")
    return None


def client_address(scope: Scope, trusted_proxies: int) -> str:
    """The client address from `X-Forwarded-For` behind `trusted_proxies` proxies; without proxies the socket's peer.

    Counted from the right, as each trusted proxy appends the address it saw; entries further left can be forged. With
    fewer entries than proxies, or an entry that is not an address, it is the peer.
    """
    peer = (scope["client"] or ("",))[0]
    if trusted_proxies > 0:
        lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        hops = [hop for line in lines for hop in line.split(",")]
        if len(hops) >= trusted_proxies and (client := read_address(hops[-trusted_proxies])) is not None:
            return str(client)
    return _normalised(peer)


def client_port(scope: Scope, trusted_proxies: int) -> int | None:
    """The client's port: the socket's, behind trusted proxies that of the address in `X-Forwarded-For`, or else `X-Real-Port`.

    None where no proxy tells it.
    """
    if trusted_proxies == 0:
        return (scope["client"] or ("", None))[1]
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    hops = [hop.strip() for line in lines for hop in line.split(",")]
    named = ""
    if len(hops) >= trusted_proxies:
        hop = hops[-trusted_proxies]
        # An IPv6 address has a port only after its brackets.
        named = hop.rpartition("]:")[2] if hop.startswith("[") else hop.partition(":")[2] if hop.count(":") == 1 else ""
    text = named or header(scope, b"x-real-port") or ""
    return int(text) if text.isascii() and text.isdecimal() and 0 < int(text[:6]) < 65_536 and len(text) < 6 else None


@memoized(entries=4096, longest=64)
def _normalised(peer: str) -> str:
    address = read_address(peer)
    return str(address) if address is not None else peer


def read_address(text: str) -> _Address | None:
    """Parses an address with or without a port; an IPv4-mapped IPv6 address becomes IPv4. None for other text."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@memoized(entries=4096, longest=64)
def address_group(address: str) -> str:
    """What rate limits count by: an IPv4 address, or the /64 network of an IPv6 address."""
    parsed = read_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((parsed, _IPV6_PREFIX), strict=False))
    return address


@memoized(entries=4096, longest=64)
def is_loopback(address: str) -> bool:
    """Whether it is a loopback address."""
    parsed = read_address(address)
    return parsed is not None and parsed.is_loopback
