"""Endpoints for entries, jury members, the shortlist, marks and disqualifications."""

from typing import Annotated, Literal

import msgspec
from litestar import Response, Router, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from feed.accounts.model import SecondPersonRequired
from feed.api.dependencies import (
    Cursor,
    InjectedAppState,
    InjectedKeyedRequest,
    InjectedViewer,
    Limit,
    field_id,
    path_id,
)
from feed.api.responses import json_response, response_specs
from feed.campaigns.entries import disqualification, shortlist
from feed.campaigns.errors import (
    CampaignCancelled,
    CampaignNotFound,
    CampaignNotOpen,
    CampaignSettled,
    EntryDisqualified,
    EntryNotDisqualified,
    EntryNotFound,
    EntryNotShortlisted,
    JurorRecused,
    JurorTakesPart,
    JuryNeeded,
    MarksLocked,
    NotAJuror,
    OwnEntry,
    PersonMarkedAlready,
    RevisionStale,
    ShortlistFull,
)
from feed.campaigns.inputs import Disqualifying, OptionalReason, Reinstating
from feed.campaigns.jury import actions as jury_actions
from feed.campaigns.jury import members
from feed.campaigns.jury.mark import NewMark
from feed.campaigns.jury.members import JURORS_MOST
from feed.ids import GivenId
from feed.pagination import Page
from feed.screens.campaigns import entries as screen
from feed.screens.campaigns.cards import JurorCard, get_campaign_for_editors
from feed.screens.campaigns.entries import EntryItem
from feed.screens.posts import cards

Id = str


class JurorsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All jurors; an empty list lets every editor mark. `reason` is required to remove a juror from an open campaign."""

    user_ids: Annotated[list[GivenId], msgspec.Meta(max_length=JURORS_MOST)]
    reason: OptionalReason = ""


class Jurors(msgspec.Struct, frozen=True):
    """The jury of a campaign."""

    items: list[JurorCard]


class Marked(msgspec.Struct, frozen=True):
    """The mark in force."""

    post_id: Id
    score: str


class Shortlisted(msgspec.Struct, frozen=True):
    """Whether the entry is on the shortlist."""

    post_id: Id
    shortlisted: bool


class Disqualified(msgspec.Struct, frozen=True):
    """Whether the entry is disqualified."""

    post_id: Id
    disqualified: bool


@get("/campaigns/{campaign_id:str}/entries", responses=response_specs(Page[EntryItem]), errors=(CampaignNotFound,))
async def list_entries(
    campaign_id: FromPath[str],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    sort: FromQuery[Literal["score", "newest"]] = "score",
    shortlist: FromQuery[bool | None] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[bytes]:
    """A campaign's entries, with those that cannot win."""
    id_ = path_id(campaign_id, CampaignNotFound)
    name = f"entries:{id_}:{sort}:{shortlist}"
    start = app_state.cursors.read(name, cursor, int) if cursor else 0
    page = await screen.list_entries(
        app_state.leaderboards,
        id_,
        viewer_id=viewer.account_id,
        sort=sort,
        shortlist=shortlist,
        start=start,
        limit=limit,
    )
    ids = [entry.post_id for entry in page.entries]
    fragments = await app_state.pages.fragments(ids)
    viewer_state = await app_state.pages.get_viewer_state(viewer.account_id, fragments)
    shown = {part.post_id: cards.card(part, viewer_state) for part in fragments}
    items = [screen.item(page, entry, shown[entry.post_id]) for entry in page.entries if entry.post_id in shown]
    return json_response(screen.encode(items, app_state.cursors.write(name, start + limit) if page.is_more else None))


@put(
    "/campaigns/{campaign_id:str}/jurors",
    responses=response_specs(Jurors, status=202, description="Recorded: a second person has to request the same jury."),
    errors=(
        CampaignNotFound,
        JuryNeeded,
        JurorTakesPart,
        SecondPersonRequired,
        MarksLocked,
        CampaignSettled,
        CampaignCancelled,
    ),
)
async def assign_jurors(
    campaign_id: FromPath[str], data: JSONBody[JurorsIn], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[Jurors]:
    """Set the jury. Jurors need no role and cannot win. The marks of removed jurors do not count any more.

    Once the campaign is open, no user with an entry, a like or a comment in it can be added, removing a juror needs a reason, and removing one who has marked needs approval by a second
    person: 202 until another person requests the same jury. A jury cannot be emptied again.
    """
    id_ = path_id(campaign_id, CampaignNotFound)
    account_ids = [field_id(raw, f"user_ids[{place}]") for place, raw in enumerate(data.user_ids)]
    outcome = await members.assign_jurors(app_state.pool, viewer.account_id, id_, account_ids, data.reason)
    async with app_state.pool.acquire() as conn:
        jurors = Jurors((await get_campaign_for_editors(conn, id_, app_state.media)).jurors)
    return Response(jurors, status_code=202 if outcome == "recorded" else 200)


@put(
    "/campaigns/{campaign_id:str}/entries/{post_id:str}/shortlist",
    errors=(
        CampaignNotFound,
        EntryNotFound,
        ShortlistFull,
        CampaignNotOpen,
        CampaignSettled,
        CampaignCancelled,
        MarksLocked,
    ),
)
async def shortlist_entry(
    campaign_id: FromPath[str], post_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer
) -> Shortlisted:
    """Add an entry to the shortlist. Repeating it changes nothing."""
    ids = path_id(campaign_id, CampaignNotFound), path_id(post_id, EntryNotFound)
    await shortlist.shortlist_entry(app_state.pool, viewer.account_id, *ids)
    return Shortlisted(post_id, True)


@delete(
    "/campaigns/{campaign_id:str}/entries/{post_id:str}/shortlist",
    status_code=200,
    errors=(
        CampaignNotFound,
        EntryNotFound,
        CampaignNotOpen,
        CampaignSettled,
        CampaignCancelled,
        MarksLocked,
    ),
)
async def unlist_entry(
    campaign_id: FromPath[str], post_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer
) -> Shortlisted:
    """Remove an entry from the shortlist. Repeating it changes nothing."""
    ids = path_id(campaign_id, CampaignNotFound), path_id(post_id, EntryNotFound)
    await shortlist.unlist_entry(app_state.pool, viewer.account_id, *ids)
    return Shortlisted(post_id, False)


@put(
    "/admin/campaigns/{campaign_id:str}/entries/{post_id:str}/mark",
    errors=(
        CampaignNotFound,
        EntryNotFound,
        EntryNotShortlisted,
        RevisionStale,
        NotAJuror,
        OwnEntry,
        JurorRecused,
        PersonMarkedAlready,
        MarksLocked,
        CampaignNotOpen,
        CampaignSettled,
        CampaignCancelled,
    ),
)
async def mark_entry(
    campaign_id: FromPath[str],
    post_id: FromPath[str],
    data: JSONBody[NewMark],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
) -> Marked:
    """Mark an entry, as a juror or, without a jury, as an editor. A later mark replaces the earlier one."""
    ids = path_id(campaign_id, CampaignNotFound), path_id(post_id, EntryNotFound)
    score = await jury_actions.mark_entry(app_state.pool, viewer.account_id, *ids, data)
    return Marked(post_id, str(score))


@post(
    "/campaigns/{campaign_id:str}/entries/{post_id:str}/disqualify",
    status_code=200,
    errors=(
        CampaignNotFound,
        EntryNotFound,
        EntryDisqualified,
        CampaignNotOpen,
        CampaignSettled,
        CampaignCancelled,
    ),
)
async def disqualify_entry(
    campaign_id: FromPath[str],
    post_id: FromPath[str],
    data: JSONBody[Disqualifying],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Disqualified:
    """Disqualify an entry. The post stays visible, and its author is notified with the reason code."""
    ids = path_id(campaign_id, CampaignNotFound), path_id(post_id, EntryNotFound)
    await disqualification.disqualify_entry(app_state.pool, viewer.account_id, *ids, data, keyed_request)
    return Disqualified(post_id, True)


@post(
    "/campaigns/{campaign_id:str}/entries/{post_id:str}/reinstate",
    status_code=200,
    errors=(
        CampaignNotFound,
        EntryNotFound,
        EntryNotDisqualified,
        CampaignNotOpen,
        CampaignSettled,
        CampaignCancelled,
    ),
)
async def reinstate_entry(
    campaign_id: FromPath[str],
    post_id: FromPath[str],
    data: JSONBody[Reinstating],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Disqualified:
    """Reverse a disqualification and notify the author."""
    ids = path_id(campaign_id, CampaignNotFound), path_id(post_id, EntryNotFound)
    await disqualification.reinstate_entry(app_state.pool, viewer.account_id, *ids, data, keyed_request)
    return Disqualified(post_id, False)


entries = Router(
    "/",
    route_handlers=[
        list_entries,
        assign_jurors,
        shortlist_entry,
        unlist_entry,
        disqualify_entry,
        reinstate_entry,
    ],
)
# Jurors need no role, so this route is outside of the editors' guard; the action checks the jury.
marks = Router("/", route_handlers=[mark_entry])
