"""Ed25519 signatures (RFC 8032), their public keys, and signed documents in canonical JSON (RFC 8785)."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ALGORITHM: Literal["Ed25519"] = "Ed25519"
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signature and the id of its key. `value` is base64."""

    key_id: str
    algorithm: Literal["Ed25519"]
    value: str


class PublicKey(msgspec.Struct, frozen=True):
    """A public key as in `/.well-known/feed-keys.json`; `public_key` is the raw 32 bytes in base64.

    It does not sign documents dated at `valid_until` or later. The current key has no `valid_until`, the first no `valid_from`.
    """

    key_id: str
    public_key: str
    algorithm: Literal["Ed25519"] = ALGORITHM
    valid_from: Moment | None = None
    valid_until: Moment | None = None


class PublicKeys(msgspec.Struct, frozen=True):
    """All signing keys of this site, the current one first."""

    keys: tuple[PublicKey, ...]


class KeysUnreadable(ValueError):
    """The text does not contain Ed25519 public keys."""


def public_key_of(
    private: bytes, *, valid_from: datetime | None = None, valid_until: datetime | None = None
) -> PublicKey:
    """The public key of a private one. Its id is a hash of the key, so that no other key can have the same id."""
    raw = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    return PublicKey(_id_of(raw), base64.b64encode(raw).decode(), ALGORITHM, valid_from, valid_until)


def sign(private: bytes, message: bytes) -> Signature:
    """The signature of `message`, which is deterministic."""
    value = Ed25519PrivateKey.from_private_bytes(private).sign(message)
    return Signature(public_key_of(private).key_id, ALGORITHM, base64.b64encode(value).decode())


def is_signed(message: bytes, signature: Signature, keys: Sequence[PublicKey]) -> bool:
    """Whether the signature is valid for the key that it names. False if that is not among `keys`."""
    for key in keys:
        if key.key_id == signature.key_id:
            try:
                Ed25519PublicKey.from_public_bytes(_public_bytes(key)).verify(_exact_base64(signature.value), message)
            except (InvalidSignature, ValueError):
                return False
            return True
    return False


def canonical(document: msgspec.Struct | dict[str, Any]) -> bytes:
    """The document in canonical form (RFC 8785, JCS).

    Names in our documents are ASCII, numbers are integers below 2**53: for these msgspec with sorted names writes the canonical
    form, a hundred times as fast as a library in Python.
    """
    return msgspec.json.encode(document, order="sorted")


def sign_document(
    document: msgspec.Struct, sign: Callable[[bytes], Signature], *, unsigned: Collection[str] = ()
) -> bytes:
    """The canonical document with a member `signature` over the canonical form of all other members but those `unsigned`."""
    return sign_in_parts(document, sign, unsigned=unsigned)[0]


def sign_in_parts(
    document: msgspec.Struct, sign: Callable[[bytes], Signature], *, unsigned: Collection[str]
) -> tuple[bytes, bytes]:
    """The signed document as of `sign_document`, and the same without the members `unsigned`."""
    members = _members(document)
    signed_part = _without(members, unsigned)
    signature = {"signature": sign(canonical(signed_part))}
    return canonical(members | signature), canonical(signed_part | signature)


def is_document_signed(document: msgspec.Struct, keys: Sequence[PublicKey], *, unsigned: Collection[str] = ()) -> bool:
    """Whether the member `signature` of a document is valid for one of `keys` and all other members but those `unsigned`."""
    members = _members(document)
    signature: Signature = members.pop("signature")
    return is_signed(canonical(_without(members, unsigned)), signature, keys)


def sha256_of(document: bytes) -> str:
    """The SHA-256 of a document with its signature, hexadecimal, by which documents refer to each other."""
    return hashlib.sha256(document).hexdigest()


def read_public_keys(text: str) -> tuple[PublicKey, ...]:
    """Parses a PublicKeys document, the JSON of one PublicKey, or one key in base64. Raises KeysUnreadable."""
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


def _without(members: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in names}


def _members(document: msgspec.Struct) -> dict[str, Any]:
    # Not `to_builtins`, which would copy a sheet of a hundred thousand rows.
    named = {name: getattr(document, name) for name in document.__struct_fields__}
    return {name: value for name, value in named.items() if value is not msgspec.UNSET}


def _public_bytes(key: PublicKey) -> bytes:
    raw = _exact_base64(key.public_key)
    Ed25519PublicKey.from_public_bytes(raw)
    return raw


def _id_of(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def _exact_base64(text: str) -> bytes:
    """Decodes canonical base64 only: no white space, no trailing bits. Raises ValueError."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from None
    if base64.b64encode(raw).decode() != text:
        raise ValueError("not canonical base64")
    return raw
