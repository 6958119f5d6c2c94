"""The outermost layer: hosts, lengths, the time that a request may take, and headers that every answer bears."""

from collections.abc import Callable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from feed.api.errors import HostNotAllowed, UriTooLong, answer
from feed.api.middleware.allowed_hosts import allowed_hosts, host_check
from feed.api.middleware.timeouts import Patience, Watch
from feed.api.openapi.docs import DOCS_PATH, DOCS_POLICY
from feed.errors import FeedError
from feed.settings import Settings

# Twice what the longest list of ids and a cursor need, and less than what proxies pass on.
URI_LONGEST = 8 * 1024

# Probes and scrapers call by address.
_ANY_HOST = frozenset({"/health/live", "/health/ready", "/metrics"})
_POLICY = b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
]
# A year, and nothing about other names of the domain, which are not ours to decide.
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")


def shielded(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The application behind the shield."""
    names = allowed_hosts(settings)
    known = host_check(names) if names else None
    common = [*_ALWAYS, *([_HTTPS_ONLY] if settings.public_url.startswith("https:") else [])]
    plain = [(b"content-security-policy", _POLICY), *common]
    page = [(b"content-security-policy", DOCS_POLICY), *common]
    watch = Watch()

    async def shield(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = page if scope["path"].startswith(DOCS_PATH) else plain
                told = scope["state"].get("told")
                if told is not None:
                    added = [*added, (b"ratelimit", told[0]), (b"ratelimit-policy", told[1])]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        async with Patience(watch, receive, dressed) as patience:
            scope["state"]["patience"] = patience
            refusal = _refusal(scope, known)
            if refusal is None:
                await app(scope, patience.receive, patience.send)
            else:
                await answer(scope, patience.receive, patience.send, refusal)
        # It holds the scope through what sends its answer.
        scope["state"].pop("patience")
        if patience.lost is not None:
            await answer(scope, receive, dressed, patience.lost)

    return shield


def _refusal(scope: Scope, known: Callable[[bytes], bool] | None) -> FeedError | None:
    if len(scope["raw_path"]) + len(scope["query_string"]) > URI_LONGEST:
        return UriTooLong()
    if known is not None and scope["path"] not in _ANY_HOST:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not known(hosts[0]):
            return HostNotAllowed()
    return None
