"""Lists of posts on pages: their cards, and the first page again where a cursor has expired."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import msgspec

from feed.api.dependencies import AnyRequest
from feed.api.html.outlines import Hole
from feed.api.html.rendering import render_fragment
from feed.api.pages.calls import Answer, OperationFailed, call
from feed.api.pages.page import page_language
from feed.api.pages.sessions import Session
from feed.bounded_cache import BoundedCache, memoized

# The ranking that the cursor continues is gone.
_ENDED = "cursor_expired"


class RawPage(msgspec.Struct, frozen=True):
    """A page of a list, whose items are rendered from their bytes."""

    items: list[msgspec.Raw]
    next_cursor: str | None


class Cards(NamedTuple):
    """The cards of a page of posts. `is_restarted`: this is the first page, since the cursor's list has ended."""

    cards: Hole
    next_cursor: str | None
    is_restarted: bool

    def context(self, path: str, **query: Any) -> dict[str, Any]:
        """What `community/list.html` needs; `path` and `query` lead to this list."""
        return {
            "cards": self.cards,
            "next_href": next_href(path, self.next_cursor, **query),
            "is_restarted": self.is_restarted,
        }


class _Rendered(NamedTuple):
    cards: Hole
    next_cursor: str | None


# Most readers get the same page of a list, in bytes that are cached themselves.
_rendered: BoundedCache[tuple[str, bool, bytes], _Rendered] = BoundedCache(
    max_bytes=16_000_000, seconds=60.0, size=lambda key, value: len(key[2]) + len(value.cards.html)
)


def next_href(path: str, next_cursor: str | None, **query: Any) -> str | None:
    """The address of the next page of a list; None at its end."""
    if next_cursor is None:
        return None
    given = [(name, value) for name, value in (*query.items(), ("cursor", next_cursor)) if value]
    return f"{path}?{'&'.join([f'{name}={_quoted(str(value))}' for name, value in given])}"


@memoized(entries=4096, longest=512)
def _quoted(value: str) -> str:
    return quote_plus(value)


async def read_list(
    request: AnyRequest,
    session: Session | None,
    path: str,
    *,
    query: Mapping[str, Any] | None = None,
    cursor: str | None = None,
) -> tuple[Answer, bool]:
    """The response of an operation that lists, and whether it is the first page since the cursor's list has ended."""
    viewer = session.viewer if session else None
    given = {**(query or {}), "cursor": cursor or None}
    try:
        return await call(request, viewer, "GET", path, query=given), False
    except OperationFailed as error:
        if not cursor or error.problem.code != _ENDED:
            raise
    return await call(request, viewer, "GET", path, query={**given, "cursor": None}), True


async def read_cards(
    request: AnyRequest,
    session: Session | None,
    path: str,
    *,
    query: Mapping[str, Any] | None = None,
    cursor: str | None = None,
) -> Cards:
    """A page of posts as cards, each rendered once per change. Raises OperationFailed."""
    answer, is_restarted = await read_list(request, session, path, query=query, cursor=cursor)
    found = render_cards(answer.body, page_language(request), signed_in=session is not None)
    return Cards(found.cards, found.next_cursor, is_restarted)


def render_cards(body: bytes, language: str, *, signed_in: bool) -> _Rendered:
    """The cards of a page of posts, rendered once for the same bytes, and each card once for its bytes."""
    key = (language, signed_in, body)
    found = _rendered.get(key)
    if found is None:
        page = msgspec.json.decode(body, type=RawPage)
        cards = [
            render_fragment("community/card.html", language, bytes(item), signed_in=signed_in) for item in page.items
        ]
        found = _Rendered(Hole("".join(cards).encode()), page.next_cursor)
        _rendered.put(key, found)
    return found
