"""The express lane: the few doors that everybody opens at once are answered without the framework's machinery.

The same functions answer, behind the same checks; only the way to them is shorter. Whatever is unusual about a request (a
parameter that is not plainly written, a header that changes the answer, a body where none belongs or of another type than
JSON) takes the framework's way, which knows how to refuse it. A handler joins with `fast_path=True`.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple

import msgspec
from litestar import Litestar, Request
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from feed.accounts.model import Viewer
from feed.api.client_address import header
from feed.api.dependencies import admitted, keyed, region_of
from feed.api.errors import answer, answer_failure, away
from feed.api.middleware.etag import compared
from feed.api.middleware.idempotency import keep
from feed.api.middleware.metrics import observed
from feed.api.middleware.negotiation import takes_json
from feed.api.middleware.rate_limit import count, limit_of
from feed.api.responses import EncodedResponse, repeat
from feed.api.state import AppState
from feed.errors import FeedError, MalformedBody
from feed.idempotency import Answered
from feed.postgres import DOWN

# The one parameter of a path stands here: /v1/posts/{post_id}/like.
_PLACE = 3
_QUERY = {
    "limit": re.compile(rb"[1-9]|[1-4][0-9]|50"),
    "cursor": re.compile(rb"[A-Za-z0-9_.-]+"),
    "sort": re.compile(rb"latest|hot"),
    "since_id": re.compile(rb"[0-9]+"),
}
_PLAIN_HOST = re.compile(rb"[A-Za-z0-9.-]+(:[0-9]+)?")
# With any of these the answer may be another one, or none of ours.
_UNUSUAL = frozenset({b"origin", b"expect", b"transfer-encoding", b"upgrade", b"content-encoding"})

_BODY_LARGEST = 64 * 1024
_KEY = re.compile(rb"[!-~]{1,200}")
# What a handler may ask for beside its path, its query and who asks.
_GIVEN = frozenset({"app_state", "data", "keyed_request", "region"})

_encode = msgspec.json.Encoder().encode


class Door(NamedTuple):
    """A handler, and what of a request it asks for."""

    answer: Callable[..., Awaitable[Any]]
    template: str
    status: int
    limit: str
    weight: int
    conditional: bool
    person: str  # "viewer" must be somebody, "reader" may be nobody.
    path_name: str
    query: frozenset[str]
    asked: frozenset[str]
    body: msgspec.json.Decoder[Any] | None


class Matched(NamedTuple):
    """The door that a request goes to, and what its path and query give the handler."""

    door: Door
    given: dict[str, Any]


def express(app: Litestar, inner: ASGIApp) -> ASGIApp:
    """`inner` with a shorter way to those of the application's handlers that want one."""
    doors = dict(_doors(app))

    async def run(matched: Matched, scope: Scope, receive: Receive, send: Send) -> None:
        door, given = matched
        try:
            app_state: AppState = app.state.app_state
            await count(scope, app_state, door.limit, door.weight)
            viewer = await admitted(scope, app_state)
            if door.body is not None:
                given = given | await _read(scope, receive, door, viewer)
            if "region" in door.asked:
                given = given | {"region": region_of(scope, app_state)}
            told = await door.answer(app_state=app_state, **{door.person: viewer}, **given)
        except Answered as before:
            request: Request[Any, Any, Any] = Request(scope, receive, send)
            await repeat(request, before).to_asgi_response(app=None, request=request)(scope, receive, send)
        except FeedError as error:
            await answer(scope, receive, send, error)
        except DOWN as error:
            await answer(scope, receive, send, away(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours, told as the framework's way tells it
            await answer_failure(scope, receive, send, error)
        else:
            await _tell(scope, send, door, told, app_state)

    async def lane(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await inner(scope, receive, send)
            return
        matched = _find(doors, scope)
        if matched is None or not _is_plain(scope, matched.door):
            await inner(scope, receive, send)
            return
        scope["path_template"] = matched.door.template
        await observed(partial(run, matched))(scope, receive, send)

    return lane


def _doors(app: Litestar) -> Iterator[tuple[tuple[str, str], Door]]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.opt.get("fast_path"):
                for method in handler.http_methods:
                    yield (str(method), _shape(route.path_format)), _door(handler, str(method), route.path_format)


def _shape(template: str) -> str:
    parts = template.split("/")
    return "/".join("{}" if part.startswith("{") else part for part in parts)


def _door(handler: HTTPRouteHandler, method: str, template: str) -> Door:
    parts = template.split("/")
    names = [part.strip("{}") for part in parts if part.startswith("{")]
    asked = set(inspect.signature(handler.fn).parameters)
    query = asked - {*_GIVEN, "viewer", "reader", *names}
    field = handler.parsed_data_field
    # A handler that asks for more, or whose path has its parameter elsewhere, cannot take this way.
    assert "app_state" in asked, template
    assert len(asked & {"viewer", "reader"}) == 1, template
    assert query <= _QUERY.keys(), template
    assert not names or names == [parts[_PLACE].strip("{}")], template
    # A key is a POST's, and belongs to somebody; a secret answer is not kept, which the lane does not know.
    assert "keyed_request" not in asked or ("viewer" in asked and field is not None), template
    assert not handler.opt.get("secret"), template
    return Door(
        answer=handler.fn,
        template=template,
        status=handler.status_code,
        limit=limit_of(handler, method),
        weight=handler.opt.get("weight", 1),
        conditional=bool(handler.opt.get("conditional")),
        person="viewer" if "viewer" in asked else "reader",
        path_name=names[0] if names else "",
        query=frozenset(query),
        asked=frozenset(asked),
        body=None if field is None else msgspec.json.Decoder(field.annotation),
    )


def _find(doors: Mapping[tuple[str, str], Door], scope: HTTPScope) -> Matched | None:
    """The door and what it is given; None for a request that is not plainly one of ours."""
    path = scope["path"]
    door = doors.get((scope["method"], path))
    given: dict[str, Any] = {}
    if door is None:
        parts = path.split("/")
        if len(parts) <= _PLACE or not parts[_PLACE] or "%" in path:
            return None
        named, parts[_PLACE] = parts[_PLACE], "{}"
        door = doors.get((scope["method"], "/".join(parts)))
        if door is None:
            return None
        given = {door.path_name: named}
    elif door.path_name:
        return None
    if query := scope["query_string"]:
        said = _read_query(query)
        if said is None or not said.keys() <= door.query:
            return None
        given |= said
    return Matched(door, given)


@lru_cache(4096)
def _read_query(query: bytes) -> dict[str, Any] | None:
    """The parameters as the handler wants them; None unless each is known, given once and plainly written."""
    said: dict[str, Any] = {}
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        known = _QUERY.get(name.decode("latin-1"))
        if known is None or known.fullmatch(value) is None or value == b"null" or name.decode() in said:
            return None
        said[name.decode()] = int(value) if name == b"limit" else value.decode()
    return said


def _is_plain(scope: Scope, door: Door) -> bool:
    """Whether nothing in the headers asks for more than the door gives."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]  # type: ignore[assignment]
    held = dict(headers)
    if len(held) != len(headers) or not _UNUSUAL.isdisjoint(held) or scope.get("root_path"):
        return False
    if door.person == "viewer" and b"authorization" not in held:
        return False
    if not (_is_plain_body(held) if door.body is not None else held.get(b"content-length", b"0") == b"0"):
        return False
    accept = held.get(b"accept")
    if accept is not None and accept != b"*/*" and not takes_json(accept.decode("latin-1")):
        return False
    return _is_plain_host(held.get(b"host", b""))


@lru_cache(1024)
def _is_plain_host(host: bytes) -> bool:
    return _PLAIN_HOST.fullmatch(host) is not None


def _is_plain_body(held: Mapping[bytes, bytes]) -> bool:
    length, key = held.get(b"content-length", b""), held.get(b"idempotency-key")
    return (
        length.isdigit()
        and int(length) <= _BODY_LARGEST
        and held.get(b"content-type", b"").partition(b";")[0].strip().lower() == b"application/json"
        and (key is None or _KEY.fullmatch(key) is not None)
    )


async def _read(scope: Scope, receive: Receive, door: Door, viewer: Viewer | None) -> dict[str, Any]:
    """The body as the handler wants it, and the request's identity for a retry. Raises MalformedBody."""
    assert door.body is not None
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise MalformedBody
        body += message["body"]
        more = message["more_body"]
    try:
        read = {"data": door.body.decode(body or b"null")}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise MalformedBody from None
    if "keyed_request" in door.asked and viewer is not None:
        read["keyed_request"] = keyed(scope, viewer, header(scope, b"idempotency-key"), body)
    return read


async def _tell(scope: Scope, send: Send, door: Door, told: Any, app_state: AppState) -> None:
    if not isinstance(told, EncodedResponse):
        told = EncodedResponse(_encode(told), status=door.status, headers=[])
    status, headers, body = told.status_code or 200, told.raw, told.content
    if door.conditional and status == 200:
        status, headers, body = compared(scope, headers, body)
    if "keyed_request" in door.asked:
        await keep(scope, app_state, status, body)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
