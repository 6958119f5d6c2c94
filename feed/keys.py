"""The key store: what must not lie in the database, as files that only this installation's user can read."""

import base64
import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
_SITE = ("token", "cursor", "person", "site")
_SIGNING = "signing-"


class KeysUnsafe(Exception):
    """The store is missing, incomplete or readable by others; the message says what to do."""


class Keys:
    """The keys of one installation. Secrets are read once; a campaign's key is read when it is needed."""

    def __init__(self, directory: Path, site: dict[str, bytes], signing: dict[str, Ed25519PrivateKey]) -> None:
        self._directory = directory
        self.token_key = site["token"]
        self.cursor_key = site["cursor"]
        self._person_key = site["person"]
        self._site_key = site["site"]
        # Oldest first: results of former keys stay verifiable, new ones are signed with the last.
        self.signing_keys = signing

    @property
    def current_signing_key_id(self) -> str:
        """The key that signs from now on."""
        return list(self.signing_keys)[-1]

    def person_of(self, e164: str) -> bytes:
        """The person behind a verified phone: a keyed hash (HMAC-SHA256), the same for every account of that phone."""
        return hmac.digest(self._person_key, e164.encode(), hashlib.sha256)

    def seal(self, plaintext: bytes, *, aad: bytes) -> bytes:
        """The plaintext under the site's key, bound to `aad`: what names the row that it may be opened in."""
        return seal(self._site_key, plaintext, aad)

    def open(self, sealed: bytes, *, aad: bytes) -> bytes:
        """What was sealed. Raises cryptography.exceptions.InvalidTag for another row's or a changed value."""
        return open_sealed(self._site_key, sealed, aad)

    def campaign_key(self, campaign_id: int, *, create: bool = False) -> bytes:
        """The key of a campaign's claims. Raises KeyError when there is none (any more)."""
        path = self._directory / f"campaign-{campaign_id}"
        if create and not path.exists():
            _write_new(path, secrets.token_bytes(32))
        try:
            return _read(path)
        except FileNotFoundError:
            raise KeyError(campaign_id) from None

    def destroy_campaign_key(self, campaign_id: int) -> bool:
        """Whether there was a key to destroy; nothing sealed under it can be opened again."""
        path = self._directory / f"campaign-{campaign_id}"
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        _sync(self._directory)
        return True


def open_keys(directory: Path, *, create: bool = False) -> Keys:
    """The key store in `directory`; `create` makes what is missing. Raises KeysUnsafe."""
    if create:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in _SITE:
            _write_new(directory / name, secrets.token_bytes(32))
        if not any(directory.glob(f"{_SIGNING}*")):
            _write_new(directory / f"{_SIGNING}0001", secrets.token_bytes(32))
    if not directory.is_dir():
        raise KeysUnsafe(f"No key store at {directory}: make one with `feed migrate --create-keys`, or mount it.")
    if directory.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeysUnsafe(f"{directory} is open to others: chmod 700 it.")
    try:
        site = {name: _read(directory / name) for name in _SITE}
    except FileNotFoundError as error:
        raise KeysUnsafe(f"The key {error.filename} is missing: restore it from its backup.") from None
    signing = [Ed25519PrivateKey.from_private_bytes(_read(path)) for path in sorted(directory.glob(f"{_SIGNING}*"))]
    if not signing:
        raise KeysUnsafe(f"No signing key in {directory}: restore it from its backup.")
    return Keys(directory, site, {key_id(key): key for key in signing})


def key_id(key: Ed25519PrivateKey) -> str:
    """What names a signing key: the start of the hash of its public half."""
    return hashlib.sha256(public_bytes(key)).hexdigest()[:16]


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of the public half."""
    return key.public_key().public_bytes_raw()


def public_text(key: Ed25519PrivateKey) -> str:
    """The public half as base64."""
    return base64.b64encode(public_bytes(key)).decode()


def seal(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """AES-256-GCM with a random nonce in front."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, aad)


def open_sealed(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """What `seal` was given. Raises cryptography.exceptions.InvalidTag."""
    return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], aad)


def _read(path: Path) -> bytes:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeysUnsafe(f"{path} is readable by others: chmod 600 it.")
    return path.read_bytes()


def _write_new(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all, and never over one that is there: two processes may start at once."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _sync(path.parent)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
