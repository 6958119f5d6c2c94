"""The jobs that remove objects: of media that are removed, originals that are processed, and uploads that nothing uses.

What marks a medium removed commits; then these jobs run until no object is left. Each step may be repeated, also by two workers.
"""

from collections.abc import Sequence
from datetime import timedelta

import structlog

from feed.media import removal_store as store
from feed.media.model import folder_of, incoming_folder_of
from feed.media.removal_store import Leftover
from feed.postgres import Pool, transaction
from feed.storage.protocol import ObjectStorage, StorageUnavailable

log = structlog.get_logger("feed.media")

# What nothing uses a day after the last thing that happened to it is removed.
UNUSED = timedelta(days=1)
_BATCH = 50
# Objects of one request to the storage.
_NAMES = 500
_LEASE = timedelta(minutes=5)


async def remove_next_objects(pool: Pool, storage: ObjectStorage) -> bool:
    """Removes every object of some removed media. Returns whether there may be more."""
    async with transaction(pool) as conn:
        due = await store.lease_removed(conn, lasts=_LEASE, limit=_BATCH)
    for medium in await _clear(storage, due, renditions=True):
        async with transaction(pool) as conn:
            await store.mark_objects_removed(conn, medium.id)
    return len(due) == _BATCH


async def remove_next_originals(pool: Pool, storage: ObjectStorage) -> bool:
    """Removes the originals of some media that are ready, and all objects of those that failed. Returns whether there may be more."""
    async with transaction(pool) as conn:
        due = await store.lease_processed(conn, lasts=_LEASE, limit=_BATCH)
    for failed in (False, True):
        for medium in await _clear(storage, [each for each in due if each.failed is failed], renditions=failed):
            async with transaction(pool) as conn:
                await store.mark_original_removed(conn, medium.id)
    return len(due) == _BATCH


async def expire_unused(pool: Pool) -> bool:
    """Marks media removed that nothing uses, half uploads too. Returns whether there may be more."""
    async with transaction(pool) as conn:
        unused = await store.lock_expired(conn, after=UNUSED, limit=_BATCH)
        await store.mark_removed(conn, unused, "expired")
    return len(unused) == _BATCH


async def remove_objects(storage: ObjectStorage, prefix: str) -> int:
    """Removes the objects in a folder. Returns how many."""
    count = 0
    names: list[str] = []
    async for each in storage.list(prefix):
        names.append(each.name)
        if len(names) == _NAMES:
            await storage.remove(names)
            count, names = count + len(names), []
    if names:
        await storage.remove(names)
    return count + len(names)


async def _clear(storage: ObjectStorage, media: Sequence[Leftover], *, renditions: bool) -> list[Leftover]:
    """Removes the originals of media, and their renditions too. Returns the media that are done.

    One that fails is tried again after its lease and keeps no other one. Raises StorageUnavailable if all fail.
    """
    cleared = []
    failure: StorageUnavailable | None = None
    for medium in media:
        try:
            await remove_objects(storage, incoming_folder_of(medium.key))
            if renditions:
                await remove_objects(storage, folder_of(medium.key))
        except StorageUnavailable as error:
            failure = error
            log.warning("objects not removed", id=medium.id, error=repr(error))
        else:
            cleared.append(medium)
    if failure is not None and not cleared:
        raise failure
    return cleared
