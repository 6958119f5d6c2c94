"""Winners and reserves of a campaign: announced by two people, and replaced by two people."""

import asyncio
import hashlib
import secrets
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, PageNotFound, get_json
from feed.api.pages.editor.answers import names_of
from feed.api.pages.editor.frame import admin_path, campaign_page
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.campaigns.prize_kinds import code_kinds, shipped_kinds
from feed.screens.reasons import reason_cards


@get("/console/campaigns/{campaign_id:str}/winners")
async def show_winners(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, done: FromQuery[str | None] = None
) -> Response[bytes]:
    """Who wins, how far the prizes are, and what is next."""
    own = signed_in(session)
    campaign, decision, claims, overdue = await asyncio.gather(
        get_json(request, own, admin_path(campaign_id)),
        get_json(request, own, admin_path(campaign_id, "/announcement")),
        get_json(request, own, admin_path(campaign_id, "/claims")),
        get_json(request, own, "/v1/admin/prizes/stuck"),
    )
    return await campaign_page(
        request,
        own,
        campaign_id,
        "editor/winners.html",
        tab="winners",
        campaign=campaign,
        decision=decision,
        claims=claims["items"],
        asked={each["rank"]: each for each in decision["winners"] if each["replacement_asked_by"]},
        overdue=[each for each in overdue["items"] if each["campaign_id"] == campaign_id],
        names=await _names_of(request, own, decision),
        ships=any(prize["kind"] in shipped_kinds() for prize in campaign["prizes"]),
        has_codes=any(prize["kind"] in code_kinds() for prize in campaign["prizes"]),
        done=done,
    )


@get("/console/campaigns/{campaign_id:str}/winners/announce")
async def confirm_announcing(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession
) -> Response[bytes]:
    """What exactly would be announced, who has asked for it, and what follows."""
    return await _confirm_announcing(request, signed_in(session), campaign_id)


@post("/console/campaigns/{campaign_id:str}/winners/announce")
async def announce_winners(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Announces the winners, or is recorded as the first of two people."""
    own = signed_in(session)
    decision = await get_json(request, own, admin_path(campaign_id, "/announcement"))
    if decision["announced_at"] is None and form.text("seen") != _fingerprint(decision):
        # The places may have changed while the page was read; what is announced is what this person has read.
        return await _confirm_announcing(request, own, campaign_id, form=form, changed=True)
    body = {"reason": form.text("reason")} if form.text("reason").strip() else None
    try:
        answer = await send(request, own, form, "POST", admin_path(campaign_id, "/announce"), body)
    except OperationFailed as error:
        return await _confirm_announcing(request, own, campaign_id, form=form, error=error)
    done = "announce_recorded" if answer.status == 202 else "announced"
    return see_other(f"/console/campaigns/{campaign_id}/winners?done={done}")


async def _confirm_announcing(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    *,
    form: Form | None = None,
    error: OperationFailed | None = None,
    changed: bool = False,
) -> Response[bytes]:
    problem = None if error is None else error.problem
    campaign, decision, claims = await asyncio.gather(
        get_json(request, session, admin_path(campaign_id)),
        get_json(request, session, admin_path(campaign_id, "/announcement")),
        get_json(request, session, admin_path(campaign_id, "/claims")),
    )
    prizes = {each["rank"]: each["prizes"] for each in claims["items"] if each["state"] == "selected"}
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/announce.html",
        tab="winners",
        campaign=campaign,
        status=409 if changed else 200 if error is None else error.status,
        decision=decision,
        prizes=prizes,
        names=await _names_of(request, session, decision),
        seen=_fingerprint(decision),
        changed=changed,
        problem=problem,
        reason="" if form is None else form.text("reason"),
        form_token=secrets.token_urlsafe(16),
    )


def _fingerprint(decision: Any) -> str:
    """What the result and its places are known by, to notice that they have changed since a page was read."""
    places = [(each["place"], each["rank"], each["user"]["id"], each["post_id"]) for each in decision["winners"]]
    return hashlib.sha256(msgspec.json.encode([decision["result_sha256"], places])).hexdigest()[:32]


@get("/console/campaigns/{campaign_id:str}/winners/places/{rank:str}/replace")
async def confirm_replacing(
    campaign_id: FromPath[str], rank: FromPath[str], request: AnyRequest, session: InjectedSession
) -> Response[bytes]:
    """Who would lose the place, who would move up, and who has asked for it."""
    return await _confirm_replacing(request, signed_in(session), campaign_id, rank)


@post("/console/campaigns/{campaign_id:str}/winners/places/{rank:str}/replace")
async def replace_winner(
    campaign_id: FromPath[str],
    rank: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[Any]:
    """Replaces a winner by the next reserve, or is recorded as the first of two people."""
    own = signed_in(session)
    body = {"reason": form.text("reason")}
    if form.text("reason_code"):
        body["reason_code"] = form.text("reason_code")
    path = admin_path(campaign_id, f"/winners/{_checked_rank(rank)}/replace")
    try:
        answer = await send(request, own, form, "POST", path, body)
    except OperationFailed as error:
        return await _confirm_replacing(request, own, campaign_id, rank, form=form, error=error)
    done = "replace_recorded" if answer.status == 202 else "replaced"
    return see_other(f"/console/campaigns/{campaign_id}/winners?done={done}")


async def _confirm_replacing(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    rank: str,
    *,
    form: Form | None = None,
    error: OperationFailed | None = None,
) -> Response[bytes]:
    problem = None if error is None else error.problem
    decision = await get_json(request, session, admin_path(campaign_id, "/announcement"))
    winner = next((each for each in decision["winners"] if each["rank"] == _checked_rank(rank)), None)
    if winner is None:
        raise PageNotFound
    code = winner["replacement_reason_code"] or ""
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/replace_winner.html",
        tab="winners",
        status=200 if error is None else error.status,
        winner=winner,
        reserve=next(iter(decision["reserves"]), None),
        names=await _names_of(request, session, decision),
        reasons=reason_cards("replacement"),
        reason="" if form is None else form.text("reason"),
        reason_code=code if form is None else form.text("reason_code"),
        problem=problem,
        form_token=secrets.token_urlsafe(16),
    )


def _checked_rank(raw: str) -> int:
    if not raw.isascii() or not raw.isdecimal() or len(raw) > 9:
        raise PageNotFound
    return int(raw)


async def _names_of(request: AnyRequest, session: Session, decision: Any) -> dict[str, str]:
    acts = [] if decision["review"] is None else decision["review"]["acts"]
    asked = [each["replacement_asked_by"] for each in decision["winners"]]
    return await names_of(
        request, session, [decision["announced_first_by"], *asked, *(each["by"] for each in acts[:_ACTS])]
    )


# Acts behind the review that a page lists.
_ACTS = 50

ROUTES: Final[tuple[Any, ...]] = (
    show_winners,
    confirm_announcing,
    announce_winners,
    confirm_replacing,
    replace_winner,
)
