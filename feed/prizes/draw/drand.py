"""The public random beacon drand: which round counts, and whether a value was signed by its chain.

Rounds, messages and randomness follow the drand specification (https://docs.drand.love/docs/specification); hashing to the
curve follows RFC 9380.
"""

import hashlib
from datetime import UTC, datetime, timedelta

import msgspec
from py_arkworks_bls12381 import GT, G1Point, G2Point

_DST = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
_SIGNATURE_BYTES = 48
_MICROSECOND = timedelta(microseconds=1)


class Chain(msgspec.Struct, frozen=True):
    """A chain of the scheme `bls-unchained-g1-rfc9380`: signatures in G1, the public key in G2."""

    sha256: str
    public_key: bytes
    genesis_at: datetime
    period: timedelta


QUICKNET = Chain(
    sha256="52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
    public_key=bytes.fromhex(
        "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
        "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
    ),
    genesis_at=datetime.fromtimestamp(1692803367, UTC),
    period=timedelta(seconds=3),
)


def first_round(chain: Chain, not_before: datetime) -> int:
    """The first round that appears at `not_before` or later."""
    elapsed = (not_before - chain.genesis_at) // _MICROSECOND
    period = chain.period // _MICROSECOND
    return max(1, -(-elapsed // period) + 1)


def time_of(chain: Chain, round_: int) -> datetime:
    """When the round is published."""
    return chain.genesis_at + (round_ - 1) * chain.period


def is_signed(chain: Chain, round_: int, signature: bytes) -> bool:
    """Whether the chain's key has signed this round.

    Only the canonical encoding of a point is valid, and the point at infinity is not.
    """
    message = hashlib.sha256(round_.to_bytes(8, "big")).digest()
    try:
        key = G2Point.from_compressed_bytes(chain.public_key)
        point = G1Point.from_compressed_bytes(signature)
    except ValueError:
        return False
    if len(signature) != _SIGNATURE_BYTES or point.to_compressed_bytes() != signature:
        return False
    if point == G1Point.identity() or key == G2Point.identity():
        return False
    # e(signature, g2) = e(H(message), key)
    return GT.pairing_check([point, -G1Point.hash_to_curve(message, _DST)], [G2Point(), key])


def value_of(signature: bytes) -> str:
    """The random value of a round as drand serves it: the SHA-256 of the signature in hexadecimal."""
    return hashlib.sha256(signature).hexdigest()
