"""Campaign keys wrapped by a KMS: key files are useless without it, and after it has deleted its key."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from feed.environment import read_settings
from feed.keys.files import KeysMissing
from feed.keys.kms import KmsAway
from feed.keys.store import KeyDestroyed, Keys, open_keys
from feed.keys.vault import Vault, open_kms
from feed.settings import MissingSetting
from tests.support.fake_vault import TOKEN, FakeVault, vaulting

REQUIRED = {"FEED_DATABASE_URL": "postgresql://x", "FEED_REDIS_URL": "redis://x", "FEED_KEYS_DIR": "/keys"}


@pytest.fixture
def fake() -> Iterator[FakeVault]:
    with vaulting() as made:
        yield made


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def vault(fake: FakeVault, token: Path) -> Vault:
    return Vault(fake.url, token_file=token)


@pytest.fixture
def store(tmp_path: Path, vault: Vault) -> Keys:
    return open_keys(tmp_path / "keys", create=True, kms=vault)


def reopened(store: Keys, vault: Vault | None) -> Keys:
    """Another process with the same store."""
    return open_keys(store._directory, create=False, kms=vault)


def test_a_key_is_stored_wrapped_and_unwrapped_again(store: Keys, vault: Vault, fake: FakeVault) -> None:
    key = store.campaign_key(7, create=True)
    assert len(key) == 32
    [name] = fake.keys
    assert name.startswith("feed-")
    assert name.endswith("-7")
    stored = (store._directory / "campaigns" / "7.key").read_text()
    assert stored.startswith("kms:vault:v1:")
    assert reopened(store, vault).campaign_key(7) == key
    # Unwrapped keys are cached.
    asked = len(fake.asked)
    assert store.campaign_key(7) == key
    assert len(fake.asked) == asked


def test_a_cached_key_is_unwrapped_again_after_its_time(
    store: Keys, fake: FakeVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = store.campaign_key(7, create=True)
    monkeypatch.setattr("feed.keys.store._CACHE_SECONDS", 0.0)
    fresh = open_keys(store._directory, create=False, kms=store._kms)
    assert [fresh.campaign_key(7) for _ in range(2)] == [key, key]
    assert [path for _, path in fake.asked].count(f"transit/decrypt/{next(iter(fake.keys))}") == 3


def test_a_destroyed_key_cannot_be_unwrapped_from_a_copy(store: Keys, vault: Vault, fake: FakeVault) -> None:
    store.campaign_key(7, create=True)
    path = store._directory / "campaigns" / "7.key"
    copy = path.read_bytes()
    assert store.destroy_campaign_key(7)
    assert not store.destroy_campaign_key(7)
    assert fake.keys == {}
    with pytest.raises(KeyDestroyed):
        store.campaign_key(7, create=True)
    # A restored backup without the marker, and a process without a cache.
    (store._directory / "campaigns" / "7.gone").unlink()
    path.write_bytes(copy)
    path.chmod(0o600)
    with pytest.raises(KmsAway):
        reopened(store, vault).campaign_key(7)


def test_a_key_that_was_never_created_can_be_destroyed(store: Keys, fake: FakeVault) -> None:
    assert store.destroy_campaign_key(7)
    with pytest.raises(KeyDestroyed):
        store.campaign_key(7, create=True)
    assert fake.keys == {}


@pytest.mark.parametrize("trouble", ["sealed", "broken", "forbidden", "hangs", "babbles"])
def test_an_outage_of_the_kms_loses_nothing(store: Keys, fake: FakeVault, trouble: str) -> None:
    fake.trouble = [trouble]
    with pytest.raises(KmsAway) as away:
        store.campaign_key(7, create=True)
    assert away.value.params == {"retry_after": 30}
    assert TOKEN not in str(away.value.__notes__)
    key = store.campaign_key(7, create=True)
    fake.trouble = [trouble]
    with pytest.raises(KmsAway):
        store.destroy_campaign_key(7)
    # With the marker the key is not used, even before the KMS has deleted it.
    fake.trouble = [trouble]
    with pytest.raises((KeyDestroyed, KmsAway)):
        store.campaign_key(7)
    store.destroy_campaign_key(7)
    assert fake.keys == {}
    assert len(key) == 32


def test_an_unreachable_kms_is_an_error(store: Keys, token: Path) -> None:
    with vaulting() as gone:
        pass
    lost = open_keys(store._directory, create=False, kms=Vault(gone.url, token_file=token))
    with pytest.raises(KmsAway):
        lost.campaign_key(7, create=True)
    assert not (store._directory / "campaigns" / "7.key").exists()


def test_a_wrong_mount_is_not_mistaken_for_a_missing_key(fake: FakeVault, token: Path, store: Keys) -> None:
    store.campaign_key(7, create=True)
    elsewhere = Vault(fake.url, token_file=token, mount="secret")
    with pytest.raises(KmsAway):
        reopened(store, elsewhere).destroy_campaign_key(7)
    assert len(fake.keys) == 1
    store.destroy_campaign_key(7)
    assert fake.keys == {}


def test_concurrent_processes_create_the_same_key(store: Keys, vault: Vault) -> None:
    others = [reopened(store, vault) for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        made = set(threads.map(lambda keys: keys.campaign_key(7, create=True), others))
    assert len(made) == 1


def test_a_kill_between_kms_and_file_leaves_the_key_to_the_next_try(store: Keys, fake: FakeVault) -> None:
    child = os.fork()
    if not child:
        os.link = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        store.campaign_key(7, create=True)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert len(fake.keys) == 1
    assert len(store.campaign_key(7, create=True)) == 32


def test_an_unwrapped_key_stays_readable_with_a_kms(tmp_path: Path, vault: Vault, fake: FakeVault) -> None:
    plain = open_keys(tmp_path / "keys", create=True)
    key = plain.campaign_key(7, create=True)
    wrapping = reopened(plain, vault)
    assert wrapping.campaign_key(7) == key
    assert wrapping.destroy_campaign_key(7)
    assert fake.keys == {}


def test_a_wrapped_key_without_a_kms_names_the_missing_setting(store: Keys) -> None:
    store.campaign_key(7, create=True)
    bare = reopened(store, None)
    for ask in (bare.campaign_key, bare.destroy_campaign_key):
        with pytest.raises(KmsAway) as away:
            ask(7)
        assert "FEED_KMS_URL" in away.value.__notes__[0]
    with pytest.raises(KeysMissing):
        store.campaign_key(8)


@pytest.mark.parametrize(("content", "mode"), [("", 0o600), ("two words", 0o600), (TOKEN, 0o644), (None, 0)])
def test_an_invalid_token_is_not_sent(fake: FakeVault, token: Path, content: str | None, mode: int) -> None:
    if content is None:
        token.unlink()
    else:
        token.write_text(content)
        token.chmod(mode)
    with pytest.raises(KmsAway) as away:
        Vault(fake.url, token_file=token).check()
    assert "FEED_KMS_TOKEN_FILE" in away.value.__notes__[0]
    assert fake.asked == []


def test_a_renewed_token_is_read_from_its_file(fake: FakeVault, token: Path, vault: Vault) -> None:
    token.write_text("hvs.old")
    with pytest.raises(KmsAway):
        vault.check()
    token.write_text(TOKEN)
    vault.check()
    assert TOKEN not in repr(vault)


def test_settings_of_a_kms_are_complete_or_absent(token: Path) -> None:
    assert open_kms(read_settings(REQUIRED)) is None
    with pytest.raises(MissingSetting, match="FEED_KMS_TOKEN_FILE"):
        read_settings(REQUIRED | {"FEED_KMS_URL": "https://vault.example.cn"})
    with pytest.raises(ValueError, match="https"):
        read_settings(REQUIRED | {"FEED_KMS_URL": "http://vault.example.cn", "FEED_KMS_TOKEN_FILE": str(token)})
    found = read_settings(REQUIRED | {"FEED_KMS_URL": "https://vault.example.cn", "FEED_KMS_TOKEN_FILE": str(token)})
    assert isinstance(open_kms(found), Vault)
