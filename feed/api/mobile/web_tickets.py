"""The endpoint with which the app signs its user in to a page of this site."""

from typing import Annotated

import msgspec
from litestar import Response, Router, post
from litestar.params import JSONBody

from feed.accounts import web_sessions
from feed.accounts.model import AccountNotFound
from feed.accounts.web_sessions import TICKET_SECONDS
from feed.api.dependencies import InjectedAppState, InjectedViewer
from feed.api.responses import PRIVATE
from feed.errors import FieldError, Invalid
from feed.links import local_path
from feed.texts import opaque

_PATH_LONGEST = 2000


class TicketIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page that the user is led to: a path of this site, with its query."""

    path: Annotated[str, opaque(_PATH_LONGEST)]


class WebTicket(msgspec.Struct, frozen=True):
    """An address that signs a browser in, once. `expires_in` in seconds."""

    url: str
    expires_in: int


@post("/web-tickets", status_code=200, errors=(AccountNotFound,), secret=True)
async def issue_web_ticket(
    data: JSONBody[TicketIn], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[WebTicket]:
    """Get an address that opens a page of this site, signed in, in a WebView or browser. It works once, for a minute.

    Opening it changes nothing before the page is shown: what fetches links in advance uses nothing up. Each call makes another one.
    """
    path = local_path(data.path, "")
    if not path:
        raise Invalid(FieldError("path", "not_local"))
    ticket = await web_sessions.issue_ticket(app_state.pool, viewer.account_id, path)
    url = web_sessions.ticket_address(app_state.settings.public_url, ticket)
    return Response(WebTicket(url, TICKET_SECONDS), headers={"cache-control": PRIVATE})


web_tickets = Router("/auth", route_handlers=[issue_web_ticket], tags=["Signing in"])
