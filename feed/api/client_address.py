"""Which address a request comes from, as far as that can be known."""

import ipaddress
from functools import lru_cache

from litestar.types import Scope

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# A household or a phone has a whole /64 to choose from.
_IPV6_GROUP = 64


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of this lower-case name."""
    for known, value in scope["headers"]:
        if known == name:
            return value.decode("latin-1")
    return None


def client_address(scope: Scope, trusted_proxies: int) -> str:
    """The address in front of so many proxies of ours; the socket's peer where there is none.

    Counted from the right: each of our proxies has added the address that it saw, and what stands further left is
    what anybody may claim. Fewer addresses than proxies, or something that is none, leave the peer.
    """
    peer = (scope["client"] or ("",))[0]
    if trusted_proxies > 0:
        lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        hops = [hop for line in lines for hop in line.split(",")]
        if len(hops) >= trusted_proxies and (claimed := read_address(hops[-trusted_proxies])) is not None:
            return str(claimed)
    return _plain(peer)


@lru_cache(4096)
def _plain(peer: str) -> str:
    known = read_address(peer)
    return str(known) if known is not None else peer


def read_address(text: str) -> _Address | None:
    """An address, with a port or without; one of IPv4 that is written as IPv6 becomes itself."""
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


@lru_cache(4096)
def grouped(address: str) -> str:
    """What limits count as one: an address of IPv4, a network of 64 bits of IPv6."""
    known = read_address(address)
    if isinstance(known, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((known, _IPV6_GROUP), strict=False))
    return address


@lru_cache(4096)
def is_loopback(address: str) -> bool:
    """Whether the request comes from this machine."""
    known = read_address(address)
    return known is not None and known.is_loopback
