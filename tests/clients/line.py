"""The demo's connection, made of a generated client: each request goes through the function that the document names for it."""

import asyncio
import enum
import importlib
import inspect
import re
import types
import typing
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import msgspec

from feed.demo.client import Line
from tests.support.waiting import HANG_SECONDS


class GeneratedLine(Line):
    """Asks what the demo asks, through `package`, which a generator has made of `document`."""

    def __init__(self, url: str, package: str, document: dict[str, Any]) -> None:
        super().__init__(url)
        self.used: set[str] = set()
        self._package = package
        self._clients: dict[str, Any] = {}
        self._client = importlib.import_module(f"{package}.client")
        self._operations = [
            (method.upper(), re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), operation)
            for path, item in sorted(document["paths"].items(), key=lambda pair: pair[0].count("{"))
            for method, operation in item.items()
        ]

    async def ask(self, method: str, path: str, *, body: object = None, headers: dict[str, str]) -> httpx.Response:
        """As `Line.ask`; what no generated function covers is asked plainly, which only health and documents are."""
        found = self._find(method, path)
        if found is None:
            return await super().ask(method, path, body=body, headers=headers)
        operation, given = found
        tag = re.sub(r"\W+", "_", operation["tags"][0]).lower()
        module = importlib.import_module(f"{self._package}.api.{tag}.{operation['operationId']}")
        self.used.add(operation["operationId"])
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        known = inspect.signature(module.asyncio_detailed).parameters
        if "idempotency_key" in known and "Idempotency-Key" in headers:
            given["idempotency_key"] = headers["Idempotency-Key"]
        hints = typing.get_type_hints(module.asyncio_detailed)
        values = {name: _converted(hints[name], value) for name, value in given.items()}
        if "body" in known:
            values["body"] = _body(
                hints["body"], msgspec.json.decode(msgspec.json.encode(body if body is not None else {}))
            )
        while True:
            self.requests += 1
            try:
                answer = await module.asyncio_detailed(client=self._opened(token, headers), **values)
            except httpx.TransportError:
                self.interrupted += 1
                await asyncio.sleep(0.2)
                continue
            if answer.status_code != 503:
                break
            await asyncio.sleep(0.2)
        # 204 has nothing to parse; everything else has become a model of the document's.
        assert answer.parsed is not None or not answer.content or answer.status_code == 204, operation["operationId"]
        return httpx.Response(int(answer.status_code), content=answer.content, headers=dict(answer.headers))

    def _find(self, method: str, path: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        parts = urlsplit(path)
        for known, pattern, operation in self._operations:
            match = pattern.fullmatch(parts.path) if known == method else None
            if match is not None:
                given: dict[str, Any] = {name: unquote(value) for name, value in match.groupdict().items()}
                return operation, given | dict(parse_qsl(parts.query))
        return None

    async def close(self) -> None:
        for client in self._clients.values():
            await client.get_async_httpx_client().aclose()
        await super().close()

    def _opened(self, token: str, headers: dict[str, str]) -> Any:
        """The client of a person, kept: each one has connections of its own."""
        if token not in self._clients:
            self._clients[token] = self._open(token, headers)
        return self._clients[token]

    def _open(self, token: str, headers: dict[str, str]) -> Any:
        more = {"headers": {"Accept-Language": headers["Accept-Language"]}, "httpx_args": {"trust_env": False}}
        if not token:
            return self._client.Client(base_url=self.url, timeout=httpx.Timeout(HANG_SECONDS), **more)
        return self._client.AuthenticatedClient(
            base_url=self.url, token=token, timeout=httpx.Timeout(HANG_SECONDS), **more
        )


def _kinds(hint: Any) -> list[Any]:
    several = (
        typing.get_args(hint) if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union else ()
    )
    return list(several) or [hint]


def _converted(hint: Any, value: str) -> Any:
    """A parameter as the generated function takes it."""
    kinds = _kinds(hint)
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return kind(value)
    if bool in kinds:
        return value == "true"
    return int(value) if int in kinds and str not in kinds else value


def _body(hint: Any, value: Any) -> Any:
    model = next(kind for kind in _kinds(hint) if hasattr(kind, "from_dict"))
    return model.from_dict(value)
