"""Endpoints for reporting posts, comments, users and topics."""

import msgspec
from litestar import Response, Router, get, post
from litestar.params import JSONBody

from feed.accounts.model import AccountLeaving, AccountNotFound, Banned, PhoneNotVerified
from feed.api.dependencies import Cursor, InjectedAppState, InjectedKeyedRequest, InjectedViewer, Limit, field_id
from feed.api.responses import PRIVATE
from feed.comments.model import CommentNotFound
from feed.ids import GivenId
from feed.pagination import Page
from feed.posts.model import PostNotFound
from feed.reasons import ReportReason
from feed.reports import actions
from feed.reports.model import AlreadyReported, Note, OwnTarget, Target, TargetKind
from feed.screens.people import reports as screen
from feed.screens.people.reports import ReportCard
from feed.topics.model import TopicNotFound

_OWN = {"cache-control": PRIVATE}


class TargetIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is reported."""

    kind: TargetKind
    id: GivenId


class ReportIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A report, with a note for the reviewers."""

    target: TargetIn
    reason_code: ReportReason
    note: Note | None = None


@post(
    "/reports",
    errors=(
        Banned,
        AccountLeaving,
        PhoneNotVerified,
        OwnTarget,
        AlreadyReported,
        PostNotFound,
        CommentNotFound,
        AccountNotFound,
        TopicNotFound,
    ),
    limit="reports",
)
async def report_target(
    data: JSONBody[ReportIn], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> Response[ReportCard]:
    """Report a post, a comment, a user or a topic, once per version of it. A reviewer decides, and the reporter is notified.

    Neither its author nor other readers learn who has reported. Reports of several persons may hide it until the decision.
    """
    await app_state.verified.require(viewer.account_id)
    report_id = await actions.report_target(
        app_state.pool,
        viewer.account_id,
        Target(data.target.kind, field_id(data.target.id, "target.id")),
        reason_code=data.reason_code,
        note=data.note,
        thresholds=app_state.report_thresholds,
        request=keyed_request,
        announce=app_state.invalidate_posts,
    )
    async with app_state.pool.acquire() as conn:
        return Response(await screen.get_report(conn, viewer.account_id, report_id), headers=_OWN)


@get("/me/reports")
async def list_reports(
    app_state: InjectedAppState, viewer: InjectedViewer, limit: Limit = 20, cursor: Cursor = None
) -> Response[Page[ReportCard]]:
    """The viewer's reports with their outcomes, newest first."""
    name = f"reports:{viewer.account_id}"
    before_id = app_state.cursors.before_id(name, cursor)
    async with app_state.pool.acquire() as conn:
        found = await screen.list_reports(conn, viewer.account_id, before_id=before_id, limit=limit + 1)
    return Response(app_state.cursors.page_by_id(name, found, limit), headers=_OWN)


reports = Router("/", route_handlers=[report_target, list_reports])
