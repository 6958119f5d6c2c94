"""Signatures, public keys and signed documents."""

import base64
import hashlib
from functools import partial

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from feed.keys.signatures import (
    KeysUnreadable,
    PublicKeys,
    Signature,
    canonical,
    is_document_signed,
    is_signed,
    public_key_of,
    read_public_keys,
    sha256_of,
    sign,
    sign_document,
)

PRIVATE = bytes(range(32))
PUBLIC = public_key_of(PRIVATE)


def test_signatures_are_deterministic() -> None:
    assert sign(PRIVATE, b"message") == sign(PRIVATE, b"message")
    assert sign(PRIVATE, b"message") == Signature(
        "56475aa75463474c",
        "Ed25519",
        sign(PRIVATE, b"message").value,
    )


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_a_signature_is_valid_for_its_message_only(message: bytes, other: bytes) -> None:
    signature = sign(PRIVATE, message)
    assert is_signed(message, signature, [PUBLIC])
    assert is_signed(other, signature, [PUBLIC]) == (other == message)


@pytest.mark.parametrize("value", ["", "AAAA", "not base64", "=" * 88, "é"])
def test_a_malformed_signature_is_invalid(value: str) -> None:
    assert not is_signed(b"", Signature(PUBLIC.key_id, "Ed25519", value), [PUBLIC])


def test_a_signature_in_non_canonical_base64_is_invalid() -> None:
    signature = sign(PRIVATE, b"message")
    assert not is_signed(b"message", msgspec.structs.replace(signature, value=signature.value + "\n"), [PUBLIC])
    loose = signature.value[:-3] + chr(ord(signature.value[-3]) + 1) + "=="
    assert base64.b64decode(loose) == base64.b64decode(signature.value)
    assert not is_signed(b"message", msgspec.structs.replace(signature, value=loose), [PUBLIC])


class Document(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    counts: dict[str, int]
    lines: list[Signature]
    # Absent if unset.
    note: str | msgspec.UnsetType = msgspec.UNSET
    winner: str | None = None


class Signed(Document, frozen=True, kw_only=True):
    signature: Signature


documents = st.builds(
    Document,
    title=st.text(),
    counts=st.dictionaries(st.text("abzABZ_09", max_size=3), st.integers(-(2**53) + 1, 2**53 - 1), max_size=5),
    lines=st.lists(st.builds(Signature, st.text(), st.just("Ed25519"), st.text()), max_size=2),
    note=st.text() | st.just(msgspec.UNSET),
    winner=st.text() | st.none(),
)


@given(documents)
def test_a_document_is_canonical_and_signed_by_rfc_8785(document: Document) -> None:
    plain = msgspec.to_builtins(document)
    assert canonical(document) == rfc8785.dumps(plain)
    signature = msgspec.to_builtins(sign(PRIVATE, rfc8785.dumps(plain)))
    text = sign_document(document, partial(sign, PRIVATE))
    assert text == rfc8785.dumps(plain | {"signature": signature})
    assert is_document_signed(msgspec.json.decode(text, type=Signed), [PUBLIC])
    assert sha256_of(text) == hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize(
    "change",
    [{"title": "b"}, {"counts": {}}, {"lines": []}, {"note": msgspec.UNSET}, {"note": ""}, {"winner": ""}],
)
def test_a_signature_covers_every_member_of_a_document(change: dict[str, object]) -> None:
    line = sign(PRIVATE, b"line")
    document = Document(title="a", counts={"a": 1}, lines=[line], note="c")
    signed = msgspec.json.decode(sign_document(document, partial(sign, PRIVATE)), type=Signed)
    assert is_document_signed(signed, [public_key_of(bytes(32)), PUBLIC])
    assert not is_document_signed(signed, [public_key_of(bytes(32))])
    assert not is_document_signed(msgspec.structs.replace(signed, **change), [PUBLIC])
    assert not is_document_signed(msgspec.structs.replace(signed, signature=line), [PUBLIC])


def test_public_keys_are_read_in_each_format() -> None:
    one = msgspec.json.encode(PUBLIC).decode()
    several = msgspec.json.encode(PublicKeys((PUBLIC,))).decode()
    for text in (PUBLIC.public_key, f"\n{PUBLIC.public_key}\n", one, several):
        assert read_public_keys(text) == (PUBLIC,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "{",
        '{"keys": []}',
        '{"keys": 1}',
        "AAAA",
        "not a key",
        PUBLIC.public_key + "AAAA",
        '{"key_id": "x", "public_key": "AAAA"}',
        f'{{"key_id": "0000000000000000", "public_key": "{PUBLIC.public_key}"}}',
        f'{{"key_id": "{PUBLIC.key_id}", "public_key": "{PUBLIC.public_key}", "algorithm": "none"}}',
    ],
)
def test_a_malformed_key_is_rejected(text: str) -> None:
    with pytest.raises(KeysUnreadable):
        read_public_keys(text)
