"""Parts that were sent past what was announced. A signed URL of a bucket does not limit the size of what is sent to it."""

from collections.abc import Mapping

import structlog

from feed.media import upload_store
from feed.media.inputs import list_parts
from feed.media.model import incoming_folder_of
from feed.postgres import Pool
from feed.storage.protocol import ObjectStorage, StoredObject

log = structlog.get_logger("feed.media")

_PAGE = 500


async def list_arrived(storage: ObjectStorage, key: str) -> dict[int, StoredObject]:
    """The objects of an upload by the numbers of their parts. Raises StorageUnavailable."""
    folder = incoming_folder_of(key)
    found = {}
    async for each in storage.list(folder):
        number = each.name.removeprefix(folder)
        if number.isascii() and number.isdecimal():
            found[int(number)] = each
    return found


def names_of_oversize(arrived: Mapping[int, StoredObject], *, byte_count: int, part_bytes: int) -> list[str]:
    """The names of parts with more bytes than announced, and of those that were not announced at all."""
    expected = {part.number: part.byte_count for part in list_parts(byte_count, part_bytes)}
    return [each.name for number, each in arrived.items() if each.byte_count > expected.get(number, -1)]


async def remove_oversize_parts(pool: Pool, storage: ObjectStorage) -> int:
    """Removes such parts of uploads that are not complete. Returns their number. Raises StorageUnavailable.

    An upload that is never completed would otherwise store as much as the bucket takes, for a day.
    """
    after_id: int | None = 0
    count = 0
    while after_id is not None:
        async with pool.acquire() as conn:
            page = await upload_store.list_awaited(conn, after_id=after_id, limit=_PAGE)
        for each in page:
            arrived = await list_arrived(storage, each.key)
            oversize = names_of_oversize(arrived, byte_count=each.byte_count, part_bytes=each.part_bytes)
            if oversize:
                await storage.remove(oversize)
                count += len(oversize)
                log.warning("parts larger than announced removed", id=each.id, parts=len(oversize))
        after_id = page[-1].id if len(page) == _PAGE else None
    return count
