"""The key store: secrets outside of Postgres, in private files.

site.json         the keys of tokens, cursors, person hashes and encrypted columns, and the signing keys
campaigns/ID.key  the key of one campaign's claims, created on demand, destroyed on schedule; with a KMS, wrapped by a key there
campaigns/ID.gone the marker that the campaign's key was destroyed; it is never created again
"""

import base64
import hmac
import secrets
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from feed.keys import files, signatures, signing_keys
from feed.keys.encryption import open_sealed, seal
from feed.keys.files import KeysDamaged, KeyStoreError
from feed.keys.fingerprints import campaign_name, fingerprint_of
from feed.keys.kms import Kms, kms_away
from feed.keys.signatures import PublicKey, PublicKeys, Signature
from feed.keys.signing_keys import KEY_BYTES, KeyMalformed, SigningKey

_SITE = "site.json"
# The prefix of a key that a KMS has wrapped; base64 contains no colon.
_WRAPPED_PREFIX = "kms:"
# How long an unwrapped key is cached. The marker of a destroyed key is read each time.
_CACHE_SECONDS = 60.0


class KeyDestroyed(KeyStoreError):
    """The campaign's key was destroyed: what it encrypted cannot be decrypted any more."""


class _SiteKeys(msgspec.Struct, frozen=True):
    """`site.json`. Keys are base64; the first signing key is the current one."""

    token: str
    cursor: str
    person: str
    seal: str
    signing: list[SigningKey]


class Keys:
    """The opened key store. Its repr shows no secrets."""

    def __init__(self, directory: Path, site: _SiteKeys, kms: Kms | None = None) -> None:
        self._directory = directory
        self._kms = kms
        self._unwrapped: dict[str, tuple[bytes, float]] = {}
        self.token_key = _decode_key(site.token)
        self.cursor_key = _decode_key(site.cursor)
        self._person_key = _decode_key(site.person)
        self._seal_key = _decode_key(site.seal)
        self._signing = _key_pairs(site)
        self._file_version = _file_version(directory)

    def __repr__(self) -> str:
        return f"Keys({str(self._directory)!r})"

    def person_of(self, phone: str) -> bytes:
        """The person of a phone (E.164): its HMAC-SHA256, which cannot be reversed without the key."""
        return hmac.digest(self._person_key, phone.encode(), "sha256")

    def subject_of(self, iss: str, sub: str) -> bytes:
        """The keyed hash of the subject of an issuer's tokens, for accounts that are erased."""
        return hmac.digest(self._person_key, b"subject\0" + iss.encode() + b"\0" + sub.encode(), "sha256")

    def name_key(self, skeleton: str) -> bytes:
        """What a name is looked up by: the HMAC-SHA256 of its skeleton, which cannot be reversed without the key."""
        return hmac.digest(self._person_key, f"name:{skeleton}".encode(), "sha256")

    def seal(self, plaintext: bytes, *, aad: bytes) -> bytes:
        """Encrypts with the site's key; `aad` names row and column."""
        return seal(self._seal_key, plaintext, aad)

    def open(self, sealed: bytes, *, aad: bytes) -> bytes:
        """Decrypts what `seal` returned for the same `aad`. Raises InvalidTag for another one and for a modified ciphertext."""
        return open_sealed(self._seal_key, sealed, aad)

    def sign(self, message: bytes) -> Signature:
        """Signs with the current key, also after a rotation by another process."""
        return signatures.sign(self._current()[0][0], message)

    def public_keys(self) -> PublicKeys:
        """All public signing keys, the current one first."""
        return PublicKeys(tuple(public for _, public in self._current()))

    def signing_key(self) -> PublicKey:
        """The public key of the current signing key."""
        return self._current()[0][1]

    def rotate_signing_key(self, at: datetime) -> PublicKey:
        """Creates a new current key at `at` and returns it. Former keys stay: their signatures remain verifiable."""
        with files.locked(self._directory):
            site = _read_site(self._directory)
            rotated = msgspec.structs.replace(site, signing=signing_keys.with_new_key(site.signing, _new_key(), at))
            files.replace(self._directory / _SITE, msgspec.json.encode(rotated))
        return self.signing_key()

    def _current(self) -> list[tuple[bytes, PublicKey]]:
        """The signing keys, read again when the file has changed: a rotation takes effect in running processes."""
        version = _file_version(self._directory)
        if version != self._file_version:
            # While the file is missing or being restored, the cached keys stay in use.
            with suppress(KeyStoreError, OSError):
                self._signing, self._file_version = _key_pairs(_read_site(self._directory)), version
        return self._signing

    def campaign_key(self, campaign_id: int, *, create: bool = False) -> bytes:
        """The key of a campaign's claims. With a KMS the call blocks: call it in a thread.

        Raises KeyDestroyed, KmsAway, KeyStoreError, and KeysMissing without `create`.
        """
        path = self._campaign_path(campaign_id, "key")
        marker = self._campaign_path(campaign_id, "gone")
        if create and not marker.exists() and not path.exists():
            files.make_directory(path.parent)
            files.write_once(path, self._create_key(campaign_id).encode())
        # Checked after the key was created: one that was created during the destruction is not used.
        if marker.exists():
            if path.exists():
                self.destroy_campaign_key(campaign_id)
            raise KeyDestroyed(f"the key of campaign {campaign_id} was destroyed")
        return self._unwrapped_key(campaign_id, files.read(path).decode(errors="replace").strip())

    def campaign_fingerprint(self, campaign_id: int) -> str:
        """The fingerprint of the campaign's key as it is stored, so that none has to be unwrapped. Raises KeysMissing."""
        return fingerprint_of(campaign_name(campaign_id), files.read(self._campaign_path(campaign_id, "key")).strip())

    def own_fingerprints(self) -> dict[str, str]:
        """The fingerprints of the keys that this process uses, by name, without those of campaigns."""
        site = {
            "site/token": self.token_key,
            "site/cursor": self.cursor_key,
            "site/person": self._person_key,
            "site/seal": self._seal_key,
        }
        found = {name: fingerprint_of(name, key) for name, key in site.items()}
        for secret, public in self._current():
            name = f"signing/{public.key_id}"
            found[name] = fingerprint_of(name, secret)
        return found

    def fingerprints(self) -> dict[str, str]:
        """The fingerprints of all keys here, by name. Raises KeysExposed."""
        found = self.own_fingerprints()
        for path in (self._directory / "campaigns").glob("*.key"):
            if path.stem.isdecimal():
                found[campaign_name(int(path.stem))] = self.campaign_fingerprint(int(path.stem))
        return found

    def destroyed(self) -> set[str]:
        """The names of the campaigns' keys that were destroyed here."""
        found = (self._directory / "campaigns").glob("*.gone")
        return {campaign_name(int(path.stem)) for path in found if path.stem.isdecimal()}

    def destroy_campaign_key(self, campaign_id: int) -> bool:
        """Destroys the campaign's key: what it encrypted cannot be decrypted any more. False if it was destroyed before.

        Raises KmsAway: then the key is not used any more, and the call must be repeated.
        """
        marker = self._campaign_path(campaign_id, "gone")
        path = self._campaign_path(campaign_id, "key")
        files.make_directory(marker.parent)
        # The marker first: after an interruption no new key is created.
        first = files.write_once(marker, b"")
        # The KMS before the file: once this returns, copies of the file are useless.
        if self._kms is not None:
            self._kms.destroy(self._kms_name(campaign_id))
        elif path.exists() and path.read_bytes().startswith(_WRAPPED_PREFIX.encode()):
            raise kms_away(f"{path} is wrapped by a KMS, and none is named: set FEED_KMS_URL")
        path.unlink(missing_ok=True)
        files.sync_directory(marker.parent)
        return first

    def _create_key(self, campaign_id: int) -> str:
        """A new key in the form of the key file."""
        if self._kms is None:
            return _new_key()
        name = self._kms_name(campaign_id)
        self._kms.create(name)
        return _WRAPPED_PREFIX + self._kms.wrap(name, secrets.token_bytes(KEY_BYTES))

    def _unwrapped_key(self, campaign_id: int, stored: str) -> bytes:
        if not stored.startswith(_WRAPPED_PREFIX):
            return _decode_key(stored)
        if self._kms is None:
            raise kms_away(
                f"the key of campaign {campaign_id} is wrapped by a KMS, and none is named: set FEED_KMS_URL"
            )
        key, expires_at = self._unwrapped.get(stored, (b"", 0.0))
        if time.monotonic() >= expires_at:
            key = self._kms.unwrap(self._kms_name(campaign_id), stored.removeprefix(_WRAPPED_PREFIX))
            if len(key) != KEY_BYTES:
                raise KeysDamaged(f"what the KMS has wrapped for campaign {campaign_id} is no key")
            self._unwrapped = {stored: (key, time.monotonic() + _CACHE_SECONDS)}
        return key

    def _kms_name(self, campaign_id: int) -> str:
        """The name of the campaign's key in a KMS, unique among installations that share it."""
        site = hmac.digest(self._person_key, b"kms", "sha256").hex()[:12]
        return f"feed-{site}-{int(campaign_id)}"

    def _campaign_path(self, campaign_id: int, kind: str) -> Path:
        return self._directory / "campaigns" / f"{int(campaign_id)}.{kind}"


def open_keys(directory: Path, *, create: bool, kms: Kms | None = None) -> Keys:
    """Opens the store in `directory`; with `create`, creates it if it does not exist, with the same keys for concurrent processes.

    Raises KeysMissing, KeysExposed, KeysDamaged, and KeyStoreError for other file errors.
    """
    path = directory / _SITE
    try:
        if create and not path.exists():
            files.make_directory(directory)
            site = _SiteKeys(_new_key(), _new_key(), _new_key(), _new_key(), [SigningKey(_new_key())])
            files.write_once(path, msgspec.json.encode(site))
        files.check_private(directory)
        site = _read_site(directory)
    except OSError as error:
        raise KeyStoreError(f"{path} cannot be used: {error.strerror}") from None
    return Keys(directory, site, kms)


def _read_site(directory: Path) -> _SiteKeys:
    path = directory / _SITE
    try:
        site = msgspec.json.decode(files.read(path))
        # 0.1.0 wrote the first signing key as a string without the times that a rotation adds.
        if isinstance(site, dict) and isinstance(site.get("signing"), list):
            site["signing"] = [{"key": each} if isinstance(each, str) else each for each in site["signing"]]
        return msgspec.convert(site, _SiteKeys)
    except msgspec.MsgspecError as error:
        raise KeysDamaged(f"{path}: {error}") from None


def _key_pairs(site: _SiteKeys) -> list[tuple[bytes, PublicKey]]:
    try:
        return signing_keys.key_pairs(site.signing)
    except KeyMalformed as error:
        raise KeysDamaged(f"{_SITE}: {error}") from None


def _file_version(directory: Path) -> tuple[int, int, int] | None:
    """Inode, modification time and size of the site's file, which differ after each change; None without it."""
    try:
        stat = (directory / _SITE).stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _decode_key(text: str) -> bytes:
    try:
        return signing_keys.decode_key(text)
    except KeyMalformed as error:
        raise KeysDamaged(str(error)) from None
