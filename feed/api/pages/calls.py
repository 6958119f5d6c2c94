"""Calls of the API's operations from pages, within the process.

A page is a client of the API: what it shows and does passes the guards, limits, checks and audit of the operation, which are written
once. A call costs no socket and no token: it names the viewer of the browser's session.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from litestar.types import Message, Receive, Scope

from feed.accounts.model import Viewer
from feed.api.dependencies import AnyRequest
from feed.api.errors import Problem, problem_of, status_of
from feed.api.middleware.timeouts import REQUEST_TIMEOUT
from feed.api.pages.page import page_language
from feed.api.pages.sessions import Session
from feed.api.paths import route_path
from feed.errors import FeedError, NotFound, Unauthenticated
from feed.ids import parse_id

Body = TypeVar("Body")

# Headers of the browser's request that an operation reads: the address behind a proxy, the device, and what is only fetched ahead.
_PASSED_ON = frozenset(
    {
        b"host",
        b"user-agent",
        b"x-forwarded-for",
        b"x-real-port",
        b"sec-purpose",
        b"purpose",
        b"x-purpose",
        b"x-moz",
    }
)
# Operations look for the header; the viewer is in the state of the request.
_SESSION = (b"authorization", b"Session")

# In the request's state: the calls of its page.
_CALLS = "page_calls"

_encode = msgspec.json.Encoder().encode


class Answer(NamedTuple):
    """The response of an operation."""

    status: int
    body: bytes

    def read(self, kind: type[Body]) -> Body:
        """The body as its type."""
        return msgspec.json.decode(self.body, type=kind)

    def json(self) -> Any:
        """The body as Python values, for templates."""
        return msgspec.json.decode(self.body)


class RecordedCall(NamedTuple):
    """A GET without a viewer that a page has made, and the body that it was rendered from."""

    path: str
    query: Mapping[str, Any]
    language: str
    body: bytes


class OperationFailed(Exception):
    """An operation responded with a problem document."""

    def __init__(self, status: int, problem: Problem, retry_after: str | None) -> None:
        super().__init__(problem.code)
        self.status = status
        self.problem = problem
        self.retry_after = retry_after

    def of_field(self, field: str) -> str | None:
        """The message about a field of the body; None if nothing is wrong with it."""
        return next((each.message for each in self.problem.errors if each.field == field), None)


class PageNotFound(NotFound):
    """The address is that of no page."""


def checked_id(raw: str, missing: type[NotFound] = PageNotFound) -> str:
    """An id of an address or a form, safe in a path. Raises `missing` for anything else."""
    if parse_id(raw) is None:
        raise missing
    return raw


def segment(value: str) -> str:
    """A value as one segment of an operation's path."""
    return quote(value, safe="", errors="replace")


async def call(
    request: AnyRequest,
    viewer: Viewer | None,
    method: str,
    path: str,
    *,
    body: Any = None,
    query: Mapping[str, Any] | None = None,
    key: str | None = None,
    language: str | None = None,
    headers: Mapping[str, str] | None = None,
    receive: Receive | None = None,
) -> Answer:
    """Calls an operation as the viewer of a page.

    `path` is encoded as in a URL (`/v1/topics/AC%2FDC`), `query` is not; members that are None are left out. `body` is encoded as
    JSON. `key` is the Idempotency-Key: the token of the form. Without a `language` it is that of the page. With `receive` the body of
    the browser's request is passed on as it arrives, with its own `headers`. Raises Unauthenticated where the operation needs a user
    and there is none: the user of the page signs in first. Raises OperationFailed for every other response that is not a success.
    """
    language = language or page_language(request)
    if method == "GET" and not headers and receive is None:
        answer = await _fast_get(request, viewer, path, query or {}, language)
        if answer is not None:
            return answer
    content = b"" if body is None else _encode(body)
    try:
        scope = operation_scope(request, viewer, method, path, query, language)
    except NotFound as error:
        # What a link names by a text that no path can hold is not there, like every other that does not exist.
        _record(request, None)
        raise OperationFailed(404, problem_of(error.code, 404, language), None) from None
    given = scope["headers"] = [*scope["headers"]]
    if body is not None:
        given += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    if key is not None:
        given.append((b"idempotency-key", key.encode("latin-1", errors="replace")))
    given += [(name.encode(), value.encode("latin-1", errors="replace")) for name, value in (headers or {}).items()]
    messages: list[Any] = [{"type": "http.request", "body": content, "more_body": False}]
    status, answered, pieces = 0, {}, []

    async def receive_body() -> Any:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def collect(message: Message) -> None:
        nonlocal status, answered
        if message["type"] == "http.response.start":
            status, answered = message["status"], dict(message["headers"])
        elif message["type"] == "http.response.body":
            pieces.append(message["body"])

    await request.app.state.operations(scope, receive or receive_body, collect)
    found = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if not 200 <= status < 300:
        _record(request, None)
        retry_after = answered.get(b"retry-after")
        problem = msgspec.json.decode(found, type=Problem)
        # By its code: a wrong code of an SMS is 401 as well.
        if problem.code == Unauthenticated.code:
            raise Unauthenticated
        raise OperationFailed(status, problem, None if retry_after is None else retry_after.decode("latin-1"))
    if method == "GET":
        is_public = viewer is None and not headers
        _record(request, RecordedCall(path, dict(query or {}), language, found) if is_public else None)
    return Answer(status, found)


async def read(
    request: AnyRequest, session: Session | None, path: str, query: Mapping[str, Any] | None = None
) -> Answer:
    """The response of a GET as the user of the session. Raises Unauthenticated, OperationFailed."""
    return await call(request, None if session is None else session.viewer, "GET", path, query=query)


async def find(
    request: AnyRequest,
    session: Session | None,
    path: str,
    *codes: str,
    query: Mapping[str, Any] | None = None,
) -> Answer | None:
    """As `read`; None where the operation responds with one of these codes, or, without codes, with 404."""
    try:
        return await read(request, session, path, query)
    except OperationFailed as failed:
        if failed.problem.code in codes or (not codes and failed.status == 404):
            return None
        raise


async def get_json(
    request: AnyRequest, session: Session | None, path: str, query: Mapping[str, Any] | None = None
) -> Any:
    """The body of a GET as Python values. Raises Unauthenticated, OperationFailed."""
    return (await read(request, session, path, query)).json()


async def find_json(
    request: AnyRequest,
    session: Session | None,
    path: str,
    *codes: str,
    query: Mapping[str, Any] | None = None,
) -> Any | None:
    """The body of what `find` finds, as Python values."""
    found = await find(request, session, path, *codes, query=query)
    return None if found is None else found.json()


async def _fast_get(
    request: AnyRequest, viewer: Viewer | None, path: str, query: Mapping[str, Any], language: str
) -> Answer | None:
    """The response of a GET of the fast path; None for another operation. Raises Unauthenticated, OperationFailed."""
    given = {name: _query_value(value) for name, value in query.items() if value is not None}
    state = request.app.state
    try:
        body = await state.fast_calls.get(request.scope, state.app_state, viewer, path, given)
    except FeedError as error:
        _record(request, None)
        if error.code == Unauthenticated.code:
            raise
        status = status_of(error)
        retry_after = error.params.get("retry_after")
        raise OperationFailed(
            status,
            problem_of(error.code, status, language, error.errors),
            None if retry_after is None else str(retry_after),
        ) from error
    if body is None:
        return None
    _record(request, RecordedCall(path, dict(query), language, body) if viewer is None else None)
    return Answer(200, body)


def _record(request: AnyRequest, made: RecordedCall | None) -> None:
    """Records a call; None: of a viewer, or failed, so that the page is for one reader."""
    calls: list[RecordedCall | None] = request.scope["state"].setdefault(_CALLS, [])
    calls.append(made)


def recorded_calls(request: AnyRequest) -> list[RecordedCall]:
    """The GETs that were called for a request, in their order; empty if one of them had a viewer or failed."""
    made: list[RecordedCall | None] = request.scope["state"].get(_CALLS, [])
    return [each for each in made if each is not None] if None not in made else []


def operation_scope(
    request: AnyRequest, viewer: Viewer | None, method: str, path: str, query: Mapping[str, Any] | None, language: str
) -> Scope:
    """The request of an operation within the request of a page, as `call` makes it."""
    outer = request.scope
    state: dict[str, Any] = {"viewer": viewer}
    if REQUEST_TIMEOUT in outer["state"]:
        state[REQUEST_TIMEOUT] = outer["state"][REQUEST_TIMEOUT]
    kept = [(name, value) for name, value in outer["headers"] if name in _PASSED_ON]
    kept.append((b"accept-language", language.encode()))
    if viewer is not None:
        kept.append(_SESSION)
    given = {name: _query_value(value) for name, value in (query or {}).items() if value is not None}
    scope: Any = {
        "type": "http",
        "asgi": outer["asgi"],
        "http_version": outer["http_version"],
        "method": method,
        "scheme": outer["scheme"],
        "path": path,
        "raw_path": path.encode(),
        "query_string": urlencode(given).encode(),
        "root_path": "",
        "headers": kept,
        "client": outer["client"],
        "server": outer["server"],
        "extensions": {},
        "app": request.app,
        "litestar_app": request.app,
        "state": state,
    }
    scope["path"] = route_path(scope)
    return scope  # type: ignore[no-any-return]


def _query_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
