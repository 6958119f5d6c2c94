"""Requests in plain form, whose handlers are called without the framework: by the fast path, and for the pages opened most.

A plain request has a path without encoded characters, each header once, and no header that only the framework or the server reads.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from litestar.types import ASGIApp, Receive, Scope, Send

from feed.api.errors import database_away, send_error, send_internal_error
from feed.bounded_cache import memoized
from feed.errors import FeedError
from feed.postgres import UNAVAILABLE

Found = TypeVar("Found")

_PLACE = "{}"
_PLAIN_HOST = re.compile(rb"[A-Za-z0-9.-]+(:[0-9]+)?")
# Headers that may change the response, or that need the framework or the server.
_UNUSUAL = frozenset({b"origin", b"expect", b"transfer-encoding", b"upgrade", b"content-encoding"})


def shape_of(template: str) -> str:
    """A path's template without the names of its parameters, as `match_shape` finds it."""
    return "/".join(_PLACE if part.startswith("{") else part for part in template.split("/"))


def parameter_of(template: str, index: int) -> str:
    """The name of the only parameter of a template, empty without one. Fails at startup for one at another index, or for several."""
    parts = template.split("/")
    names = [part.strip("{}") for part in parts if part.startswith("{")]
    assert not names or names == [parts[index].strip("{}")], template
    return names[0] if names else ""


def match_shape(shapes: Mapping[str, Found], path: str, index: int) -> tuple[Found, str | None] | None:
    """What stands under the shape of a path, and the segment at the index of its parameter, None without a parameter.

    None for a path that has no shape here, or is not in plain form.
    """
    found = shapes.get(path)
    if found is not None:
        return None if _PLACE in path else (found, None)
    parts = path.split("/")
    if len(parts) <= index or not parts[index] or "%" in path:
        return None
    value, parts[index] = parts[index], _PLACE
    found = shapes.get("/".join(parts))
    return None if found is None else (found, value)


def plain_headers(scope: Scope) -> dict[bytes, bytes] | None:
    """The headers by name; None if one of them needs what only the framework supports."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]  # type: ignore[assignment]
    by_name = dict(headers)
    if len(by_name) != len(headers) or not _UNUSUAL.isdisjoint(by_name) or scope.get("root_path"):
        return None
    return by_name if _is_plain_host(by_name.get(b"host", b"")) else None


def has_no_body(by_name: Mapping[bytes, bytes]) -> bool:
    """Whether these headers announce no body."""
    return by_name.get(b"content-length", b"0") == b"0"


@memoized(entries=1024, longest=256)
def _is_plain_host(host: bytes) -> bool:
    return _PLAIN_HOST.fullmatch(host) is not None


async def respond(scope: Scope, receive: Receive, send: Send, handle: Callable[[], Awaitable[ASGIApp | Any]]) -> None:
    """Sends what a handler returns, or the response to its error, which is that of the framework."""
    try:
        response = await handle()
    except FeedError as error:
        await send_error(scope, receive, send, error)
    except UNAVAILABLE as error:
        await send_error(scope, receive, send, database_away(error))
    except Exception as error:  # noqa: BLE001 - an unexpected error, with the same response as from the framework
        await send_internal_error(scope, receive, send, error)
    else:
        await response(scope, receive, send)
