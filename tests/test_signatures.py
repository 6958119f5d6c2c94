"""Signatures and public keys as they are written down."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.signatures import KeysUnreadable, PublicKeys, Signature, is_signed, public_key_of, read_public_keys, sign

PRIVATE = bytes(range(32))
PUBLIC = public_key_of(PRIVATE)


def test_a_signature_is_the_same_each_time() -> None:
    assert sign(PRIVATE, b"message") == sign(PRIVATE, b"message")
    assert sign(PRIVATE, b"message") == Signature(
        "56475aa75463474c",
        "Ed25519",
        sign(PRIVATE, b"message").value,
    )


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_a_signature_holds_for_its_message_alone(message: bytes, other: bytes) -> None:
    signature = sign(PRIVATE, message)
    assert is_signed(message, signature, [PUBLIC])
    assert is_signed(other, signature, [PUBLIC]) == (other == message)


@pytest.mark.parametrize("value", ["", "AAAA", "not base64", "=" * 88, "é"])
def test_what_is_no_signature_is_not_signed(value: str) -> None:
    assert not is_signed(b"", Signature(PUBLIC.key_id, "Ed25519", value), [PUBLIC])


def test_another_spelling_of_a_signature_is_refused() -> None:
    signature = sign(PRIVATE, b"message")
    assert not is_signed(b"message", msgspec.structs.replace(signature, value=signature.value + "\n"), [PUBLIC])
    loose = signature.value[:-3] + chr(ord(signature.value[-3]) + 1) + "=="
    assert base64.b64decode(loose) == base64.b64decode(signature.value)
    assert not is_signed(b"message", msgspec.structs.replace(signature, value=loose), [PUBLIC])


def test_keys_are_read_in_each_form_in_which_they_are_given() -> None:
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
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(KeysUnreadable):
        read_public_keys(text)
