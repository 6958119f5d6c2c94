"""The entries of a campaign with their photos: the shortlist, disqualifications, and entries with similar pictures."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, checked_id, get_json
from feed.api.pages.editor.findings import without_keys
from feed.api.pages.editor.frame import admin_path, campaign_page, reasons
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import local_path, page_language, see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.reasons import DisqualificationReason, ReinstatementReason

_SORTS = ("score", "newest")
_SHORTLISTS: Final[Mapping[str, bool]] = {"yes": True, "no": False}


@get("/console/campaigns/{campaign_id:str}/entries")
async def show_entries(
    campaign_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    sort: FromQuery[str | None] = None,
    shortlist: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """A page of the entries."""
    return await _entries_page(request, signed_in(session), campaign_id, sort=sort, shortlist=shortlist, cursor=cursor)


@post("/console/campaigns/{campaign_id:str}/entries/{post_id:str}/shortlist")
async def shortlist_entry(
    campaign_id: FromPath[str],
    post_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[None]:
    """Adds an entry to the shortlist."""
    return await _change_entry(request, signed_in(session), form, "PUT", campaign_id, post_id, "shortlist")


@post("/console/campaigns/{campaign_id:str}/entries/{post_id:str}/unlist")
async def unlist_entry(
    campaign_id: FromPath[str],
    post_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[None]:
    """Removes an entry from the shortlist."""
    return await _change_entry(request, signed_in(session), form, "DELETE", campaign_id, post_id, "shortlist")


@post("/console/campaigns/{campaign_id:str}/shortlist")
async def fill_shortlist(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[bytes] | Response[None]:
    """Fills the shortlist with the entries that have the most engagement."""
    own = signed_in(session)
    try:
        await send(request, own, form, "POST", admin_path(campaign_id, "/shortlist"), {"size": form.number("size")})
    except OperationFailed as error:
        return await _entries_page(request, own, campaign_id, error=error, size=form.text("size"))
    return see_other(f"/console/campaigns/{campaign_id}/entries?shortlist=yes")


@post("/console/campaigns/{campaign_id:str}/entries/{post_id:str}/disqualify")
async def disqualify_entry(
    campaign_id: FromPath[str],
    post_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[None]:
    """Disqualifies an entry, with a reason that its author reads."""
    return await _change_entry(
        request, signed_in(session), form, "POST", campaign_id, post_id, "disqualify", _reason_of(form)
    )


@post("/console/campaigns/{campaign_id:str}/entries/{post_id:str}/reinstate")
async def reinstate_entry(
    campaign_id: FromPath[str],
    post_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[None]:
    """Takes a disqualification back."""
    return await _change_entry(
        request, signed_in(session), form, "POST", campaign_id, post_id, "reinstate", _reason_of(form)
    )


async def _entries_page(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    *,
    sort: str | None = None,
    shortlist: str | None = None,
    cursor: str | None = None,
    error: OperationFailed | None = None,
    size: str | None = None,
) -> Response[bytes]:
    language = page_language(request)
    sort = sort if sort in _SORTS else "score"
    listed = shortlist if shortlist in _SHORTLISTS else None
    query = {"sort": sort, "shortlist": None if listed is None else _SHORTLISTS[listed], "cursor": cursor}
    found = await get_json(request, session, admin_path(campaign_id, "/entries"), query)
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/entries.html",
        tab="entries",
        status=200 if error is None else error.status,
        entries=found["items"],
        next_cursor=found["next_cursor"],
        sort=sort,
        shortlist=listed,
        disqualifying=reasons(get_args(DisqualificationReason), language),
        reinstating=reasons(get_args(ReinstatementReason), language),
        reason_names=dict(reasons(get_args(DisqualificationReason), language)),
        size=size,
        problem=None if error is None else without_keys(error.problem, language),
    )


async def _change_entry(
    request: AnyRequest,
    session: Session,
    form: Form,
    method: str,
    campaign_id: str,
    post_id: str,
    verb: str,
    body: Any = None,
) -> Response[None]:
    path = admin_path(campaign_id, f"/entries/{checked_id(post_id)}/{verb}")
    await send(request, session, form, method, path, body)
    return see_other(local_path(form.text("back"), f"/console/campaigns/{campaign_id}/entries"))


def _reason_of(form: Form) -> dict[str, Any]:
    return {"reason_code": form.text("reason_code"), "note": form.optional("note")}


ROUTES: Final[tuple[Any, ...]] = (
    show_entries,
    shortlist_entry,
    unlist_entry,
    fill_shortlist,
    disqualify_entry,
    reinstate_entry,
)
