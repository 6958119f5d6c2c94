"""Who is staff: the roles of accounts, granted and revoked by admins."""

from collections.abc import Collection, Mapping
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from feed.accounts.model import ROLES, AccountNotFound
from feed.api.dependencies import AnyRequest
from feed.api.pages.basis import edit_of, read_basis, write_basis
from feed.api.pages.calls import OperationFailed, call, checked_id, get_json
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import page, see_other
from feed.api.pages.sending import refused, send
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.errors import FieldError
from feed.ids import parse_id

STAFF = "/console/staff"
_SHOWN = 50


@get(STAFF)
async def show_staff(request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The accounts with roles, each with a form, and a form for another one."""
    return await _show(request, signed_in(session))


@post(STAFF)
async def grant_roles(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Gives roles to the account with the id that was typed, beside those that it has."""
    own = signed_in(session)
    user_id, roles = form.text("user_id").strip(), [each for each in ROLES if each in form.all("role")]
    wrong = [] if parse_id(user_id) is not None else [FieldError("user_id", "invalid_value")]
    wrong += [] if roles else [FieldError("roles", "required")]
    if wrong:
        return await _show(request, own, error=refused(request, *wrong), typed=form)
    try:
        held = await _roles_of(request, own, user_id)
    except OperationFailed as error:
        if error.status != 404:
            raise
        return await _show(request, own, error=error, typed=form)
    return await _set(
        request, own, form, user_id, {"roles": [each for each in ROLES if each in {*held, *roles}]}, typed=form
    )


@post(f"{STAFF}/{{user_id:str}}")
async def set_roles(
    user_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Changes the roles of an account and the name under which it signs texts; without a role it is no staff any more.

    What another admin has changed since the page was read stays.
    """
    own = signed_in(session)
    checked_id(user_id, AccountNotFound)
    held, read = await _roles_of(request, own, user_id), read_basis(form) or {}
    now, typed = _checked(held), _checked(form.all("role"))
    change, _ = edit_of(form, typed, now)
    body: dict[str, Any] = {"roles": [each for each in ROLES if (now | change)[each]]}
    if form.text("byline") != read.get("byline"):
        body["byline"] = form.optional("byline")
    return await _set(request, own, form, user_id, body, failed=user_id)


async def _roles_of(request: AnyRequest, session: Session, user_id: str) -> list[str]:
    """The present roles of an account, for admins. Raises OperationFailed."""
    # The operation of admins decides who may ask: the record is for all staff.
    await call(request, session.viewer, "GET", "/v1/admin/staff", query={"limit": 1})
    record = await call(request, session.viewer, "GET", f"/v1/moderation/users/{user_id}")
    found: list[str] = record.json()["roles"]
    return found


def _basis_of(member: Mapping[str, Any]) -> str:
    """What the form of an account shows."""
    return write_basis(_checked(member["roles"]) | {"byline": member["byline"] or ""})


def _checked(roles: Collection[str]) -> dict[str, str]:
    """Which roles are checked, as the fields of a form."""
    return {each: "true" if each in roles else "" for each in ROLES}


async def _set(
    request: AnyRequest,
    session: Session,
    form: Form,
    user_id: str,
    body: dict[str, Any],
    *,
    failed: str = "",
    typed: Form | None = None,
) -> Response[Any]:
    try:
        await send(request, session, form, "PUT", f"/v1/admin/staff/{user_id}", body, keyed=False)
    except OperationFailed as error:
        if error.status == 403:
            raise
        return await _show(request, session, error=error, failed=failed, typed=typed)
    return see_other(f"{STAFF}?done={user_id}")


async def _show(
    request: AnyRequest,
    session: Session,
    *,
    error: OperationFailed | None = None,
    failed: str = "",
    typed: Form | None = None,
) -> Response[bytes]:
    query = {"cursor": request.query_params.get("cursor"), "limit": _SHOWN}
    found = await get_json(request, session, "/v1/admin/staff", query=query)
    return await page(
        request,
        session,
        "operator/staff.html",
        status=200 if error is None else error.status,
        cache="no-store",
        section="staff",
        members=[(each, _basis_of(each)) for each in found["items"]],
        next_cursor=found["next_cursor"],
        roles=ROLES,
        problem=None if error is None else error.problem,
        failed=failed,
        typed=typed,
        done=parse_id(request.query_params.get("done", "")),
    )
