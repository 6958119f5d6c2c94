"""Sealing: committed rows get numbers, and each batch of them a signed checkpoint. One process at a time does so."""

from contextlib import suppress

from feed.audit import seal_store as store
from feed.audit.checkpoint import NO_ROOT, Checkpoint, CheckpointUnreadable, read_checkpoint, seal
from feed.audit.seal_store import StoredSeal
from feed.audit.store import add_months
from feed.keys.store import Keys
from feed.postgres import Pool, transaction

BATCH_ROWS = 2_000
# No transaction lasts longer, so a row that is committed later has an id of this time or after. One that is older was not written by
# the application, and is not sealed: `feed audit verify` reports it.
_LONGEST_SECONDS = 3_600.0
_MONTHS_AHEAD = 3
# Between attempts of all workers together to send a checkpoint.
_RETRY_SECONDS = 10.0


async def seal_audit(pool: Pool, keys: Keys) -> bool:
    """Seals one batch of committed rows. Returns whether there may be more."""
    async with transaction(pool) as conn:
        if not await store.try_sealer_lock(conn):
            return False
        last = await store.find_last_seal(conn)
        sealed_at, settled_id = await store.read_clock(conn, back_seconds=_LONGEST_SECONDS)
        former = _read(last)
        # After a step of the clock back, ids are smaller again.
        unsealed_from = min(0 if former is None else int(former.unsealed_from), settled_id)
        rows = await store.list_unsealed(conn, unsealed_from=unsealed_from, limit=BATCH_ROWS)
        if not rows:
            return False
        first_seq = await store.find_last_seq(conn) + 1
        full = len(rows) == BATCH_ROWS
        next_from = min(rows[-1].id, settled_id) if full else settled_id
        document = seal(
            keys.sign,
            number=1 if last is None else last.number + 1,
            first_seq=first_seq,
            former_root=NO_ROOT if former is None else bytes.fromhex(former.root),
            row_hashes=[row.row_sha256 for row in rows],
            sealed_at=sealed_at,
            unsealed_from=next_from,
        )
        await store.add_seal(
            conn,
            StoredSeal(
                number=1 if last is None else last.number + 1,
                last_seq=first_seq + len(rows) - 1,
                unsealed_from=next_from,
                sealed_at=sealed_at,
                document=document,
            ),
            rows,
        )
    return full


def _read(last: StoredSeal | None) -> Checkpoint | None:
    """The checkpoint that the next batch follows. After a damaged one the chain begins anew, which `feed audit verify` reports."""
    if last is not None:
        with suppress(CheckpointUnreadable):
            return read_checkpoint(last.document)
    return None


async def add_audit_months(pool: Pool) -> None:
    """Adds the partitions of the months to come."""
    async with transaction(pool) as conn:
        await add_months(conn, ahead=_MONTHS_AHEAD)


async def claim_publication(pool: Pool, number: int) -> bool:
    """Whether the caller is the one worker that sends this checkpoint now."""
    async with transaction(pool) as conn:
        return await store.claim_publication(conn, number=number, seconds=_RETRY_SECONDS)


async def mark_published(pool: Pool, number: int) -> None:
    """Records that a checkpoint was accepted."""
    async with transaction(pool) as conn:
        await store.mark_published(conn, number=number)
