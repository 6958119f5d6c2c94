"""The draw of a campaign: its commitments, and the public number that two people enter."""

import asyncio
import secrets
from typing import Any, Final, NamedTuple

from litestar import Response, get, post
from litestar.params import FromPath

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, checked_id, find_json, get_json
from feed.api.pages.editor.answers import names_of
from feed.api.pages.editor.frame import admin_path, campaign_page
from feed.api.pages.editor.typed_times import typed_instant
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.screens.reasons import reason_cards

_FIELDS = ("round", "value", "appeared_at", "reason_code", "reason")


class Drawn(NamedTuple):
    """The public state of a draw, and who has entered its number."""

    card: Any
    number: Any


async def read_draw(request: AnyRequest, session: Session, campaign_id: str) -> Drawn | None:
    """The draw; None if the campaign has none, also before it is published."""
    card, number = await asyncio.gather(
        find_json(request, session, f"/v1/campaigns/{checked_id(campaign_id)}/draw"),
        find_json(request, session, admin_path(campaign_id, "/draw/number")),
    )
    return None if card is None or number is None else Drawn(card, number)


@get("/console/campaigns/{campaign_id:str}/settlement/number")
async def show_number_form(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession
) -> Response[bytes]:
    """Where the public number of a draw is entered, or corrected."""
    return await _form_page(request, signed_in(session), campaign_id)


@post("/console/campaigns/{campaign_id:str}/settlement/number")
async def enter_draw_number(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Enters the public number: recorded for the first person, deciding when a second one enters the same."""
    return await _enter(request, signed_in(session), campaign_id, form, "/draw/number", _number_of(form))


@post("/console/campaigns/{campaign_id:str}/settlement/correction")
async def correct_draw_number(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Corrects a public number that was entered wrongly."""
    body = _number_of(form) | {"reason_code": form.text("reason_code"), "reason": form.text("reason")}
    return await _enter(request, signed_in(session), campaign_id, form, "/draw/correction", body)


def _number_of(form: Form) -> dict[str, str]:
    return {
        "round": form.text("round"),
        "value": form.text("value"),
        "appeared_at": typed_instant(form.text("appeared_at")),
    }


async def _enter(
    request: AnyRequest, session: Session, campaign_id: str, form: Form, rest: str, body: dict[str, str]
) -> Response[Any]:
    try:
        answer = await send(request, session, form, "PUT", admin_path(campaign_id, rest), body)
    except OperationFailed as error:
        return await _form_page(request, session, campaign_id, form=form, error=error)
    done = "number_recorded" if answer.status == 202 else "number_entered"
    return see_other(f"/console/campaigns/{campaign_id}/settlement?done={done}")


async def _form_page(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    *,
    form: Form | None = None,
    error: OperationFailed | None = None,
) -> Response[bytes]:
    problem = None if error is None else error.problem
    number = await get_json(request, session, admin_path(campaign_id, "/draw/number"))
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/draw_number.html",
        tab="settlement",
        status=200 if error is None else error.status,
        card=await get_json(request, session, f"/v1/campaigns/{checked_id(campaign_id)}/draw"),
        entering=number,
        names=await names_of(request, session, [each["user_id"] for each in number["entered"]]),
        reasons=reason_cards("correction"),
        typed={name: "" if form is None else form.text(name) for name in _FIELDS},
        problem=problem,
        form_token=secrets.token_urlsafe(16),
    )


ROUTES: Final[tuple[Any, ...]] = (show_number_form, enter_draw_number, correct_draw_number)
