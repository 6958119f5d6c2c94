"""The key store: secrets that live outside of Postgres, in files that nobody else may read.

site.json         one file, made whole: the keys of tokens, cursors, persons and sealed columns, and the signing keys
campaigns/ID.key  the key of one campaign's claims, made on demand, destroyed on schedule
campaigns/ID.gone the campaign's key was destroyed; none is ever made again
"""

import base64
import fcntl
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from feed import signatures, signing
from feed.signatures import PublicKey, PublicKeys, Signature
from feed.signing import KEY_BYTES, Kept, KeyMalformed

_NONCE_BYTES = 12
# The first byte of everything sealed; another number will mean another cipher or key.
_SEAL_FORMAT = b"\x01"
_SITE = "site.json"


class KeyStoreError(Exception):
    """The key store cannot be used; the message says what to do."""


class KeysMissing(KeyStoreError):
    """There are no keys where they should be, and none are to be made."""


class KeysExposed(KeyStoreError):
    """Others than the owner may read or change the keys."""


class KeysDamaged(KeyStoreError):
    """A file of the store is not what was written."""


class KeyDestroyed(KeyStoreError):
    """The campaign's key was destroyed, and what it sealed with it."""


class _SiteKeys(msgspec.Struct, frozen=True):
    """`site.json`. Keys are base64; the first signing key is the current one."""

    token: str
    cursor: str
    person: str
    seal: str
    signing: list[Kept]


class Keys:
    """The opened store. Its secrets do not appear when it is printed."""

    def __init__(self, directory: Path, site: _SiteKeys) -> None:
        self._directory = directory
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
        with _held(self._directory):
            site = _read_site(self._directory)
            signing_keys = signing.rotated(site.signing, _fresh(), at)
            _replace(self._directory / _SITE, msgspec.json.encode(msgspec.structs.replace(site, signing=signing_keys)))
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
        """The key of a campaign's claims. Raises KeyDestroyed, and KeysMissing unless it may be made."""
        path = self._campaign_path(campaign_id, "key")
        gone = self._campaign_path(campaign_id, "gone")
        if create and not gone.exists() and not path.exists():
            _make_directory(path.parent)
            _write_once(path, _fresh().encode())
        # Looked at after the key was made: one that was made while it was being destroyed is not used.
        if gone.exists():
            path.unlink(missing_ok=True)
            raise KeyDestroyed(f"the key of campaign {campaign_id} was destroyed")
        return _decoded(_read(path).decode(errors="replace").strip())

    def destroy_campaign_key(self, campaign_id: int) -> bool:
        """Makes everything sealed under the campaign's key unreadable for good. False when that was done before."""
        gone = self._campaign_path(campaign_id, "gone")
        _make_directory(gone.parent)
        # The marker first: whoever is interrupted in between finds no key where one would be made anew.
        first = _write_once(gone, b"")
        self._campaign_path(campaign_id, "key").unlink(missing_ok=True)
        _sync_directory(gone.parent)
        return first

    def _campaign_path(self, campaign_id: int, kind: str) -> Path:
        return self._directory / "campaigns" / f"{int(campaign_id)}.{kind}"


def open_keys(directory: Path, *, create: bool) -> Keys:
    """Opens the store in `directory`; with `create`, makes it when there is none. Two processes at once get the same keys.

    Raises KeysMissing, KeysExposed or KeysDamaged.
    """
    path = directory / _SITE
    try:
        if create and not path.exists():
            _make_directory(directory)
            _write_once(path, msgspec.json.encode(_SiteKeys(_fresh(), _fresh(), _fresh(), _fresh(), [_fresh()])))
        _check_private(directory)
        site = _read_site(directory)
    except OSError as error:
        raise KeyStoreError(f"{path} cannot be used: {error.strerror}") from None
    return Keys(directory, site)


def _read_site(directory: Path) -> _SiteKeys:
    path = directory / _SITE
    try:
        return msgspec.json.decode(_read(path), type=_SiteKeys)
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


def seal(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """AES-256-GCM under a fresh nonce; `aad` names the row and column, so that a seal cannot be moved."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _SEAL_FORMAT + nonce + AESGCM(key).encrypt(nonce, plaintext, aad)


def open_sealed(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """What was sealed. Raises InvalidTag when key, place or a single byte differ."""
    start = len(_SEAL_FORMAT)
    if not sealed.startswith(_SEAL_FORMAT) or len(sealed) < start + _NONCE_BYTES:
        raise InvalidTag
    return AESGCM(key).decrypt(sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :], aad)


def _fresh() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _decoded(text: str) -> bytes:
    try:
        return signing.decoded(text)
    except KeyMalformed as error:
        raise KeysDamaged(str(error)) from None


def _read(path: Path) -> bytes:
    _check_private(path)
    return path.read_bytes()


def _check_private(path: Path) -> None:
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        raise KeysMissing(f"{path} does not exist; check FEED_KEYS_DIR") from None
    if mode & 0o077:
        wanted = "700" if path.is_dir() else "600"
        raise KeysExposed(f"{path} is open to others (mode {mode:o}); run: chmod {wanted} '{path}'")


def _make_directory(directory: Path) -> None:
    """A directory for the owner alone. An empty one that was prepared for us is closed to others."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not any(directory.iterdir()):
        directory.chmod(0o700)


def _write_once(path: Path, content: bytes) -> bool:
    """Writes a new file that is whole from its first moment and stays after a crash. False when there is one already."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link, not a rename: of two processes one succeeds, and the other reads what that one has made.
        os.link(draft, path)
        first = True
    except FileExistsError:
        first = False
    finally:
        draft.unlink(missing_ok=True)
    _sync_directory(path.parent)
    return first


@contextmanager
def _held(directory: Path) -> Iterator[None]:
    """Keeps other processes from changing the store; a process that dies lets go."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    """Puts a whole file in the place of another one; a crash leaves the one or the other."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    _write_once(draft, content)
    draft.replace(path)
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
