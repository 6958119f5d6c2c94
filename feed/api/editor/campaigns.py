"""Endpoints of editors that create, change, publish and cancel campaigns."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get, patch, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from feed.accounts.model import SecondPersonRequired
from feed.api.dependencies import Cursor, InjectedAppState, InjectedKeyedRequest, InjectedViewer, Limit, path_id
from feed.api.errors import ProblemField, language_of, problem_fields
from feed.api.responses import response_specs
from feed.api.state import AppState
from feed.campaigns import actions, cancellation
from feed.campaigns.errors import (
    CampaignCancelled,
    CampaignEdited,
    CampaignIncomplete,
    CampaignIsDraft,
    CampaignNotClosed,
    CampaignNotDraft,
    CampaignNotFound,
    CampaignNotOpen,
    CampaignRunning,
    CampaignSettled,
    MarksLocked,
    MarksMissing,
)
from feed.campaigns.inputs import OptionalReason
from feed.campaigns.jury import actions as jury_actions
from feed.campaigns.model import State
from feed.campaigns.rules.draft import CampaignFields
from feed.ids import MAX_ID
from feed.media.model import MediaInUse, MediaNotReady
from feed.pagination import Page
from feed.screens.campaigns import cards as screen
from feed.screens.campaigns.cards import EditorCampaignCard
from feed.screens.campaigns.pictures import list_pictures
from feed.screens.campaigns.preview import get_advice

# Litestar reserves the parameter name `state` for the application's state.
CampaignState = Annotated[State | None, QueryParameter(name="state")]
# The hash of the fields as the editor has read them.
Basis = Annotated[str | None, QueryParameter(pattern="^[0-9a-f]{64}$")]


class CancelIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The published reason. A campaign that has not opened needs none."""

    reason: OptionalReason = ""


class PublishedCampaign(EditorCampaignCard, frozen=True, kw_only=True):
    """A campaign that was published, and what in its rules may have been meant otherwise."""

    advice: list[ProblemField]


@post("/campaigns", status_code=201, errors=(MediaInUse, MediaNotReady))
async def create_campaign(
    data: JSONBody[CampaignFields],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> EditorCampaignCard:
    """Create a draft; only the title is required."""
    campaign_id = await actions.create_campaign(
        app_state.pool, viewer.account_id, data, keyed_request, site=app_state.site_terms
    )
    return await _card(app_state, campaign_id)


@get("/campaigns")
async def list_all_campaigns(
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    campaign_state: CampaignState = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[EditorCampaignCard]:
    """All campaigns with drafts, newest first. Jurors are in the response for a single campaign only."""
    states = screen.states_of(campaign_state)
    name = f"all campaigns:{campaign_state or ''}"
    last_id = app_state.cursors.read(name, cursor, int) if cursor else MAX_ID
    async with app_state.pool.acquire() as conn:
        rows = await screen.list_rows(conn, states=states, drafts=True, last_id=last_id, limit=limit + 1)
        pictures = await list_pictures(conn, rows[:limit], app_state.media)
    more = app_state.cursors.write(name, rows[limit].id) if len(rows) > limit else None
    return Page([screen.editor_card(row, pictures) for row in rows[:limit]], more)


@get("/campaigns/{campaign_id:str}", errors=(CampaignNotFound,))
async def get_campaign_for_editors(
    campaign_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer
) -> EditorCampaignCard:
    """A campaign with its draft fields, jurors and state, for editors."""
    return await _card(app_state, path_id(campaign_id, CampaignNotFound))


@patch(
    "/campaigns/{campaign_id:str}",
    errors=(
        CampaignNotFound,
        CampaignRunning,
        CampaignSettled,
        CampaignCancelled,
        CampaignEdited,
        MediaInUse,
        MediaNotReady,
    ),
)
async def change_campaign(
    campaign_id: FromPath[str],
    data: JSONBody[CampaignFields],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    content_sha256: Basis = None,
) -> EditorCampaignCard:
    """Change a campaign: a draft freely, an open one only in favour of the participants."""
    id_ = path_id(campaign_id, CampaignNotFound)
    site = app_state.site_terms
    await actions.change_campaign(
        app_state.pool, app_state.keys, viewer.account_id, id_, data, site=site, basis=content_sha256
    )
    return await _card(app_state, id_)


@put(
    "/campaigns/{campaign_id:str}/proposal",
    errors=(
        CampaignNotFound,
        CampaignIsDraft,
        CampaignRunning,
        CampaignSettled,
        CampaignCancelled,
        CampaignEdited,
        MediaInUse,
        MediaNotReady,
    ),
)
async def propose_change(
    campaign_id: FromPath[str],
    data: JSONBody[CampaignFields],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    content_sha256: Basis = None,
) -> EditorCampaignCard:
    """Propose a change of published rules, which the newsroom signs before an editor makes it. It replaces an earlier proposal."""
    id_ = path_id(campaign_id, CampaignNotFound)
    site = app_state.site_terms
    await actions.propose_change(app_state.pool, viewer.account_id, id_, data, site=site, basis=content_sha256)
    return await _card(app_state, id_)


@post("/campaigns/{campaign_id:str}/copy", status_code=201, errors=(CampaignNotFound,))
async def copy_campaign(
    campaign_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> EditorCampaignCard:
    """Copy a campaign into a new draft, without its dates and pictures."""
    id_ = path_id(campaign_id, CampaignNotFound)
    return await _card(app_state, await actions.copy_campaign(app_state.pool, viewer.account_id, id_, keyed_request))


@post(
    "/campaigns/{campaign_id:str}/publish",
    status_code=200,
    errors=(
        CampaignNotFound,
        CampaignIncomplete,
        CampaignEdited,
        CampaignNotDraft,
        CampaignCancelled,
        MediaInUse,
        MediaNotReady,
    ),
)
async def publish_campaign(
    campaign_id: FromPath[str],
    request: Request[Any, Any, Any],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
    content_sha256: Basis = None,
) -> PublishedCampaign:
    """Publish a draft. The error for an incomplete one lists every missing field; `advice` names what an editor should look at again."""
    id_ = path_id(campaign_id, CampaignNotFound)
    site = app_state.site_terms
    await actions.publish_campaign(
        app_state.pool, app_state.keys, viewer.account_id, id_, keyed_request, site=site, basis=content_sha256
    )
    async with app_state.pool.acquire() as conn:
        card = await screen.get_campaign_for_editors(conn, id_, app_state.media)
        advice = await get_advice(conn, id_)
    fields = problem_fields(advice, language_of(request))
    return PublishedCampaign(**msgspec.structs.asdict(card), advice=fields)


@post(
    "/campaigns/{campaign_id:str}/cancel",
    status_code=200,
    responses=response_specs(EditorCampaignCard, status=202, description="Recorded: a second person cancels."),
    errors=(
        CampaignNotFound,
        CampaignSettled,
        SecondPersonRequired,
    ),
)
async def cancel_campaign(
    campaign_id: FromPath[str],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
    data: JSONBody[CancelIn | None] = None,
) -> Response[EditorCampaignCard]:
    """Cancel a campaign without winners, while it is not frozen.

    An open campaign needs a published reason and the approval of a second person: the first request is recorded (202).
    """
    id_ = path_id(campaign_id, CampaignNotFound)
    reason = data.reason if data else ""
    outcome = await cancellation.cancel_campaign(app_state.pool, viewer.account_id, id_, reason, keyed_request)
    return Response(await _card(app_state, id_), status_code=202 if outcome == "recorded" else 200)


@post(
    "/campaigns/{campaign_id:str}/lock-marks",
    status_code=200,
    errors=(
        CampaignNotFound,
        CampaignNotClosed,
        MarksMissing,
        MarksLocked,
        CampaignSettled,
        CampaignCancelled,
        CampaignNotOpen,
    ),
)
async def lock_marks(
    campaign_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> EditorCampaignCard:
    """Lock the marks of a closed campaign. The error for missing marks lists the shortlisted entries without one."""
    id_ = path_id(campaign_id, CampaignNotFound)
    await jury_actions.lock_marks(app_state.pool, viewer.account_id, id_, keyed_request)
    return await _card(app_state, id_)


async def _card(app_state: AppState, campaign_id: int) -> EditorCampaignCard:
    async with app_state.pool.acquire() as conn:
        return await screen.get_campaign_for_editors(conn, campaign_id, app_state.media)


campaigns = Router(
    "/",
    route_handlers=[
        create_campaign,
        list_all_campaigns,
        get_campaign_for_editors,
        change_campaign,
        propose_change,
        copy_campaign,
        publish_campaign,
        cancel_campaign,
        lock_marks,
    ],
)
