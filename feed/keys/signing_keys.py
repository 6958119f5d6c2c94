"""The signing keys in a site's key store: the current one first, then all former ones."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from feed.keys.signatures import Moment, PublicKey, public_key_of

KEY_BYTES = 32
# A rotated key stays valid for documents that were being signed, and for differing clocks of database and key store.
OVERLAP = timedelta(hours=1)


class KeyMalformed(ValueError):
    """A key that is not 32 bytes in base64, or no key at all."""


class SigningKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """A signing key in base64 and its validity."""

    key: str
    valid_from: Moment | None = None
    valid_until: Moment | None = None


def key_pairs(keys: Sequence[SigningKey]) -> list[tuple[bytes, PublicKey]]:
    """Each private key with its public key. Raises KeyMalformed."""
    if not keys:
        raise KeyMalformed("no signing key")
    pairs = []
    for each in keys:
        private = decode_key(each.key)
        pairs.append((private, public_key_of(private, valid_from=each.valid_from, valid_until=each.valid_until)))
    return pairs


def with_new_key(keys: Sequence[SigningKey], new: str, at: datetime) -> list[SigningKey]:
    """The keys after a rotation: `new` (base64) is current from `at` on, the former current one ends after OVERLAP."""
    current, *former = keys
    retired = msgspec.structs.replace(current, valid_until=at + OVERLAP)
    return [SigningKey(new, valid_from=at), retired, *former]


def decode_key(text: str) -> bytes:
    """The 32 bytes of a key in base64. Raises KeyMalformed."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyMalformed("a key in the store is not 32 bytes of base64; restore the store from its backup")
    return key
