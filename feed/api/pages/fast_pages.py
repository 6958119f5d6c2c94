"""The pages that are opened most, called without the framework's routing and injection: the same handlers with the same arguments.

A handler opts in with `fast_page=True`. A request with anything unusual is passed on to the framework.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from litestar import Litestar, Response
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from feed.api.errors import database_away, error_response, send_internal_error
from feed.api.middleware.metrics import metrics_middleware
from feed.api.middleware.rate_limit import count_request
from feed.api.pages.calls import OperationFailed
from feed.api.pages.errors import operation_failed, unauthenticated
from feed.api.pages.sessions import provide_session
from feed.api.paths import path_parameters
from feed.api.requests import StrictRequest
from feed.api.responses import page_headers
from feed.api.state import AppState
from feed.bounded_cache import memoized
from feed.errors import FeedError, Unauthenticated
from feed.postgres import UNAVAILABLE

# The index of the only path parameter: /posts/{post_id}.
_PARAMETER_INDEX = 2
_PLAIN_QUERY = re.compile(rb"[A-Za-z0-9_.=&-]+")
# Headers that may change the response, or that need the framework or the server.
_UNUSUAL = frozenset({b"origin", b"expect", b"transfer-encoding", b"upgrade", b"content-encoding"})
_TEXTS = (str, str | None)


class _Page(NamedTuple):
    """A handler and its parameters."""

    handler: Callable[..., Awaitable[Response[Any]]]
    template: str
    limit: str
    path_name: str
    query_names: frozenset[str]


class _Match(NamedTuple):
    page: _Page
    arguments: dict[str, Any]


def fast_pages(app: Litestar, inner: ASGIApp) -> ASGIApp:
    """Calls the handlers of plain requests for these pages, and passes other requests on to `inner`."""
    pages = dict(_pages(app))

    async def run(match: _Match, scope: Scope, receive: Receive, send: Send) -> None:
        request = StrictRequest(scope, receive, send)
        response: Response[Any]
        try:
            app_state: AppState = app.state.app_state
            await count_request(scope, app_state, match.page.limit, 1)
            session = await provide_session(request)
            response = await match.page.handler(request=request, session=session, **match.arguments)
        except OperationFailed as error:
            response = operation_failed(request, error)
        except Unauthenticated as error:
            response = unauthenticated(request, error)
        except FeedError as error:
            response = error_response(request, error)
        except UNAVAILABLE as error:
            response = error_response(request, database_away(error))
        except Exception as error:  # noqa: BLE001 - an unexpected error, with the same response as from the framework
            await send_internal_error(scope, receive, send, error)
            return
        if response.status_code == 200 and isinstance(response.content, bytes) and not response.cookies:
            headers = page_headers(response.headers, response.content)
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": response.content, "more_body": False})
        else:
            await response.to_asgi_response(app=None, request=request)(scope, receive, send)

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        match = _match(pages, scope) if scope["type"] == ScopeType.HTTP and scope["method"] == "GET" else None
        if match is None:
            await inner(scope, receive, send)
            return
        scope["path_template"] = match.page.template
        await metrics_middleware(partial(run, match))(scope, receive, send)

    return middleware


def _pages(app: Litestar) -> Iterator[tuple[str, _Page]]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.opt.get("fast_page"):
                template = route.path_format
                parts = template.split("/")
                yield "/".join("{}" if part.startswith("{") else part for part in parts), _page(handler, template)


def _page(handler: HTTPRouteHandler, template: str) -> _Page:
    parts = template.split("/")
    names = [part.strip("{}") for part in parts if part.startswith("{")]
    fields = handler.parsed_fn_signature.parameters
    query_names = fields.keys() - {"request", "session", *names}
    # Fails at startup for a handler with other parameters, or with a path parameter at another index.
    assert {"request", "session"} <= fields.keys(), template
    assert not names or names == [parts[_PARAMETER_INDEX].strip("{}")], template
    assert all(
        inspect.signature(handler.fn).parameters[name].default is not inspect.Parameter.empty for name in query_names
    )
    return _Page(
        handler=handler.fn,
        template=template,
        limit=handler.opt["limit"],
        path_name=names[0] if names else "",
        query_names=frozenset(name for name in query_names if fields[name].annotation in _TEXTS),
    )


def _match(pages: Mapping[str, _Page], scope: Scope) -> _Match | None:
    """The page and the handler's arguments; None if there is none, or if the request is not in plain form."""
    path: str = scope["path"]
    page, arguments = pages.get(path), {}
    if page is None:
        parts = path.split("/")
        if len(parts) <= _PARAMETER_INDEX or not parts[_PARAMETER_INDEX] or "%" in path:
            return None
        value, parts[_PARAMETER_INDEX] = parts[_PARAMETER_INDEX], "{}"
        page = pages.get("/".join(parts))
        if page is None:
            return None
        arguments = path_parameters({page.path_name: value})
    elif page.path_name:
        return None
    if query := scope["query_string"]:
        parsed = _parse_query(query)
        if parsed is None or not parsed.keys() <= page.query_names:
            return None
        arguments |= parsed
    return _Match(page, arguments) if _is_plain(scope) else None


@memoized(entries=4096, longest=512)
def _parse_query(query: bytes) -> dict[str, str] | None:
    """The parameters; None unless they are in plain form and each is given once, with a value."""
    if _PLAIN_QUERY.fullmatch(query) is None:
        return None
    pairs = parse_qsl(query.decode(), keep_blank_values=True)
    parsed = dict(pairs)
    return parsed if len(parsed) == len(pairs) and all(value and value != "null" for value in parsed.values()) else None


def _is_plain(scope: Scope) -> bool:
    headers: list[tuple[bytes, bytes]] = scope["headers"]  # type: ignore[assignment]
    by_name = dict(headers)
    return (
        len(by_name) == len(headers)
        and _UNUSUAL.isdisjoint(by_name)
        and by_name.get(b"content-length", b"0") == b"0"
        and not scope.get("root_path")
    )
