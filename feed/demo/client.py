"""An HTTP client per participant: it has a token, and retries while the server restarts."""

import asyncio
import time
import uuid
from typing import Any

import httpx
import msgspec

from feed.auth.tokens import issue_token
from feed.demo.output import Unexpected
from feed.demo.participants import Role
from feed.keys.store import Keys

# The API that the story kills takes half a minute to start again on a busy machine.
_RETRY_SECONDS = 120.0


class Answer(msgspec.Struct, frozen=True):
    """The status and the body of a response."""

    status: int
    body: Any


class Line:
    """The HTTP connection that all participants share, with counts of retries."""

    def __init__(self, url: str, *, language: str = "zh-CN", connections: int = 24) -> None:
        self.url = url
        self.language = language
        self.requests = 0
        self.interrupted = 0
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=15,
            # A proxy of the environment is not for loopback.
            trust_env=False,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def ask(self, method: str, path: str, *, body: object = None, headers: dict[str, str]) -> httpx.Response:
        """Sends a request and repeats it unchanged while the server is down or answers 503 or 429."""
        if body is None:
            return await self.send(method, path, headers=headers)
        headers = {**headers, "Content-Type": "application/json"}
        return await self.send(method, path, headers=headers, content=msgspec.json.encode(body))

    async def send(
        self,
        method: str,
        address: str,
        *,
        headers: dict[str, str],
        content: bytes | None = None,
        form: dict[str, str] | None = None,
        file: tuple[str, bytes, str] | None = None,
    ) -> httpx.Response:
        """As `ask`, for any address and body. `file`: the name, the bytes and the type of the field `file` of a form."""
        until = time.monotonic() + _RETRY_SECONDS
        files = None if file is None else {"file": file}
        while True:
            try:
                self.requests += 1
                response = await self._http.request(
                    method, address, content=content, data=form, files=files, headers=headers
                )
                if response.status_code != 503:
                    return response
                reason = "503"
            except httpx.TransportError as error:
                reason = type(error).__name__
            self.interrupted += 1
            if time.monotonic() > until:
                raise Unexpected(f"{method} {address}: {reason}")
            await asyncio.sleep(0.2)


class Person:
    """A user with a token."""

    def __init__(self, line: Line, role: Role, token: str) -> None:
        self.key = role.key
        self.name = role.name
        self.phone = role.phone
        self.roles = role.roles
        self.token = token
        self.id = ""
        self._line = line

    async def ask(self, method: str, path: str, body: object = None, *, key: str | None = None) -> Answer:
        """Sends a request; a POST has an Idempotency-Key, which its retries repeat."""
        response = await self._line.ask(method, path, body=body, headers=self._headers(method, key))
        return Answer(response.status_code, _decode(response))

    async def upload(
        self, content: bytes, *, alt: str = "", name: str = "IMG_0001.jpg", key: str | None = None
    ) -> Answer:
        """Sends a photo with `POST /v1/media`."""
        response = await self._line.send(
            "POST",
            "/v1/media",
            headers=self._headers("POST", key),
            form={"alt": alt},
            file=(name, content, "image/jpeg"),
        )
        return Answer(response.status_code, _decode(response))

    async def download(self, address: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Downloads a file as a browser or a player does: its address is the only permission."""
        return await self._line.send("GET", address, headers=headers or {})

    async def send_part(self, part: dict[str, Any], content: bytes) -> httpx.Response:
        """Sends a part of a file to the address that it got."""
        return await self._line.send("PUT", part["url"], headers=part["headers"], content=content)

    def _headers(self, method: str, key: str | None) -> dict[str, str]:
        headers = {"Accept-Language": self._line.language}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if method == "POST":
            headers["Idempotency-Key"] = key or uuid.uuid4().hex
        return headers

    async def get(self, path: str) -> Any:
        return await self._succeed("GET", path)

    async def put(self, path: str, body: object = None) -> Any:
        return await self._succeed("PUT", path, body)

    async def patch(self, path: str, body: object) -> Any:
        return await self._succeed("PATCH", path, body)

    async def delete(self, path: str) -> Any:
        return await self._succeed("DELETE", path)

    async def post(self, path: str, body: object = None, *, key: str | None = None) -> Any:
        return await self._succeed("POST", path, body, key=key)

    async def _succeed(self, method: str, path: str, body: object = None, *, key: str | None = None) -> Any:
        answer = await self.ask(method, path, body, key=key)
        if not 200 <= answer.status < 300:
            raise Unexpected(f"{self.name}: {method} {path} → {answer.status} {_short(answer.body)}")
        return answer.body


def arrive(line: Line, keys: Keys, role: Role) -> Person:
    """A user with a token signed by the installation's own key."""
    token = issue_token(
        keys.token_key, sub=f"demo:{role.key}", name=role.name, phone=role.phone, roles=role.roles, seconds=6 * 3600
    )
    return Person(line, role, token)


def anonymous(line: Line, name: str) -> Person:
    """A client without a token."""
    return Person(line, Role(key="anybody", name=name, phone=None), "")


def _decode(response: httpx.Response) -> Any:
    if not response.content:
        return None
    return (
        msgspec.json.decode(response.content) if "json" in response.headers.get("content-type", "") else response.text
    )


def _short(body: object) -> str:
    return str(body)[:400]
