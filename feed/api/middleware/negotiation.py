"""Checks of request headers before the body is read: `Accept` (406), the announced body size (413) and `Content-Encoding` (415)."""

from litestar.handlers import BaseRouteHandler
from litestar.handlers.http_handlers import HTTPRouteHandler
from litestar.types import Scope

from feed.api.client_address import header
from feed.api.errors import BodyTooLarge, NotAcceptable, NotMultipart, UnsupportedMediaType
from feed.api.media_types import takes_json

_LENGTH_DIGITS = 19
# No encoding at all.
_PLAIN = (b"", b"identity")
_PLAIN_TRANSFER = (*_PLAIN, b"chunked")


def check_headers(scope: Scope, handler: BaseRouteHandler) -> None:
    """Raises NotAcceptable if a JSON route gets an `Accept` that excludes JSON, BodyTooLarge for a too large Content-Length,
    UnsupportedMediaType for a compressed body.

    Routes below `/v1` serve JSON; one with another response type declares `opt={"accept": "any"}`. One that takes a form with a
    file declares its type, `opt={"form": …}`, and may name another error of too large a body, `too_large`.
    """
    accept = header(scope, b"accept")
    if accept is not None and handler.opt.get("accept") == "json" and not takes_json(accept):
        raise NotAcceptable
    length = header(scope, b"content-length")
    if length is not None and isinstance(handler, HTTPRouteHandler):
        most = handler.resolve_request_max_body_size()
        # The number of digits first: a number with thousands of them is slow to parse.
        if most is not None and length.isdecimal() and (len(length) > _LENGTH_DIGITS or int(length) > most):
            raise handler.opt.get("too_large", BodyTooLarge)
    takes_body = handler.parsed_data_field is not None or "form" in handler.opt
    if takes_body and any(_is_encoding(*each) for each in scope["headers"]):
        raise NotMultipart if "form" in handler.opt else UnsupportedMediaType


def _is_encoding(name: bytes, value: bytes) -> bool:
    """Whether a header, also a repeated one, says that the body is compressed: the server undoes only `chunked`."""
    if name == b"content-encoding":
        return value.strip().lower() not in _PLAIN
    return name == b"transfer-encoding" and value.strip().lower() not in _PLAIN_TRANSFER
