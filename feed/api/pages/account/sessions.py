"""Where the user is signed in, and signing out: here, elsewhere, everywhere."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.account.own import own_page
from feed.api.pages.calls import call, get_json
from feed.api.pages.form import InjectedForm
from feed.api.pages.page import local_path, see_other, state_of
from feed.api.pages.sessions import (
    STATE_PATH,
    InjectedSession,
    end_browser_session,
    ended_cookie,
    session_secret,
    signed_in,
)

# The pages of the user are dropped from the browser's memory, with what was typed in them.
_CLEARED = {"clear-site-data": '"cache", "storage"'}


@get(STATE_PATH)
async def show_state(session: InjectedSession) -> Response[Any]:
    """The account that this browser is signed in as, for pages that come back from its memory."""
    body = {"user_id": None if session is None else str(session.viewer.account_id)}
    return Response(body, headers={"cache-control": "private, no-store"})


@post("/sign-out", status_code=200)
async def sign_out(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[None]:
    """Signs this browser out, or every device of the account."""
    app_state = state_of(request)
    secret = session_secret(request, app_state.settings)
    if secret is not None:
        everywhere = form.checked("everywhere") and session is not None
        await end_browser_session(app_state, secret, everywhere=everywhere)
    response = see_other(local_path(form.text("back")), headers=_CLEARED)
    response.set_cookie(ended_cookie(app_state.settings))
    return response


@get("/me/sessions")
async def list_sessions(
    request: AnyRequest, session: InjectedSession, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Where the account is signed in."""
    user = signed_in(session)
    found = await get_json(request, user, "/v1/me/sessions", {"cursor": cursor})
    return await own_page(request, user, "account/sessions.html", "sessions", found=found)


@post("/me/sessions/{session_id:str}/end", status_code=200)
async def end_session(
    session_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[None]:
    """Signs another device out."""
    _ = form
    await call(request, signed_in(session).viewer, "DELETE", f"/v1/me/sessions/{session_id}")
    return see_other("/me/sessions")
