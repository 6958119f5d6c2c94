"""Where a request comes from: what the nearest trusted proxy says, never what the client says of itself."""

from typing import Any

from litestar import Request


def client_address(request: Request[Any, Any, Any], trusted_proxies: int) -> str:
    """The address behind `trusted_proxies` proxies of ours: without any the socket's peer.

    Each proxy appends the address it was called from, so the client's own is that many places from the right; what
    stands further left was written by the client. A header with fewer places came past the proxies: the peer counts.
    """
    peer = request.client.host if request.client else ""
    if trusted_proxies <= 0:
        return peer
    lines = request.headers.getall("x-forwarded-for", [])
    places = [place.strip() for line in lines for place in line.split(",")]
    return _bare(places[-trusted_proxies]) if len(places) >= trusted_proxies else peer


def _bare(place: str) -> str:
    """Without the port that some proxies write."""
    if place.startswith("["):
        return place[1:].partition("]")[0]
    return place.partition(":")[0] if place.count(":") == 1 else place
