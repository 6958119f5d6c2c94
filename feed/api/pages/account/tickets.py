"""The page that a ticket of the app opens: it signs the browser in with a second request, which only a browser sends.

Apps, firewalls and previews fetch links, too; a GET therefore uses nothing up.
"""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromQuery

from feed.accounts import web_sessions
from feed.accounts.web_sessions import TICKET_PAGE, TicketRefused
from feed.api.client_address import header
from feed.api.dependencies import AnyRequest
from feed.api.pages.form import OtherSite, read_form
from feed.api.pages.page import page, see_other, state_of
from feed.api.pages.sessions import end_browser_session, session_cookie, session_secret
from feed.api.sign_in_client import sign_in_client

_LONGEST = 200
# The address holds the ticket: it must not become the referrer of another page.
_QUIET = {"referrer-policy": "no-referrer"}


@get(TICKET_PAGE)
async def show_ticket(request: AnyRequest, ticket: FromQuery[str | None] = None) -> Response[bytes]:
    """A page with one button. A script presses it once the page is seen, unless a page of another site has led here: it could sign
    its reader in to an account of its own choice, so it is the reader who presses. So it is in an older browser, which does not say.
    """
    opened = header(request.scope, b"sec-fetch-site") in ("none", "same-origin")
    return await _page(request, ticket=(ticket or "")[:_LONGEST], opened=opened)


@post(TICKET_PAGE, status_code=200)
async def use_ticket(request: AnyRequest) -> Response[Any]:
    """Signs the browser in, also where another user was signed in, and leads to the page."""
    # The ticket itself says that the request is wanted. Without a referrer, old browsers say nothing of where a form is from.
    if header(request.scope, b"sec-fetch-site") not in (None, "same-origin", "none"):
        raise OtherSite
    ticket = (await read_form(request)).text("web_ticket")
    app_state = state_of(request)
    try:
        secret, path = await web_sessions.exchange_ticket(app_state.pool, ticket, sign_in_client(request, app_state))
    except TicketRefused:
        return await _page(request, ticket="", status=410)
    if (former := session_secret(request, app_state.settings)) is not None:
        await end_browser_session(app_state, former)
    response = see_other(path, headers=_QUIET)
    response.set_cookie(session_cookie(app_state.settings, secret))
    return response


async def _page(request: AnyRequest, *, ticket: str, opened: bool = False, status: int = 200) -> Response[bytes]:
    return await page(
        request,
        None,
        "account/ticket.html",
        status=status,
        cache="no-store",
        headers=_QUIET,
        ticket=ticket,
        opened=opened,
        path="/",
        sign_in="/sign-in",
    )
