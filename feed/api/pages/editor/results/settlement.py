"""The settlement of a campaign: what it waits for, its sheet and result, and what editors do about it."""

import asyncio
import secrets
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, call, find_json, get_json
from feed.api.pages.editor.answers import names_of, posts_of
from feed.api.pages.editor.frame import admin_path, campaign_page
from feed.api.pages.editor.results.draw import read_draw
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in

# A page shows this many lines of a sheet; the table has all of them.
_LINES = 300
_RUNNING = frozenset({"open", "closed", "judging"})


@get("/console/campaigns/{campaign_id:str}/settlement")
async def show_settlement(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, done: FromQuery[str | None] = None
) -> Response[bytes]:
    """How the settlement stands, and what it waits for."""
    return await _show(request, signed_in(session), campaign_id, done=done)


async def _show(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    *,
    done: str | None = None,
) -> Response[bytes]:
    campaign, decision, overdue = await asyncio.gather(
        get_json(request, session, admin_path(campaign_id)),
        get_json(request, session, admin_path(campaign_id, "/announcement")),
        get_json(request, session, "/v1/admin/prizes/stuck"),
    )
    drawn = await read_draw(request, session, campaign_id) if campaign["method"] == "draw" else None
    entered = [] if drawn is None else [each["user_id"] for each in drawn.number["entered"]]
    would_be = None
    if campaign["state"] in _RUNNING and campaign["method"] == "ranked":
        would_be = await find_json(request, session, admin_path(campaign_id, "/fairness"))
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/settlement.html",
        tab="settlement",
        campaign=campaign,
        decision=decision,
        overdue=[each for each in overdue["items"] if each["campaign_id"] == campaign_id],
        drawn=drawn,
        would_be=would_be,
        posts=await posts_of(request, session, [each["post_id"] for each in would_be["winners"]] if would_be else []),
        names=await names_of(request, session, entered),
        done=done,
    )


@get("/console/campaigns/{campaign_id:str}/settlement/sheet")
async def show_sheet(campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The frozen sheet, its best lines."""
    own = signed_in(session)
    sheet = await find_json(request, own, admin_path(campaign_id, "/sheet"))
    lines = [] if sheet is None else sheet["items"]
    return await campaign_page(
        request,
        own,
        campaign_id,
        "editor/sheet.html",
        tab="settlement",
        sheet=sheet,
        lines=lines[:_LINES],
        line_count=len(lines),
    )


@get("/console/campaigns/{campaign_id:str}/settlement/sheet.csv")
async def download_sheet(campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The whole frozen sheet, for a spreadsheet."""
    own = signed_in(session)
    path = admin_path(campaign_id, "/sheet")
    found = await call(request, own.viewer, "GET", path, headers={"accept": "text/csv"})
    headers = {
        "cache-control": "private, no-store",
        "content-disposition": f'attachment; filename="sheet-{campaign_id}.csv"',
    }
    return Response(found.body, media_type="text/csv", headers=headers)


@get("/console/campaigns/{campaign_id:str}/settlement/settle")
async def confirm_settling(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession
) -> Response[bytes]:
    """What settling now means, before it is done."""
    return await _confirm(request, signed_in(session), campaign_id, "editor/settle.html")


@post("/console/campaigns/{campaign_id:str}/settlement/settle")
async def settle_campaign(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Settles a campaign now. What it still waits for is listed, and may be overridden with a reason."""
    own = signed_in(session)
    body = {"reason": form.text("reason")} if form.text("reason").strip() else None
    try:
        answer = await send(request, own, form, "POST", admin_path(campaign_id, "/settle"), body)
    except OperationFailed as error:
        return await _confirm(request, own, campaign_id, "editor/settle.html", form=form, error=error)
    done = "settled" if answer.json()["settled_at"] else "frozen"
    return see_other(f"/console/campaigns/{campaign_id}/settlement?done={done}")


@get("/console/campaigns/{campaign_id:str}/settlement/undo")
async def confirm_undoing(campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """What undoing the settlement means, before it is done."""
    return await _confirm(request, signed_in(session), campaign_id, "editor/undo_settlement.html")


@post("/console/campaigns/{campaign_id:str}/settlement/undo")
async def undo_settlement(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Undoes the settlement, or is recorded as the first of two people."""
    own = signed_in(session)
    body = {"reason": form.text("reason")}
    try:
        answer = await send(request, own, form, "POST", admin_path(campaign_id, "/undo-settle"), body)
    except OperationFailed as error:
        return await _confirm(request, own, campaign_id, "editor/undo_settlement.html", form=form, error=error)
    done = "undo_recorded" if answer.status == 202 else "undone"
    return see_other(f"/console/campaigns/{campaign_id}/settlement?done={done}")


async def _confirm(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    template: str,
    *,
    form: Form | None = None,
    error: OperationFailed | None = None,
) -> Response[bytes]:
    problem = None if error is None else error.problem
    return await campaign_page(
        request,
        session,
        campaign_id,
        template,
        tab="settlement",
        status=200 if error is None else error.status,
        decision=await get_json(request, session, admin_path(campaign_id, "/announcement")),
        problem=problem,
        reason="" if form is None else form.text("reason"),
        form_token=secrets.token_urlsafe(16),
    )


ROUTES: Final[tuple[Any, ...]] = (
    show_settlement,
    show_sheet,
    download_sheet,
    confirm_settling,
    settle_campaign,
    confirm_undoing,
    undo_settlement,
)
