"""Sealing under a key: AES-256-GCM, bound to the place of what is sealed."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
# The first byte of everything sealed; another number will mean another cipher or key.
_SEAL_FORMAT = b"\x01"


def seal(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """AES-256-GCM under a fresh nonce; `aad` names the row and column, so that a seal cannot be moved."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _SEAL_FORMAT + nonce + AESGCM(key).encrypt(nonce, plaintext, aad)


def open_sealed(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """What was sealed. Raises InvalidTag when key, place or a single byte differ."""
    start = len(_SEAL_FORMAT)
    if not sealed.startswith(_SEAL_FORMAT) or len(sealed) < start + _NONCE_BYTES:
        raise InvalidTag
    return AESGCM(key).decrypt(sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :], aad)
