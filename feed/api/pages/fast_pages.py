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

from feed.api.middleware.metrics import metrics_middleware
from feed.api.middleware.plain_requests import has_no_body, match_shape, parameter_of, plain_headers, respond, shape_of
from feed.api.middleware.rate_limit import count_request
from feed.api.pages.calls import OperationFailed
from feed.api.pages.errors import operation_failed, unauthenticated
from feed.api.pages.sessions import provide_session
from feed.api.paths import path_parameters
from feed.api.requests import StrictRequest
from feed.api.responses import page_headers
from feed.api.state import AppState
from feed.bounded_cache import memoized
from feed.errors import Unauthenticated

# The index of the only path parameter: /posts/{post_id}.
_PARAMETER_INDEX = 2
_PLAIN_QUERY = re.compile(rb"[A-Za-z0-9_.=&-]+")
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

    async def handle(match: _Match, scope: Scope, receive: Receive, send: Send) -> Any:
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
        if response.status_code == 200 and isinstance(response.content, bytes) and not response.cookies:
            return partial(_send_page, response)
        return response.to_asgi_response(app=None, request=request)

    async def run(match: _Match, scope: Scope, receive: Receive, send: Send) -> None:
        await respond(scope, receive, send, partial(handle, match, scope, receive, send))

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        match = _match(pages, scope) if scope["type"] == ScopeType.HTTP and scope["method"] == "GET" else None
        if match is None:
            await inner(scope, receive, send)
            return
        scope["path_template"] = match.page.template
        await metrics_middleware(partial(run, match))(scope, receive, send)

    return middleware


async def _send_page(response: Response[bytes], _scope: Scope, _receive: Receive, send: Send) -> None:
    headers = page_headers(response.headers, response.content)
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": response.content, "more_body": False})


def _pages(app: Litestar) -> Iterator[tuple[str, _Page]]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.opt.get("fast_page"):
                template = route.path_format
                yield shape_of(template), _page(handler, template)


def _page(handler: HTTPRouteHandler, template: str) -> _Page:
    path_name = parameter_of(template, _PARAMETER_INDEX)
    fields = handler.parsed_fn_signature.parameters
    query_names = fields.keys() - {"request", "session", path_name}
    # Fails at startup for a handler with other parameters.
    assert {"request", "session"} <= fields.keys(), template
    assert all(
        inspect.signature(handler.fn).parameters[name].default is not inspect.Parameter.empty for name in query_names
    )
    return _Page(
        handler=handler.fn,
        template=template,
        limit=handler.opt["limit"],
        path_name=path_name,
        query_names=frozenset(name for name in query_names if fields[name].annotation in _TEXTS),
    )


def _match(pages: Mapping[str, _Page], scope: Scope) -> _Match | None:
    """The page and the handler's arguments; None if there is none, or if the request is not in plain form."""
    found = match_shape(pages, scope["path"], _PARAMETER_INDEX)
    if found is None:
        return None
    page, value = found
    arguments: dict[str, Any] = {} if value is None else path_parameters({page.path_name: value})
    if query := scope["query_string"]:
        parsed = _parse_query(query)
        if parsed is None or not parsed.keys() <= page.query_names:
            return None
        arguments |= parsed
    headers = plain_headers(scope)
    return _Match(page, arguments) if headers is not None and has_no_body(headers) else None


@memoized(entries=4096, longest=512)
def _parse_query(query: bytes) -> dict[str, str] | None:
    """The parameters; None unless they are in plain form and each is given once, with a value."""
    if _PLAIN_QUERY.fullmatch(query) is None:
        return None
    pairs = parse_qsl(query.decode(), keep_blank_values=True)
    parsed = dict(pairs)
    return parsed if len(parsed) == len(pairs) and all(value and value != "null" for value in parsed.values()) else None
