"""The draw algorithm as docs/reference/draw-spec.md specifies it, byte by byte: tickets, hash of their list, seed, order.

Every part of a hash input has a fixed length or is preceded by its length, so that different inputs never have the same bytes.
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

ALGORITHM: Literal["feed-draw-1"] = "feed-draw-1"
TICKET_BYTES = 16
NONCE_BYTES = 32
# Prefixes of equal length separate the two hash inputs from each other.
_LIST = b"feed-draw-1/list"
_SEED = b"feed-draw-1/seed"


def ticket_of(pseudonym: str) -> bytes:
    """The ticket of a pseudonym. Raises ValueError unless it has 32 lower-case hexadecimal digits."""
    ticket = bytes.fromhex(pseudonym)
    if len(ticket) != TICKET_BYTES or ticket.hex() != pseudonym:
        raise ValueError(pseudonym)
    return ticket


def tickets_of(pseudonyms: Iterable[str]) -> list[bytes]:
    """The distinct tickets of these pseudonyms, sorted as in the list."""
    return sorted({ticket_of(pseudonym) for pseudonym in pseudonyms})


def list_hash(campaign_id: int, tickets: Sequence[bytes]) -> bytes:
    """The SHA-256 that commits to the list of tickets without revealing it; published at the freeze."""
    head = _LIST + campaign_id.to_bytes(8, "big") + len(tickets).to_bytes(8, "big")
    return hashlib.sha256(head + b"".join(tickets)).digest()


def nonce_hash(nonce: bytes) -> bytes:
    """The SHA-256 that commits to the nonce; published before the campaign opens."""
    return hashlib.sha256(nonce).digest()


def seed_of(list_sha256: bytes, nonce: bytes, *, source: str, round_: str, value: str) -> bytes:
    """The seed of the order: a hash of list, nonce and public value, each fixed before the others were known."""
    beacon = b"".join(len(part).to_bytes(4, "big") + part for part in map(str.encode, (source, round_, value)))
    return hashlib.sha256(_SEED + list_sha256 + nonce + beacon).digest()


def order_tickets(seed: bytes, tickets: Iterable[bytes], *, added: Collection[bytes] = ()) -> list[bytes]:
    """The tickets in drawn order, the first winner first. Tickets `added` to the list later come after all others."""
    last = frozenset(added)
    return sorted(tickets, key=lambda ticket: (ticket in last, hmac.digest(seed, ticket, "sha256"), ticket))
