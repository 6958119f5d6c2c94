"""What is done for many prizes of a campaign at once: shipments, the shipper's table, voucher codes, access to claims."""

import asyncio
import secrets
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.errors import Problem
from feed.api.pages.calls import OperationFailed, checked_id, get_json
from feed.api.pages.editor.answers import names_of, trailing_id
from feed.api.pages.editor.frame import admin_path, campaign_page
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import see_other
from feed.api.pages.sending import refused, send
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.campaigns.prize_kinds import code_kinds, shipped_kinds
from feed.errors import FieldError

# A page of shipments; the next ones follow when these are sent.
_SHIPMENTS = 100
_NO_STORE = {"cache-control": "private, no-store"}


@get("/console/campaigns/{campaign_id:str}/winners/shipments")
async def show_shipments(campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The verified claims whose prizes are to be sent."""
    return await _shipments(request, signed_in(session), campaign_id)


@post("/console/campaigns/{campaign_id:str}/winners/shipments")
async def ship_prizes(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Records the shipments of all lines with a tracking number. A line that fails stays, with what is wrong."""
    own = signed_in(session)
    shipped, problems = 0, dict[str, Problem]()
    for name in form.fields:
        prize_id = name.removeprefix("tracking_no-")
        number = form.text(name).strip()
        if prize_id == name or not number:
            continue
        body = {"carrier": form.text(f"carrier-{prize_id}").strip() or form.text("carrier"), "tracking_no": number}
        path = admin_path(campaign_id, f"/claims/{checked_id(prize_id)}/shipment")
        try:
            await send(request, own, form, "PUT", path, body, keyed=False)
        except OperationFailed as error:
            problems[prize_id] = error.problem
        else:
            shipped += 1
    if shipped and not problems:
        return see_other(f"/console/campaigns/{campaign_id}/winners?done=all_shipped")
    return await _shipments(request, own, campaign_id, form=form, problems=problems, shipped=shipped)


async def _shipments(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    *,
    form: Form | None = None,
    problems: dict[str, Problem] | None = None,
    shipped: int = 0,
) -> Response[bytes]:
    claims = await get_json(request, session, admin_path(campaign_id, "/claims"))
    parcels = set(shipped_kinds())
    due = [
        each
        for each in claims["items"]
        if each["state"] == "verified" and any(item["kind"] in parcels for item in each["prizes"])
    ]
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/shipments.html",
        tab="winners",
        status=200 if form is None else 422,
        due=due[:_SHIPMENTS],
        due_count=len(due),
        typed={} if form is None else {name: form.text(name) for name in form.fields},
        problems=problems or {},
        shipped=shipped,
    )


@get("/console/campaigns/{campaign_id:str}/winners/export")
async def show_export(campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """Where the shipper's table is asked for, with a reason."""
    return await _export_page(request, signed_in(session), campaign_id)


@post("/console/campaigns/{campaign_id:str}/winners/export")
async def export_claims(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """The shipper's table, in this response only; the reason is recorded."""
    own = signed_in(session)
    try:
        answer = await send(
            request, own, form, "POST", admin_path(campaign_id, "/claims/export"), {"reason": form.text("reason")}
        )
    except OperationFailed as error:
        return await _export_page(request, own, campaign_id, form=form, error=error)
    headers = _NO_STORE | {"content-disposition": f'attachment; filename="parcels-{campaign_id}.csv"'}
    return Response(answer.body, status_code=200, media_type="text/csv", headers=headers)


async def _export_page(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    *,
    form: Form | None = None,
    error: OperationFailed | None = None,
) -> Response[bytes]:
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/export_claims.html",
        tab="winners",
        status=200 if error is None else error.status,
        problem=None if error is None else error.problem,
        reason="" if form is None else form.text("reason"),
        form_token=secrets.token_urlsafe(16),
    )


@get("/console/campaigns/{campaign_id:str}/winners/codes")
async def show_codes(
    campaign_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    prize: FromQuery[int | None] = None,
    added: FromQuery[int | None] = None,
    known: FromQuery[int | None] = None,
    stock: FromQuery[int | None] = None,
    needed: FromQuery[int | None] = None,
) -> Response[bytes]:
    """Where voucher codes are handed in. Pages show how many there are, never a code."""
    counted = None
    if prize is not None and stock is not None and needed is not None:
        counted = {"prize": prize, "added": added or 0, "known": known or 0, "stock": stock, "needed": needed}
    return await _codes_page(request, signed_in(session), campaign_id, counted=counted)


@post("/console/campaigns/{campaign_id:str}/winners/codes")
async def add_codes(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Stores the codes of a prize, one a line; known ones are not stored twice."""
    own = signed_in(session)
    codes = [line.strip() for line in form.text("codes").splitlines() if line.strip()]
    prize = form.number("prize")
    if not isinstance(prize, int):
        return await _codes_page(request, own, campaign_id, error=refused(request, FieldError("prize", "not_integer")))
    path = admin_path(campaign_id, f"/prizes/{prize}/codes")
    try:
        found = (await send(request, own, form, "POST", path, {"codes": codes})).json()
    except OperationFailed as error:
        return await _codes_page(request, own, campaign_id, error=error, chosen=form.text("prize"))
    counts = "&".join(f"{name}={found[name]}" for name in ("added", "known", "stock", "needed"))
    return see_other(f"/console/campaigns/{campaign_id}/winners/codes?prize={found['prize_number']}&{counts}")


async def _codes_page(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    *,
    counted: dict[str, int] | None = None,
    error: OperationFailed | None = None,
    chosen: str = "",
) -> Response[bytes]:
    problem = None if error is None else error.problem
    campaign, overdue = await asyncio.gather(
        get_json(request, session, admin_path(campaign_id)),
        get_json(request, session, "/v1/admin/prizes/stuck"),
    )
    missing = [
        each["count"]
        for each in overdue["items"]
        if each["campaign_id"] == campaign_id and each["kind"] == "codes_missing"
    ]
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/codes.html",
        tab="winners",
        campaign=campaign,
        status=200 if error is None else error.status,
        coded=[(number, each) for number, each in enumerate(campaign["prizes"], 1) if each["kind"] in code_kinds()],
        missing=missing,
        counted=counted,
        chosen=chosen,
        problem=problem,
        form_token=secrets.token_urlsafe(16),
    )


@get("/console/campaigns/{campaign_id:str}/winners/access")
async def show_access(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, done: FromQuery[str | None] = None
) -> Response[bytes]:
    """Who may read the details of winners now. Admins grant it to another person."""
    return await _access_page(request, signed_in(session), campaign_id, done=done)


@post("/console/campaigns/{campaign_id:str}/winners/access")
async def grant_claim_access(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Grants a person access for some days; the person is given by the id or the link of the profile."""
    own = signed_in(session)
    body: dict[str, Any] = {
        "user_id": trailing_id(form.text("user_id")) or form.text("user_id"),
        "reason": form.text("reason"),
        "days": form.number("days"),
    }
    try:
        await send(request, own, form, "PUT", admin_path(campaign_id, "/claim-access"), body, keyed=False)
    except OperationFailed as error:
        return await _access_page(request, own, campaign_id, form=form, error=error)
    return see_other(f"/console/campaigns/{campaign_id}/winners/access?done=access_granted")


@post("/console/campaigns/{campaign_id:str}/winners/access/{user_id:str}/end")
async def end_claim_access(
    campaign_id: FromPath[str],
    user_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[Any]:
    """Ends a person's access at once."""
    path = admin_path(campaign_id, f"/claim-access/{checked_id(user_id)}")
    await send(request, signed_in(session), form, "DELETE", path, keyed=False)
    return see_other(f"/console/campaigns/{campaign_id}/winners/access?done=access_ended")


async def _access_page(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    *,
    form: Form | None = None,
    error: OperationFailed | None = None,
    done: str | None = None,
) -> Response[bytes]:
    problem = None if error is None else error.problem
    readers = (await get_json(request, session, admin_path(campaign_id, "/claim-access")))["items"]
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/claim_access.html",
        tab="winners",
        status=200 if error is None else error.status,
        readers=readers,
        names=await names_of(request, session, [each["granted_by"] for each in readers]),
        typed={name: "" if form is None else form.text(name) for name in ("user_id", "reason", "days")},
        problem=problem,
        done=done,
    )


ROUTES: Final[tuple[Any, ...]] = (
    show_shipments,
    ship_prizes,
    show_export,
    export_claims,
    show_codes,
    add_codes,
    show_access,
    grant_claim_access,
    end_claim_access,
)
