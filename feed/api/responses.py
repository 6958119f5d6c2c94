"""Answers that are encoded already: a handler hands over bytes, the document says what they hold."""

from typing import Any

from litestar import Litestar, Request, Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from feed.idempotency import Answered
from feed.screens.posts.page_render import Rendered

PUBLIC = "public, max-age=0, s-maxage=1"
PRIVATE = "private, no-store"

RawHeaders = list[tuple[bytes, bytes]]

_JSON = (b"content-type", b"application/json")
_PUBLIC = [(b"cache-control", PUBLIC.encode()), (b"vary", b"Authorization")]
_PRIVATE = [(b"cache-control", PRIVATE.encode()), (b"vary", b"Authorization")]


class EncodedResponse(Response[bytes]):
    """JSON that is bytes already. The framework's way from content to bytes would cost more than the page does."""

    def __init__(self, body: bytes, *, status: int, headers: RawHeaders) -> None:
        super().__init__(body, status_code=status, media_type="application/json")
        self.raw = [_JSON, (b"content-length", b"%d" % len(body)), *headers]

    def to_asgi_response(self, app: Litestar | None, request: Request[Any, Any, Any], **_: Any) -> ASGIResponse:
        """What the framework sends: the body as it is."""
        return _Sent(self)


class _Sent(ASGIResponse):
    def __init__(self, told: EncodedResponse) -> None:
        self.told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.told.status_code or 200, "headers": self.told.raw})
        await send({"type": "http.response.body", "body": self.told.content, "more_body": False})


def json_response(body: bytes | Rendered, *, status: int = 200, public: bool = False) -> Response[bytes]:
    """A JSON answer from its bytes; `public` for what everybody without a token gets alike."""
    headers = list(_PUBLIC if public else _PRIVATE)
    if isinstance(body, Rendered):
        headers.append((b"etag", b'"%b"' % body.tag))
        body = body.body
    return EncodedResponse(body, status=status, headers=headers)


def response_specs(kind: Any, *, status: int = 200, description: str = "") -> dict[int, ResponseSpec]:
    """The `responses` entry of a handler whose answer is encoded already."""
    return {
        status: ResponseSpec(
            data_container=kind,
            description=description or "The answer.",
            generate_examples=False,
            media_type="application/json",
        )
    }


def repeat(request: Request[Any, Any, Any], told: Answered) -> Response[bytes]:
    """The answer that was given the first time."""
    headers = {"cache-control": "private, no-store", "idempotency-replayed": "true"}
    return Response(told.body, status_code=told.status, media_type="application/json", headers=headers)
