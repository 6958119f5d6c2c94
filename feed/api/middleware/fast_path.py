"""The fast path: the most frequent endpoints are called without the framework's routing, injection and encoding.

The same handlers run behind the same checks. A request with anything unusual (a parameter that is not in its plain form, a
header that changes the response, an unexpected body or one of another type than JSON) is passed on to the framework, which
rejects it where necessary. A handler opts in with `fast_path=True`.
"""

import inspect
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import msgspec
from litestar import Litestar, Request
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from feed.accounts.model import Viewer
from feed.api.client_address import header
from feed.api.dependencies import authenticate, keyed_request_of, region_of
from feed.api.media_types import takes_json
from feed.api.middleware.etag import conditional_response
from feed.api.middleware.idempotency import store_response
from feed.api.middleware.metrics import metrics_middleware
from feed.api.middleware.plain_requests import has_no_body, match_shape, parameter_of, plain_headers, respond, shape_of
from feed.api.middleware.rate_limit import count_request, limit_of
from feed.api.paths import path_parameters
from feed.api.requests import is_json, key_problem
from feed.api.responses import EncodedResponse, stored_response
from feed.api.screened import require_publishable
from feed.api.state import AppState
from feed.bounded_cache import memoized
from feed.decoding.decoder import BodyDecoder, body_decoder
from feed.errors import MalformedBody
from feed.idempotency import AlreadyAnswered
from feed.screening.screener import Screener

# The index of the only path parameter: /v1/posts/{post_id}/like.
_PARAMETER_INDEX = 3
_QUERY = {
    "limit": re.compile(rb"[1-9]|[1-4][0-9]|50"),
    "cursor": re.compile(rb"[A-Za-z0-9_.-]+"),
    "sort": re.compile(rb"latest|hot"),
    "since_id": re.compile(rb"[0-9]+"),
}

_BODY_LARGEST = 64 * 1024
_LENGTH = re.compile(rb"[0-9]{1,9}")
# The dependencies that a handler may have besides path, query and viewer.
_DEPENDENCIES = frozenset({"app_state", "data", "keyed_request", "region"})

_encode = msgspec.json.Encoder().encode


class Endpoint(NamedTuple):
    """A handler and its parameters."""

    handler: Callable[..., Awaitable[Any]]
    template: str
    status: int
    limit: str
    weight: int
    conditional: bool
    viewer_name: str  # "viewer" requires a token, "reader" does not.
    path_name: str
    query_names: frozenset[str]
    parameters: frozenset[str]
    body: BodyDecoder[Any] | None


class Match(NamedTuple):
    """The endpoint of a request, and the handler's arguments from path and query."""

    endpoint: Endpoint
    arguments: dict[str, Any]


def fast_path(app: Litestar, inner: ASGIApp) -> ASGIApp:
    """An ASGI application that calls the fast-path handlers of `app` directly and passes other requests on to `inner`."""
    endpoints = endpoints_of(app)

    async def handle(match: Match, scope: Scope, receive: Receive, send: Send) -> Any:
        endpoint, arguments = match
        app_state: AppState = app.state.app_state
        await count_request(scope, app_state, endpoint.limit, endpoint.weight)
        viewer = await authenticate(scope, app_state)
        try:
            if endpoint.body is not None:
                arguments = arguments | await _read_body(scope, receive, endpoint, viewer, app_state.screener)
            if "region" in endpoint.parameters:
                arguments = arguments | {"region": region_of(scope, app_state)}
            result = await endpoint.handler(app_state=app_state, **{endpoint.viewer_name: viewer}, **arguments)
        except AlreadyAnswered as stored:
            request: Request[Any, Any, Any] = Request(scope, receive, send)
            return stored_response(request, stored).to_asgi_response(app=None, request=request)
        return partial(_send_result, endpoint, result, app_state)

    async def run(match: Match, scope: Scope, receive: Receive, send: Send) -> None:
        await respond(scope, receive, send, partial(handle, match, scope, receive, send))

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await inner(scope, receive, send)
            return
        match = match_request(endpoints.get(scope["method"], {}), scope["path"], scope["query_string"])
        if match is None or not _is_plain(scope, match.endpoint):
            await inner(scope, receive, send)
            return
        scope["path_template"] = match.endpoint.template
        await metrics_middleware(partial(run, match))(scope, receive, send)

    return middleware


def endpoints_of(app: Litestar) -> dict[str, dict[str, Endpoint]]:
    """The endpoints of the fast path by method, and by the shape of their path, as `match_request` finds them."""
    found: defaultdict[str, dict[str, Endpoint]] = defaultdict(dict)
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.opt.get("fast_path"):
                for method in map(str, handler.http_methods):
                    found[method][shape_of(route.path_format)] = _endpoint(handler, method, route.path_format)
    return dict(found)


def _endpoint(handler: HTTPRouteHandler, method: str, template: str) -> Endpoint:
    path_name = parameter_of(template, _PARAMETER_INDEX)
    parameters = set(inspect.signature(handler.fn).parameters)
    query_names = parameters - {*_DEPENDENCIES, "viewer", "reader", path_name}
    field = handler.parsed_data_field
    # Fails at startup for a handler with other parameters.
    assert "app_state" in parameters, template
    assert len(parameters & {"viewer", "reader"}) == 1, template
    assert query_names <= _QUERY.keys(), template
    # Keys belong to a viewer and a body. Responses that must not be stored (`secret=True`) are left to the framework.
    assert "keyed_request" not in parameters or ("viewer" in parameters and field is not None), template
    assert not handler.opt.get("secret"), template
    return Endpoint(
        handler=handler.fn,
        template=template,
        status=handler.status_code,
        limit=limit_of(handler, method),
        weight=handler.opt.get("weight", 1),
        conditional=bool(handler.opt.get("conditional")),
        viewer_name="viewer" if "viewer" in parameters else "reader",
        path_name=path_name,
        query_names=frozenset(query_names),
        parameters=frozenset(parameters),
        body=None if field is None else body_decoder(field.annotation),
    )


def match_request(endpoints: Mapping[str, Endpoint], path: str, query: bytes) -> Match | None:
    """The endpoint of a method and its arguments; None if there is none, or if path or query are not in plain form."""
    found = match_shape(endpoints, path, _PARAMETER_INDEX)
    if found is None:
        return None
    endpoint, value = found
    arguments: dict[str, Any] = {} if value is None else path_parameters({endpoint.path_name: value})
    if query:
        parsed = _parse_query(query)
        if parsed is None or not parsed.keys() <= endpoint.query_names:
            return None
        arguments |= parsed
    return Match(endpoint, arguments)


@memoized(entries=4096, longest=512)
def _parse_query(query: bytes) -> dict[str, Any] | None:
    """The parameters with the handler's types; None unless each is known, in plain form and given once."""
    parsed: dict[str, Any] = {}
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        pattern = _QUERY.get(name.decode("latin-1"))
        if pattern is None or pattern.fullmatch(value) is None or value == b"null" or name.decode() in parsed:
            return None
        parsed[name.decode()] = int(value) if name == b"limit" else value.decode()
    return parsed


def _is_plain(scope: Scope, endpoint: Endpoint) -> bool:
    """Whether the headers need nothing that only the framework supports."""
    by_name = plain_headers(scope)
    if by_name is None:
        return False
    if endpoint.viewer_name == "viewer" and b"authorization" not in by_name:
        return False
    if not (has_no_body(by_name) if endpoint.body is None else _is_plain_body(by_name)):
        return False
    accept = by_name.get(b"accept")
    # A long one is parsed by the framework's path, after the request was counted.
    return accept is None or accept == b"*/*" or (len(accept) <= 256 and takes_json(accept.decode("latin-1")))


def _is_plain_body(by_name: Mapping[bytes, bytes]) -> bool:
    length, key = by_name.get(b"content-length", b""), by_name.get(b"idempotency-key")
    return (
        _LENGTH.fullmatch(length) is not None
        and int(length) <= _BODY_LARGEST
        and is_json(by_name.get(b"content-type", b"").decode("latin-1"))
        and (key is None or key_problem(key) is None)
    )


async def _read_body(
    scope: Scope, receive: Receive, endpoint: Endpoint, viewer: Viewer | None, screener: Screener
) -> dict[str, Any]:
    """The arguments `data` and `keyed_request`. Raises MalformedBody, Invalid."""
    assert endpoint.body is not None
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise MalformedBody
        body += message["body"]
        more = message["more_body"]
    arguments = {"data": endpoint.body.decode(body)}
    require_publishable(screener, endpoint.body.kind, arguments["data"])
    if "keyed_request" in endpoint.parameters and viewer is not None:
        arguments["keyed_request"] = keyed_request_of(scope, viewer, header(scope, b"idempotency-key"), body)
    return arguments


async def _send_result(
    endpoint: Endpoint, result: Any, app_state: AppState, scope: Scope, _: Receive, send: Send
) -> None:
    response = result
    if not isinstance(result, EncodedResponse):
        response = EncodedResponse(_encode(result), status=endpoint.status, headers=[])
    status, headers, body = response.status_code or 200, response.raw_headers, response.content
    if endpoint.conditional and status == 200:
        status, headers, body = conditional_response(scope, headers, body)
    if "keyed_request" in endpoint.parameters:
        await store_response(scope, app_state, status, body)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
