"""A Merkle tree as in RFC 6962, section 2.1, over the rows of a sheet, and the path from one row to its root. Pure.

leaf = SHA-256(0x00 ‖ row), node = SHA-256(0x01 ‖ left ‖ right). A node that is left over at the end of a level moves up as it is,
which gives the same tree as the split at the largest power of two.
"""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal

ALGORITHM: Literal["rfc6962-sha256"] = "rfc6962-sha256"
HASH_BYTES = 32
_EMPTY = hashlib.sha256(b"").digest()


def levels_of(rows: Iterable[bytes]) -> list[list[bytes]]:
    """The hashes of all levels, those of the rows first and the root last; no level if there is no row."""
    level = [leaf_of(row) for row in rows]
    levels = [level] if level else []
    while len(level) > 1:
        pairs = [_node(*pair) for pair in list(pairwise(level))[::2]]
        level = pairs + (level[-1:] if len(level) % 2 else [])
        levels.append(level)
    return levels


def root_of(levels: Sequence[Sequence[bytes]]) -> bytes:
    """The root of a tree with these levels; without a row, the hash of nothing."""
    return levels[-1][0] if levels else _EMPTY


def leaf_of(row: bytes) -> bytes:
    """The hash of a row in canonical form."""
    return hashlib.sha256(b"\x00" + row).digest()


def siblings_of(index: int, size: int) -> list[tuple[int, int]]:
    """Level and position of each hash of the path from a row to the root, in the order of the path."""
    found = []
    for level in range(height_of(size)):
        if index ^ 1 < size:
            found.append((level, index ^ 1))
        index, size = index // 2, (size + 1) // 2
    return found


def height_of(size: int) -> int:
    """How many levels there are above the rows."""
    return max(0, (size - 1).bit_length())


def follow_path(row: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that the path leads to from a row; None if a path of this length leads from no such row of a tree of this size."""
    if not 0 <= index < size or len(path) != len(siblings_of(index, size)):
        return None
    hash_ = leaf_of(row)
    for (_, sibling), other in zip(siblings_of(index, size), path, strict=True):
        hash_ = _node(hash_, other) if sibling % 2 else _node(other, hash_)
    return hash_


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
