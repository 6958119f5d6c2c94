"""Ed25519 signatures, the public keys that check them, and canonical JSON documents (RFC 8785) that bear their signature."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ALGORITHM: Literal["Ed25519"] = "Ed25519"
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signature and the key that made it. `value` is base64."""

    key_id: str
    algorithm: Literal["Ed25519"]
    value: str


class PublicKey(msgspec.Struct, frozen=True):
    """A public key as `/.well-known/feed-keys.json` serves it; the raw 32 bytes in base64.

    It signs nothing that is dated at `valid_until` or later. The current key has no end, and the first one no beginning.
    """

    key_id: str
    public_key: str
    algorithm: Literal["Ed25519"] = ALGORITHM
    valid_from: Moment | None = None
    valid_until: Moment | None = None


class PublicKeys(msgspec.Struct, frozen=True):
    """All keys by which this site has signed, the current one first."""

    keys: tuple[PublicKey, ...]


class KeysUnreadable(ValueError):
    """The text names no Ed25519 public key."""


def public_key_of(
    private: bytes, *, valid_from: datetime | None = None, valid_until: datetime | None = None
) -> PublicKey:
    """The public half. The id is a hash of the key, so a key cannot be passed off under another's id."""
    raw = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    return PublicKey(_id_of(raw), base64.b64encode(raw).decode(), ALGORITHM, valid_from, valid_until)


def sign(private: bytes, message: bytes) -> Signature:
    """The signature of `message`; the same each time."""
    value = Ed25519PrivateKey.from_private_bytes(private).sign(message)
    return Signature(public_key_of(private).key_id, ALGORITHM, base64.b64encode(value).decode())


def is_signed(message: bytes, signature: Signature, keys: Sequence[PublicKey]) -> bool:
    """Whether one of `keys` made the signature. False when the one it names is not among them."""
    for key in keys:
        if key.key_id == signature.key_id:
            try:
                Ed25519PublicKey.from_public_bytes(_public_bytes(key)).verify(_exact_base64(signature.value), message)
            except (InvalidSignature, ValueError):
                return False
            return True
    return False


def canonical(document: msgspec.Struct | dict[str, Any]) -> bytes:
    """The only spelling of a document by RFC 8785.

    Names of our documents are ASCII and numbers are whole and below 2**53: sorted by names, msgspec writes what the standard asks for, a
    hundred times as fast as a library in Python.
    """
    return msgspec.json.encode(document, order="sorted")


def sign_document(document: msgspec.Struct, sign: Callable[[bytes], Signature]) -> bytes:
    """The document as it is kept and published: canonical, with a member `signature` over the canonical form of all others."""
    members = _members(document)
    return canonical(members | {"signature": sign(canonical(members))})


def is_document_signed(document: msgspec.Struct, keys: Sequence[PublicKey]) -> bool:
    """Whether one of `keys` has made the `signature` of a document, over all other members as they are now."""
    members = _members(document)
    signature: Signature = members.pop("signature")
    return is_signed(canonical(members), signature, keys)


def sha256_of(document: bytes) -> str:
    """By which documents name each other, hexadecimal: the hash of all of the bytes, the signature included."""
    return hashlib.sha256(document).hexdigest()


def read_public_keys(text: str) -> tuple[PublicKey, ...]:
    """Keys out of a keys document, a single key's JSON, or one key in base64. Raises KeysUnreadable."""
    try:
        keys = _decode_keys(text.strip())
        for key in keys:
            if key.key_id != _id_of(_public_bytes(key)):
                raise KeysUnreadable(f"key {key.key_id} does not have the id of its bytes")
    except KeysUnreadable:
        raise
    except (msgspec.MsgspecError, ValueError) as error:
        raise KeysUnreadable(str(error)) from None
    if not keys:
        raise KeysUnreadable("no key")
    return keys


def _decode_keys(text: str) -> tuple[PublicKey, ...]:
    if not text.startswith("{"):
        return (PublicKey(_id_of(_exact_base64(text)), text),)
    document = msgspec.json.decode(text, type=dict[str, object])
    if "keys" in document:
        return msgspec.convert(document, PublicKeys).keys
    return (msgspec.convert(document, PublicKey),)


def _members(document: msgspec.Struct) -> dict[str, Any]:
    # Not `to_builtins`: a sheet of a hundred thousand rows would be built a second time.
    named = {name: getattr(document, name) for name in document.__struct_fields__}
    return {name: value for name, value in named.items() if value is not msgspec.UNSET}


def _public_bytes(key: PublicKey) -> bytes:
    raw = _exact_base64(key.public_key)
    Ed25519PublicKey.from_public_bytes(raw)
    return raw


def _id_of(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def _exact_base64(text: str) -> bytes:
    """Decodes the one spelling that encoding would give: no white space, no loose bits at the end."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from None
    if base64.b64encode(raw).decode() != text:
        raise ValueError("not canonical base64")
    return raw
