"""The user's own profile: name, bio and picture, and the own posts in every state."""

import secrets
from typing import Annotated, Any, get_args

from litestar import Response, get, post
from litestar.params import FromQuery, QueryParameter

from feed.api.dependencies import AnyRequest
from feed.api.mobile.me import OwnStates
from feed.api.pages.account.own import own_page
from feed.api.pages.calls import OperationFailed, call, find_json, get_json
from feed.api.pages.community.lists import read_cards
from feed.api.pages.form import InjectedForm
from feed.api.pages.page import see_other
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.api.pages.uploads import UPLOAD_BYTES_MOST, pass_upload_on
from feed.ids import parse_id
from feed.media.model import FileTooLarge

_STATES = get_args(OwnStates)


@get("/me")
async def show_me(
    request: AnyRequest,
    session: InjectedSession,
    post_state: Annotated[str | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """The profile, and the posts in one state or in all."""
    return await _profile_page(request, signed_in(session), state=post_state, cursor=cursor)


@post("/me/profile", status_code=200)
async def change_profile(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Changes name and bio."""
    user = signed_in(session)
    name, bio = form.text("name"), form.text("bio")
    try:
        await call(request, user.viewer, "PATCH", "/v1/me", body={"name": name, "bio": bio or None})
    except OperationFailed as error:
        return await _profile_page(request, user, error=error, typed={"name": name, "bio": bio})
    return see_other("/me?done=1")


@post("/me/avatar", status_code=200, too_large=FileTooLarge, request_max_body_size=UPLOAD_BYTES_MOST)
async def upload_avatar(
    request: AnyRequest, session: InjectedSession, form_token: FromQuery[str | None] = None
) -> Response[Any]:
    """Uploads a picture; the next page offers it once it is processed. The body goes on to the operation as it arrives."""
    user = signed_in(session)
    try:
        uploaded = await pass_upload_on(request, user, form_token)
    except OperationFailed as error:
        return await _avatar_page(request, user, error=error)
    return see_other(f"/me/avatar?media_id={uploaded['id']}")


@get("/me/avatar")
async def show_avatar(
    request: AnyRequest, session: InjectedSession, media_id: FromQuery[str | None] = None
) -> Response[bytes]:
    """The picture that was uploaded, while it is processed and when it can be used; without one, where to choose it."""
    user = signed_in(session)
    medium = None if parse_id(media_id or "") is None else await get_json(request, user, f"/v1/media/{media_id}")
    return await _avatar_page(request, user, medium=medium)


@post("/me/avatar/use", status_code=200)
async def use_avatar(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Takes a picture that was uploaded, or removes the present one."""
    user = signed_in(session)
    media_id = form.optional("media_id")
    try:
        await call(request, user.viewer, "PATCH", "/v1/me", body={"avatar_media_id": media_id})
    except OperationFailed as error:
        medium = await _find_medium(request, user, media_id)
        # A picture that can be used stays on the page; in place of another one the form is shown.
        is_usable = medium is not None and medium["state"] == "ready"
        return await _avatar_page(request, user, medium=medium if is_usable else None, error=error)
    return see_other("/me?done=1")


async def _find_medium(request: AnyRequest, session: Session, media_id: str | None) -> Any:
    if parse_id(media_id or "") is None:
        return None
    return await find_json(request, session, f"/v1/media/{media_id}", "media_not_found")


async def _avatar_page(
    request: AnyRequest, session: Session, *, medium: Any = None, error: OperationFailed | None = None
) -> Response[bytes]:
    form_token = secrets.token_urlsafe(16)
    return await own_page(
        request, session, "account/avatar.html", "me", error=error, medium=medium, form_token=form_token
    )


async def _profile_page(
    request: AnyRequest,
    session: Session,
    *,
    state: str | None = None,
    cursor: str | None = None,
    error: OperationFailed | None = None,
    typed: dict[str, str] | None = None,
) -> Response[bytes]:
    state = state if state in _STATES else None
    listed = await read_cards(request, session, "/v1/me/posts", query={"state": state}, cursor=cursor)
    return await own_page(
        request,
        session,
        "account/me.html",
        "me",
        error=error,
        typed=typed,
        state=state,
        done="done" in request.query_params,
        **listed.context("/me", state=state),
    )
