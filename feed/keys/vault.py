"""The adapter to the Transit engine of HashiCorp Vault, and of OpenBao, which speaks the same."""

import base64
import binascii
import re
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from feed.keys.kms import Kms, KmsAway, kms_away
from feed.settings import Settings

_SECONDS = 2.0
_LARGEST = 64 * 1024
_TOKEN = re.compile(r"[!-~]{1,8192}")


class _Answer(msgspec.Struct, frozen=True):
    status: int = 0
    errors: list[str] | None = None
    data: dict[str, Any] | None = None


class Vault:
    """The connections to a Vault. Neither its token nor what it wraps appears when it is printed."""

    def __init__(self, url: str, *, token_file: Path, mount: str = "transit", ca_file: str = "") -> None:
        self._url = url
        self._token_file = token_file
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/')}/v1/",
            verify=ssl.create_default_context(cafile=ca_file) if ca_file else True,
            timeout=_SECONDS,
            # Another host would be handed our token with the question.
            follow_redirects=False,
            trust_env=False,
            headers={"user-agent": "feed", "x-vault-request": "true"},
        )
        self._mount = quote(mount)

    def __repr__(self) -> str:
        return f"Vault({self._url!r})"

    def make(self, name: str) -> None:
        """A key that cannot be exported, and can be deleted."""
        kind = {"type": "aes256-gcm96", "exportable": False, "allow_plaintext_backup": False}
        self._do("POST", f"{self._mount}/keys/{name}", kind)
        self._do("POST", f"{self._mount}/keys/{name}/config", {"deletion_allowed": True})

    def wrap(self, name: str, plain: bytes) -> str:
        """As Vault writes it: `vault:v1:…`."""
        answer = self._do("POST", f"{self._mount}/encrypt/{name}", {"plaintext": base64.b64encode(plain).decode()})
        wrapped = (answer.data or {}).get("ciphertext")
        if not isinstance(wrapped, str) or not wrapped.startswith("vault:"):
            raise self._away("no ciphertext in the answer")
        return wrapped

    def unwrap(self, name: str, wrapped: str) -> bytes:
        """What was wrapped."""
        answer = self._do("POST", f"{self._mount}/decrypt/{name}", {"ciphertext": wrapped})
        try:
            return base64.b64decode((answer.data or {})["plaintext"], validate=True)
        except (KeyError, TypeError, ValueError, binascii.Error):
            raise self._away("no plaintext in the answer") from None

    def destroy(self, name: str) -> None:
        """Deletes it, and looks whether it has gone: a mount that is not ours has no such key either, but answers otherwise."""
        if self._has(name):
            self._do("POST", f"{self._mount}/keys/{name}/config", {"deletion_allowed": True})
            self._do("DELETE", f"{self._mount}/keys/{name}")
        if self._has(name):
            raise self._away(f"{name} was deleted and is there still")

    def check(self) -> None:
        """It is unsealed and knows our token."""
        self._do("GET", "auth/token/lookup-self")

    def _has(self, name: str) -> bool:
        answer = self._ask("GET", f"{self._mount}/keys/{name}")
        # A path that nobody serves is 404 too, with words; only an absent key is told by none.
        if answer.status == 404 and answer.errors == []:
            return False
        self._check(answer)
        return True

    def _do(self, method: str, path: str, body: dict[str, Any] | None = None) -> _Answer:
        answer = self._ask(method, path, body)
        self._check(answer)
        return answer

    def _check(self, answer: _Answer) -> None:
        if not 200 <= answer.status < 300:
            said = "".join(letter for letter in "; ".join(answer.errors or ()) if letter.isprintable())[:300]
            raise self._away(f"status {answer.status}" + (f": {said}" if said else ""))

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> _Answer:
        headers = {"x-vault-token": self._token()}
        content = None if body is None else msgspec.json.encode(body)
        found = bytearray()
        try:
            with self._http.stream(method, path, headers=headers, content=content) as response:
                for chunk in response.iter_bytes():
                    found += chunk
                    if len(found) > _LARGEST:
                        raise self._away("an answer without end")
                status = response.status_code
        except httpx.HTTPError as error:
            # From none: what caused it may quote the request.
            raise self._away(type(error).__name__) from None
        if not found:
            return _Answer(status)
        try:
            return msgspec.structs.replace(msgspec.json.decode(bytes(found), type=_Answer), status=status)
        except msgspec.MsgspecError:
            # A proxy's page, perhaps.
            raise self._away(f"status {status} without a readable answer") from None

    def _token(self) -> str:
        """As the file has it now: whoever renews the token writes it there."""
        path = self._token_file
        try:
            mode = path.stat().st_mode & 0o777
            token = path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise self._away(f"FEED_KMS_TOKEN_FILE, {path}: {type(error).__name__}") from None
        if mode & 0o077:
            raise self._away(f"FEED_KMS_TOKEN_FILE, {path}, is open to others (mode {mode:o}); run: chmod 600 '{path}'")
        if not _TOKEN.fullmatch(token):
            raise self._away(f"FEED_KMS_TOKEN_FILE, {path}, holds no token")
        return token

    def _away(self, why: str) -> KmsAway:
        return kms_away(f"the KMS at {self._url} cannot be used: {why}")


def open_kms(settings: Settings) -> Kms | None:
    """The KMS that the settings name; None where campaigns' keys lie in their files as they are."""
    if not settings.kms_url:
        return None
    return Vault(
        settings.kms_url,
        token_file=Path(settings.kms_token_file),
        mount=settings.kms_mount,
        ca_file=settings.kms_ca_file,
    )
