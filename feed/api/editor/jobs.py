"""Endpoints of admins for the jobs of the queue."""

from typing import Annotated, get_args

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, QueryParameter

from feed.api.dependencies import (
    Cursor,
    InjectedAppState,
    InjectedKeyedRequest,
    InjectedViewer,
    Limit,
    path_id,
    requires_role,
)
from feed.api.responses import PRIVATE
from feed.pagination import Page
from feed.screens.posts.cards import Id
from feed.screens.staff import status as screen
from feed.screens.staff.status import JobCard
from feed.sms import job_actions
from feed.sms.model import JobNotFound, JobRunning, JobState

# Litestar reserves the parameter name `state` for the application's state.
StateFilter = Annotated[JobState | None, QueryParameter(name="state")]
_STATES: tuple[JobState, ...] = get_args(JobState)


class RetriedJob(msgspec.Struct, frozen=True):
    """A job that is due again."""

    id: Id


@get("/jobs")
async def list_jobs(
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    job_state: StateFilter = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[Page[JobCard]]:
    """Jobs of the queue, newest first. One that has ended is removed; a message that lost its job gets another one within seconds."""
    name = f"job:{job_state or ''}"
    before_id = app_state.cursors.before_id(name, cursor)
    async with app_state.pool.acquire() as conn:
        found = await screen.list_jobs(conn, [job_state] if job_state else _STATES, before_id, limit + 1)
    return Response(app_state.cursors.page_by_id(name, found, limit), headers={"cache-control": PRIVATE})


@post("/jobs/{job_id:str}/retry", status_code=200, errors=(JobNotFound, JobRunning))
async def retry_job(
    job_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> Response[RetriedJob]:
    """Make a job due now that is put off or was given up, with all its attempts."""
    id_ = path_id(job_id, JobNotFound)
    await job_actions.retry_job(app_state.pool, id_, by=viewer.account_id, request=keyed_request)
    # A worker may have ended it already.
    return Response(RetriedJob(str(id_)), headers={"cache-control": PRIVATE})


jobs = Router("/", route_handlers=[list_jobs, retry_job], guards=[requires_role("admin")])
