"""Verification of the audit log: everything is computed again from the rows, in one snapshot, with a bounded number of rows in memory."""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from feed.audit import verification_store as store
from feed.audit.checkpoint import Checkpoint, CheckpointUnreadable, is_authentic, read_checkpoint
from feed.audit.checks import Link, Runs, check_numbers, check_outside, check_root, check_row, check_seal
from feed.audit.findings import Finding, Statements, read_statements
from feed.audit.seal_store import StoredSeal, find_seal
from feed.audit.verification_store import Extent, NumberedRow
from feed.keys.signatures import PublicKey
from feed.postgres import Connection

_ROWS = 2_000
_SEALS = 100
# Called with the rows and batches that are checked so far, and the number of the last batch.
Progress = Callable[[int, int, int], None]


class Report(msgspec.Struct):
    """The outcome. Findings that a signed row of the log acknowledges are listed apart."""

    findings: list[Finding]
    acknowledged: list[Finding]
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
    progress: Progress = lambda rows, batches, last: None,
) -> Report:
    """Checks rows, numbers, batches and seals, and that the log contains the `checkpoints`, which were kept outside of it.

    With `since` it trusts what was sealed before. `conn` is in a transaction with one snapshot.
    """
    run = _Run(conn, keys, read_statements(await store.list_statements(conn), keys), await store.read_extent(conn))
    first_id = 0
    if since is not None:
        first_id = await store.read_first_id(conn, since)
        await run.skip_to(since)
    await run.check_batches(progress)
    await run.check_rows_without_number(first_id)
    for checkpoint in checkpoints:
        await run.check_outside(checkpoint)
    known = run.statements.acknowledged
    return Report(
        [each for each in run.findings if each.key not in known],
        [each for each in run.findings if each.key in known],
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
        # The last number that was read, which is that of the last seal unless this is changed.
        self.seen_seq = 0
        self.findings: list[Finding] = []
        self.rows = self.batches = self.waiting = 0
        self.last: Checkpoint | None = None

    async def skip_to(self, since: datetime) -> None:
        former = await store.find_seal_before(self.conn, since)
        if former is not None:
            self._follow(former, _document_of(former))
            self.seen_seq = former.last_seq

    async def check_batches(self, progress: Progress) -> None:
        while seals := await store.list_seals(self.conn, after=self.link.number, limit=_SEALS):
            for seal in seals:
                await self._check_batch(seal)
                progress(self.rows, self.batches, self.extent.last_number)
        # Numbers behind the last seal.
        runs = Runs()
        while rows := await store.list_numbered(
            self.conn, after=self.seen_seq, until=self.extent.last_seq, limit=_ROWS
        ):
            for numbered in rows:
                self.findings += check_numbers([numbered], None, self.statements, ids_from=0)
                runs.extend_run("number_unsealed", "number", numbered.seq)
            self._count(rows)
        self.findings += runs.findings

    async def check_rows_without_number(self, first_id: int) -> None:
        """Rows that wait for a seal, and older ones, which the application has not written."""
        after = first_id - 1
        while rows := await store.list_without_number(self.conn, after=after, limit=_ROWS):
            for row in rows:
                self.findings += check_row(row, None)
                if row.id < self.extent.unsealed_from:
                    self.findings.append(Finding("row_inserted", "row", row.id, row.id, row.row_sha256.hex()))
                else:
                    self.waiting += 1
            self.rows += len(rows)
            after = rows[-1].id

    async def check_outside(self, checkpoint: Checkpoint) -> None:
        if not is_authentic(checkpoint, self.keys):
            number = checkpoint.number
            self.findings.append(Finding("checkpoint_signature", "batch", number, number, checkpoint.root))
            return
        seal = await find_seal(self.conn, checkpoint.number)
        stored = None if seal is None else seal.document
        self.findings += check_outside(checkpoint, stored, self.extent.last_number)

    async def _check_batch(self, seal: StoredSeal) -> None:
        found, document = check_seal(seal, self.link, self.keys)
        self.findings += found
        authentic = document is not None and is_authentic(document, self.keys)
        if document is None or not authentic:
            hashes = await self._check_rows(self.link.last_seq + 1, min(seal.last_seq, self.extent.last_seq))
        else:
            hashes = await self._check_rows(document.first_seq, document.last_seq)
        if document is not None:
            self.findings += check_root(document, hashes)
        self._follow(seal, document if authentic else None)
        self.batches += 1

    async def _check_rows(self, first_seq: int, last_seq: int) -> list[bytes]:
        """Checks the numbers up to `last_seq` that were not read before. Returns the hashes from `first_seq` on."""
        hashes: list[bytes] = []
        former: NumberedRow | None = None
        gaps = Runs()
        while rows := await store.list_numbered(self.conn, after=self.seen_seq, until=last_seq, limit=_ROWS):
            for numbered in rows:
                if numbered.seq > self.seen_seq + 1:
                    gaps.add("number_removed", "number", self.seen_seq + 1, numbered.seq - 1)
                if numbered.seq >= first_seq and numbered.seq > self.seen_seq:
                    hashes.append(numbered.row_sha256)
                self.seen_seq = numbered.seq
            # Batches that are missing have no order between them.
            for numbered in rows:
                if numbered.seq < first_seq:
                    self.findings += check_numbers([numbered], None, self.statements, ids_from=0)
            within = [each for each in rows if each.seq >= first_seq]
            self.findings += check_numbers(within, former, self.statements, ids_from=self.link.unsealed_from)
            former = within[-1] if within else None
            self._count(rows)
        if self.seen_seq < last_seq:
            gaps.add("number_removed", "number", self.seen_seq + 1, last_seq)
            self.seen_seq = last_seq
        self.findings += gaps.findings
        return hashes

    def _follow(self, seal: StoredSeal, document: Checkpoint | None) -> None:
        if document is None:
            self.link = Link(seal.number, max(self.seen_seq, self.link.last_seq), None)
            return
        self.link = Link(seal.number, document.last_seq, bytes.fromhex(document.root), int(document.unsealed_from))
        self.last = document

    def _count(self, rows: Sequence[NumberedRow]) -> None:
        self.rows += len(rows)
        self.seen_seq = max(self.seen_seq, rows[-1].seq)


def _document_of(seal: StoredSeal) -> Checkpoint | None:
    try:
        return read_checkpoint(seal.document)
    except CheckpointUnreadable:
        return None
