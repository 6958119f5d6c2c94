"""Endpoints of admins for the operation of the site: its numbers, the checks of the doctor, and the jobs of the queue."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Annotated, Literal, get_args

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
from feed.api.state import AppState
from feed.boards.redis_store import find_drift
from feed.doctor.checks import run_checks
from feed.doctor.model import Finding
from feed.ids import MAX_ID
from feed.media.watch import get_media_health
from feed.observability import metrics
from feed.observability.traffic import Traffic, read_traffic
from feed.pagination import Page
from feed.screens.posts.cards import Id
from feed.screens.prizes.retention import list_retained
from feed.screens.staff import status as screen
from feed.screens.staff.doctor import read_backlog
from feed.screens.staff.status import JobCard, WaitingWork
from feed.sms import job_actions
from feed.sms.model import JobNotFound, JobRunning, JobState
from feed.sms.registry import get_registration

# Litestar reserves the parameter name `state` for the application's state.
StateFilter = Annotated[JobState | None, QueryParameter(name="state")]
_STATES: tuple[JobState, ...] = get_args(JobState)
_RETAINED_MOST = 50
_CHECKED_SECONDS = 10.0
_CHECKS_TIMEOUT = 25.0


class MessagesStatus(msgspec.Struct, frozen=True):
    """The SMS of the site: the provider, today's notices of those that a day has, and what needs a decision or waits."""

    provider: str
    sends: bool
    notices_today: int
    notices_per_day: int
    notices_per_phone: int
    stuck: int
    unknown: int
    failed: int
    undelivered: int
    put_off: int
    quiet: int
    over_quota: int
    held_until: datetime | None


class MediaStatus(msgspec.Struct, frozen=True):
    """Photos and videos of the last day, the oldest removal that is pending, and what the last sweep of the storage found."""

    ready: int
    processing: int
    failed: int
    removal_seconds: float
    swept_seconds: float | None
    missing: int
    kept: int


class RetainedDetails(msgspec.Struct, frozen=True):
    """The details of a campaign's winners: when they are to be destroyed, or were, and what delays it."""

    campaign_id: Id
    title: str
    claims: int
    under_way: int
    due_at: datetime
    shredded_at: datetime | None
    backups_until: datetime | None


class Status(msgspec.Struct, frozen=True):
    """The state of the site. Traffic and streams are of `processes`; `board_drift` is null if no worker has compared the boards within ten minutes."""

    at: datetime
    processes: Literal["all", "one"]
    classes: list[Traffic]
    routes: list[Traffic]
    streams: int
    board_drift: int | None
    work: list[WaitingWork]
    messages: MessagesStatus
    media: MediaStatus
    retention: list[RetainedDetails]


class Checks(msgspec.Struct, frozen=True):
    """The findings of the doctor."""

    checked_at: datetime
    findings: list[Finding]


class RetriedJob(msgspec.Struct, frozen=True):
    """A job that is due again."""

    id: Id


@get("/status")
async def get_status(app_state: InjectedAppState, viewer: InjectedViewer) -> Response[Status]:
    """Get traffic, waiting work, messages, media and retention of the site."""
    settings = app_state.settings
    traffic = await asyncio.to_thread(read_traffic)
    async with app_state.pool.acquire() as conn:
        work = await screen.list_waiting_work(conn)
        backlog = await read_backlog(conn)
        notices = await screen.get_notices_today(conn)
        media = await get_media_health(conn)
        retained = await list_retained(conn, days=settings.claims_kept_days)
    # What is still to be destroyed comes first, the earliest at the top.
    retained = [each for each in retained if not each.shredded_at] + [
        each for each in reversed(retained) if each.shredded_at
    ]
    status = Status(
        at=datetime.now(UTC),
        processes="all" if metrics.is_shared() else "one",
        classes=traffic.classes,
        routes=traffic.routes,
        streams=traffic.streams,
        board_drift=await find_drift(app_state.redis),
        work=work,
        messages=MessagesStatus(
            provider=settings.sms_provider,
            sends=get_registration(settings.sms_provider).sends,
            notices_today=notices,
            notices_per_day=settings.sms_notices_per_day,
            notices_per_phone=settings.sms_notices_per_phone,
            stuck=backlog.stuck_messages,
            unknown=backlog.unknown_messages,
            failed=backlog.failed_messages,
            undelivered=backlog.undelivered_messages,
            put_off=backlog.held_messages,
            quiet=backlog.quiet_messages,
            over_quota=backlog.over_quota_messages,
            held_until=backlog.held_until,
        ),
        media=MediaStatus(
            ready=media.counts["ready"],
            processing=media.counts["processing"],
            failed=media.counts["failed"],
            removal_seconds=media.removal_seconds,
            swept_seconds=media.swept_seconds,
            missing=media.missing,
            kept=media.kept,
        ),
        retention=[
            RetainedDetails(
                str(each.campaign_id),
                each.title,
                each.claims,
                each.under_way,
                each.due_at,
                each.shredded_at,
                each.backups_until,
            )
            for each in retained[:_RETAINED_MOST]
        ],
    )
    return Response(status, headers={"cache-control": PRIVATE})


class _LastChecks:
    """The last findings of each application, for some seconds: concurrent requests wait for one run."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._of: AppState | None = None
        self._at = 0.0
        self._last: Checks | None = None

    async def get(self, app_state: AppState) -> Checks:
        async with self._lock:
            if self._last is None or self._of is not app_state or time.monotonic() - self._at > _CHECKED_SECONDS:
                self._last = await _check(app_state)
                self._of, self._at = app_state, time.monotonic()
            return self._last


async def _check(app_state: AppState) -> Checks:
    findings: list[Finding] = []
    try:
        async with asyncio.timeout(_CHECKS_TIMEOUT):
            async for finding in run_checks(app_state.settings):
                findings.append(finding)  # noqa: PERF401  # Those before a timeout are kept.
    except TimeoutError:
        findings.append(
            Finding("checks", "没有在限时内完成 · the checks after this one did not end in time", wrong=True)
        )
    return Checks(datetime.now(UTC), findings)


_last_checks = _LastChecks()


@get("/checks")
async def list_checks(app_state: InjectedAppState, viewer: InjectedViewer) -> Response[Checks]:
    """Run the checks of `feed doctor` from this process, at most once in ten seconds."""
    return Response(await _last_checks.get(app_state), headers={"cache-control": PRIVATE})


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
    before_id = app_state.cursors.read(name, cursor, int) if cursor else MAX_ID
    async with app_state.pool.acquire() as conn:
        found = await screen.list_jobs(conn, [job_state] if job_state else _STATES, before_id, limit + 1)
    shown = found[:limit]
    next_cursor = app_state.cursors.write(name, int(shown[-1].id)) if len(found) > limit else None
    return Response(Page(shown, next_cursor), headers={"cache-control": PRIVATE})


@post("/jobs/{job_id:str}/retry", status_code=200, errors=(JobNotFound, JobRunning))
async def retry_job(
    job_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> Response[RetriedJob]:
    """Make a job due now that is put off or was given up, with all its attempts."""
    id_ = path_id(job_id, JobNotFound)
    await job_actions.retry_job(app_state.pool, id_, by=viewer.account_id, request=keyed_request)
    # A worker may have ended it already.
    return Response(RetriedJob(str(id_)), headers={"cache-control": PRIVATE})


status = Router("/", route_handlers=[get_status, list_checks, list_jobs, retry_job], guards=[requires_role("admin")])
