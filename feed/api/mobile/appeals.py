"""Endpoints for decisions against the viewer, and appeals against them."""

import msgspec
from litestar import Response, Router, get, post
from litestar.params import JSONBody

from feed.api.dependencies import Cursor, InjectedAppState, InjectedKeyedRequest, InjectedViewer, Limit, field_id
from feed.api.responses import PRIVATE
from feed.ids import GivenId
from feed.pagination import Page
from feed.reports import appeals as actions
from feed.reports.appeal_model import (
    AlreadyAppealed,
    AppealClosed,
    AppealTarget,
    AppealTargetKind,
    AppealText,
    DecisionNotFound,
)
from feed.screens.people import decisions as screen
from feed.screens.people.decisions import AppealCard, DecisionCard

_OWN = {"cache-control": PRIVATE}


class AppealTargetIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was decided about, or the decision."""

    kind: AppealTargetKind
    id: GivenId


class AppealIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An appeal with the reasons for it."""

    target: AppealTargetIn
    text: AppealText


@post("/appeals", errors=(DecisionNotFound, AlreadyAppealed, AppealClosed), limit="reports")
async def appeal_decision(
    data: JSONBody[AppealIn], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> Response[AppealCard]:
    """Appeal against a decision, once: a removed or refused post or comment, a mute, a ban. Also while muted or banned.

    A person decides who has not decided about it before. Until then a prize of a removed entry is kept.
    """
    days = app_state.settings.appeal_days
    appeal_id = await actions.appeal_decision(
        app_state.pool,
        viewer.account_id,
        AppealTarget(data.target.kind, field_id(data.target.id, "target.id")),
        text=data.text,
        days=days,
        request=keyed_request,
    )
    async with app_state.pool.acquire() as conn:
        return Response(
            await screen.get_appeal(conn, viewer.account_id, app_state.granted, appeal_id, days=days), headers=_OWN
        )


@get("/me/appeals")
async def list_appeals(
    app_state: InjectedAppState, viewer: InjectedViewer, limit: Limit = 20, cursor: Cursor = None
) -> Response[Page[AppealCard]]:
    """The viewer's appeals with their outcomes, newest first."""
    name = f"appeals:{viewer.account_id}"
    before_id = app_state.cursors.before_id(name, cursor)
    async with app_state.pool.acquire() as conn:
        found = await screen.list_appeals(
            conn,
            viewer.account_id,
            app_state.granted,
            before_id=before_id,
            limit=limit + 1,
            days=app_state.settings.appeal_days,
        )
    return Response(app_state.cursors.page_by_id(name, found, limit), headers=_OWN)


@get("/me/decisions")
async def list_decisions(
    app_state: InjectedAppState, viewer: InjectedViewer, limit: Limit = 20, cursor: Cursor = None
) -> Response[Page[DecisionCard]]:
    """What was decided against the viewer, newest first: what was removed or refused, with its text and the reason, mutes and bans."""
    name = f"decisions:{viewer.account_id}"
    before_id = app_state.cursors.before_id(name, cursor)
    async with app_state.pool.acquire() as conn:
        found = await screen.list_decisions(
            conn,
            viewer.account_id,
            app_state.granted,
            before_id=before_id,
            limit=limit + 1,
            days=app_state.settings.appeal_days,
        )
    return Response(app_state.cursors.page_by_id(name, found, limit), headers=_OWN)


appeals = Router("/", route_handlers=[appeal_decision, list_appeals, list_decisions])
