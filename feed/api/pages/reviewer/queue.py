"""The page of the queue: what waits, for how long, and the start of work on it."""

import secrets
from datetime import UTC, datetime
from functools import partial
from typing import Any

from litestar import Response, get, post

from feed.api.dependencies import AnyRequest
from feed.api.errors import Problem
from feed.api.pages.calls import OperationFailed, get_json
from feed.api.pages.form import InjectedForm
from feed.api.pages.page import page, see_other
from feed.api.pages.reviewer.decisions import call_once
from feed.api.pages.reviewer.filters import Filters, read_filters
from feed.api.pages.reviewer.waiting_chart import age_in_seconds, short, waiting_chart
from feed.api.pages.reviewer.work import WORK
from feed.api.pages.sessions import InjectedSession, Session, signed_in

QUEUE = "/console/queue"
_SHOWN = 20
_LEASED = 10


@get(QUEUE)
async def show_queue(request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The queue by kind and stage, the waiting times, and the first cases that the filters select."""
    return await _queue_page(request, signed_in(session), read_filters(request))


@post("/console/queue/lease")
async def lease(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Leases a batch that the filters select, and shows its first case."""
    own = signed_in(session)
    filters = read_filters(request)
    body = {**filters.body(), "count": _LEASED}
    try:
        answer = await call_once(request, own.viewer, "/v1/moderation/cases/lease", body, form.token)
    except OperationFailed as error:
        if error.problem.code == "leases_full":
            # All that one may have: they are worked on first.
            return see_other(filters.path(WORK))
        if error.status != 422:
            raise
        return await _queue_page(request, own, filters, problem=error.problem, status=error.status)
    items = answer.json()["items"]
    return see_other(filters.path(WORK, at=items[0]["id"] if items else None))


async def _queue_page(
    request: AnyRequest, session: Session, filters: Filters, *, problem: Problem | None = None, status: int = 200
) -> Response[bytes]:
    cases: dict[str, Any] = {"items": [], "next_cursor": None}
    try:
        query = {**filters.given, "limit": _SHOWN, "cursor": request.query_params.get("cursor")}
        cases = await get_json(request, session, "/v1/moderation/cases", query)
    except OperationFailed as error:
        if error.status not in (400, 410, 422):
            raise
        problem, status = problem or error.problem, error.status
    queue = await get_json(request, session, "/v1/moderation/queue")
    waiting = await get_json(request, session, "/v1/moderation/queue/waiting")
    subjects = await get_json(request, session, "/v1/moderation/queue/subjects")
    leased = (await get_json(request, session, "/v1/moderation/cases/leased"))["items"]
    return await page(
        request,
        session,
        "reviewer/queue.html",
        status=status,
        cache="no-store",
        section="queue",
        filters=filters,
        queue=queue,
        subjects=subjects,
        waiting=waiting,
        chart=waiting_chart(waiting),
        age=partial(age_in_seconds, datetime.now(UTC)),
        short=short,
        lease_token=secrets.token_urlsafe(16),
        leased=leased,
        cases=cases["items"],
        next_cursor=cases["next_cursor"],
        problem=problem,
    )
