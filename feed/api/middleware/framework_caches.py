"""Bounds the caches in which the framework keeps parsed paths and queries: by entries only, whatever the length of each."""

from litestar import Litestar
from litestar._asgi.routing_trie.traversal import parse_path_params
from litestar._kwargs.extractors import create_query_default_dict
from litestar._parsers import parse_cookie_string, parse_query_string, parse_url_encoded_form_data
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from feed.bounded_cache import Clearable, clear_when_swept

_MAX_BYTES = 1_000_000
# A parsed parameter: two texts and their tuple.
_PARAMETER_BYTES = 200


def framework_caches_middleware(app: Litestar, inner: ASGIApp) -> ASGIApp:
    """Clears the caches of `app` after about a megabyte of different or equal paths and queries, and at each sweep."""
    caches: tuple[Clearable, ...] = (
        app.asgi_router.handle_routing,
        parse_path_params,
        parse_query_string,
        create_query_default_dict,
        parse_cookie_string,
        parse_url_encoded_form_data,
    )
    clear_when_swept(caches)
    cached_bytes = 0

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal cached_bytes
        if scope["type"] == ScopeType.HTTP:
            query = scope["query_string"]
            cached_bytes += len(scope["raw_path"]) + len(query) + _PARAMETER_BYTES * query.count(b"&")
            if cached_bytes > _MAX_BYTES:
                cached_bytes = 0
                for cache in caches:
                    cache.cache_clear()
        await inner(scope, receive, send)

    return middleware
