"""The page with the list of campaigns."""

from typing import Any

from litestar import Response, get
from litestar.params import FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import get_json, read
from feed.api.pages.page import page
from feed.api.pages.sessions import InjectedSession
from feed.errors import Unauthenticated

_SHOWN_MOST = 50


@get("/campaigns")
async def show_campaigns(
    request: AnyRequest, session: InjectedSession, mine: FromQuery[bool] = False, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """The campaigns that take entries, those that are announced, and the earlier ones; or those that the user takes part in."""
    if mine:
        if session is None:
            raise Unauthenticated
        own = await get_json(request, session, "/v1/campaigns", {"mine": True, "cursor": cursor})
        return await page(
            request,
            session,
            "campaigns/list.html",
            section="campaigns",
            mine=True,
            lists=[("mine", own["items"])],
            more=own["next_cursor"] and f"/campaigns?mine=true&cursor={own['next_cursor']}",
        )
    lists: list[tuple[str, Any]] = []
    if cursor is None:
        for state, name in (("open", "open"), ("scheduled", "coming")):
            found = await read(request, session, "/v1/campaigns", {"state": state, "limit": _SHOWN_MOST})
            lists.append((name, found.json()["items"]))
    ended = await get_json(request, session, "/v1/campaigns", {"ended": True, "cursor": cursor})
    lists.append(("ended", ended["items"]))
    return await page(
        request,
        session,
        "campaigns/list.html",
        cache="public",
        section="campaigns",
        mine=False,
        lists=lists,
        more=ended["next_cursor"] and f"/campaigns?cursor={ended['next_cursor']}",
    )
