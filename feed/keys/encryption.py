"""Encryption of columns: AES-256-GCM (NIST SP 800-38D), bound to row and column."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
# The first byte of a ciphertext; another cipher will have another number.
_FORMAT = b"\x01"


def seal(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """Encrypts under a 32-byte key with a random nonce; `aad` names row and column, so that a ciphertext cannot be moved."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _FORMAT + nonce + AESGCM(key).encrypt(nonce, plaintext, aad)


def open_sealed(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """The plaintext. Raises InvalidTag for another key, another `aad` or a modified ciphertext."""
    start = len(_FORMAT)
    if not sealed.startswith(_FORMAT) or len(sealed) < start + _NONCE_BYTES:
        raise InvalidTag
    return AESGCM(key).decrypt(sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :], aad)
