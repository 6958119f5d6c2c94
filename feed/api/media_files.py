"""The files of photos and videos, as browsers, players and a CDN fetch them; outside of /v1, as their addresses are stable.

Each request asks the database who may see the file now: a file that is hidden is refused at once, whatever address is used.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog
from litestar import Litestar, Request, Response, Router, get
from litestar.params import FromPath, FromQuery
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from feed.api.dependencies import AnyRequest, InjectedAppState
from feed.api.ranges import ByteRange, Unsatisfiable, read_range
from feed.api.requests import IS_HEAD
from feed.api.responses import RawHeaders, is_known
from feed.api.state import AppState
from feed.media.model import MediaNotFound, folder_of
from feed.screens.media.readers import ServedFile, find_file
from feed.settings import MEDIA_PATH
from feed.tasks import stop_tasks

log = structlog.get_logger()

# A file never changes under its address, but may be hidden: the purge hook empties the CDN, and browser caches expire after an hour.
_PUBLIC = b"public, max-age=3600"
# Of a grant: it works for minutes, so nothing may keep what it returned. So of any address but the published one: a purge names that
# one, and a cache keeps what has a query apart.
_GRANTED = b"private, no-store"
_UNSATISFIABLE = 416


class _Served(NamedTuple):
    """What is sent: the pieces of the body, of which the first was read already, so that a storage that is away is an error of ours."""

    status: int
    headers: RawHeaders
    first: bytes = b""
    rest: AsyncGenerator[bytes, None] | None = None


@get(f"{MEDIA_PATH}/{{key:str}}/{{file:str}}", limit="media", include_in_schema=False)
async def read_file(
    key: FromPath[str],
    file: FromPath[str],
    request: AnyRequest,
    app_state: InjectedAppState,
    until: FromQuery[str] = "",
    grant: FromQuery[str] = "",
) -> Response[bytes]:
    """A file of a photo or video that everybody may see now, or with a grant."""
    async with app_state.pool.acquire() as conn:
        found = await find_file(conn, key, file)
    if found is None or not (found.is_public or _is_granted(app_state, key, file, until, grant)):
        raise MediaNotFound
    return MediaResponse(await _serve(request, app_state, key, found))


def _is_granted(app_state: AppState, key: str, file: str, until: str, grant: str) -> bool:
    return bool(grant) and app_state.media.is_granted(key, file, until=until, grant=grant, now=datetime.now(UTC))


async def _serve(request: AnyRequest, app_state: AppState, key: str, found: ServedFile) -> _Served:
    rendition, tag = found.rendition, b'"%b"' % found.etag.encode()
    headers: RawHeaders = [
        (b"etag", tag),
        (b"accept-ranges", b"bytes"),
        (b"cache-control", _PUBLIC if found.is_public and not request.scope["query_string"] else _GRANTED),
    ]
    if is_known(request.scope, tag):
        return _Served(304, headers)
    total = rendition.byte_count
    try:
        wanted = read_range(_range_header(request, tag), total)
    except Unsatisfiable:
        return _Served(_UNSATISFIABLE, [*headers, (b"content-range", b"bytes */%d" % total), (b"content-length", b"0")])
    part = wanted or ByteRange(0, total)
    headers += [
        (b"content-type", rendition.content_type.encode()),
        (b"content-length", b"%d" % part.length),
        # Of a name that is ours: no one's file name reaches a header.
        (b"content-disposition", b'inline; filename="%b-%b"' % (key[:8].encode(), rendition.file.encode())),
    ]
    if wanted is not None:
        headers.append((b"content-range", b"bytes %d-%d/%d" % (part.start, part.start + part.length - 1, total)))
    status = 200 if wanted is None else 206
    if IS_HEAD in request.scope["state"]:
        return _Served(status, headers)
    pieces = app_state.storage.read(folder_of(key) + rendition.file, start=part.start, length=part.length)
    try:
        first = await anext(pieces, b"")
    except FileNotFoundError:
        log.error("file of a medium missing", key=key, file=rendition.file)
        raise MediaNotFound from None
    return _Served(status, headers, first, pieces)


def _range_header(request: AnyRequest, tag: bytes) -> str | None:
    """The `Range` header of a GET, the only method that has ranges (RFC 9110, 14.2), unless an `If-Range` asks for another version."""
    if IS_HEAD in request.scope["state"]:
        return None
    condition = request.headers.get("if-range")
    if condition is not None and condition.strip().encode("latin-1") != tag:
        return None
    ranges = request.headers.getall("range", [])
    return ranges[0] if len(ranges) == 1 else None


class MediaResponse(Response[bytes]):
    """A file that is sent in pieces as the client reads them."""

    def __init__(self, served: _Served) -> None:
        super().__init__(b"", status_code=served.status)
        self._served = served

    def to_asgi_response(self, app: Litestar | None, request: Request[Any, Any, Any], **_: Any) -> ASGIResponse:
        """The ASGI response, called by the framework."""
        return _MediaASGIResponse(self._served)


class _MediaASGIResponse(ASGIResponse):
    def __init__(self, served: _Served) -> None:
        self._served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, headers, first, rest = self._served
        if rest is None:
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        leaving = asyncio.create_task(_until_gone(receive), name="client of a media file")
        try:
            async with aclosing(rest):
                await send({"type": "http.response.start", "status": status, "headers": headers})
                await send({"type": "http.response.body", "body": first, "more_body": True})
                async for piece in rest:
                    if leaving.done():
                        # The client is gone: the rest of the object is not fetched.
                        return
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await stop_tasks(leaving)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


media_files = Router("/", route_handlers=[read_file])
