"""The pages of one's own prizes: what was won, where it is, and the forms to claim it, give it up, and confirm it.

None of them is kept by a browser or a proxy: they hold what a winner has entered.
"""

from datetime import UTC, datetime
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.errors import Problem
from feed.api.pages.calls import OperationFailed, call, find_json, get_json, segment
from feed.api.pages.campaigns.course import objections_run, remaining
from feed.api.pages.campaigns.prize_course import allowed, prize_course
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import page, see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.api.requests import is_read_by_user
from feed.campaigns.prize_kinds import all_claim_fields

_FINAL = ("final", "archived")
_LABELS = {field.name: field.label for field in all_claim_fields()}


@get("/prizes")
async def show_prizes(
    request: AnyRequest, session: InjectedSession, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """The user's prizes, newest first."""
    found = await get_json(request, signed_in(session), "/v1/me/prizes", {"cursor": cursor})
    return await page(
        request,
        session,
        "campaigns/prizes.html",
        cache="no-store",
        own_section="prizes",
        prizes=found["items"],
        more=found["next_cursor"] and f"/prizes?cursor={found['next_cursor']}",
    )


@get("/prizes/{prize_id:str}")
async def show_prize(prize_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """One prize: the winner has seen it, unless a browser fetches the page ahead."""
    return await _prize_page(request, signed_in(session), prize_id)


@post("/prizes/{prize_id:str}")
async def claim_prize(
    prize_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Submits the details of the claim; what was typed is shown again with what is wrong with it."""
    session = signed_in(session)
    needs = (await _read_prize(request, session, prize_id)).get("needs", [])
    details = {name: form.text(name) for name in (*needs, "privacy_version")}
    try:
        await send(request, session, form, "PUT", f"{_path(prize_id)}/claim", details, keyed=False)
    except OperationFailed as failed:
        return await _prize_page(request, session, prize_id, failed=failed, typed=form)
    return see_other(f"/prizes/{segment(prize_id)}")


@get("/prizes/{prize_id:str}/decline")
async def ask_decline(prize_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """Asks whether the prize is to be given up, as that cannot be undone."""
    prize = await _read_prize(request, signed_in(session), prize_id)
    return await page(request, session, "campaigns/decline.html", cache="no-store", own_section="prizes", prize=prize)


@post("/prizes/{prize_id:str}/decline")
async def decline_prize(
    prize_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Gives the prize up."""
    return await _act(request, signed_in(session), form, prize_id, "decline")


@post("/prizes/{prize_id:str}/received")
async def receive_prize(
    prize_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """Confirms the receipt."""
    return await _act(request, signed_in(session), form, prize_id, "received")


@post("/prizes/{prize_id:str}/codes")
async def show_codes(
    prize_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[Any]:
    """The page of the prize with its codes, as the response to the form: no address leads to them."""
    session = signed_in(session)
    try:
        shown = await send(request, session, form, "POST", f"{_path(prize_id)}/codes")
    except OperationFailed as failed:
        return await _prize_page(request, session, prize_id, failed=failed)
    return await _prize_page(request, session, prize_id, codes=shown.json()["items"])


async def _act(request: AnyRequest, session: Session, form: Form, prize_id: str, verb: str) -> Response[Any]:
    try:
        await send(request, session, form, "POST", f"{_path(prize_id)}/{verb}")
    except OperationFailed as failed:
        return await _prize_page(request, session, prize_id, failed=failed)
    return see_other(f"/prizes/{segment(prize_id)}")


async def _prize_page(
    request: AnyRequest,
    session: Session,
    prize_id: str,
    *,
    failed: OperationFailed | None = None,
    typed: Form | None = None,
    codes: Any = None,
) -> Response[bytes]:
    """The page of a prize, with the problem of a form if it had one. Raises OperationFailed for one that is not the user's."""
    prize = await _read_prize(request, session, prize_id)
    path = f"/v1/campaigns/{segment(prize['campaign']['id'])}"
    campaign = await find_json(request, session, path, "campaign_not_found")
    config = await get_json(request, None, "/v1/config")
    now = datetime.now(UTC)
    problem: Problem | None = None if failed is None else failed.problem
    return await page(
        request,
        session,
        "campaigns/prize.html",
        status=200 if failed is None else failed.status,
        cache="no-store",
        own_section="prizes",
        prize=prize,
        campaign=campaign,
        course=prize_course(prize),
        objections_run=objections_run(campaign, now),
        may=allowed(prize, is_final=campaign is not None and campaign["state"] in _FINAL, now=now),
        left=remaining(prize["claim_ends_at"], now),
        now=now,
        privacy=config["privacy"],
        typed={name: "" if typed is None else typed.text(name) for name in prize["needs"]},
        agreed=typed is not None and typed.text("privacy_version") == config["privacy"]["version"],
        labels=_LABELS,
        problem=problem,
        codes=codes,
    )


async def _read_prize(request: AnyRequest, session: Session, prize_id: str) -> Any:
    """The prize. It counts as seen only where its winner reads the page."""
    unread = None if is_read_by_user(request) else {"sec-purpose": "prefetch"}
    answer = await call(request, session.viewer, "GET", _path(prize_id), headers=unread)
    return answer.json()


def _path(prize_id: str) -> str:
    return f"/v1/me/prizes/{segment(prize_id)}"
