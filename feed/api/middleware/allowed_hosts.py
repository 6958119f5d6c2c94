"""Allowed `Host` headers: a forged host must not get into links or caches."""

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from feed.api.client_address import is_loopback
from feed.settings import Settings


def allowed_hosts(settings: Settings) -> tuple[str, ...]:
    """The allowed host names in lower case; empty for any.

    Without FEED_ALLOWED_HOSTS it is the host of the public URL; any host in embedded mode, or if that URL is loopback.
    """
    if settings.allowed_hosts:
        named = tuple(name.strip().lower() for name in settings.allowed_hosts.split(",") if name.strip())
        return () if "*" in named else named
    public = (urlsplit(settings.public_url).hostname or "").lower()
    if settings.embedded or not public or public == "localhost" or is_loopback(public):
        return ()
    return (public,)


def host_check(names: Sequence[str]) -> Callable[[bytes], bool]:
    """A predicate for the value of a `Host` header, whatever its port; `*.example.cn` allows all subdomains."""
    exact = {name.encode() for name in names if not name.startswith("*.")}
    suffixes = tuple(name[1:].encode() for name in names if name.startswith("*."))

    def check(header: bytes) -> bool:
        header = header.strip().lower()
        # An IPv6 address is in brackets; its colons do not separate a port.
        host = header[1:].partition(b"]")[0] if header.startswith(b"[") else header.partition(b":")[0]
        return host in exact or (bool(suffixes) and host.endswith(suffixes))

    return check
