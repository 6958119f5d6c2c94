"""The checks of a verification: one row, one batch. Pure."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from feed.audit.checkpoint import NO_ROOT, Checkpoint, CheckpointUnreadable, is_authentic, read_checkpoint, root_of
from feed.audit.findings import Code, Finding, Place, Statements
from feed.audit.model import AuditRow, sha256_of
from feed.audit.seal_store import StoredSeal
from feed.audit.verification_store import NumberedRow, Stray
from feed.keys.signatures import PublicKey, canonical

# An id is made in the same statement as the time of its row.
_APART = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Link(msgspec.Struct, frozen=True):
    """Where the chain stands: the last batch, its root (None if it cannot be read), and the last number in it."""

    number: int = 0
    last_seq: int = 0
    root: bytes | None = NO_ROOT
    unsealed_from: int = 0


class Runs:
    """Findings, of which equal ones of consecutive places become one."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def add(self, code: Code, place: Place, first: int, last: int | None = None, observed: str = "") -> None:
        self.findings.append(Finding(code, place, first, first if last is None else last, observed))

    def extend_run(self, code: Code, place: Place, at: int) -> None:
        """Adds a place to the run that ends before it."""
        if self.findings:
            last = self.findings[-1]
            if (last.code, last.place, last.last + 1) == (code, place, at):
                self.findings[-1] = msgspec.structs.replace(last, last=at)
                return
        self.add(code, place, at)


def check_row(row: AuditRow, numbered_sha256: bytes | None) -> Iterator[Finding]:
    """What is wrong with a row itself; `numbered_sha256` is the hash that was sealed, None for a row that waits."""
    found = _sha256_of_any(row)
    if found is None or found != row.row_sha256 or (numbered_sha256 is not None and found != numbered_sha256):
        yield Finding("row_changed", "row", row.id, row.id, _observed(row))
    # Without a hash its format and time may be anything.
    if found is not None and row.format > 1 and abs(_EPOCH + timedelta(milliseconds=row.id >> 20) - row.at) > _APART:
        yield Finding("row_time", "row", row.id, row.id, _observed(row))


def check_numbers(
    rows: Sequence[NumberedRow], former: NumberedRow | None, statements: Statements, *, ids_from: int
) -> Iterator[Finding]:
    """What is wrong with numbered rows of one batch, each after the one before; `former` is the one before the first.

    Rows with ids below `ids_from` were there when the batch before was sealed, or were written later under an old id.
    """
    removed: list[Finding] = []
    removed_seq = 0
    for numbered in rows:
        if former is not None and numbered.seq == former.seq:
            yield Finding("row_twice", "row", numbered.audit_id, numbered.audit_id)
        elif former is not None and numbered.audit_id <= former.audit_id:
            yield Finding("row_order", "number", numbered.seq, numbered.seq, str(numbered.audit_id))
        if numbered.row is not None:
            yield from check_row(numbered.row, numbered.row_sha256)
            if numbered.audit_id < ids_from:
                yield Finding("row_inserted", "row", numbered.audit_id, numbered.audit_id, numbered.row_sha256.hex())
        elif not statements.is_dropped(numbered.audit_id):
            if removed and numbered.seq == removed_seq + 1:
                removed[-1] = msgspec.structs.replace(removed[-1], last=numbered.audit_id)
            else:
                removed.append(Finding("row_removed", "row", numbered.audit_id, numbered.audit_id))
            removed_seq = numbered.seq
        former = numbered
    yield from removed


def check_seal(seal: StoredSeal, link: Link, keys: Sequence[PublicKey]) -> tuple[list[Finding], Checkpoint | None]:
    """What is wrong with a seal after `link`, without its rows; and its document if that can be read."""
    found = Runs()
    observed = hashlib.sha256(seal.document).hexdigest()
    if seal.number == link.number:
        found.add("batch_inserted", "batch", seal.number, observed=observed)
    if seal.number > link.number + 1:
        found.add("batch_removed", "batch", link.number + 1, seal.number - 1)
    try:
        document = read_checkpoint(seal.document)
    except CheckpointUnreadable:
        found.add("batch_unreadable", "batch", seal.number, observed=observed)
        return found.findings, None
    stated = (document.number, document.last_seq, document.sealed_at, int(document.unsealed_from))
    stored = (seal.number, seal.last_seq, seal.sealed_at, seal.unsealed_from)
    if stated != stored or canonical(document) != seal.document:
        at = seal.sealed_at.astimezone(UTC).isoformat()
        observed_columns = f"{observed} {seal.last_seq} {at} {seal.unsealed_from}"
        found.add("batch_changed", "batch", seal.number, observed=observed_columns)
    if not is_authentic(document, keys):
        found.add("batch_signature", "batch", seal.number, observed=observed)
    # After a batch that is missing or damaged nothing can be said of what stands between.
    if seal.number == link.number + 1 and link.root is not None:
        if document.first_seq != link.last_seq + 1:
            found.add("batch_position", "batch", seal.number, observed=observed)
        if document.former_root != link.root.hex():
            found.add("batch_former", "batch", seal.number, observed=observed)
    return found.findings, document


def check_root(document: Checkpoint, hashes: Sequence[bytes]) -> Iterator[Finding]:
    """Whether the rows of a batch are those that were sealed, in their order."""
    root = root_of(bytes.fromhex(document.former_root), hashes)
    if root.hex() != document.root:
        yield Finding("batch_root", "batch", document.number, document.number, root.hex())


def check_outside(checkpoint: Checkpoint, stored: bytes | None, last_number: int) -> Iterator[Finding]:
    """Whether the log still contains a checkpoint that was kept outside of the database."""
    if checkpoint.number > last_number:
        yield Finding("cut_off", "batch", last_number + 1, checkpoint.number, checkpoint.root)
    elif stored != canonical(checkpoint):
        yield Finding("batch_replaced", "batch", checkpoint.number, checkpoint.number, checkpoint.root)


def check_strays(strays: Sequence[Stray]) -> Iterator[Finding]:
    """Rows, numbers and seals where a walk from 1 upwards does not come by."""
    codes: dict[Place, Code] = {"row": "row_inserted", "number": "number_unsealed", "batch": "batch_inserted"}
    for stray in strays:
        yield Finding(codes[stray.place], stray.place, stray.at, stray.at)


def _sha256_of_any(row: AuditRow) -> bytes | None:
    """The hash of a row, whose columns may hold what the application never writes: then None."""
    try:
        return sha256_of(row)
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        return None


def _observed(row: AuditRow) -> str:
    """Identifies a row's present content, in all columns."""
    members = (
        row.id,
        None if row.at is None else row.at.astimezone(UTC).isoformat(),
        row.actor_id,
        row.action,
        row.subject_kind,
        row.subject_id,
        canonical(row.detail).hex(),
        None if row.row_sha256 is None else row.row_sha256.hex(),
        row.format,
    )
    return hashlib.sha256(repr(members).encode()).hexdigest()
