"""What a block shows, read by the operations of the API for a reader without a name."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, call
from feed.api.pages.embed.options import Options, Part

_LISTS: Mapping[Part, str] = {"hot": "/v1/feeds/hot", "videos": "/v1/feeds/videos", "posts": "/v1/feeds/latest"}
# Among so many open campaigns, the newest, one is chosen.
_CAMPAIGNS = 20


class Content(NamedTuple):
    """The parts that have something to show, in their order. `is_complete`: no operation has failed."""

    parts: list[tuple[Part, Any]]
    is_complete: bool


async def read_content(request: AnyRequest, options: Options) -> Content:
    """The parts of a block. A part that cannot be read, or has nothing, is left out: the rest is shown."""
    parts: list[tuple[Part, Any]] = []
    is_complete = True
    for part in options.parts:
        try:
            found = await (_campaign(request, options) if part == "campaign" else _posts(request, part, options))
        except OperationFailed as error:
            is_complete = is_complete and error.status < 500 and error.status != 429
            continue
        if found:
            parts.append((part, found))
    return Content(parts, is_complete)


async def _posts(request: AnyRequest, part: Part, options: Options) -> Any:
    query = {"limit": options.limit}
    answer = await call(request, None, "GET", _LISTS[part], query=query, language=options.language)
    return answer.json()["items"]


async def _campaign(request: AnyRequest, options: Options) -> Any:
    if options.campaign is not None:
        path = f"/v1/campaigns/{options.campaign}"
        return (await call(request, None, "GET", path, language=options.language)).json()
    query = {"state": "open", "limit": _CAMPAIGNS}
    found = (await call(request, None, "GET", "/v1/campaigns", query=query, language=options.language)).json()["items"]
    return choose_campaign(found, options.article)


def choose_campaign(campaigns: list[Any], article: str | None) -> Any:
    """The campaign of an article: each article keeps its one, and articles are spread over all. Without an article, the one that ends first.

    None without campaigns. The choice of an article changes only when its own campaign ends, or when a new one takes its place.
    """
    if article is None:
        return min(campaigns, key=lambda each: (each["ends_at"], each["id"]), default=None)
    return max(campaigns, key=lambda each: hashlib.sha256(f"{article}\0{each['id']}".encode()).digest(), default=None)
