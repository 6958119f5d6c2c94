"""The nightly sweep: compares the object storage with the database, both ways.

Objects that no row names are removed when they are older than a day: a crash leaves some, and so does a client that sends a part late.
Objects that are missing are reported, never guessed at. Nothing that a row names, and nothing young, is touched; and nothing at all if
so much is unknown that the storage is rather another installation's, or the database an old copy.
"""

import hashlib
from array import array
from bisect import bisect_left
from datetime import datetime, timedelta

import structlog

from feed.media import sweep_store as store
from feed.media.model import folder_of
from feed.media.sweep_store import KnownMedium
from feed.postgres import Pool, transaction
from feed.storage.names import FOLDERS
from feed.storage.protocol import ObjectStorage, StoredObject

log = structlog.get_logger("feed.media")

_APART = timedelta(hours=20)
_SILENT = timedelta(minutes=15)
# An object may be written before its row, and by a worker that has lost its lease. After this time neither is possible.
YOUNG = timedelta(days=1)
_BATCH = 500
_IDS_MOST = 100
# Removed by one sweep; the next one removes the rest.
_REMOVED_MOST = 10_000
# More unknown objects than this, and a larger share than this of all, are not what crashes leave.
_UNKNOWN_SUSPECT = 1_000
_SHARE_SUSPECT = 0.2


async def sweep_objects(pool: Pool, storage: ObjectStorage, *, now: datetime) -> bool:
    """Sweeps if it is time to and no other worker does. Returns whether it has swept."""
    async with transaction(pool) as conn:
        if not await store.begin(conn, apart=_APART, silent=_SILENT):
            return False
    sweep = _Sweep(pool, storage, now)
    await sweep.run()
    return True


class _Sweep:
    """One pass over all objects, and one over all media. What it remembers of each complete medium is eight bytes."""

    def __init__(self, pool: Pool, storage: ObjectStorage, now: datetime) -> None:
        self._pool, self._storage, self._now = pool, storage, now
        self._complete = array("Q")
        # The files that are still to come, of media whose listing has begun.
        self._awaited: dict[str, set[str]] = {}
        self._unknown: list[str] = []
        self._objects = self._unknown_count = 0

    async def run(self) -> None:
        for folder in FOLDERS:
            batch: list[StoredObject] = []
            async for each in self._storage.list(folder):
                batch.append(each)
                if len(batch) == _BATCH:
                    await self._judge(batch)
                    batch = []
            await self._judge(batch)
        removed = await self._remove_unknown()
        kept = self._unknown_count - removed
        missing = await self._list_missing()
        async with transaction(self._pool) as conn:
            await store.finish(
                conn, objects=self._objects, removed=removed, kept=kept, missing=missing, most_ids=_IDS_MOST
            )
        log.info("media swept", objects=self._objects, removed=removed, kept=kept, missing=len(missing))
        if missing:
            log.error("objects of media are missing", count=len(missing), ids=missing[:_IDS_MOST])

    async def _judge(self, batch: list[StoredObject]) -> None:
        keys = {key_of(each.name) for each in batch}
        async with transaction(self._pool) as conn:
            known = await store.list_known(conn, sorted(keys))
            await store.mark_alive(conn)
        for each in batch:
            medium = known.get(key_of(each.name))
            if is_needed(each.name, medium):
                if medium is not None:
                    self._note(each.name, medium)
            elif each.written_at < self._now - YOUNG:
                self._unknown_count += 1
                if len(self._unknown) < _REMOVED_MOST:
                    self._unknown.append(each.name)
        self._objects += len(batch)

    async def _remove_unknown(self) -> int:
        """Removes what no row names, unless it is too much. An object that no row names now is named by none later: keys are random."""
        if is_suspect(self._unknown_count, self._objects):
            log.error("objects without a medium kept: too many", count=self._unknown_count, objects=self._objects)
            return 0
        for start in range(0, len(self._unknown), _BATCH):
            names = self._unknown[start : start + _BATCH]
            await self._storage.remove(names)
            log.info("objects without a medium removed", count=len(names), names=names[:10])
        return len(self._unknown)

    def _note(self, name: str, medium: KnownMedium) -> None:
        file = name.rpartition("/")[2]
        if medium.state != "ready" or file not in medium.files:
            return
        awaited = self._awaited.setdefault(medium.key, set(medium.files))
        awaited.discard(file)
        if not awaited:
            del self._awaited[medium.key]
            self._complete.append(_digest(medium.key))

    async def _list_missing(self) -> list[int]:
        complete = array("Q", sorted(self._complete))
        missing: list[int] = []
        last = 0
        while True:
            async with self._pool.acquire() as conn:
                page = await store.list_ready(conn, after_id=last, before=self._now, limit=_BATCH)
            for medium in page:
                wanted = _digest(medium.key)
                place = bisect_left(complete, wanted)
                seen = place < len(complete) and complete[place] == wanted
                if not seen and await self._is_incomplete(medium.id, medium.key, medium.files):
                    missing.append(medium.id)
            if len(page) < _BATCH:
                return missing
            last = page[-1].id
            async with transaction(self._pool) as conn:
                await store.mark_alive(conn)

    async def _is_incomplete(self, media_id: int, key: str, files: list[str]) -> bool:
        """Looks again: a listing is not of one moment, and the medium may have been removed since."""
        found = [await self._storage.find(folder_of(key) + file) for file in files]
        if all(found):
            return False
        async with self._pool.acquire() as conn:
            return await store.is_ready(conn, media_id)


def key_of(name: str) -> str:
    """The key in the name of an object."""
    parts = name.split("/")
    return parts[1] if len(parts) > 2 else ""


def is_needed(name: str, medium: KnownMedium | None) -> bool:
    """Whether an object belongs to the present state of its medium. The objects of a removed one are for the job that removes them."""
    if medium is None or medium.objects_removed:
        return False
    if medium.removed or medium.state == "processing":
        return True
    return name.startswith("media/") and name.rpartition("/")[2] in medium.files


def is_suspect(unknown: int, objects: int) -> bool:
    """Whether so much of the storage is unknown that it is rather another installation's, or the database an old copy."""
    return unknown > _UNKNOWN_SUSPECT and unknown > objects * _SHARE_SUSPECT


def _digest(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest())
