"""Live events: the present state of topics, and each state that follows, as server-sent events."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from litestar import Litestar, Request, Response, Router, get
from litestar.params import FromQuery, HeaderParameter
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from feed.accounts.approvals import require_right
from feed.accounts.model import Banned, RoleMissing
from feed.accounts.web_sessions import secret_hash
from feed.api.client_address import header
from feed.api.dependencies import AnyRequest, InjectedAppState, InjectedReader
from feed.api.middleware.rate_limit import limited_address
from feed.api.pages.sessions import provide_session, session_secret
from feed.api.requests import IS_HEAD
from feed.api.responses import LONG_RESPONSE, RawHeaders, response_specs
from feed.api.state import AppState
from feed.errors import Unauthenticated
from feed.live.events import read_id
from feed.live.hub import Hub
from feed.live.model import ANYONE, STAFF_TOPICS, Access, TooManyStreams
from feed.live.stream import Stream
from feed.live.topics import Topic, parse_topics

_HEADERS: RawHeaders = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # A proxy that compresses holds events back until its block is full.
    (b"cache-control", b"private, no-store, no-transform"),
    # nginx would hold them back, too.
    (b"x-accel-buffering", b"no"),
]


@get(
    "/events",
    errors=(Unauthenticated, RoleMissing, Banned, TooManyStreams),
    responses=response_specs(str, media_type="text/event-stream"),
    accept="any",
    needs=("topics",),
)
async def stream_events(
    request: AnyRequest,
    app_state: InjectedAppState,
    reader: InjectedReader,
    topics: FromQuery[str | None] = None,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> Response[bytes]:
    """The present state of each topic, and its state after each change, as server-sent events until the client leaves.

    An event's `id` names what the client knows then: with it in `Last-Event-ID` a new stream begins with what has changed since.
    """
    token = (header(request.scope, b"authorization") or "").partition(" ")[2].strip()
    access = ANYONE if reader is None else Access(reader.account_id, token=token)
    if reader is None and _is_own_page(request):
        access = await _access_of_session(request, app_state)
    wanted = parse_topics(topics, access.account_id)
    kinds = {topic.kind for topic in wanted}
    staff_topics = frozenset(kinds & STAFF_TOPICS.keys())
    if (staff_topics or "inbox" in kinds) and access.account_id is None:
        raise Unauthenticated
    if staff_topics and access.account_id is not None:
        async with app_state.pool.acquire() as conn:
            for kind in sorted(staff_topics):
                await require_right(conn, access.account_id, STAFF_TOPICS[kind])
        access = access._replace(staff_topics=staff_topics)
    address = limited_address(request.scope, app_state.settings)
    return EventStream(app_state.live, wanted, access, address, read_id(last_event_id))


def _is_own_page(request: AnyRequest) -> bool:
    """Whether the request may use the cookie of the browser: it was sent by a page of this site, which browsers say in a header that no
    page can set. Older ones do not; they send an `Origin` from another site."""
    site = header(request.scope, b"sec-fetch-site")
    return site == "same-origin" if site is not None else header(request.scope, b"origin") is None


async def _access_of_session(request: AnyRequest, app_state: AppState) -> Access:
    secret = session_secret(request, app_state.settings)
    session = None if secret is None else await provide_session(request)
    if secret is None or session is None:
        return ANYONE
    return Access(session.viewer.account_id, session=secret_hash(secret))


class EventStream(Response[bytes]):
    """A stream that stays open until the client leaves or the hub ends it.

    It is sent after the framework has returned: what that holds for a request is several times what the stream needs.
    """

    def __init__(
        self, hub: Hub, topics: tuple[Topic, ...], access: Access, address: str | None, known: frozenset[str]
    ) -> None:
        super().__init__(b"")
        self._join = partial(hub.join, topics, access, address, known=known)
        self._hub = hub

    def to_asgi_response(self, app: Litestar | None, request: Request[Any, Any, Any], **_: Any) -> ASGIResponse:
        """The ASGI response, called by the framework."""
        return _EventStreamASGI(self._hub, self._join)


class _EventStreamASGI(ASGIResponse):
    def __init__(self, hub: Hub, join: Callable[[], Stream]) -> None:
        self._hub = hub
        self._join = join

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if IS_HEAD in scope["state"]:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            # Raises TooManyStreams, which is an error of the request.
            scope["state"][LONG_RESPONSE] = partial(_serve, self._hub, self._join())


async def _serve(hub: Hub, stream: Stream, receive: Receive, send: Send) -> None:
    async def send_piece(content: bytes, more: bool) -> None:
        await send({"type": "http.response.body", "body": content, "more_body": more})

    task = asyncio.current_task()
    assert task is not None
    try:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send_piece(hub.begin(stream, send_piece), True)
        while (await receive())["type"] != "http.disconnect":
            pass
    except asyncio.CancelledError:
        if not stream.ended or task.uncancel() > 0:
            raise
    finally:
        hub.leave(stream)


def end_streams(app: Litestar) -> None:
    """Ends all streams of the process, which is about to stop and waits for open responses."""
    if "app_state" in app.state:
        app.state.app_state.live.end_all()


events = Router("/", route_handlers=[stream_events])
