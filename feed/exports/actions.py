"""Requests of exports, and their downloads."""

from collections.abc import AsyncIterator

from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.exports import store
from feed.exports.model import Export, ExportGone, ExportId, ExportNotFound, part_aad
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.keys.store import Keys
from feed.postgres import Pool, transaction


async def request_export(pool: Pool, account_id: AccountId, request: KeyedRequest | None = None) -> Export:
    """Requests an export, unless one is being prepared or is ready; returns the newest one. Raises AccountNotFound.

    Also for banned and leaving accounts: they may read.
    """
    # Without a branch for a retry: while one is being prepared, or is ready, a request changes nothing.
    async with idempotent_transaction(pool, account_id, request) as (conn, _):
        await accounts.get_account(conn, account_id)
        newest = await store.find_newest(conn, account_id)
        if newest is None or newest.shown_state not in ("preparing", "ready"):
            export_id = await store.add_export(conn, account_id)
            if export_id is not None:
                await audit.add(
                    conn, account_id, "export.request", "account", account_id, {"export_id": str(export_id)}
                )
            newest = await store.find_newest(conn, account_id)
        assert newest is not None
    return newest


async def begin_download(pool: Pool, account_id: AccountId, export_id: ExportId) -> Export:
    """Takes the only download of an export of the account. Raises ExportNotFound, ExportGone."""
    async with transaction(pool) as conn:
        export = await store.mark_downloaded(conn, account_id, export_id)
        if export is not None:
            await audit.add(conn, account_id, "export.download", "account", account_id, {"export_id": str(export_id)})
            return export
        if await store.find_own(conn, account_id, export_id) is None:
            raise ExportNotFound
    raise ExportGone


async def check_download(pool: Pool, account_id: AccountId, export_id: ExportId) -> None:
    """Checks that the account can download the export, and takes nothing. Raises ExportNotFound, ExportGone."""
    async with pool.acquire() as conn:
        export = await store.find_own(conn, account_id, export_id)
    if export is None:
        raise ExportNotFound
    if export.shown_state != "ready":
        raise ExportGone


async def read_parts(pool: Pool, keys: Keys, export: Export) -> AsyncIterator[bytes]:
    """The bytes of an export whose download has begun, one part in memory at a time; afterwards they are removed."""
    number = 0
    while True:
        async with pool.acquire() as conn:
            sealed = await store.find_part(conn, export, number)
        if sealed is None:
            break
        yield keys.open(sealed, aad=part_aad(export.id, export.attempt, number))
        number += 1
    async with transaction(pool) as conn:
        await store.remove_parts(conn, export)
