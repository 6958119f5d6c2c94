"""Verification of the audit log: everything is computed again from the rows, in one snapshot, with a bounded number of rows in memory."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from feed.audit import verification_store as store
from feed.audit.checkpoint import Checkpoint, CheckpointUnreadable, is_authentic, read_checkpoint
from feed.audit.checks import Link, Runs, check_numbers, check_outside, check_root, check_row, check_seal, check_strays
from feed.audit.findings import Finding, Found, Statements, read_statements
from feed.audit.seal_store import StoredSeal
from feed.audit.verification_store import Extent, NumberedRow
from feed.keys.signatures import PublicKey
from feed.postgres import Connection

_ROWS = 2_000
_SEALS = 100
# That are listed; the others are counted.
_FINDINGS = 10_000
# Rows of this time before a seal may have been written after it.
_LATE = timedelta(hours=2)
# After all ids of rows with one number.
_LAST_ID = 2**63 - 1
# Called with the rows and batches that are checked so far, and the number of the last batch.
Progress = Callable[[int, int, int], None]


class Report(msgspec.Struct):
    """The outcome. Findings that a signed row of the log acknowledges are listed apart. Of each `more` than are listed may be there."""

    findings: list[Finding]
    more: int
    acknowledged: list[Finding]
    more_acknowledged: int
    rows: int
    batches: int
    waiting: int
    last: Checkpoint | None
    compared: list[int]
    dropped_months: list[str]

    @property
    def is_intact(self) -> bool:
        return not self.findings


async def verify_audit(
    conn: Connection,
    keys: Sequence[PublicKey],
    *,
    checkpoints: Sequence[Checkpoint] = (),
    since: datetime | None = None,
    after: tuple[int, str] | None = None,
    progress: Progress = lambda rows, batches, last: None,
) -> Report:
    """Checks rows, numbers, batches and seals, and that the log contains the `checkpoints`, which were kept outside of it.

    With `since` it trusts what was sealed before; with `after` what was sealed up to the batch of this number, if that still has this
    root. `conn` is in a transaction with one snapshot.
    """
    run = _Run(conn, keys, read_statements(await store.list_statements(conn), keys), await store.read_extent(conn))
    first_id = 0
    if since is not None:
        first_id = await store.read_first_id(conn, since)
        await run.skip_to(since)
    elif after is not None and (trusted := await run.skip_behind(*after)) is not None:
        first_id = await store.read_first_id(conn, trusted - _LATE)
    await run.check_batches(progress)
    await run.check_rows_without_number(first_id)
    await run.check_strays()
    for checkpoint in checkpoints:
        await run.check_outside(checkpoint)
    return Report(
        run.found.new,
        run.found.more,
        run.found.acknowledged,
        run.found.more_acknowledged,
        run.rows,
        run.batches,
        run.waiting,
        run.last,
        [checkpoint.number for checkpoint in checkpoints],
        [each.month for each in run.statements.dropped],
    )


class _Run:
    """A verification under way."""

    def __init__(self, conn: Connection, keys: Sequence[PublicKey], statements: Statements, extent: Extent) -> None:
        self.conn = conn
        self.keys = keys
        self.statements = statements
        self.extent = extent
        self.link = Link()
        # The last number that was read, which is that of the last seal unless this is changed, and the id of its row.
        self.seen = (0, _LAST_ID)
        self.found = Found(statements.acknowledged, limit=_FINDINGS)
        self.rows = self.batches = self.waiting = 0
        self.last: Checkpoint | None = None

    async def skip_to(self, since: datetime) -> None:
        """Begins after the last batch that was signed before an instant. The column with its time proves nothing."""
        before = None
        while seals := await store.list_seals_back(self.conn, before=before, limit=_SEALS):
            for seal in seals:
                document = _document_of(seal)
                if document is not None and document.sealed_at < since and self._is_at_place(document, seal):
                    self.seen = (document.last_seq, _LAST_ID)
                    self._follow(seal, document)
                    return
            before = seals[-1].number

    async def skip_behind(self, number: int, root: str) -> datetime | None:
        """Begins after a batch. Returns when it was sealed; None if there is none of this number, signed, and with this root."""
        for seal in await store.list_seals_back(self.conn, before=number + 1, limit=1):
            document = _document_of(seal)
            if document is not None and document.root == root and self._is_at_place(document, seal):
                self.seen = (document.last_seq, _LAST_ID)
                self._follow(seal, document)
                return document.sealed_at
        return None

    async def check_batches(self, progress: Progress) -> None:
        start, read = self.link.number, 0
        while seals := await store.list_seals(self.conn, after=start, limit=_SEALS, offset=read):
            for seal in seals:
                await self._check_batch(seal)
                progress(self.rows, self.batches, self.extent.last_number)
            # As many as were read with the last number: it may be there twice.
            if seals[-1].number > start + 1:
                read = sum(seal.number == seals[-1].number for seal in seals)
                start = seals[-1].number - 1
            else:
                read += len(seals)
        # Numbers behind the last seal.
        runs = Runs()
        while rows := await store.list_numbered(self.conn, after=self.seen, until=self.extent.last_seq, limit=_ROWS):
            for numbered in rows:
                self.found.add(check_numbers([numbered], None, self.statements, ids_from=0))
                runs.extend_run("number_unsealed", "number", numbered.seq)
            self._count(rows)
        self.found.add(runs.findings)

    async def check_rows_without_number(self, first_id: int) -> None:
        """Rows that wait for a seal, and older ones, which the application has not written."""
        after = first_id - 1
        while rows := await store.list_without_number(self.conn, after=after, limit=_ROWS):
            for row in rows:
                self.found.add(check_row(row, None))
                if row.id < self.extent.unsealed_from:
                    self.found.add([Finding("row_inserted", "row", row.id, row.id, row.row_sha256.hex())])
                else:
                    self.waiting += 1
            self.rows += len(rows)
            after = rows[-1].id

    async def check_strays(self) -> None:
        self.found.add(check_strays(await store.list_strays(self.conn, limit=_FINDINGS)))

    async def check_outside(self, checkpoint: Checkpoint) -> None:
        if not is_authentic(checkpoint, self.keys):
            number = checkpoint.number
            self.found.add([Finding("checkpoint_signature", "batch", number, number, checkpoint.root)])
            return
        stored = await store.find_document(self.conn, checkpoint.number)
        self.found.add(check_outside(checkpoint, stored, self.extent.last_number))

    async def _check_batch(self, seal: StoredSeal) -> None:
        found, document = check_seal(seal, self.link, self.keys)
        self.found.add(found)
        authentic = document is not None and is_authentic(document, self.keys)
        if document is None or not authentic:
            hashes = await self._check_rows(self.link.last_seq + 1, min(seal.last_seq, self.extent.last_seq))
        else:
            hashes = await self._check_rows(document.first_seq, document.last_seq)
        if document is not None:
            self.found.add(check_root(document, hashes))
        self._follow(seal, document if authentic else None)
        self.batches += 1

    async def _check_rows(self, first_seq: int, last_seq: int) -> list[bytes]:
        """Checks the numbers up to `last_seq` that were not read before. Returns the hashes from `first_seq` on."""
        hashes: list[bytes] = []
        former: NumberedRow | None = None
        gaps = Runs()
        while rows := await store.list_numbered(self.conn, after=self.seen, until=last_seq, limit=_ROWS):
            for numbered in rows:
                if numbered.seq > self.seen[0] + 1:
                    gaps.add("number_removed", "number", self.seen[0] + 1, numbered.seq - 1)
                if numbered.seq >= first_seq and numbered.seq > self.seen[0]:
                    hashes.append(numbered.row_sha256)
                self.seen = (numbered.seq, numbered.audit_id)
            # Batches that are missing have no order between them.
            for numbered in rows:
                if numbered.seq < first_seq:
                    self.found.add(check_numbers([numbered], None, self.statements, ids_from=0))
            within = [each for each in rows if each.seq >= first_seq]
            self.found.add(check_numbers(within, former, self.statements, ids_from=self.link.unsealed_from))
            former = within[-1] if within else None
            self._count(rows)
        if self.seen[0] < last_seq:
            gaps.add("number_removed", "number", self.seen[0] + 1, last_seq)
            self.seen = (last_seq, _LAST_ID)
        self.found.add(gaps.findings)
        return hashes

    def _is_at_place(self, document: Checkpoint, seal: StoredSeal) -> bool:
        return document.number == seal.number and is_authentic(document, self.keys)

    def _follow(self, seal: StoredSeal, document: Checkpoint | None) -> None:
        if document is None:
            self.link = Link(seal.number, max(self.seen[0], self.link.last_seq), None)
            return
        self.link = Link(seal.number, document.last_seq, bytes.fromhex(document.root), int(document.unsealed_from))
        self.last = document

    def _count(self, rows: Sequence[NumberedRow]) -> None:
        self.rows += len(rows)
        self.seen = max(self.seen, (rows[-1].seq, rows[-1].audit_id))


def _document_of(seal: StoredSeal) -> Checkpoint | None:
    try:
        return read_checkpoint(seal.document)
    except CheckpointUnreadable:
        return None
