"""The jobs that make exports and remove them."""

from contextlib import aclosing
from datetime import UTC, datetime

from feed.accounts.personal_data.register import PERSONAL_TABLES
from feed.audit import store as audit
from feed.exports import store
from feed.exports.archive import Archive
from feed.exports.model import PART_BYTES, Export, part_aad
from feed.exports.notices import failed_notice, ready_notice
from feed.exports.queries import QUERIES
from feed.exports.store import ExportedFile
from feed.inbox import store as inbox
from feed.keys.store import Keys
from feed.postgres import Connection, Pool, transaction
from feed.storage.absent import AbsentStorage
from feed.storage.protocol import ObjectStorage

_NO_STORAGE = AbsentStorage()
LEFT_OUT = {table.name: table.not_exported for table in PERSONAL_TABLES if table.not_exported}


async def make_next_export(pool: Pool, keys: Keys, storage: ObjectStorage = _NO_STORAGE) -> bool:
    """Makes one export that waits, or ends one whose attempts have all been given up. False when there is none.

    A worker that is killed leaves parts of an attempt; the next attempt, of any worker, begins anew and removes them. Every export
    ends as ready or failed. Without the object storage an attempt with photos or videos is given up.
    """
    async with transaction(pool) as conn:
        export = await store.begin_next_attempt(conn)
        if export is None:
            return False
        if export.state == "failed":
            await inbox.add_notifications(conn, [failed_notice(export)])
            await audit.add(conn, None, "export.fail", "account", export.account_id, {"export_id": str(export.id)})
    if export.state == "preparing":
        await _Making(pool, keys, storage, export).run()
    return True


async def remove_ended_exports(pool: Pool) -> None:
    """Removes what can no longer be downloaded; rows of exports after a month."""
    async with transaction(pool) as conn:
        await store.remove_ended_parts(conn)
        await store.remove_old(conn, days=30)


class _Making:
    """One attempt at an export: rows are read in one state of the database, and written in encrypted parts as they come."""

    def __init__(self, pool: Pool, keys: Keys, storage: ObjectStorage, export: Export) -> None:
        self._pool, self._keys, self._storage, self._export = pool, keys, storage, export
        self._parts = 0
        self._bytes = 0

    async def run(self) -> None:
        archive = Archive(self._export.account_id, datetime.now(UTC))
        async with self._pool.acquire() as reading, reading.transaction(isolation="repeatable_read", readonly=True):
            for query in QUERIES:
                archive.begin_table(query.table)
                async for rows in store.read_rows(reading, query, self._export.account_id):
                    archive.add_rows(rows)
                    if archive.held() >= PART_BYTES and not await self._add_part(archive.take()):
                        return
                archive.end_table()
            files = await store.list_files(reading, self._export.account_id)
        for file in files:
            if not await self._add_file(archive, file):
                return
        archive.close(LEFT_OUT)
        if await self._add_part(archive.take()):
            async with transaction(self._pool) as conn:
                await self._finish(conn)

    async def _add_file(self, archive: Archive, file: ExportedFile) -> bool:
        """Adds a photo or video, a piece in memory at a time. False as for a part."""
        async with aclosing(self._storage.read(file.object_name)) as pieces:
            try:
                piece = await anext(pieces, b"")
            except FileNotFoundError:
                archive.add_missing(file.name)
                return True
            archive.begin_file(file.name)
            archive.add_bytes(piece)
            async for piece in pieces:
                archive.add_bytes(piece)
                if archive.held() >= PART_BYTES and not await self._add_part(archive.take()):
                    return False
            archive.end_file()
        return archive.held() < PART_BYTES or await self._add_part(archive.take())

    async def _add_part(self, data: bytes) -> bool:
        """Stores the next part. False if this attempt was given up, or the account erased."""
        sealed = self._keys.seal(data, aad=part_aad(self._export.id, self._export.attempt, self._parts))
        async with transaction(self._pool) as conn:
            added = await store.add_part(conn, self._export, self._parts, sealed)
        self._parts += 1
        self._bytes += len(data)
        return added

    async def _finish(self, conn: Connection) -> None:
        expires_at = await store.mark_ready(conn, self._export, byte_count=self._bytes)
        if expires_at is not None:
            await inbox.add_notifications(conn, [ready_notice(self._export, expires_at)])
