"""The copy of the newest checkpoint outside of the database, in a file: from it on nothing can be cut off unnoticed."""

from pathlib import Path

from feed.audit.checkpoint import Checkpoint, CheckpointUnreadable, read_checkpoint
from feed.keys import files


def read_outside(path: Path) -> list[Checkpoint]:
    """The checkpoints in a file, one in each line; none without the file. Raises CheckpointUnreadable and OSError."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return []
    checkpoints = [read_checkpoint(line) for line in text.splitlines() if line.strip()]
    if not checkpoints:
        raise CheckpointUnreadable("the file is empty")
    return checkpoints


def write_outside(path: Path, document: bytes) -> None:
    """Replaces the copy, atomically. Raises OSError."""
    files.replace(path, document + b"\n")
