"""A KMS with the Transit engine of HashiCorp Vault or OpenBao, over its HTTP API."""

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

_TIMEOUT_SECONDS = 2.0
_BODY_LARGEST = 64 * 1024
_TOKEN = re.compile(r"[!-~]{1,8192}")


class _Response(msgspec.Struct, frozen=True):
    status: int = 0
    errors: list[str] | None = None
    data: dict[str, Any] | None = None


class Vault:
    """The connections to a Vault. Its repr shows no secrets."""

    def __init__(self, url: str, *, token_file: Path, mount: str = "transit", ca_file: str = "") -> None:
        self._url = url
        self._token_file = token_file
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/')}/v1/",
            verify=ssl.create_default_context(cafile=ca_file) if ca_file else True,
            timeout=_TIMEOUT_SECONDS,
            # A redirect would send our token to another host.
            follow_redirects=False,
            trust_env=False,
            headers={"user-agent": "feed", "x-vault-request": "true"},
        )
        self._mount = quote(mount)

    def __repr__(self) -> str:
        return f"Vault({self._url!r})"

    def create(self, name: str) -> None:
        """Creates a key that cannot be exported and can be deleted."""
        kind = {"type": "aes256-gcm96", "exportable": False, "allow_plaintext_backup": False}
        self._call("POST", f"{self._mount}/keys/{name}", kind)
        self._call("POST", f"{self._mount}/keys/{name}/config", {"deletion_allowed": True})

    def wrap(self, name: str, plain: bytes) -> str:
        """The ciphertext in the format of Vault: `vault:v1:…`."""
        response = self._call("POST", f"{self._mount}/encrypt/{name}", {"plaintext": base64.b64encode(plain).decode()})
        wrapped = (response.data or {}).get("ciphertext")
        if not isinstance(wrapped, str) or not wrapped.startswith("vault:"):
            raise self._away("no ciphertext in the answer")
        return wrapped

    def unwrap(self, name: str, wrapped: str) -> bytes:
        """The plaintext of a ciphertext."""
        response = self._call("POST", f"{self._mount}/decrypt/{name}", {"ciphertext": wrapped})
        try:
            return base64.b64decode((response.data or {})["plaintext"], validate=True)
        except (KeyError, TypeError, ValueError, binascii.Error):
            raise self._away("no plaintext in the answer") from None

    def destroy(self, name: str) -> None:
        """Deletes the key and checks that it does not exist. A wrong mount raises KmsAway: it responds differently from a missing key."""
        if self._exists(name):
            self._call("POST", f"{self._mount}/keys/{name}/config", {"deletion_allowed": True})
            self._call("DELETE", f"{self._mount}/keys/{name}")
        if self._exists(name):
            raise self._away(f"{name} was deleted and is there still")

    def check(self) -> None:
        """Raises KmsAway unless it is unsealed and accepts our token."""
        self._call("GET", "auth/token/lookup-self")

    def _exists(self, name: str) -> bool:
        response = self._request("GET", f"{self._mount}/keys/{name}")
        # An unknown path is 404 as well, with error messages; only a missing key has an empty list.
        if response.status == 404 and response.errors == []:
            return False
        self._check(response)
        return True

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> _Response:
        response = self._request(method, path, body)
        self._check(response)
        return response

    def _check(self, response: _Response) -> None:
        if not 200 <= response.status < 300:
            errors = "".join(letter for letter in "; ".join(response.errors or ()) if letter.isprintable())[:300]
            raise self._away(f"status {response.status}" + (f": {errors}" if errors else ""))

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> _Response:
        headers = {"x-vault-token": self._token()}
        content = None if body is None else msgspec.json.encode(body)
        received = bytearray()
        try:
            with self._http.stream(method, path, headers=headers, content=content) as response:
                for chunk in response.iter_bytes():
                    received += chunk
                    if len(received) > _BODY_LARGEST:
                        raise self._away("an answer without end")
                status = response.status_code
        except httpx.HTTPError as error:
            # `from None`: the cause may contain the request.
            raise self._away(type(error).__name__) from None
        if not received:
            return _Response(status)
        try:
            return msgspec.structs.replace(msgspec.json.decode(bytes(received), type=_Response), status=status)
        except msgspec.MsgspecError:
            # For instance an HTML page of a proxy.
            raise self._away(f"status {status} without a readable answer") from None

    def _token(self) -> str:
        """The token, read from its file each time: an agent may renew it."""
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
    """The KMS of the settings; None without FEED_KMS_URL: then campaign keys are stored unwrapped."""
    if not settings.kms_url:
        return None
    return Vault(
        settings.kms_url,
        token_file=Path(settings.kms_token_file),
        mount=settings.kms_mount,
        ca_file=settings.kms_ca_file,
    )
