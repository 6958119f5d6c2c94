"""The key store: secrets that live outside of Postgres, in files that nobody else may read.

site.json         one file, made whole: the keys of tokens, cursors, persons and sealed columns, and the signing keys
campaigns/ID.key  the key of one campaign's claims, made on demand, destroyed on schedule; with a KMS, wrapped by a key of its own there
campaigns/ID.gone the campaign's key was destroyed; none is ever made again
"""

import base64
import hmac
import secrets
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from feed.keys import files as keyfiles
from feed.keys import signatures
from feed.keys import signing_keys as signing
from feed.keys.encryption import open_sealed, seal
from feed.keys.files import KeysDamaged, KeyStoreError
from feed.keys.kms import Kms, kms_away
from feed.keys.signatures import PublicKey, PublicKeys, Signature
from feed.keys.signing_keys import KEY_BYTES, KeyMalformed, SigningKey

_SITE = "site.json"
# Before what a KMS has wrapped; a key as it is begins otherwise.
_WRAPPED = "kms:"
# How long an unwrapped key is remembered, so that not every claim asks the KMS. The marker of a destroyed one is looked for each time.
_REMEMBERED_SECONDS = 60.0


class KeyDestroyed(KeyStoreError):
    """The campaign's key was destroyed, and what it sealed with it."""


class _SiteKeys(msgspec.Struct, frozen=True):
    """`site.json`. Keys are base64; the first signing key is the current one."""

    token: str
    cursor: str
    person: str
    seal: str
    signing: list[SigningKey]


class Keys:
    """The opened store. Its secrets do not appear when it is printed."""

    def __init__(self, directory: Path, site: _SiteKeys, kms: Kms | None = None) -> None:
        self._directory = directory
        self._kms = kms
        self._unwrapped: dict[str, tuple[bytes, float]] = {}
        self.token_key = _decoded(site.token)
        self.cursor_key = _decoded(site.cursor)
        self._person_key = _decoded(site.person)
        self._seal_key = _decoded(site.seal)
        self._signing = _signing_of(site)
        self._stamp = _stamp_of(directory)

    def __repr__(self) -> str:
        return f"Keys({str(self._directory)!r})"

    def person_of(self, phone: str) -> bytes:
        """Who has this phone (E.164): the same bytes each time, and no way back without the key."""
        return hmac.digest(self._person_key, phone.encode(), "sha256")

    def seal(self, plaintext: bytes, *, aad: bytes) -> bytes:
        """Sealed under the site's key for the place that `aad` names."""
        return seal(self._seal_key, plaintext, aad)

    def open(self, sealed: bytes, *, aad: bytes) -> bytes:
        """What was sealed for this place. Raises InvalidTag for another place, another key, or a changed byte."""
        return open_sealed(self._seal_key, sealed, aad)

    def sign(self, message: bytes) -> Signature:
        """Signed with the current key: the one of this moment, also when it was rotated since the store was opened."""
        return signatures.sign(self._current()[0][0], message)

    def public_keys(self) -> PublicKeys:
        """What `/.well-known/feed-keys.json` serves."""
        return PublicKeys(tuple(public for _, public in self._current()))

    def signing_key(self) -> PublicKey:
        """The public half of the current signing key."""
        return self._current()[0][1]

    def rotate_signing_key(self, at: datetime) -> PublicKey:
        """Makes a new current key. Earlier ones stay, so that what they have signed can be verified for good."""
        with keyfiles.held(self._directory):
            site = _read_site(self._directory)
            signing_keys = signing.rotated(site.signing, _fresh(), at)
            keyfiles.replace(
                self._directory / _SITE, msgspec.json.encode(msgspec.structs.replace(site, signing=signing_keys))
            )
        return self.signing_key()

    def _current(self) -> list[tuple[bytes, PublicKey]]:
        """The signing keys as they are in the store now: a rotation reaches processes that run."""
        stamp = _stamp_of(self._directory)
        if stamp != self._stamp:
            # A store that is away or half restored for a moment takes no key from whoever holds one.
            with suppress(KeyStoreError, OSError):
                self._signing, self._stamp = _signing_of(_read_site(self._directory)), stamp
        return self._signing

    def campaign_key(self, campaign_id: int, *, create: bool = False) -> bytes:
        """The key of a campaign's claims. A KMS is waited for: to be called in a thread.

        Raises KeyDestroyed, KmsAway, KeyStoreError, and KeysMissing unless it may be made.
        """
        path = self._campaign_path(campaign_id, "key")
        gone = self._campaign_path(campaign_id, "gone")
        if create and not gone.exists() and not path.exists():
            keyfiles.make_directory(path.parent)
            keyfiles.write_once(path, self._made(campaign_id).encode())
        # Looked at after the key was made: one that was made while it was being destroyed is not used.
        if gone.exists():
            if path.exists():
                self.destroy_campaign_key(campaign_id)
            raise KeyDestroyed(f"the key of campaign {campaign_id} was destroyed")
        return self._opened(campaign_id, keyfiles.read(path).decode(errors="replace").strip())

    def destroy_campaign_key(self, campaign_id: int) -> bool:
        """Makes everything sealed under the campaign's key unreadable for good. False when that was done before.

        Raises KmsAway: then nothing opens any more, and it is to be asked for again.
        """
        gone = self._campaign_path(campaign_id, "gone")
        path = self._campaign_path(campaign_id, "key")
        keyfiles.make_directory(gone.parent)
        # The marker first: whoever is interrupted in between finds no key where one would be made anew.
        first = keyfiles.write_once(gone, b"")
        # The KMS before the file: a copy of the file is worth nothing once this returns.
        if self._kms is not None:
            self._kms.destroy(self._name_of(campaign_id))
        elif path.exists() and path.read_bytes().startswith(_WRAPPED.encode()):
            raise kms_away(f"{path} is wrapped by a KMS, and none is named: set FEED_KMS_URL")
        path.unlink(missing_ok=True)
        keyfiles.sync_directory(gone.parent)
        return first

    def _made(self, campaign_id: int) -> str:
        """A fresh key as it is to be kept."""
        if self._kms is None:
            return _fresh()
        name = self._name_of(campaign_id)
        self._kms.make(name)
        return _WRAPPED + self._kms.wrap(name, secrets.token_bytes(KEY_BYTES))

    def _opened(self, campaign_id: int, kept: str) -> bytes:
        if not kept.startswith(_WRAPPED):
            return _decoded(kept)
        if self._kms is None:
            raise kms_away(
                f"the key of campaign {campaign_id} is wrapped by a KMS, and none is named: set FEED_KMS_URL"
            )
        key, until = self._unwrapped.get(kept, (b"", 0.0))
        if time.monotonic() >= until:
            key = self._kms.unwrap(self._name_of(campaign_id), kept.removeprefix(_WRAPPED))
            if len(key) != KEY_BYTES:
                raise KeysDamaged(f"what the KMS has wrapped for campaign {campaign_id} is no key")
            self._unwrapped = {kept: (key, time.monotonic() + _REMEMBERED_SECONDS)}
        return key

    def _name_of(self, campaign_id: int) -> str:
        """The name of the campaign's key in a KMS; another installation that shares it has another stamp in its names."""
        site = hmac.digest(self._person_key, b"kms", "sha256").hex()[:12]
        return f"feed-{site}-{int(campaign_id)}"

    def _campaign_path(self, campaign_id: int, kind: str) -> Path:
        return self._directory / "campaigns" / f"{int(campaign_id)}.{kind}"


def open_keys(directory: Path, *, create: bool, kms: Kms | None = None) -> Keys:
    """Opens the store in `directory`; with `create`, makes it when there is none. Two processes at once get the same keys.

    Raises KeysMissing, KeysExposed or KeysDamaged.
    """
    path = directory / _SITE
    try:
        if create and not path.exists():
            keyfiles.make_directory(directory)
            keyfiles.write_once(
                path, msgspec.json.encode(_SiteKeys(_fresh(), _fresh(), _fresh(), _fresh(), [SigningKey(_fresh())]))
            )
        keyfiles.check_private(directory)
        site = _read_site(directory)
    except OSError as error:
        raise KeyStoreError(f"{path} cannot be used: {error.strerror}") from None
    return Keys(directory, site, kms)


def _read_site(directory: Path) -> _SiteKeys:
    path = directory / _SITE
    try:
        site = msgspec.json.decode(keyfiles.read(path))
        # 0.1.0 wrote the first signing key as a string without the times that a rotation adds.
        if isinstance(site, dict) and isinstance(site.get("signing"), list):
            site["signing"] = [{"key": each} if isinstance(each, str) else each for each in site["signing"]]
        return msgspec.convert(site, _SiteKeys)
    except msgspec.MsgspecError as error:
        raise KeysDamaged(f"{path}: {error}") from None


def _signing_of(site: _SiteKeys) -> list[tuple[bytes, PublicKey]]:
    try:
        return signing.opened(site.signing)
    except KeyMalformed as error:
        raise KeysDamaged(f"{_SITE}: {error}") from None


def _stamp_of(directory: Path) -> tuple[int, int, int] | None:
    """What tells one writing of the site's file from another."""
    try:
        found = (directory / _SITE).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _fresh() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _decoded(text: str) -> bytes:
    try:
        return signing.decoded(text)
    except KeyMalformed as error:
        raise KeysDamaged(str(error)) from None
