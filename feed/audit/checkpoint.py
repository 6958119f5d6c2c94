"""Checkpoints: the signed documents of sealed batches, each chained to the one before by its root. Pure.

The root of a batch is that of a Merkle tree (RFC 6962) whose leaves are the former root and then the hashes of the batch's rows.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from feed.ids import parse_id
from feed.keys import merkle
from feed.keys.signatures import Moment, PublicKey, Signature, is_document_signed, sign_document

KIND: Literal["feed-audit-checkpoint"] = "feed-audit-checkpoint"
# Before the first batch.
NO_ROOT = bytes(merkle.HASH_BYTES)


class CheckpointUnreadable(ValueError):
    """The bytes are no checkpoint."""


class Batch(msgspec.Struct, frozen=True):
    """What a checkpoint states, before it is signed. Roots are hexadecimal; rows of later batches have ids from `unsealed_from` on."""

    kind: Literal["feed-audit-checkpoint"]
    format: Literal[1]
    number: int
    first_seq: int
    last_seq: int
    former_root: str
    root: str
    sealed_at: Moment
    unsealed_from: str


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sealed batch: rows `first_seq` to `last_seq` of the audit log, after the batch whose root is `former_root`."""

    kind: Literal["feed-audit-checkpoint"]
    format: Literal[1]
    number: int
    first_seq: int
    last_seq: int
    former_root: str
    root: str
    sealed_at: Moment
    unsealed_from: str
    signature: Signature


def root_of(former_root: bytes, row_hashes: Iterable[bytes]) -> bytes:
    """The root of a batch."""
    return merkle.root_of(merkle.levels_of([former_root, *row_hashes]))


def seal(
    sign: Callable[[bytes], Signature],
    *,
    number: int,
    first_seq: int,
    former_root: bytes,
    row_hashes: Sequence[bytes],
    sealed_at: datetime,
    unsealed_from: int,
) -> bytes:
    """The signed checkpoint of a batch, in canonical JSON."""
    return sign_document(
        Batch(
            kind=KIND,
            format=1,
            number=number,
            first_seq=first_seq,
            last_seq=first_seq + len(row_hashes) - 1,
            former_root=former_root.hex(),
            root=root_of(former_root, row_hashes).hex(),
            sealed_at=sealed_at,
            unsealed_from=str(unsealed_from),
        ),
        sign,
    )


def read_checkpoint(document: bytes) -> Checkpoint:
    """Parses a checkpoint. Raises CheckpointUnreadable."""
    try:
        checkpoint = msgspec.json.decode(document, type=Checkpoint)
        if {len(bytes.fromhex(root)) for root in (checkpoint.root, checkpoint.former_root)} != {len(NO_ROOT)}:
            raise CheckpointUnreadable("a root is 32 bytes")
        if parse_id(checkpoint.unsealed_from) is None:
            raise CheckpointUnreadable("unsealed_from is no id")
    except (msgspec.MsgspecError, ValueError) as error:
        raise CheckpointUnreadable(str(error)) from None
    return checkpoint


def is_authentic(checkpoint: Checkpoint, keys: Sequence[PublicKey]) -> bool:
    """Whether one of the keys has signed the checkpoint within its time."""
    for key in keys:
        if key.key_id == checkpoint.signature.key_id:
            over = key.valid_until is not None and checkpoint.sealed_at >= key.valid_until
            return not over and is_document_signed(checkpoint, [key])
    return False
