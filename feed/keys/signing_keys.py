"""The signing keys of a site as its key store writes them: the current one first, and behind it all that ever signed."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from feed.keys.signatures import Moment, PublicKey, public_key_of

KEY_BYTES = 32
# What was begun under a key may be finished under it, and the clocks of database and key store need not agree to the second.
OVERLAP = timedelta(hours=1)


class KeyMalformed(ValueError):
    """No 32 bytes of base64, or no key at all."""


class SigningKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """A signing key in base64, and the time of which it speaks."""

    key: str
    valid_from: Moment | None = None
    valid_until: Moment | None = None


def opened(kept: Sequence[SigningKey]) -> list[tuple[bytes, PublicKey]]:
    """Each key with its public half. Raises KeyMalformed."""
    if not kept:
        raise KeyMalformed("no signing key")
    found = []
    for each in kept:
        key = decoded(each.key)
        found.append((key, public_key_of(key, valid_from=each.valid_from, valid_until=each.valid_until)))
    return found


def rotated(kept: Sequence[SigningKey], fresh: str, at: datetime) -> list[SigningKey]:
    """The same keys behind a new one."""
    current, *former = kept
    retired = msgspec.structs.replace(current, valid_until=at + OVERLAP)
    return [SigningKey(fresh, valid_from=at), retired, *former]


def decoded(text: str) -> bytes:
    """The bytes of a key. Raises KeyMalformed."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyMalformed("a key in the store is not 32 bytes of base64; restore the store from its backup")
    return key
