"""Under which names the site may be called: a forged `Host` must not find its way into links or caches."""

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from feed.api.client_address import is_loopback
from feed.settings import Settings


def allowed_hosts(settings: Settings) -> tuple[str, ...]:
    """The names that are answered; empty for any.

    Without a setting: the public address's name, and any as long as that is the machine itself.
    """
    if settings.allowed_hosts:
        named = tuple(name.strip().lower() for name in settings.allowed_hosts.split(",") if name.strip())
        return () if "*" in named else named
    public = (urlsplit(settings.public_url).hostname or "").lower()
    if settings.embedded or not public or public == "localhost" or is_loopback(public):
        return ()
    return (public,)


def host_check(names: Sequence[str]) -> Callable[[bytes], bool]:
    """Whether a `Host` header names one of them, whatever its port; `*.example.cn` stands for everything below it."""
    exact = {name.encode() for name in names if not name.startswith("*.")}
    below = tuple(name[1:].encode() for name in names if name.startswith("*."))

    def check(header: bytes) -> bool:
        header = header.strip().lower()
        # Brackets hold an address of IPv6; its colons part nothing.
        host = header[1:].partition(b"]")[0] if header.startswith(b"[") else header.partition(b":")[0]
        return host in exact or (bool(below) and host.endswith(below))

    return check
