"""The form of a campaign: creating a draft, writing its fields, and changing published rules.

Saving sends what was changed, bound to the fields that the editor has read. If another editor has saved meanwhile, the page shows
both; nothing is overwritten, and nothing typed is lost.
"""

import secrets
from functools import partial
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from feed.api.dependencies import AnyRequest
from feed.api.pages.basis import read_basis, write_basis
from feed.api.pages.calls import OperationFailed, call, get_json
from feed.api.pages.editor.findings import field_words, read_findings, without_keys
from feed.api.pages.editor.form_fields import (
    ROWS,
    Texts,
    change_of,
    changed_fields,
    edit_rows,
    field_of,
    merge,
    read_form,
    rows_of,
    texts_of,
)
from feed.api.pages.editor.frame import admin_path, campaign_page
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import page, page_language, see_other, state_of
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.campaigns.rules.amendable import FIXED_AFTER_OPENING

_EDITED = "campaign_edited"
_BASIS = "content_sha256"
# States in which fields can still be changed.
_CHANGEABLE = frozenset({"draft", "scheduled", "open", "closed"})
_NOT_OPENED = frozenset({"draft", "scheduled"})
# Where a button leads after it has saved.
_NEXT: Final[dict[str, str]] = {"publish": "/publish", "pictures": "/pictures"}


@get("/console/campaigns/new")
async def show_new_campaign(request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The form of a new draft: a title is enough."""
    own = signed_in(session)
    # The operation of editors decides who may see the form.
    await get_json(request, own, "/v1/admin/campaigns", {"limit": 1})
    return await _new_campaign(request, own, {})


@post("/console/campaigns/new")
async def create_campaign(
    request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[bytes] | Response[None]:
    """Creates the draft, and goes to its form."""
    own = signed_in(session)
    typed = {name: form.text(name) for name in ("title", "topic", "method")}
    body = {name: text for name, text in typed.items() if text or name == "title"}
    try:
        made = (await send(request, own, form, "POST", "/v1/admin/campaigns", body)).json()
    except OperationFailed as error:
        return await _new_campaign(request, own, typed, error)
    return see_other(f"/console/campaigns/{made['id']}/edit")


@get("/console/campaigns/{campaign_id:str}/edit")
async def show_form(campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The form with the fields as they are."""
    own = signed_in(session)
    campaign = await get_json(request, own, admin_path(campaign_id))
    return await _form_page(request, own, campaign, texts_of(campaign))


@post("/console/campaigns/{campaign_id:str}/edit")
async def save_form(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[bytes] | Response[None]:
    """Saves what was changed, or adds, removes or moves a row of the form without saving."""
    own = signed_in(session)
    action = form.text("do") or "save"
    campaign = await get_json(request, own, admin_path(campaign_id))
    shown = texts_of(campaign)
    basis = _read_basis(form, shown)
    typed = read_form(form.fields, basis)
    if ":" in action:
        return await _form_page(
            request,
            own,
            campaign,
            edit_rows(typed, action),
            basis=basis,
            basis_sha256=form.text(_BASIS),
            unsaved=True,
        )
    if form.text(_BASIS) != campaign[_BASIS] and changed_fields(shown, typed):
        return await _edited_page(request, own, campaign, basis, typed)
    change = change_of(shown, typed, campaign)
    try:
        if change or action == "propose":
            await _send_change(request, own, campaign_id, action, change, campaign[_BASIS])
    except OperationFailed as error:
        if error.problem.code == _EDITED:
            campaign = await get_json(request, own, admin_path(campaign_id))
            return await _edited_page(request, own, campaign, basis, typed)
        return await _form_page(request, own, campaign, typed, basis=shown, error=error)
    return see_other(f"/console/campaigns/{campaign_id}{_NEXT.get(action, f'/edit?saved={action}')}")


async def _send_change(
    request: AnyRequest, session: Session, campaign_id: str, action: str, change: dict[str, Any], basis: str
) -> None:
    method, rest = ("PUT", "/proposal") if action == "propose" else ("PATCH", "")
    await call(
        request,
        session.viewer,
        method,
        admin_path(campaign_id, rest),
        query={_BASIS: basis},
        body=change,
    )


async def _new_campaign(
    request: AnyRequest, session: Session, typed: Texts, error: OperationFailed | None = None
) -> Response[bytes]:
    return await page(
        request,
        session,
        "editor/new.html",
        status=200 if error is None else error.status,
        cache="no-store",
        section="campaigns",
        typed=typed,
        problem=None if error is None else without_keys(error.problem, page_language(request)),
        form_token=secrets.token_urlsafe(16),
    )


async def _edited_page(
    request: AnyRequest, session: Session, campaign: Any, basis: Texts, typed: Texts
) -> Response[bytes]:
    """Another editor was faster: both versions, and nothing saved."""
    shown = texts_of(campaign)
    merged = merge(basis, typed, shown)
    theirs = changed_fields(basis, shown)
    differing = set(changed_fields(shown, merged))
    return await _form_page(
        request,
        session,
        campaign,
        merged,
        status=409,
        unsaved=True,
        merged=[name for name in theirs if name not in differing],
        conflicts=[
            (name, [text for key, text in shown.items() if field_of(key) == name and text])
            for name in theirs
            if name in differing
        ],
    )


async def _form_page(
    request: AnyRequest,
    session: Session,
    campaign: Any,
    texts: Texts,
    *,
    basis: Texts | None = None,
    basis_sha256: str | None = None,
    status: int = 200,
    error: OperationFailed | None = None,
    **context: Any,
) -> Response[bytes]:
    language = page_language(request)
    findings = await read_findings(request, session, campaign["id"], language)
    config = await get_json(request, session, "/v1/config")
    # Of the form alone: what another editor has saved is compared with it.
    compared = texts_of(campaign) if basis is None else basis
    return await campaign_page(
        request,
        session,
        campaign["id"],
        "editor/form.html",
        tab="edit",
        campaign=campaign,
        status=status if error is None else error.status,
        texts=texts,
        basis=write_basis(compared),
        basis_sha256=basis_sha256 or campaign[_BASIS],
        rows={name: rows_of(texts, name) for name in ROWS},
        findings=findings,
        licences=[(each["key"], each["name"]) for each in config["licences"]],
        words_of=partial(field_words, language=language),
        fixed=frozenset() if campaign["state"] in _NOT_OPENED else FIXED_AFTER_OPENING,
        changeable=campaign["state"] in _CHANGEABLE,
        signs=state_of(request).settings.editorial_chain == "on",
        problem=None if error is None else without_keys(error.problem, language),
        saved=request.query_params.get("saved") if error is None else None,
        **({"unsaved": False, "merged": [], "conflicts": []} | context),
    )


def _read_basis(form: Form, shown: Texts) -> Texts:
    """The fields that the editor has read; the present ones, if the form does not say it."""
    found = read_basis(form)
    # Without a field of the present version the form is one of another release.
    return found if found and all(name in found for name in shown if "]." not in name) else shown


ROUTES: Final[tuple[Any, ...]] = (show_new_campaign, create_campaign, show_form, save_form)
