"""The worker process: runs the schedule and the job queue until it is stopped."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import structlog

from feed import redis as feed_redis
from feed.cases.chain import read_site_chain
from feed.keys.store import Keys, open_keys
from feed.keys.vault import open_kms
from feed.links import links_of
from feed.moderation.later_checks import LaterChecks
from feed.observability.metrics import TASKS
from feed.poolers import NoSession, require_session
from feed.postgres import UNAVAILABLE, Pool, close_pool, with_retries
from feed.prizes.claims.shredding import Retention
from feed.screening.providers.registry import open_content_provider
from feed.settings import Settings
from feed.sms.model import Lane, read_quiet_hours
from feed.sms.quotas import Caps
from feed.sms.registry import open_provider
from feed.startup import open_database
from feed.storage.opening import open_storage
from feed.tasks import close_all, stop_tasks
from feed.webhooks import read_hook
from feed.worker.checkpoints import open_outlets
from feed.worker.drand_client import DrandClient
from feed.worker.media import open_media_work
from feed.worker.push_hook import PushClient
from feed.worker.queue import QueueLost, run_queue
from feed.worker.schedule import SCHEDULE, Entry
from feed.worker.state import AccessLogs, WorkerState

log = structlog.get_logger("feed.worker")

# Waits for seconds, or until the event is set.
Pause = Callable[[float, asyncio.Event], Awaitable[None]]

# Statements of the settlement may take longer than those of a request.
STATEMENT_SECONDS = 60.0
POOL_SIZE = 8
_MAX_DELAY = 15.0
_GRACE_SECONDS = 7.0
_STOP_SECONDS = 1.5
_CLOSE_SECONDS = 1.5


async def run(settings: Settings) -> None:
    """Runs the worker until SIGTERM or SIGINT, and at most ten seconds longer."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    async with open_worker_state(settings, stop) as worker_state:
        if worker_state is not None:
            log.info("worker started")
            await work(worker_state, settings.direct_url, stop)
    log.info("worker stopped")


@asynccontextmanager
async def open_worker_state(settings: Settings, stop: asyncio.Event) -> AsyncIterator[WorkerState | None]:
    """Opens what jobs need, retrying until Postgres is available. Yields None if `stop` is set first.

    Redis may be unavailable at the start.
    """
    keys = open_keys(settings.keys_dir, create=settings.embedded, kms=open_kms(settings))
    provider = open_provider(settings)
    quiet = read_quiet_hours(settings.sms_quiet_hours)
    hook = read_hook(settings.push_hook_url, settings.push_hook_secret)
    pool = await _open_pool(settings, keys, stop)
    if pool is None:
        await provider.close()
        yield None
        return
    try:
        await require_session(settings.direct_url)
    except NoSession:
        pool.terminate()
        await provider.close()
        raise
    redis = feed_redis.connect(settings.redis_url)
    push = None if hook is None else PushClient(hook, links_of(settings))
    outlets = open_outlets(settings)
    drand = None if settings.drand_url == "off" else DrandClient(settings.drand_url)
    content = open_content_provider(settings)
    storage = open_storage(settings, keys.cursor_key)
    media = open_media_work(settings, pool, storage)
    try:
        caps = Caps(settings.sms_notices_per_phone, settings.sms_notices_per_day)
        yield WorkerState(
            pool,
            redis,
            keys,
            provider,
            quiet,
            push,
            drand,
            caps,
            Retention(settings.claims_kept_days, settings.backup_days, settings.claims_kept_at_most_days),
            outlets,
            names_reserved_days=settings.names_reserved_days,
            later=LaterChecks(content, fails_closed=settings.screening_fail == "closed"),
            access_logs=AccessLogs(settings.access_log_dir, settings.access_log_days),
            chain=read_site_chain(settings),
            storage=storage,
            media=media,
        )
    finally:
        optional = {"content": content, "drand": drand, "push": push}
        await close_all(
            within=_CLOSE_SECONDS,
            media=media.close(),
            storage=storage.close(),
            provider=provider.close(),
            outlets=outlets.close(),
            redis=redis.aclose(),
            postgres=close_pool(pool),
            **{name: client.close() for name, client in optional.items() if client is not None},
        )


async def _open_pool(settings: Settings, keys: Keys, stop: asyncio.Event) -> Pool | None:
    async def pause() -> bool:
        await _pause(1, stop)
        return not stop.is_set()

    return await open_database(
        settings.direct_url,
        keys,
        size=POOL_SIZE,
        statement_seconds=STATEMENT_SECONDS,
        statement_cache=settings.database_statement_cache,
        waiting=lambda fault: None,
        pause=pause,
    )


async def work(
    worker_state: WorkerState,
    url: str,
    stop: asyncio.Event,
    schedule: tuple[Entry, ...] = SCHEDULE,
    *,
    pause: Pause | None = None,
) -> None:
    """Runs the queue's lanes and the schedule until `stop`; running jobs then have a grace period to finish.

    `pause` waits for seconds or until the event is set.
    """
    pause = pause or _pause
    lanes = [Entry(f"queue {lane}", 0.5, partial(_run_lane, url, stop, lane)) for lane in Lane]
    running = [
        asyncio.create_task(_repeat(entry, worker_state, stop, pause), name=entry.name)
        for entry in (*lanes, *schedule)
        for _ in range(entry.copies(worker_state))
    ]
    await stop.wait()
    _, late = await asyncio.wait(running, timeout=_GRACE_SECONDS)
    for task in late:
        log.warning("job cancelled", job=task.get_name())
    await stop_tasks(*late, within=_STOP_SECONDS)


async def _run_lane(url: str, stop: asyncio.Event, lane: Lane, worker_state: WorkerState) -> None:
    await run_queue(worker_state, url, stop, lane)


async def _repeat(entry: Entry, worker_state: WorkerState, stop: asyncio.Event, pause: Pause) -> None:
    failures = 0
    while not stop.is_set():
        more = False
        try:
            more = await with_retries(lambda: entry.work(worker_state)) is True
            failures = 0
        except Exception as error:  # The only such handler: no failing job may end the worker.
            failures += 1
            if isinstance(error, (*UNAVAILABLE, QueueLost)):
                log.warning("postgres unavailable", job=entry.name, error=type(error).__name__)
            else:
                log.exception("job failed", job=entry.name, failures=failures)
        TASKS.labels(entry.name, "failed" if failures else "done").inc()
        # With jitter, so that workers started together do not query at the same time.
        await pause(0 if more else delay_seconds(entry, failures) * random.uniform(0.9, 1.1), stop)  # noqa: S311


def delay_seconds(entry: Entry, failures: int) -> float:
    """Seconds to the next run after so many failures in a row: doubled by each, up to a limit."""
    return min(entry.every_seconds * 2.0 ** min(failures, 8), max(_MAX_DELAY, entry.every_seconds))


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass
