"""Responses from encoded JSON, and their entries in the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

from litestar import Litestar, Request, Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from feed.bounded_cache import BoundedCache
from feed.idempotency import AlreadyAnswered
from feed.screens.posts.page_render import Rendered

PUBLIC = "public, max-age=0, s-maxage=1"
PRIVATE = "private, no-store"
# The description of a response that is what its type is.
UNDESCRIBED = ""

# In a request's state: what sends the response, with `receive` and `send`, after all middleware but the outermost has returned.
LONG_RESPONSE = "long_response"

RawHeaders = list[tuple[bytes, bytes]]

_JSON = (b"content-type", b"application/json")
# The client may keep it, and asks each time whether it has changed.
_REVALIDATED = (b"cache-control", b"private, no-cache")
_PUBLIC = (b"cache-control", PUBLIC.encode())
_PRIVATE = (b"cache-control", PRIVATE.encode())


class EncodedResponse(Response[bytes]):
    """A JSON response from bytes, without the framework's encoding, which would cost more than the page itself."""

    def __init__(self, body: bytes, *, status: int, headers: RawHeaders) -> None:
        super().__init__(body, status_code=status, media_type="application/json")
        self.raw_headers = [_JSON, (b"content-length", b"%d" % len(body)), *headers]

    def to_asgi_response(self, app: Litestar | None, request: Request[Any, Any, Any], **_: Any) -> ASGIResponse:
        """The ASGI response, called by the framework."""
        return _EncodedASGIResponse(self)


class _EncodedASGIResponse(ASGIResponse):
    def __init__(self, response: EncodedResponse) -> None:
        self.response = response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.response.status_code or 200,
                "headers": self.response.raw_headers,
            }
        )
        await send({"type": "http.response.body", "body": self.response.content, "more_body": False})


def json_response(body: bytes | Rendered, *, status: int = 200, public: bool = False) -> Response[bytes]:
    """A JSON response; `public` if all callers without a token get the same one, so that shared caches may store it."""
    headers = [_PUBLIC if public else _PRIVATE]
    if isinstance(body, Rendered):
        headers.append((b"etag", b'"%b"' % body.tag))
        body = body.body
    return EncodedResponse(body, status=status, headers=headers)


# The pages of a site have few different ones.
_page_headers: BoundedCache[tuple[tuple[str, str], ...], RawHeaders] = BoundedCache(
    max_bytes=1_000_000, seconds=600.0, size=lambda key, _: 4 * sum(len(name) + len(value) for name, value in key)
)


def page_headers(headers: Mapping[str, str], body: bytes) -> RawHeaders:
    """The headers of a page as the framework sends them."""
    key = tuple(headers.items())
    raw = _page_headers.get(key)
    if raw is None:
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in key]
        raw.append((b"content-type", b"text/html; charset=utf-8"))
        _page_headers.put(key, raw)
    return [*raw, (b"content-length", b"%d" % len(body))]


def not_modified(tag: bytes, *, public: bool = False) -> Response[bytes]:
    """304 for a client that has the response with this entity tag (without quotes) already, as `is_known` says."""
    response = EncodedResponse(b"", status=304, headers=[])
    response.raw_headers = [_PUBLIC if public else _REVALIDATED, (b"etag", b'"%b"' % tag)]
    return response


def is_known(scope: Scope, tag: bytes) -> bool:
    """Whether If-None-Match contains the entity tag, in quotes. Compared weakly (RFC 9110, 13.1.2): a proxy may have weakened it."""
    known = b",".join([value for name, value in scope["headers"] if name == b"if-none-match"])
    if not known:
        return False
    return known.strip() == b"*" or tag in [each.strip().removeprefix(b"W/") for each in known.split(b",")]


def response_specs(
    kind: Any, *, status: int = 200, description: str = UNDESCRIBED, media_type: str = "application/json"
) -> dict[int, ResponseSpec]:
    """The `responses` argument of a handler that returns encoded content: `kind` is its type before it was encoded."""
    return {
        status: ResponseSpec(
            data_container=kind,
            description=description,
            generate_examples=False,
            media_type=media_type,
        )
    }


def stored_response(request: Request[Any, Any, Any], stored: AlreadyAnswered) -> Response[bytes]:
    """The response that was sent the first time, for a retry."""
    headers = {"cache-control": "private, no-store", "idempotency-replayed": "true"}
    return Response(stored.body, status_code=stored.status, media_type="application/json", headers=headers)
