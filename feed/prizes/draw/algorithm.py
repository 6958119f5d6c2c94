"""Drawing by lot, byte for byte as docs/draw-spec.md says: tickets, the hash of their list, the seed, and the order.

Every part of what is hashed has a fixed length or is preceded by its length, so that no two inputs are one string of bytes.
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

ALGORITHM: Literal["feed-draw-1"] = "feed-draw-1"
TICKET_BYTES = 16
NONCE_BYTES = 32
# Sixteen bytes each: what is hashed as a list is never what is hashed as a seed.
_LIST = b"feed-draw-1/list"
_SEED = b"feed-draw-1/seed"


def ticket_of(person: str) -> bytes:
    """The ticket of a pseudonym. Raises ValueError for what is none: 32 lower-case hexadecimal digits."""
    ticket = bytes.fromhex(person)
    if len(ticket) != TICKET_BYTES or ticket.hex() != person:
        raise ValueError(person)
    return ticket


def tickets_of(persons: Iterable[str]) -> list[bytes]:
    """One ticket for each person, in the order of the list, whatever the order in which they are named."""
    return sorted({ticket_of(person) for person in persons})


def list_hash(campaign_id: int, tickets: Sequence[bytes]) -> bytes:
    """What is published at the freeze: it says who takes part, and tells it nobody."""
    head = _LIST + campaign_id.to_bytes(8, "big") + len(tickets).to_bytes(8, "big")
    return hashlib.sha256(head + b"".join(tickets)).digest()


def nonce_hash(nonce: bytes) -> bytes:
    """What is published before the opening: whoever has published it can use no other nonce."""
    return hashlib.sha256(nonce).digest()


def seed_of(list_sha256: bytes, nonce: bytes, *, source: str, round_: str, value: str) -> bytes:
    """From the list, the nonce and the public value together: each of them was fixed before anybody knew the others."""
    beacon = b"".join(len(part).to_bytes(4, "big") + part for part in map(str.encode, (source, round_, value)))
    return hashlib.sha256(_SEED + list_sha256 + nonce + beacon).digest()


def order(seed: bytes, tickets: Iterable[bytes], *, behind: Collection[bytes] = ()) -> list[bytes]:
    """The tickets as they are drawn, the first winner first; those `behind` after all others, drawn among themselves."""
    late = frozenset(behind)
    return sorted(tickets, key=lambda ticket: (ticket in late, hmac.digest(seed, ticket, "sha256"), ticket))
