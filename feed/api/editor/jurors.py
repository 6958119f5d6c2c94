"""Endpoints for the work of a jury: progress, shortlist, a juror's own marks, and recusals."""

import msgspec
from litestar import Response, Router, get, post, put
from litestar.params import FromPath, JSONBody

from feed.api.dependencies import Cursor, InjectedAppState, InjectedKeyedRequest, InjectedViewer, Limit, path_id
from feed.api.responses import json_response, response_specs
from feed.campaigns.entries import shortlist
from feed.campaigns.errors import (
    CampaignCancelled,
    CampaignNotFound,
    CampaignNotOpen,
    CampaignSettled,
    EntryNotFound,
    MarksLocked,
    NotAJuror,
)
from feed.campaigns.jury import recusal
from feed.campaigns.jury.recusal import NewRecusal
from feed.campaigns.number_rules import ShortlistSize
from feed.pagination import Page
from feed.screens.campaigns import jury_progress
from feed.screens.campaigns import my_marks as screen
from feed.screens.campaigns.jury_progress import JuryProgress
from feed.screens.campaigns.my_marks import MarkingItem
from feed.screens.posts import cards
from feed.screens.posts.cards import Id


class ShortlistIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The size of the shortlist; null: the size in the rules."""

    size: ShortlistSize | None = None


class RecusedFrom(msgspec.Struct, frozen=True):
    """The juror marks neither this entry nor another one by its author."""

    post_id: Id
    recused: bool


@get("/campaigns/{campaign_id:str}/jury", errors=(CampaignNotFound,))
async def get_jury(campaign_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> JuryProgress:
    """The progress of each juror and the entries that lack marks; the marks themselves once they are locked."""
    async with app_state.pool.acquire() as conn:
        return await jury_progress.get_jury(conn, path_id(campaign_id, CampaignNotFound))


@post(
    "/campaigns/{campaign_id:str}/shortlist",
    status_code=200,
    errors=(
        CampaignNotFound,
        CampaignNotOpen,
        CampaignSettled,
        CampaignCancelled,
        MarksLocked,
    ),
)
async def fill_shortlist(
    campaign_id: FromPath[str],
    data: JSONBody[ShortlistIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> JuryProgress:
    """Fill the shortlist with the entries that have the highest engagement score under the rules."""
    id_ = path_id(campaign_id, CampaignNotFound)
    await shortlist.fill_shortlist(app_state.pool, viewer.account_id, id_, data.size, keyed_request)
    async with app_state.pool.acquire() as conn:
        return await jury_progress.get_jury(conn, id_)


@get(
    "/admin/campaigns/{campaign_id:str}/marks",
    responses=response_specs(Page[MarkingItem]),
    errors=(CampaignNotFound, NotAJuror),
)
async def list_my_marks(
    campaign_id: FromPath[str],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[bytes]:
    """The entries that the juror has to mark: the shortlist, or all while there is none. Only the juror's own marks are included."""
    id_ = path_id(campaign_id, CampaignNotFound)
    name = f"my marks:{id_}"
    after_id = app_state.cursors.read(name, cursor, int) if cursor else 0
    async with app_state.pool.acquire() as conn:
        rows = await screen.list_marking(conn, id_, viewer.account_id, after_id=after_id, limit=limit + 1)
    more = app_state.cursors.write(name, rows[limit - 1].post_id) if len(rows) > limit else None
    fragments = await app_state.pages.fragments([row.post_id for row in rows[:limit]])
    viewer_state = await app_state.pages.get_viewer_state(viewer.account_id, fragments)
    shown = {part.post_id: cards.card(part, viewer_state) for part in fragments}
    items = [screen.item(row, shown[row.post_id]) for row in rows[:limit] if row.post_id in shown]
    return json_response(screen.encode(items, more))


@put(
    "/admin/campaigns/{campaign_id:str}/entries/{post_id:str}/recuse",
    errors=(
        CampaignNotFound,
        EntryNotFound,
        NotAJuror,
        MarksLocked,
        CampaignNotOpen,
        CampaignSettled,
        CampaignCancelled,
    ),
)
async def recuse_juror(
    campaign_id: FromPath[str],
    post_id: FromPath[str],
    data: JSONBody[NewRecusal],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
) -> RecusedFrom:
    """Declare a conflict of interest with an entry's author. It cannot be withdrawn; repeating it changes nothing."""
    ids = path_id(campaign_id, CampaignNotFound), path_id(post_id, EntryNotFound)
    await recusal.recuse_juror(app_state.pool, viewer.account_id, *ids, data)
    return RecusedFrom(post_id, True)


jury = Router("/", route_handlers=[get_jury, fill_shortlist])
# Jurors need no role, so these routes are outside of the editors' guard; the called functions check the jury.
jurors = Router("/", route_handlers=[list_my_marks, recuse_juror])
