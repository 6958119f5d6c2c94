"""An issuer of tokens as the app has one: real keys behind a real address, which can rotate, fall silent and lie."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

NAME = "https://app.example"
AUDIENCE = "community"
_ALGORITHMS = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}


class Issuer:
    """Serves its public keys and signs with the private ones."""

    def __init__(self, name: str = NAME) -> None:
        self.name = name
        self.keys: dict[str, Key] = {}
        self.asked = 0
        self.status = 200
        self.headers = ""
        self.body: bytes | None = None
        self.delay = 0.0
        self.url = ""
        self._server: asyncio.Server | None = None
        self._port = 0

    def make_key(self, kid: str, kind: str = "EC") -> Key:
        """A new key under this `kid`; the document has it at once."""
        made: Key
        if kind == "RSA":
            made = RSAKey.generate_key(2048)
        elif kind == "EC":
            made = ECKey.generate_key("P-256")
        else:
            made = OKPKey.generate_key("Ed25519")
        self.keys[kid] = made
        return made

    def token(self, sub: str = "u1", *, kid: str = "k1", key: Key | None = None, **said: Any) -> str:
        """A good token, but for what is said otherwise; None leaves a claim out."""
        signing = key or self.keys[kid]
        now = int(time.time())
        claims = {"iss": self.name, "aud": AUDIENCE, "sub": sub, "iat": now, "exp": now + 600, "name": "小明"} | said
        header = {"alg": _ALGORITHMS[signing.key_type], "kid": kid}
        return jwt.encode(
            header,
            {name: value for name, value in claims.items() if value is not None},
            signing,
            algorithms=[header["alg"]],
        )

    def document(self) -> bytes:
        """The keys as the world may see them."""
        keys = [{**key.as_dict(private=False), "kid": kid, "use": "sig"} for kid, key in self.keys.items()]
        return json.dumps({"keys": keys}).encode()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}/jwks.json"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(self.delay)
        body = self.document() if self.body is None else self.body
        head = f"HTTP/1.1 {self.status} X\r\ncontent-length: {len(body)}\r\nconnection: close\r\n{self.headers}\r\n"
        writer.write(head.encode() + body)
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()


@asynccontextmanager
async def issuing(*kinds: str, name: str = NAME) -> AsyncIterator[Issuer]:
    """An issuer with keys `k1`, `k2`, … of these kinds."""
    issuer = Issuer(name)
    for number, kind in enumerate(kinds or ("EC",), 1):
        issuer.make_key(f"k{number}", kind)
    await issuer.start()
    try:
        yield issuer
    finally:
        await issuer.stop()
