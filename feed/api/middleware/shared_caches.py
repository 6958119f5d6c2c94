"""What every response tells shared caches (a proxy, a CDN, a browser): who else may get it."""

from collections.abc import Iterable

from feed.api.responses import RawHeaders
from feed.bounded_cache import memoized
from feed.settings import Settings

_DEFAULT = b"no-store"
# Documentation: the same for all readers, and as old as the process.
_DOCS = b"public, max-age=300"


class CacheHeaders:
    """Completes the headers of responses: one `Vary`, and a `Cache-Control` where the operation has set none.

    A proxy may be configured to cache responses that do not say whether they may be cached.
    """

    def __init__(self, settings: Settings) -> None:
        # Also for callers without a token or an origin: their response must not be taken for one of others, nor the reverse.
        self._always = ("Authorization", "Origin") if settings.cors_origins else ("Authorization",)
        self._union = memoized(entries=64, longest=512)(self._unite)
        self._vary = b"vary", ", ".join(self._always).encode()

    def complete(self, headers: Iterable[tuple[bytes, bytes]], *, docs: bool) -> RawHeaders:
        """The headers, with the union of all their `Vary` and what every response depends on."""
        kept = list(headers)
        # Most responses have no Vary of their own and a Cache-Control: two look-ups instead of a loop.
        names = dict(kept)
        vary = self._vary
        if b"vary" in names:
            vary = b"vary", self._union(b", ".join([value for name, value in kept if name == b"vary"]))
            kept = [header for header in kept if header[0] != b"vary"]
        kept.append(vary)
        if b"cache-control" not in names:
            kept.append((b"cache-control", _DOCS if docs else _DEFAULT))
        return kept

    def _unite(self, also: bytes) -> bytes:
        names = [*self._always, *(name.strip() for name in also.decode("latin-1").split(","))]
        return ", ".join({name.lower(): name for name in reversed(names) if name}.values()).encode("latin-1")
