"""The endpoint of admins with the numbers of the site."""

import asyncio
from datetime import UTC, datetime
from typing import Literal

import msgspec
from litestar import Response, Router, get

from feed.api.dependencies import InjectedAppState, InjectedViewer, requires_role
from feed.api.responses import PRIVATE
from feed.boards.redis_store import find_drift
from feed.media.watch import get_media_health
from feed.observability import metrics
from feed.observability.traffic import Traffic, read_traffic
from feed.screens.posts.cards import Id
from feed.screens.prizes.retention import list_retained
from feed.screens.staff import status as screen
from feed.screens.staff.doctor import read_backlog
from feed.screens.staff.status import WaitingWork
from feed.sms.registry import get_registration

_RETAINED_MOST = 50


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


status = Router("/", route_handlers=[get_status], guards=[requires_role("admin")])
