"""A copy of everything that is stored about the user, and the deletion of the account."""

import secrets
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from feed.api.dependencies import AnyRequest
from feed.api.mobile.own_account import kept_data
from feed.api.pages.account.own import own_page
from feed.api.pages.calls import OperationFailed, call, get_json
from feed.api.pages.community.submitting import submit
from feed.api.pages.form import InjectedForm
from feed.api.pages.page import page_language, see_other, state_of
from feed.api.pages.passed_on import PassedOn
from feed.api.pages.sessions import InjectedSession, Session, signed_in


@get("/me/export")
async def show_export(request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The state of the newest export, and the button for another one."""
    return await _export_page(request, signed_in(session))


@post("/me/export", status_code=200)
async def request_export(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Requests an export."""
    user = signed_in(session)
    try:
        await submit(request, user, "POST", "/v1/me/export", None, form.token)
    except OperationFailed as error:
        return await _export_page(request, user, error=error)
    return see_other("/me/export")


@post("/me/export/{export_id:str}/file", status_code=200)
async def download_export(
    export_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> PassedOn:
    """The ZIP, once. A form, as a link may be fetched by what is no user."""
    _ = form
    return PassedOn(request, signed_in(session).viewer, "GET", f"/v1/me/export/{export_id}/file")


@get("/me/delete")
async def show_deletion(request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """What a deletion does and what stays; when one is requested, until when it can be taken back."""
    return await _deletion_page(request, signed_in(session))


@post("/me/delete", status_code=200)
async def delete_account(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Requests the deletion, once the box says that it is meant."""
    user = signed_in(session)
    if not form.checked("sure"):
        return await _deletion_page(request, user, unsure=True)
    return await _change(request, user, "DELETE", "/v1/me")


@post("/me/restore", status_code=200)
async def restore_account(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Takes the deletion back."""
    _ = form
    return await _change(request, signed_in(session), "POST", "/v1/me/restore")


async def _change(request: AnyRequest, session: Session, method: str, path: str) -> Response[Any]:
    try:
        await call(request, session.viewer, method, path)
    except OperationFailed as error:
        return await _deletion_page(request, session, error=error)
    return see_other("/me/delete")


async def _export_page(
    request: AnyRequest, session: Session, *, error: OperationFailed | None = None
) -> Response[bytes]:
    export = await get_json(request, session, "/v1/me/export")
    token = secrets.token_urlsafe(16)
    return await own_page(
        request, session, "account/export.html", "export", error=error, export=export, form_token=token
    )


async def _deletion_page(
    request: AnyRequest, session: Session, *, error: OperationFailed | None = None, unsure: bool = False
) -> Response[bytes]:
    settings = state_of(request).settings
    return await own_page(
        request,
        session,
        "account/delete.html",
        "delete",
        # Also of the form that takes it back.
        path="/me/delete",
        error=error,
        unsure=unsure,
        days=settings.deletion_days,
        kept=kept_data(settings, page_language(request)),
    )
