"""The user's settings: notifications, age, protection against strangers, blocked users, and what a verified phone is for."""

from datetime import UTC, datetime, timedelta
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.account.own import own_page
from feed.api.pages.calls import OperationFailed, call, get_json
from feed.api.pages.form import InjectedForm
from feed.api.pages.page import see_other, state_of
from feed.api.pages.sessions import InjectedSession, Session, signed_in

_NOTICES = ("likes", "comments", "replies")
# So that the longest time is still allowed when the request arrives.
_MARGIN = timedelta(minutes=5)
_DAYS_MOST = 10_000


@get("/me/settings")
async def show_settings(request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """All settings of the account."""
    return await _settings_page(request, signed_in(session))


@post("/me/settings", status_code=200)
async def change_settings(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Changes notifications and the age band."""
    user = signed_in(session)
    body = {"notify": {name: form.checked(name) for name in _NOTICES}, "age_band": form.optional("age_band")}
    return await _change(request, user, "PATCH", "/v1/me/settings", body)


@post("/me/protection", status_code=200)
async def protect(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Keeps strangers from commenting, for some days."""
    user = signed_in(session)
    days = form.number("days")
    # Without a number the operation would choose the days itself.
    until: Any = "" if days is None else days
    if isinstance(days, int) and 1 <= days <= _DAYS_MOST:
        until = datetime.now(UTC) + timedelta(days=days) - _MARGIN
    return await _change(request, user, "PUT", "/v1/me/protection", {"until": until})


@post("/me/protection/end", status_code=200)
async def end_protection(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Ends the protection."""
    _ = form
    return await _change(request, signed_in(session), "DELETE", "/v1/me/protection", None)


@get("/me/blocks")
async def show_blocks(
    request: AnyRequest, session: InjectedSession, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """The users that the account has blocked or muted."""
    user = signed_in(session)
    found = await get_json(request, user, "/v1/me/blocks", {"cursor": cursor})
    return await own_page(request, user, "account/blocks.html", "blocks", found=found)


@post("/me/blocks/{user_id:str}/end", status_code=200)
async def end_relation(
    user_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[None]:
    """Ends a block or a mute."""
    user = signed_in(session)
    kind = "mute" if form.text("kind") == "mute" else "block"
    await call(request, user.viewer, "DELETE", f"/v1/users/{user_id}/{kind}")
    return see_other("/me/blocks")


@get("/me/phone")
async def show_phone(request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """What a verified phone is for, and how to verify one."""
    user = signed_in(session)
    elsewhere = bool(state_of(request).settings.jwks_url)
    return await own_page(request, user, "account/phone.html", "settings", elsewhere=elsewhere)


async def _change(request: AnyRequest, session: Session, method: str, path: str, body: Any) -> Response[Any]:
    try:
        await call(request, session.viewer, method, path, body=body)
    except OperationFailed as error:
        return await _settings_page(request, session, error=error)
    return see_other("/me/settings?done=1")


async def _settings_page(
    request: AnyRequest, session: Session, *, error: OperationFailed | None = None
) -> Response[bytes]:
    settings = await get_json(request, session, "/v1/me/settings")
    done = "done" in request.query_params
    # Also of the forms that are sent to other addresses.
    return await own_page(
        request,
        session,
        "account/settings.html",
        "settings",
        path="/me/settings",
        error=error,
        settings=settings,
        done=done,
    )
