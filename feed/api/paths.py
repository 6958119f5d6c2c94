"""What the path and the query of a request mean. The one place that reads `raw_path`, before the framework routes by `path`.

Servers decode `%2F`, so that routing sees a separator where the caller wrote a character of a name. Here each
segment is decoded by itself. A slash within a segment travels through routing as NUL, which no path may contain,
and is put back with `path_parameters`.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

from litestar import Request
from litestar.types import HTTPScope, Scope

from feed.bounded_cache import memoized
from feed.errors import NotFound

# Twice the length of the longest list of ids with a cursor, and less than the usual limit of proxies.
URI_LONGEST = 8 * 1024
# Names and values; a token, cookies of a proxy and its forwarding headers fit several times.
HEADERS_LONGEST = 16 * 1024

# The segment after this one may contain a slash: /v1/topics/AC%2FDC/posts.
_NAMED_AFTER = "topics"
_SLASH_IN_SEGMENT = "\0"
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


def route_path(scope: HTTPScope) -> str:
    """The path to route by: its segments decoded, with NUL for a slash within the name of a topic.

    Raises NotFound for an empty segment (`//v1/posts`), for text that is not UTF-8, for NUL in a name or outside of /v1,
    and for an encoded slash elsewhere: other spellings of a path, or another path than the caller has written. NUL in
    an id is left to the operation, which finds nothing under it.
    """
    raw = scope["raw_path"]
    if b"//" in raw:
        raise NotFound
    if b"%" not in raw:
        return scope["path"]
    try:
        segments = [unquote_to_bytes(segment).decode() for segment in raw.split(b"/")]
    except UnicodeDecodeError:
        raise NotFound from None
    for position, segment in enumerate(segments):
        is_name = position > 0 and segments[position - 1] == _NAMED_AFTER
        if ("/" in segment and not is_name) or ("\0" in segment and (is_name or segments[1] != "v1")):
            raise NotFound
    return "/".join(segment.replace("/", _SLASH_IN_SEGMENT) for segment in segments)


def own_address(scope: Scope) -> str:
    """The path and query of a request as its caller has written them, so that a link with them leads to the same page."""
    raw: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return _as_written(raw + b"?" + query if query else raw)


@memoized(entries=4096, longest=512)
def _as_written(address: bytes) -> str:
    return quote(address, safe="/?&=%:;,+@!~*'()$-._")


def plain_query(query: bytes) -> bytes:
    """The query with bytes beyond ASCII percent-encoded: the framework would read them as Latin-1, and `?q=猫` as another text."""
    return query if query.isascii() else _BEYOND_ASCII.sub(lambda found: b"%%%02X" % found[0][0], query)


def path_identity(scope: Scope) -> str:
    """The routed path as text that can be stored: the identity of a request for its idempotency key."""
    return scope["path"].replace(_SLASH_IN_SEGMENT, "%2F")


def path_parameters(routed: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a routed path as the caller meant them: with the slashes in their names."""
    return {
        name: value.replace(_SLASH_IN_SEGMENT, "/") if isinstance(value, str) else value
        for name, value in routed.items()
    }


def is_own(given: SplitResult, host: str | None, public_url: str) -> bool:
    """Whether an address is of this site: `host` is that of the request. Behind a proxy the process sees another scheme than the browser."""
    public = urlsplit(public_url)
    return bool(given.netloc) and (
        given.netloc == host or (given.scheme, given.netloc) == (public.scheme, public.netloc)
    )


def path_of_own(address: str, host: str | None, public_url: str) -> str | None:
    """The path and query of an address of this site; None for the address of another one."""
    try:
        given = urlsplit(address)
    except ValueError:
        return None
    if given.scheme not in ("http", "https") or not is_own(given, host, public_url):
        return None
    return given.path + (f"?{given.query}" if given.query else "")


def allowed_methods(request: Request[Any, Any, Any]) -> set[str]:
    """The methods of the requested path; empty without a route."""
    return _methods_of(request, request.scope["path"].rstrip("/") or "/")


def page_above(request: Request[Any, Any, Any]) -> str:
    """The nearest path above the requested one that has a GET, with the query of the request."""
    path, _, query = own_address(request.scope).partition("?")
    while path:
        path = path.rpartition("/")[0]
        if "GET" in _methods_of(request, path or "/"):
            break
    return (path or "/") + (f"?{query}" if query else "")


def _methods_of(request: Request[Any, Any, Any], path: str) -> set[str]:
    for route in request.app.routes:
        template = route.path_format.split("/")
        requested = path.split("/")
        if len(template) == len(requested) and all(
            part.startswith("{") or part == segment for part, segment in zip(template, requested, strict=True)
        ):
            methods = set(getattr(route, "methods", ()))
            return methods | {"HEAD"} if "GET" in methods else methods
    return set()
