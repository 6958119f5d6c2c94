"""Processes media: a worker leases one, renders it in a child process, publishes its files, and only then changes its state.

A crash at any line leaves a lease that ends by itself, a locked folder that the next worker removes, and objects that no row names,
which the sweep removes. Two workers on one medium publish once: every change of state checks the number of the lease, and files of
different leases have different names.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Protocol

import msgspec
import structlog

from feed.media import processing_store as store
from feed.media.blocked_image_store import is_taken_down
from feed.media.model import Kind, Rendition, folder_of
from feed.media.originals import fetch_original
from feed.media.processing_store import Lease
from feed.observability.metrics import MEDIA_PROCESSED, MEDIA_SECONDS
from feed.postgres import UNAVAILABLE, Pool, transaction, with_retries
from feed.renditions.model import FailureCode, Rendered, RenderedFile, RenderingFailed
from feed.renditions.runner import ChildCrashed, ChildTimedOut, RenderingUnavailable
from feed.storage.protocol import ObjectStorage, StorageUnavailable
from feed.tasks import stop_tasks

log = structlog.get_logger("feed.media")

ATTEMPTS_MOST = 3
# A child's time is a limit that a loaded machine reaches as well: once more, but not as often as after a crash.
TIMEOUTS_MOST = 2
LEASE = timedelta(seconds=60)
# A medium is ready or failed after so much time in which media of its kind were processed.
DEADLINE = timedelta(hours=24)
# Whatever happens: an outage of the worker or of the storage counts only when it takes longer than any should.
LATEST = timedelta(days=7)
# Between two attempts: more than one attempt takes, and less than an outage that matters to the deadline.
_WORK_GAP = timedelta(hours=1)
_WORK_NOTED = timedelta(minutes=1)
_RENEW_SECONDS = 5.0
_PROGRESS_SECONDS = 1.0
_PAUSES = (1.0, 3.0, 10.0)
_AFTER_CRASH = timedelta(seconds=5)
_AFTER_OUTAGE = timedelta(seconds=20)
_STUCK_BATCH = 50
# A child that is killed has ended by then, and its files are removed.
_CLEANUP_SECONDS = 15.0
# Outcomes of an attempt that are none of the medium.
_UNCHANGED = ("lost", "again", "unavailable")
# What a child may produce, and what it is served as.
_CONTENT_TYPES = {".webp": "image/webp", ".jpg": "image/jpeg", ".mp4": "video/mp4"}


class Render(Protocol):
    """`feed.renditions.runner.Renderer.render`."""

    async def __call__(
        self,
        source: Path,
        kind: Kind,
        target: Path,
        *,
        cover_ms: int | None = None,
        on_progress: Callable[[int], None] = ...,
    ) -> Rendered: ...


# Called after media have become ready or failed, and committed as such: posts that waited for them follow. What this leaves undone,
# for instance because the worker dies, another job finds.
OnChange = Callable[[Sequence[int]], Awaitable[object]]


class Workshop(msgspec.Struct, frozen=True):
    """What a worker processes media with. `folder` makes a temporary folder that is gone with its block, or with the worker."""

    storage: ObjectStorage
    render: Render
    folder: Callable[[], AbstractContextManager[Path]]
    on_change: OnChange


async def process_next_medium(pool: Pool, workshop: Workshop, kind: Kind) -> bool:
    """Makes one attempt at the medium whose turn it is. False when none is left, or nothing can be processed at present."""
    async with transaction(pool) as conn:
        lease = await store.lease_next(conn, kind, lasts=LEASE, most_attempts=ATTEMPTS_MOST)
    if lease is None:
        return False
    return await _Attempt(pool, workshop, lease).run()


async def fail_stuck_media(pool: Pool, on_change: OnChange) -> bool:
    """Fails what no attempt will end any more. Returns whether there may be more."""
    async with transaction(pool) as conn:
        stuck = await store.fail_stuck(
            conn, most_attempts=ATTEMPTS_MOST, within=DEADLINE, latest=LATEST, limit=_STUCK_BATCH
        )
    if stuck:
        await on_change([each.id for each in stuck])
    for each in stuck:
        MEDIA_PROCESSED.labels("unknown", each.error_code).inc()
        log.error("medium failed", id=each.id, error=each.error_code)
    return len(stuck) == _STUCK_BATCH


class _LeaseLost(Exception):
    """Another worker has the medium, or its owner has removed it: this attempt changes nothing any more."""


class _Attempt:
    """One attempt at one medium."""

    def __init__(self, pool: Pool, workshop: Workshop, lease: Lease) -> None:
        self._pool, self._workshop, self._lease = pool, workshop, lease
        self._progress = 0

    async def run(self) -> bool:
        """Ends with a result, a released lease, or a lost one. False if others would not fare better at present."""
        began = time.monotonic()
        try:
            outcome = await self._try()
        except (StorageUnavailable, RenderingUnavailable, *UNAVAILABLE) as error:
            # None of it is the file's fault: the attempt does not count.
            log.warning("media cannot be processed", id=self._lease.id, error=repr(error))
            await self._release(_AFTER_OUTAGE, counts=False)
            outcome = "unavailable"
        except asyncio.CancelledError:
            # The worker is stopped: another one begins at once.
            await self._release(timedelta(0), counts=False)
            raise
        MEDIA_PROCESSED.labels(self._lease.kind, outcome).inc()
        MEDIA_SECONDS.labels(self._lease.kind).observe(time.monotonic() - began)
        if outcome not in ("lost", "unavailable"):
            await self._note_work()
        if outcome not in _UNCHANGED:
            await self._workshop.on_change([self._lease.id])
        return outcome != "unavailable"

    async def _try(self) -> str:
        try:
            return await self._run_while_leased()
        except RenderingFailed as failure:
            return await self._fail(failure.code, str(failure))
        except ChildCrashed as error:
            return await self._try_again("processing_crashed", ATTEMPTS_MOST, error)
        except ChildTimedOut as error:
            return await self._try_again("took_too_long", TIMEOUTS_MOST, error)
        except _LeaseLost:
            return "lost"

    async def _run_while_leased(self) -> str:
        """The work, cancelled when the lease is lost. Either task may end first; none outlives this."""
        work = asyncio.create_task(self._work())
        keeping = asyncio.create_task(self._keep_lease())
        try:
            await asyncio.wait((work, keeping), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                keeping.result()
                raise _LeaseLost
            return work.result()
        finally:
            await stop_tasks(work, keeping, again=_CLEANUP_SECONDS, within=2 * _CLEANUP_SECONDS)

    async def _work(self) -> str:
        lease, workshop = self._lease, self._workshop
        with workshop.folder() as folder:
            source, target = folder / "original", folder / "renditions"
            target.mkdir()
            sha256 = await fetch_original(
                workshop.storage,
                lease.key,
                source,
                byte_count=lease.byte_count,
                part_bytes=lease.part_bytes,
                sha256=lease.sha256,
            )
            # A file that was taken down costs no rendering.
            await self._require_not_taken_down(sha256, None)
            rendered = await workshop.render(
                source, lease.kind, target, cover_ms=lease.cover_ms, on_progress=self._show_progress
            )
            # Before anything is stored; what decides is the look in the transaction that makes it ready.
            await self._require_not_taken_down(sha256, rendered.perceptual_hash)
            renditions = [await self._publish(target, each) for each in rendered.files]
        return await self._finish(rendered, renditions, sha256)

    async def _require_not_taken_down(self, sha256: bytes, perceptual_hash: bytes | None) -> None:
        async with self._pool.acquire() as conn:
            if await is_taken_down(conn, sha256=sha256, perceptual_hash=perceptual_hash):
                raise RenderingFailed("taken_down")

    async def _publish(self, folder: Path, file: RenderedFile) -> Rendition:
        """Stores a file under its final name and looks whether all of it is there."""
        content_type = _CONTENT_TYPES.get(PurePosixPath(file.file).suffix)
        if content_type is None:
            raise ChildCrashed(f"{file.file} is no file of ours")
        final = name_of(file.file, self._lease.number)
        name = folder_of(self._lease.key) + final
        storage = self._workshop.storage
        await storage.put(name, folder / file.file, content_type=content_type)
        stored = await storage.find(name)
        if stored is None or stored.byte_count != file.byte_count:
            raise StorageUnavailable
        return Rendition(file.name, final, content_type, file.width, file.height, file.byte_count)

    async def _finish(self, rendered: Rendered, renditions: list[Rendition], sha256: bytes) -> str:
        """Makes the medium ready. A restart of Postgres must not cost the work of minutes: it is tried again for a while."""
        for pause in _PAUSES:
            try:
                return await with_retries(lambda: self._commit(rendered, renditions, sha256))
            except UNAVAILABLE as error:
                log.warning("medium not yet committed", id=self._lease.id, error=repr(error))
            await asyncio.sleep(pause)
        return await self._commit(rendered, renditions, sha256)

    async def _commit(self, rendered: Rendered, renditions: list[Rendition], sha256: bytes) -> str:
        lease = self._lease
        async with transaction(self._pool) as conn:
            # Before the row is locked: takedowns lock in this order too.
            if await is_taken_down(conn, sha256=sha256, perceptual_hash=rendered.perceptual_hash):
                raise RenderingFailed("taken_down")
            if not await store.mark_ready(conn, lease, rendered, renditions, sha256=sha256):
                raise _LeaseLost
        log.info("medium ready", id=lease.id, kind=lease.kind, attempts=lease.attempts)
        return "ready"

    async def _fail(self, code: FailureCode, detail: str) -> str:
        if not await with_retries(lambda: self._commit_failure(code)):
            return "lost"
        log.info("medium failed", id=self._lease.id, kind=self._lease.kind, error=code, detail=detail)
        return code

    async def _commit_failure(self, code: FailureCode) -> bool:
        async with transaction(self._pool) as conn:
            return await store.mark_failed(conn, self._lease, code)

    async def _try_again(self, code: FailureCode, most: int, error: Exception) -> str:
        log.warning("rendering ended", id=self._lease.id, attempts=self._lease.attempts, error=repr(error))
        if self._lease.attempts >= most:
            return await self._fail(code, str(error))
        await self._release(_AFTER_CRASH, counts=True)
        return "again"

    async def _release(self, after: timedelta, *, counts: bool) -> None:
        try:
            async with transaction(self._pool) as conn:
                await store.release(conn, self._lease, after=after, counts=counts)
        except UNAVAILABLE:
            # Then the lease ends by itself, and the attempt counts.
            log.warning("lease not released", id=self._lease.id)

    async def _note_work(self) -> None:
        try:
            async with transaction(self._pool) as conn:
                await store.note_work(conn, self._lease.kind, gap=_WORK_GAP, apart=_WORK_NOTED)
        except UNAVAILABLE:
            # Then this time does not count.
            log.warning("work not noted", id=self._lease.id)

    def _show_progress(self, percent: int) -> None:
        # Only a committed state says that it is done.
        self._progress = min(max(self._progress, percent), 99)

    async def _keep_lease(self) -> None:
        """Extends the lease and writes the progress, at most once per second. Ends when the lease is lost, or may be."""
        renewed, written = time.monotonic(), 0
        while True:
            await asyncio.sleep(_PROGRESS_SECONDS)
            if self._progress == written and time.monotonic() - renewed < _RENEW_SECONDS:
                continue
            began, progress = time.monotonic(), self._progress
            try:
                async with transaction(self._pool) as conn:
                    if not await store.extend_lease(conn, self._lease, lasts=LEASE, progress=progress):
                        return
            except UNAVAILABLE:
                if time.monotonic() - renewed > LEASE.total_seconds() - _RENEW_SECONDS:
                    return
            else:
                renewed, written = began, progress


def name_of(file: str, lease_number: int) -> str:
    """The final name of a file: a worker that has lost its lease overwrites nothing of the one that has it."""
    if lease_number == 1:
        return file
    path = PurePosixPath(file)
    return f"{path.stem}-{lease_number}{path.suffix}"
