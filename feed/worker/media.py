"""Media in the worker: what processes them, removes them, and shows how it goes."""

import asyncio
import os
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import structlog

from feed.media import oversize_parts, processing, removal, sweep
from feed.media.model import Kind
from feed.media.processing import Workshop
from feed.media.watch import get_media_health
from feed.observability.metrics import MEDIA, MEDIA_MISSING, MEDIA_OLDEST, MEDIA_SWEPT, MEDIA_TO_REMOVE
from feed.postgres import Pool
from feed.posts.media import release_ready_posts
from feed.renditions.runner import Renderer
from feed.renditions.video import rendering
from feed.settings import Settings
from feed.storage.protocol import ObjectStorage
from feed.webhooks import read_hook
from feed.worker.media_purges import PurgeClient
from feed.worker.work_folders import remove_dead_folders, work_folder

log = structlog.get_logger("feed.media")


class MediaWork(NamedTuple):
    """What the worker's jobs of media use. `folder`: where its temporary folders are. `workers`: how many photos, and how many videos, are processed at once."""

    workshop: Workshop
    renderer: Renderer
    folder: Path
    workers: int = 1
    purge: PurgeClient | None = None
    evidence_days: int = 180

    async def close(self) -> None:
        await self.renderer.close()
        if self.purge is not None:
            await self.purge.close()


def open_media_work(settings: Settings, pool: Pool, storage: ObjectStorage) -> MediaWork:
    """Opens nothing yet: the renderer starts with the first file."""
    if not rendering.is_installed():
        log.warning("videos are not processed", missing=rendering.INSTALL, consequence="they fail as unsupported_type")
    workers = settings.media_workers or default_workers(os.cpu_count() or 1)
    hook = read_hook(settings.cdn_purge_url, settings.cdn_purge_secret, setting="FEED_CDN_PURGE")
    renderer = Renderer(parallel=2 * workers)
    folder = Path(tempfile.gettempdir())
    return MediaWork(
        Workshop(storage, renderer.render, partial(work_folder, folder), partial(release_ready_posts, pool)),
        renderer,
        folder,
        workers,
        None if hook is None else PurgeClient(hook, settings.media_base_url),
        settings.media_evidence_days,
    )


def default_workers(processors: int) -> int:
    """One for two processors: the other one answers requests."""
    return max(1, processors // 2)


async def process_next_medium(pool: Pool, media: MediaWork | None, kind: Kind) -> bool:
    """Processes a photo or video. Returns whether there may be more."""
    return media is not None and await processing.process_next_medium(pool, media.workshop, kind)


async def fail_stuck_media(pool: Pool, media: MediaWork | None) -> bool:
    """Fails media that no attempt will end."""
    return media is not None and await processing.fail_stuck_media(pool, media.workshop.on_change)


async def remove_next_objects(pool: Pool, media: MediaWork | None) -> bool:
    """Removes the objects of removed media."""
    return media is not None and await removal.remove_next_objects(pool, media.workshop.storage)


async def remove_next_originals(pool: Pool, media: MediaWork | None) -> bool:
    """Removes the originals of processed media."""
    return media is not None and await removal.remove_next_originals(pool, media.workshop.storage)


async def remove_oversize_parts(pool: Pool, media: MediaWork | None) -> None:
    """Removes parts of uploads that are larger than announced."""
    if media is not None:
        await oversize_parts.remove_oversize_parts(pool, media.workshop.storage)


async def sweep_media(pool: Pool, media: MediaWork | None) -> None:
    """Compares storage and database, once a night; removes the temporary folders of dead workers of this host."""
    if media is not None:
        await asyncio.to_thread(remove_dead_folders, media.folder)
        await sweep.sweep_objects(pool, media.workshop.storage, now=datetime.now(UTC))


async def watch_media(pool: Pool) -> None:
    """Measures how many media there are, and how long they wait."""
    async with pool.acquire() as conn:
        health = await get_media_health(conn)
    for state, count in health.counts.items():
        MEDIA.labels(state).set(count)
    for kind, seconds in health.oldest_seconds.items():
        MEDIA_OLDEST.labels(kind).set(seconds)
    MEDIA_TO_REMOVE.set(health.removal_seconds)
    MEDIA_MISSING.set(health.missing)
    if health.swept_seconds is not None:
        MEDIA_SWEPT.set(health.swept_seconds)
