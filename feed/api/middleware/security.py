"""The outermost middleware: allowed hosts, the form of the path, request timeouts and security headers."""

import re
import time
from collections.abc import Callable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from feed.access_log.writer import AccessLog, Entry
from feed.api.client_address import client_address, client_port, header
from feed.api.connections import Connections
from feed.api.errors import HeadersTooLarge, HostNotAllowed, UriTooLong, send_error
from feed.api.middleware.allowed_hosts import allowed_hosts, host_check
from feed.api.middleware.rate_limit import RATE_LIMIT_HEADERS
from feed.api.middleware.shared_caches import CacheHeaders
from feed.api.middleware.timeouts import REQUEST_TIMEOUT, RequestTimeout, TimeoutScheduler
from feed.api.middleware.unread import LARGE_BYTES, UnreadResponses
from feed.api.openapi.docs import DOCS_PATH, DOCS_POLICY, DOCUMENT_PATH
from feed.api.paths import HEADERS_LONGEST, URI_LONGEST, plain_query, route_path
from feed.api.responses import LONG_RESPONSE, RawHeaders
from feed.errors import FeedError, NotFound
from feed.settings import MEDIA_PATH, Settings

# Probes and scrapers use the address of a process as host.
_ANY_HOST = frozenset({"/health/live", "/health/ready", "/metrics"})
# The status that nginx logs when a client has closed the connection; it is never sent.
CLIENT_CLOSED = 499
# Of a path in the access log.
# The token behind the provider, as in /v1/hooks/sms/aliyun/TOKEN; other spellings of such a path, too.
_SECRET = re.compile(r"(/hooks/+sms/+[^/]*/).*", re.DOTALL | re.IGNORECASE)
_PATH_LONGEST = 1000
_POLICY = b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# Of photos and videos: whatever a file may contain, a browser runs nothing of it. Pages of other origins show them.
_LOGGED = frozenset({"type", "method", "path", "client", "headers", "state"})
_LOGGED_HEADERS = frozenset({b"user-agent", b"x-forwarded-for", b"x-real-port"})
_MEDIA = f"{MEDIA_PATH}/"
_MEDIA_POLICY = b"default-src 'none'; sandbox"
_RESOURCE_POLICY = b"cross-origin-resource-policy"
_COMMON_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (_RESOURCE_POLICY, b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
]
# A year, without includeSubDomains: other names of the domain are not ours to decide.
_HSTS = (b"strict-transport-security", b"max-age=31536000")


def security_middleware(
    app: ASGIApp, settings: Settings, connections: Connections, access_log: AccessLog | None = None
) -> ASGIApp:
    """Rejects wrong hosts, malformed or long paths and large headers, ends requests that take too long, and adds headers to
    every response. Each request is noted in the access log.
    """
    names = allowed_hosts(settings)
    is_allowed = host_check(names) if names else None
    common = [*_COMMON_HEADERS, *([_HSTS] if settings.public_url.startswith("https:") else [])]
    default_headers = [(b"content-security-policy", _POLICY), *common]
    media_headers = [
        (b"content-security-policy", _MEDIA_POLICY),
        *((name, b"cross-origin" if name == _RESOURCE_POLICY else value) for name, value in common),
    ]
    docs_headers = [(b"content-security-policy", DOCS_POLICY), *common]
    caches = CacheHeaders(settings)
    scheduler = TimeoutScheduler()
    unread = UnreadResponses(connections)

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return

        status = CLIENT_CLOSED

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                path = scope["path"]
                docs = path.startswith((DOCS_PATH, DOCUMENT_PATH))
                added = docs_headers if docs else media_headers if path.startswith(_MEDIA) else default_headers
                limits = scope["state"].get(RATE_LIMIT_HEADERS)
                if limits is not None:
                    added = [*added, (b"ratelimit", limits[0]), (b"ratelimit-policy", limits[1])]
                message["headers"] = _completed(caches.complete(message["headers"], docs=docs), added)
            if message["type"] == "http.response.body" and len(message["body"]) > LARGE_BYTES:
                await unread.send(scope, message, send)
            else:
                await send(message)

        try:
            async with RequestTimeout(scheduler, receive, send_with_headers) as timeout:
                scope["state"][REQUEST_TIMEOUT] = timeout
                error = _request_error(scope, is_allowed)
                if error is None:
                    await app(scope, timeout.receive, timeout.send)
                    long_response = scope["state"].pop(LONG_RESPONSE, None)
                    if long_response is not None:
                        _release(scope)
                        await long_response(timeout.receive, timeout.send)
                else:
                    await send_error(scope, timeout.receive, timeout.send, error)
            # Breaks a reference cycle: the timeout refers to the scope through its `send`.
            scope["state"].pop(REQUEST_TIMEOUT)
            if timeout.error is not None:
                await send_error(scope, receive, send_with_headers, timeout.error)
        finally:
            if access_log is not None:
                access_log.add(_entry(scope, status, settings.trusted_proxies))

    return middleware


def _release(scope: HTTPScope) -> None:
    """Drops what a response that stays open does not need of its request; the access log does need some of it."""
    scope["headers"] = [each for each in scope["headers"] if each[0] in _LOGGED_HEADERS]
    for name in scope.keys() - _LOGGED:
        del scope[name]  # type: ignore[misc]
    for name in scope["state"].keys() - {"viewer", REQUEST_TIMEOUT, RATE_LIMIT_HEADERS}:
        del scope["state"][name]


def _completed(headers: RawHeaders, added: RawHeaders) -> RawHeaders:
    """The headers with those of every response; a page has a policy and a referrer policy of its own, which stay."""
    if b"content-security-policy" not in (names := dict(headers)):
        return [*headers, *added]
    framed = b"frame-ancestors 'none'" not in names[b"content-security-policy"]
    # X-Frame-Options cannot name the sites that may frame a page.
    return [
        *headers,
        *(each for each in added if each[0] not in names and not (framed and each[0] == b"x-frame-options")),
    ]


def _entry(scope: HTTPScope, status: int, trusted_proxies: int) -> Entry:
    """The request without its query, which may name a person, and without the secret in the path of a provider's reports."""
    viewer = scope["state"].get("viewer")
    return Entry(
        time.time(),
        scope["method"],
        _SECRET.sub(r"\1", scope["path"])[:_PATH_LONGEST],
        status,
        None if viewer is None else viewer.account_id,
        client_address(scope, trusted_proxies),
        client_port(scope, trusted_proxies),
        header(scope, b"user-agent") or "",
    )


def _request_error(scope: HTTPScope, is_allowed: Callable[[bytes], bool] | None) -> FeedError | None:
    if len(scope["raw_path"]) + len(scope["query_string"]) > URI_LONGEST:
        return UriTooLong()
    # Before any header is parsed: the work of a request is bounded by its length.
    if sum([len(name) + len(value) for name, value in scope["headers"]]) > HEADERS_LONGEST:
        return HeadersTooLarge()
    try:
        scope["path"] = route_path(scope)
        scope["query_string"] = plain_query(scope["query_string"])
    except NotFound as error:
        return error
    if is_allowed is not None and scope["path"] not in _ANY_HOST:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not is_allowed(hosts[0]):
            return HostNotAllowed()
    return None
