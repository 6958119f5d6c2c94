"""One prize of a campaign: its claim, masked or revealed for a reason, checked, shipped and handed over."""

import secrets
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.errors import Problem
from feed.api.pages.calls import OperationFailed, PageNotFound, checked_id, get_json
from feed.api.pages.editor.frame import admin_path, campaign_page
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.campaigns.prize_kinds import shipped_kinds

_FIELDS = ("reason", "carrier", "tracking_no", "handed_reason")


@get("/console/campaigns/{campaign_id:str}/winners/prizes/{prize_id:str}")
async def show_prize(
    campaign_id: FromPath[str],
    prize_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    done: FromQuery[str | None] = None,
) -> Response[bytes]:
    """A prize with its claim, masked."""
    return await _show(request, signed_in(session), campaign_id, prize_id, done=done)


@post("/console/campaigns/{campaign_id:str}/winners/prizes/{prize_id:str}/reveal")
async def reveal_claim(
    campaign_id: FromPath[str],
    prize_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[Any]:
    """The details of a claim in clear, in this response only; the reason is recorded."""
    own = signed_in(session)
    try:
        answer = await send(
            request, own, form, "POST", _operation(campaign_id, prize_id, "reveal"), {"reason": form.text("reason")}
        )
    except OperationFailed as error:
        return await _show(request, own, campaign_id, prize_id, form=form, error=error, failed="reveal")
    return await _show(request, own, campaign_id, prize_id, revealed=answer.json())


@post("/console/campaigns/{campaign_id:str}/winners/prizes/{prize_id:str}/verify")
async def verify_claim(
    campaign_id: FromPath[str],
    prize_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[Any]:
    """Marks a claim as verified, after which its winner cannot change it."""
    return await _act(request, session, form, campaign_id, prize_id, "verify", done="verified")


@post("/console/campaigns/{campaign_id:str}/winners/prizes/{prize_id:str}/shipment")
async def ship_prize(
    campaign_id: FromPath[str],
    prize_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[Any]:
    """Records the shipment of a prize, or corrects it."""
    body = {"carrier": form.text("carrier"), "tracking_no": form.text("tracking_no")}
    return await _act(request, session, form, campaign_id, prize_id, "shipment", body, method="PUT", done="shipped")


@post("/console/campaigns/{campaign_id:str}/winners/prizes/{prize_id:str}/handed-over")
async def hand_over_prize(
    campaign_id: FromPath[str],
    prize_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[Any]:
    """Records that a prize was handed over."""
    body = {"reason": form.text("handed_reason")}
    return await _act(request, session, form, campaign_id, prize_id, "handed-over", body, done="handed_over")


async def _act(
    request: AnyRequest,
    session: Session | None,
    form: Form,
    campaign_id: str,
    prize_id: str,
    operation: str,
    body: dict[str, str] | None = None,
    *,
    method: str = "POST",
    done: str,
) -> Response[Any]:
    """Calls an operation on a prize, and shows the prize with what was `done`, or with the problem at its form."""
    own = signed_in(session)
    path = _operation(campaign_id, prize_id, operation)
    try:
        await send(request, own, form, method, path, body, keyed=method == "POST")
    except OperationFailed as error:
        return await _show(request, own, campaign_id, prize_id, form=form, error=error, failed=operation)
    return see_other(f"{_path(campaign_id, prize_id)}?done={done}")


def _path(campaign_id: str, prize_id: str) -> str:
    return f"/console/campaigns/{checked_id(campaign_id)}/winners/prizes/{checked_id(prize_id)}"


def _operation(campaign_id: str, prize_id: str, name: str) -> str:
    return admin_path(campaign_id, f"/claims/{checked_id(prize_id)}/{name}")


async def _show(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    prize_id: str,
    *,
    form: Form | None = None,
    error: OperationFailed | None = None,
    failed: str = "",
    revealed: Any = None,
    done: str | None = None,
) -> Response[bytes]:
    problem: Problem | None = None if error is None else error.problem
    claims = await get_json(request, session, admin_path(campaign_id, "/claims"))
    prize = next((each for each in claims["items"] if each["id"] == prize_id), None)
    if prize is None:
        raise PageNotFound
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/prize.html",
        tab="winners",
        status=200 if error is None else error.status,
        prize=prize,
        prize_path=_path(campaign_id, prize_id),
        ships=any(each["kind"] in shipped_kinds() for each in prize["prizes"]),
        revealed=revealed,
        # The problem belongs to one of the forms of the page.
        problems={failed: problem},
        typed={name: "" if form is None else form.text(name) for name in _FIELDS},
        done=done,
        form_tokens=[secrets.token_urlsafe(16) for _ in range(3)],
    )


ROUTES: Final[tuple[Any, ...]] = (
    show_prize,
    reveal_claim,
    verify_claim,
    ship_prize,
    hand_over_prize,
)
