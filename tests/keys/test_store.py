"""The key store: creation, access rights, campaign keys, signing keys and encryption."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from feed.keys.encryption import open_sealed, seal
from feed.keys.files import KeysDamaged, KeysExposed, KeysMissing, KeyStoreError
from feed.keys.signatures import is_signed, read_public_keys
from feed.keys.signing_keys import OVERLAP
from feed.keys.store import KeyDestroyed, open_keys

KEY = bytes(range(32))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "钥匙 keys" / "site"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_store_is_private_to_its_owner(store: Path) -> None:
    old = os.umask(0)
    try:
        open_keys(store, create=True).campaign_key(7, create=True)
    finally:
        os.umask(old)
    assert mode(store) == mode(store / "campaigns") == 0o700
    assert mode(store / "site.json") == mode(store / "campaigns" / "7.key") == 0o600
    assert sorted(path.name for path in store.iterdir()) == ["campaigns", "site.json"]


def test_a_store_opened_again_has_the_same_keys(store: Path) -> None:
    first, second = open_keys(store, create=True), open_keys(store, create=True)
    third = open_keys(store, create=False)
    assert first.token_key == second.token_key == third.token_key
    assert first.cursor_key == second.cursor_key
    assert first.person_of("+8613800138000") == second.person_of("+8613800138000")
    assert first.public_keys() == second.public_keys()
    assert second.open(first.seal(b"secret", aad=b"a"), aad=b"a") == b"secret"


def test_the_keys_of_a_store_differ(store: Path) -> None:
    open_keys(store, create=True)
    site = msgspec.json.decode((store / "site.json").read_bytes())
    keys = [site["token"], site["cursor"], site["person"], site["seal"], *(each["key"] for each in site["signing"])]
    assert len(set(keys)) == 5


def test_a_missing_store_is_not_created_without_create(store: Path) -> None:
    with pytest.raises(KeysMissing, match="FEED_KEYS_DIR"):
        open_keys(store, create=False)
    assert not store.exists()


def test_an_existing_empty_directory_becomes_private(store: Path) -> None:
    store.mkdir(parents=True)
    store.chmod(0o755)
    open_keys(store, create=True)
    assert mode(store) == 0o700


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666])
def test_a_key_file_with_access_for_others_is_rejected(store: Path, bits: int) -> None:
    open_keys(store, create=True)
    (store / "site.json").chmod(bits)
    with pytest.raises(KeysExposed, match="chmod 600"):
        open_keys(store, create=True)


def test_a_directory_with_access_for_others_is_rejected(store: Path) -> None:
    open_keys(store, create=True)
    store.chmod(0o750)
    with pytest.raises(KeysExposed, match="chmod 700"):
        open_keys(store, create=False)


def test_a_campaign_key_with_access_for_others_is_rejected(store: Path) -> None:
    keys = open_keys(store, create=True)
    keys.campaign_key(1, create=True)
    (store / "campaigns" / "1.key").chmod(0o644)
    with pytest.raises(KeysExposed):
        keys.campaign_key(1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"token": "AAAA", "cursor": "AAAA", "person": "AAAA", "seal": "AAAA", "signing": [{"key": "AAAA"}]}',
        b'{"token": 1}',
        b"\xff",
    ],
)
def test_a_damaged_store_is_rejected_and_not_changed(store: Path, content: bytes) -> None:
    open_keys(store, create=True)
    (store / "site.json").write_bytes(content)
    with pytest.raises(KeysDamaged):
        open_keys(store, create=True)
    assert (store / "site.json").read_bytes() == content


def test_a_store_of_0_1_0_opens_with_the_same_keys(store: Path) -> None:
    made = open_keys(store, create=True)
    path = store / "site.json"
    site = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode({**site, "signing": [each["key"] for each in site["signing"]]}))
    opened = open_keys(store, create=False)
    assert opened.signing_key() == made.signing_key()
    rotated = opened.rotate_signing_key(datetime(2026, 11, 1, tzinfo=UTC))
    assert open_keys(store, create=False).signing_key() == rotated


def test_a_store_without_a_signing_key_is_rejected(store: Path) -> None:
    open_keys(store, create=True)
    site = msgspec.json.decode((store / "site.json").read_bytes())
    (store / "site.json").write_bytes(msgspec.json.encode({**site, "signing": []}))
    with pytest.raises(KeysDamaged):
        open_keys(store, create=True)


def test_a_file_instead_of_a_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("")
    with pytest.raises(KeyStoreError, match="cannot be used"):
        open_keys(tmp_path / "keys", create=True)


def test_the_repr_shows_no_secrets(store: Path) -> None:
    keys = open_keys(store, create=True)
    assert repr(keys) == f"Keys({str(store)!r})"


def test_concurrent_threads_create_one_store(store: Path) -> None:
    opened = [open_keys]
    seen: set[bytes] = set()
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        keys = opened[0](store, create=True)
        seen.add(keys.token_key + keys.campaign_key(3, create=True))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 1


def test_concurrent_processes_create_one_store(store: Path) -> None:
    code = (
        "import sys, pathlib; from feed.keys.store import open_keys;"
        "keys = open_keys(pathlib.Path(sys.argv[1]), create=True);"
        "print(keys.token_key.hex(), keys.campaign_key(3, create=True).hex())"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(store)], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    printed = {process.communicate(timeout=60)[0] for process in started}
    assert [process.returncode for process in started] == [0] * 4
    assert len(printed) == 1
    assert sorted(path.name for path in store.iterdir()) == ["campaigns", "site.json"]


def test_a_campaign_key_is_created_on_demand(store: Path) -> None:
    keys = open_keys(store, create=True)
    with pytest.raises(KeysMissing):
        keys.campaign_key(1)
    one = keys.campaign_key(1, create=True)
    assert keys.campaign_key(1) == keys.campaign_key(1, create=True) == one
    assert keys.campaign_key(2, create=True) != one
    assert len(one) == 32


def test_a_destroyed_campaign_key_is_never_created_again(store: Path) -> None:
    keys = open_keys(store, create=True)
    keys.campaign_key(1, create=True)
    assert keys.destroy_campaign_key(1)
    assert not keys.destroy_campaign_key(1)
    for create in (False, True):
        with pytest.raises(KeyDestroyed):
            keys.campaign_key(1, create=create)
    assert not (store / "campaigns" / "1.key").exists()


def test_a_key_can_be_destroyed_before_it_was_created(store: Path) -> None:
    keys = open_keys(store, create=True)
    assert keys.destroy_campaign_key(9)
    with pytest.raises(KeyDestroyed):
        keys.campaign_key(9, create=True)


def test_a_destruction_interrupted_after_its_marker_is_completed(store: Path) -> None:
    keys = open_keys(store, create=True)
    keys.campaign_key(1, create=True)
    (store / "campaigns" / "1.gone").touch(mode=0o600)
    with pytest.raises(KeyDestroyed):
        keys.campaign_key(1)
    assert not (store / "campaigns" / "1.key").exists()


def test_a_person_is_the_same_for_one_phone_and_differs_between_sites(store: Path, tmp_path: Path) -> None:
    here, elsewhere = open_keys(store, create=True), open_keys(tmp_path / "other", create=True)
    assert here.person_of("+8613800138000") != here.person_of("+8613800138001")
    assert here.person_of("+8613800138000") != elsewhere.person_of("+8613800138000")
    assert len(here.person_of("+8613800138000")) == 32


def test_a_signature_is_verified_with_the_public_keys(store: Path, tmp_path: Path) -> None:
    here, elsewhere = open_keys(store, create=True), open_keys(tmp_path / "other", create=True)
    signature = here.sign(b"message")
    assert is_signed(b"message", signature, here.public_keys().keys)
    assert not is_signed(b"another", signature, here.public_keys().keys)
    assert not is_signed(b"message", signature, elsewhere.public_keys().keys)
    assert signature.key_id == here.signing_key().key_id


def test_an_older_signing_key_still_verifies_after_a_rotation(store: Path, tmp_path: Path) -> None:
    before = open_keys(store, create=True)
    signature = before.sign(b"message")
    open_keys(tmp_path / "other", create=True)
    site = msgspec.json.decode((store / "site.json").read_bytes())
    other = msgspec.json.decode((tmp_path / "other" / "site.json").read_bytes())
    site["signing"] = other["signing"] + site["signing"]
    (store / "site.json").write_bytes(msgspec.json.encode(site))
    after = open_keys(store, create=False)
    assert after.sign(b"message").key_id != signature.key_id
    assert is_signed(b"message", signature, after.public_keys().keys)
    assert is_signed(b"message", after.sign(b"message"), after.public_keys().keys)


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_a_ciphertext_is_decrypted_with_the_same_aad(plaintext: bytes, aad: bytes) -> None:
    sealed = seal(KEY, plaintext, aad)
    assert open_sealed(KEY, sealed, aad) == plaintext
    assert len(sealed) == len(plaintext) + 29
    assert seal(KEY, plaintext, aad) != sealed


@given(st.binary(max_size=40), st.data())
def test_a_modified_ciphertext_is_rejected(plaintext: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, plaintext, b"claim:1"))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InvalidTag):
        open_sealed(KEY, bytes(sealed), b"claim:1")


def test_a_ciphertext_is_bound_to_its_key_and_aad() -> None:
    sealed = seal(KEY, b"secret", b"claim:1")
    for key, aad, value in (
        (KEY, b"claim:2", sealed),
        (KEY[::-1], b"claim:1", sealed),
        (KEY, b"claim:1", sealed[:-1]),
        (KEY, b"claim:1", sealed[:5]),
        (KEY, b"claim:1", b""),
        (KEY, b"claim:1", b"\x02" + sealed[1:]),
    ):
        with pytest.raises(InvalidTag):
            open_sealed(key, value, aad)


def test_a_rotation_takes_effect_in_open_stores_and_keeps_former_keys(store: Path) -> None:
    running, operator = open_keys(store, create=True), open_keys(store, create=False)
    first = running.sign(b"result")
    at = datetime(2026, 9, 1, tzinfo=UTC)

    rotated = operator.rotate_signing_key(at)

    second = running.sign(b"result")
    assert second.key_id == rotated.key_id != first.key_id
    current, former = running.public_keys().keys
    assert (current.key_id, current.valid_from, current.valid_until) == (second.key_id, at, None)
    assert (former.key_id, former.valid_from, former.valid_until) == (first.key_id, None, at + OVERLAP)
    for signature in (first, second):
        assert is_signed(b"result", signature, running.public_keys().keys)
    served = msgspec.json.encode(running.public_keys())
    assert read_public_keys(served.decode()) == (current, former)
    assert running.token_key == open_keys(store, create=False).token_key
    assert not [path for path in store.iterdir() if path.name.startswith(".")]


def test_concurrent_rotations_lose_no_key(store: Path) -> None:
    open_keys(store, create=True)
    at = datetime(2026, 9, 1, tzinfo=UTC)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: open_keys(store, create=False).rotate_signing_key(at), range(8)))
    key_ids = {key.key_id for key in open_keys(store, create=False).public_keys().keys}
    assert len(key_ids) == 9
    assert {key.key_id for key in made} <= key_ids


def test_an_open_store_keeps_its_keys_while_the_file_is_missing(store: Path) -> None:
    keys = open_keys(store, create=True)
    signature = keys.sign(b"result")
    (store / "site.json").rename(store / "gone.json")
    assert keys.sign(b"result") == signature
    (store / "gone.json").rename(store / "site.json")
    assert keys.sign(b"result") == signature
