"""Endpoints of the review queue: list, lease and judge cases."""

from typing import Annotated, Literal

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from feed.accounts.model import Viewer
from feed.api.dependencies import (
    Cursor,
    InjectedAppState,
    InjectedKeyedRequest,
    InjectedViewer,
    Limit,
    path_id,
)
from feed.api.moderator.case_filters import CasesWanted, filter_key, read_filter
from feed.api.state import AppState
from feed.cases import store as case_store
from feed.cases.model import (
    LEASED,
    STAGES,
    CaseId,
    CaseLeased,
    CaseNotFound,
    CaseNotLeased,
    CaseStale,
    Kind,
    LeasesFull,
)
from feed.comments.model import CommentIsDeleted
from feed.moderation import actions
from feed.moderation import queue_store as queue
from feed.moderation.model import (
    AlreadyJudged,
    NewVerdict,
    OwnCampaign,
    OwnSubject,
    SignaturesMissing,
    VerdictNotApplicable,
)
from feed.moderation.revisions import revise_case as revise
from feed.numbers import Ordinal
from feed.pagination import NEWEST, OLDEST, Page
from feed.posts.hide_show import PostIsDeleted
from feed.posts.model import TEXT, PostText
from feed.screens.staff import case_history
from feed.screens.staff import cases as screen
from feed.screens.staff import queue as queue_screen
from feed.screens.staff import queue_subjects as subjects_screen
from feed.screens.staff import waiting as waiting_screen
from feed.screens.staff.case_history import CaseHistory
from feed.screens.staff.cases import CaseCard
from feed.screens.staff.queue import QueueSummary
from feed.screens.staff.queue_subjects import QueueSubjects
from feed.screens.staff.waiting import HOURS, HOURS_SHOWN, WaitingTimes
from feed.texts import read_text

Stage = Annotated[int | None, QueryParameter(ge=STAGES.least, le=STAGES.most)]
# Litestar reserves the parameter name `state` for the application's state.
CaseState = Annotated[Literal["open", "closed"], QueryParameter(name="state")]


Hours = Annotated[int, QueryParameter(ge=HOURS.least, le=HOURS.most)]


class LeaseIn(CasesWanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many cases a reviewer leases, and the filters."""

    count: Annotated[int, LEASED.bound] = 10


class LeasedCases(msgspec.Struct, frozen=True):
    """The cases that the reviewer has leased for five minutes."""

    items: list[CaseCard]


@get("/")
async def list_cases(
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    stage: Stage = None,
    kind: FromQuery[Kind | None] = None,
    case_state: CaseState = "open",
    campaign_id: FromQuery[str | None] = None,
    topic: FromQuery[str | None] = None,
    has_media: FromQuery[bool | None] = None,
    subject_id: FromQuery[str | None] = None,
    author_id: FromQuery[str | None] = None,
    link: FromQuery[str | None] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[CaseCard]:
    """Open cases, most urgent first, or closed ones, newest first. All filters can be combined."""
    wanted = CasesWanted(
        stage=stage,
        kind=kind,
        campaign_id=campaign_id,
        topic=topic,
        has_media=has_media,
        subject_id=subject_id,
        author_id=author_id,
        link=link,
    )
    case_filter = await read_filter(app_state, wanted)
    name = f"cases:{case_state}:{filter_key(wanted)}"
    listed, start = (queue.list_open, OLDEST) if case_state == "open" else (queue.list_closed, NEWEST)
    position = app_state.cursors.position(name, cursor, start)
    async with app_state.pool.acquire() as conn:
        found = await listed(conn, case_filter, position, limit + 1)
        cards = await screen.read_cards(conn, [each.id for each in found[:limit]], viewer.account_id, app_state.granted)
    more = found[limit - 1].position if len(found) > limit else None
    return Page(cards, None if more is None else app_state.cursors.after(name, more))


@get("/leased")
async def list_leased_cases(app_state: InjectedAppState, viewer: InjectedViewer) -> LeasedCases:
    """The open cases that the reviewer has leased now, most urgent first."""
    async with app_state.pool.acquire() as conn:
        leased = await case_store.list_leased(conn, viewer.account_id)
        return LeasedCases(await screen.read_cards(conn, [*leased], viewer.account_id, app_state.granted))


@get("/{case_id:str}", errors=(CaseNotFound,))
async def get_case(case_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> CaseCard:
    """A case as it is now, open or closed."""
    id_ = path_id(case_id, CaseNotFound)
    async with app_state.pool.acquire() as conn:
        found = await screen.read_cards(conn, [id_], viewer.account_id, app_state.granted)
    if not found:
        raise CaseNotFound
    return found[0]


@post("/lease", status_code=200, errors=(LeasesFull,))
async def lease_cases(
    data: JSONBody[LeaseIn], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> LeasedCases:
    """Lease the most urgent free cases, at most fifty at once. Other reviewers cannot judge them for five minutes from the latest act on one of them."""
    case_filter = await read_filter(app_state, data)
    leased = await actions.lease_cases(
        app_state.pool, viewer.account_id, case_filter, count=data.count, request=keyed_request
    )
    return LeasedCases(await _cards(app_state, viewer, leased))


@post(
    "/{case_id:str}/release",
    status_code=200,
    errors=(
        CaseNotFound,
        CaseLeased,
    ),
)
async def release_case(
    case_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> CaseCard:
    """Release a leased case to the queue."""
    id_ = CaseId(path_id(case_id, CaseNotFound))
    await actions.release_case(app_state.pool, viewer.account_id, id_, keyed_request)
    return await _card(app_state, viewer, id_)


@post(
    "/{case_id:str}/extend",
    status_code=200,
    errors=(
        CaseNotFound,
        CaseLeased,
        CaseNotLeased,
    ),
)
async def extend_case(
    case_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> CaseCard:
    """Extend the lease of a case to five minutes from now."""
    id_ = CaseId(path_id(case_id, CaseNotFound))
    await actions.extend_case(app_state.pool, viewer.account_id, id_, keyed_request)
    return await _card(app_state, viewer, id_)


@post(
    "/{case_id:str}/verdict",
    status_code=200,
    errors=(
        CaseNotFound,
        OwnCampaign,
        OwnSubject,
        CaseLeased,
        CaseStale,
        AlreadyJudged,
        SignaturesMissing,
        VerdictNotApplicable,
        PostIsDeleted,
        CommentIsDeleted,
    ),
)
async def judge_case(
    case_id: FromPath[str],
    data: JSONBody[NewVerdict],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> CaseCard:
    """Judge a case. `version` is the version that the reviewer has read."""
    id_ = CaseId(path_id(case_id, CaseNotFound))
    await actions.judge_case(
        app_state.pool, viewer.account_id, id_, data, keyed_request, announce=app_state.invalidate_posts
    )
    return await _card(app_state, viewer, id_)


class RevisionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reviewer's text. `version`: the version of the case that was read; left out: whatever has happened since."""

    text: PostText
    version: Ordinal | None = None


@post(
    "/{case_id:str}/revision",
    status_code=200,
    errors=(
        CaseNotFound,
        OwnSubject,
        OwnCampaign,
        CaseLeased,
        CaseStale,
        AlreadyJudged,
        SignaturesMissing,
        VerdictNotApplicable,
    ),
)
async def revise_case(
    case_id: FromPath[str],
    data: JSONBody[RevisionIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> CaseCard:
    """Edit the text of a post or comment. The new text is shown when another person has approved it at the next stage; the response is that case."""
    revised = await revise(
        app_state.pool,
        viewer.account_id,
        CaseId(path_id(case_id, CaseNotFound)),
        data.text,
        version=data.version,
        machine=app_state.screener.check(read_text(data.text, TEXT)[0], "post"),
        request=keyed_request,
        announce=app_state.invalidate_posts,
    )
    return await _card(app_state, viewer, revised)


@get("/{case_id:str}/history", errors=(CaseNotFound,))
async def get_history(case_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> CaseHistory:
    """What has happened to the subject of a case: revisions, machine checks, leases, and verdicts with their reviewers, also undone ones."""
    async with app_state.pool.acquire() as conn:
        return await case_history.get_history(conn, path_id(case_id, CaseNotFound), app_state.granted)


@get("/moderation/queue")
async def get_queue(app_state: InjectedAppState, viewer: InjectedViewer) -> QueueSummary:
    """How many cases wait by kind and stage, since when, how many were decided in time within a day, and how many persons are on duty."""
    async with app_state.pool.acquire() as conn:
        return await queue_screen.get_queue(conn)


@get("/moderation/queue/subjects")
async def get_queue_subjects(app_state: InjectedAppState, viewer: InjectedViewer) -> QueueSubjects:
    """How many of the most urgent open cases are about each campaign and topic, and about photos or videos, and since when."""
    async with app_state.pool.acquire() as conn:
        return await subjects_screen.get_queue_subjects(conn)


@get("/moderation/queue/waiting")
async def get_waiting_times(
    app_state: InjectedAppState, viewer: InjectedViewer, hours: Hours = HOURS_SHOWN
) -> WaitingTimes:
    """How long the cases had waited that were decided within the last hours, by hour and stage."""
    async with app_state.pool.acquire() as conn:
        return await waiting_screen.get_waiting_times(conn, hours)


async def _card(app_state: AppState, viewer: Viewer, case_id: CaseId) -> CaseCard:
    return (await _cards(app_state, viewer, [case_id]))[0]


async def _cards(app_state: AppState, viewer: Viewer, case_ids: list[CaseId]) -> list[CaseCard]:
    async with app_state.pool.acquire() as conn:
        return await screen.read_cards(conn, [*case_ids], viewer.account_id, app_state.granted)


cases = Router(
    "/moderation/cases",
    route_handlers=[
        list_cases,
        list_leased_cases,
        lease_cases,
        get_case,
        release_case,
        extend_case,
        judge_case,
        revise_case,
        get_history,
    ],
)
