"""The Transit engine of a Vault on loopback: real HTTP, keys that wrap by AES-GCM and can be deleted, and trouble on request."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "hvs.a-token-for-tests"


class FakeVault:
    """Its keys, what it was asked, and the trouble that comes next: `sealed`, `broken`, `forbidden`, `hangs`, `babbles`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: dict[str, bytes] = {}
        self.deletable: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.trouble: list[str] = []

    def do(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Status and answer, in Vault's words."""
        if path == "auth/token/lookup-self":
            return 200, {"data": {}}
        mount, what, name, *more = path.split("/")
        if mount != "transit":
            return 404, {"errors": [f"no handler for route {path!r}"]}
        match method, what, more:
            case "POST", "keys", []:
                self.keys.setdefault(name, AESGCM.generate_key(256))
                return 200, {"data": {"name": name}}
            case "POST", "keys", ["config"]:
                self.deletable.add(name)
                return 204, None
            case "GET", "keys", []:
                return (200, {"data": {"name": name}}) if name in self.keys else (404, {"errors": []})
            case "DELETE", "keys", []:
                if name not in self.deletable:
                    return 400, {"errors": ["deletion is not allowed for this key"]}
                self.keys.pop(name, None)
                return 204, None
            case "POST", "encrypt", []:
                self.keys.setdefault(name, AESGCM.generate_key(256))
                wrapped = AESGCM(self.keys[name]).encrypt(b"\0" * 12, base64.b64decode(body["plaintext"]), None)
                return 200, {"data": {"ciphertext": "vault:v1:" + base64.b64encode(wrapped).decode()}}
            case "POST", "decrypt", []:
                if name not in self.keys:
                    return 400, {"errors": ["encryption key not found"]}
                try:
                    wrapped = base64.b64decode(body["ciphertext"].removeprefix("vault:v1:"))
                    plain = AESGCM(self.keys[name]).decrypt(b"\0" * 12, wrapped, None)
                except InvalidTag:
                    return 400, {"errors": ["cipher: message authentication failed"]}
                return 200, {"data": {"plaintext": base64.b64encode(plain).decode()}}
        return 405, {"errors": []}


@contextmanager
def vaulting() -> Iterator[FakeVault]:
    """A Vault that serves until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve("GET")

        def do_POST(self) -> None:
            self._serve("POST")

        def do_DELETE(self) -> None:
            self._serve("DELETE")

        def _serve(self, method: str) -> None:
            path = self.path.removeprefix("/v1/")
            fake.asked.append((method, path))
            body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
            trouble = fake.trouble.pop(0) if fake.trouble else ""
            if self.headers.get("x-vault-token") != TOKEN or trouble == "forbidden":
                self._answer(403, {"errors": ["permission denied"]})
            elif trouble == "sealed":
                self._answer(503, {"errors": ["Vault is sealed"]})
            elif trouble == "babbles":
                self._answer(200, "<html>")
            else:
                answer = fake.do(method, path, body)
                if trouble == "hangs":
                    time.sleep(2.5)  # It has acted, and its response is lost.
                self._answer(*((500, {"errors": ["internal error"]}) if trouble == "broken" else answer))

        def _answer(self, status: int, answer: Any) -> None:
            content = (
                b"" if answer is None else answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            )
            try:
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                pass  # The client has disconnected.

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake = FakeVault(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
