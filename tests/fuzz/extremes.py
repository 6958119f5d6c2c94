"""Requests that no client library sends: bodies with extremes in every member, broken JSON, odd paths, queries and headers.

Each is checked for what holds for every response: no 5xx, and every error is a problem document.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx

from tests.fuzz.seed_data import Known
from tests.fuzz.values import RAW_NUMBERS, hostile_text, hostile_value
from tests.support.waiting import HANG_SECONDS

_CONCURRENT = 8
# After so many requests the progress is reported.
_REPORTED = 2000
_FAILURES_MOST = 20
_MARK = "\ue000number\ue000"
_WHOLE_BODIES = (
    b"",
    b"null",
    b"[]",
    b"7",
    b'"a"',
    b"{",
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{\x00}\x00",
    b'{"text": "\\ud800"}',
    b'{"text": "\xff"}',
    b'{"text": 1, "text": "a"}',
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"text": "a"} {}',
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    b'{"text": "' + b"a" * 250_000 + b'"}',
    b'{"text": "' + b"a" * 270_000 + b'"}',
    b'{"x": ' + b"1" * 200_000 + b"}",
)
_PATHS = (
    "//v1/posts",
    "/v1%2fposts",
    "/docs/files/%00",
    "/docs/files/" + "a" * 300,
    "/docs/files/..%2f..%2fetc",
    "/%ff",
    "/v1/topics/%2F",
)


class Outcome(NamedTuple):
    """How many requests were answered with each status, and descriptions of wrong responses."""

    statuses: Counter[int]
    failures: list[str]


class _Sent(NamedTuple):
    method: str
    url: str
    content: bytes | None
    headers: list[tuple[bytes, bytes]]


async def send(url: str, known: Known, *, count: int, seed: int, tell: Any = print) -> Outcome:
    """Sends `count` requests to the server at `url`, some at the same time. Calls `tell` with the progress."""
    outcome = Outcome(Counter(), [])
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=HANG_SECONDS) as client:
        document = (await client.get("/openapi.json")).json()
        # A stream of events does not end.
        del document["paths"]["/v1/events"]
        requests = _requests(document, known, random.Random(seed))

        async def run() -> None:
            while outcome.statuses.total() < count and len(outcome.failures) < _FAILURES_MOST:
                sent = next(requests)
                problem, status = await _problem(client, sent)
                outcome.statuses[status] += 1
                if outcome.statuses.total() % _REPORTED == 0:
                    tell(f"extremes: {outcome.statuses.total():,} of {count:,}")
                if problem:
                    outcome.failures.append(
                        f"{problem}: {sent.method} {sent.url[:200]} {(sent.content or b'')[:300]!r}"
                    )

        await asyncio.gather(*(run() for _ in range(_CONCURRENT)))
    return outcome


async def _problem(client: httpx.AsyncClient, sent: _Sent) -> tuple[str, int]:
    """What is wrong with the response, empty if nothing; and its status, 0 without one."""
    request = client.build_request("GET", "/", content=sent.content)
    # The target as it is written: the library would normalise it.
    raw = request.url.copy_with(raw_path=sent.url.encode("ascii"))
    request = httpx.Request(sent.method, raw, headers=[*request.headers.raw, *sent.headers], content=sent.content)
    try:
        answer = await _answer(client, request)
    except httpx.TransportError as error:
        # The server closes the connection after headers that it does not accept, and in the middle of bodies that are too large.
        may_close = sum(len(value) for _, value in sent.headers) > 20_000 or len(sent.content or b"") > 262_144
        return "" if may_close else repr(error), 0
    if answer.status_code >= 500:
        return f"{answer.status_code} {answer.text[:200]}", answer.status_code
    if answer.status_code >= 400 and sent.method != "HEAD":
        kind = answer.headers.get("content-type", "")
        # The server itself answers requests that are not HTTP, without a body.
        if kind != "application/problem+json" and answer.content:
            return f"{answer.status_code} is no problem document ({kind})", answer.status_code
    return "", answer.status_code


async def _answer(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    try:
        return await client.send(request)
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
        # The server may have closed the kept connection meanwhile; a second time it is a failure.
        return await client.send(request)


def _requests(document: dict[str, Any], known: Known, chance: random.Random) -> Iterator[_Sent]:
    schemas = document["components"]["schemas"]
    operations = [
        (method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if not path.startswith("/health")
    ]
    while True:
        method, path, operation = chance.choice(operations)
        url = _path(path, known, chance) if chance.random() < 0.97 else chance.choice(_PATHS)
        query = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
        if query and chance.random() < 0.5:
            url += "?" + "&".join(
                f"{name}={_quoted(str(hostile_value(chance))[:1500])}"
                for name in chance.choices(query, k=chance.randint(1, 3))
            )
        headers = list(_headers(known, chance))
        content = None
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body is not None:
            content = _body(body["schema"], schemas, chance)
            headers.append((b"content-type", b"application/json"))
        if method == "GET" and chance.random() < 0.1:
            method = "HEAD"
        yield _Sent(method, url, content, headers)


def _path(template: str, known: Known, chance: random.Random) -> str:
    parts = []
    for part in template.split("/"):
        name = part.strip("{}")
        if part == name:
            parts.append(part)
        elif name in known.ids and chance.random() < 0.7:
            parts.append(_quoted(chance.choice(known.ids[name])))
        else:
            parts.append(_quoted(str(chance.choice((hostile_text(chance), *RAW_NUMBERS)))[:600]) or "x")
    return "/".join(parts)


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def _headers(known: Known, chance: random.Random) -> Iterator[tuple[bytes, bytes]]:
    role = "admin" if chance.random() < 0.6 else chance.choice([*known.tokens, ""])
    if role:
        yield b"authorization", f"Bearer {known.tokens[role]}".encode()
    if chance.random() < 0.05:
        yield (
            b"idempotency-key",
            chance.choice((b"", b"a" * 201, b"a b", b"\xe9\x94\xae", b"k%d" % chance.randint(0, 9))),
        )
    if chance.random() < 0.05:
        yield b"accept-language", chance.choice((b"en", b"*;q=0", b"en;q=nan", b"," * 500, b"zh;q=0.1, en;q=0.9"))
    if chance.random() < 0.02:
        yield b"x-large", b"a" * chance.choice((15_000, 17_000, 70_000))
    if chance.random() < 0.02:
        yield b"content-encoding", chance.choice((b"gzip", b"br", b"identity"))
    if chance.random() < 0.02:
        yield b"accept", chance.choice((b"text/html", b"application/json;q=0", b"*/*;q=", b"\xff"))


def _body(schema: dict[str, Any], schemas: dict[str, Any], chance: random.Random) -> bytes:
    if chance.random() < 0.05:
        return chance.choice(_WHOLE_BODIES)
    value = _value(schema, schemas, chance, 0)
    # Surrogates are written as escapes; numbers that Python cannot hold replace a mark.
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    for mark in (json.dumps(_MARK).encode(), json.dumps(_MARK, ensure_ascii=False).encode()):
        while mark in text:
            text = text.replace(mark, chance.choice(RAW_NUMBERS).encode(), 1)
    return text


def _value(schema: dict[str, Any], schemas: dict[str, Any], chance: random.Random, depth: int) -> Any:
    """A value for the schema, with some extreme ones instead."""
    while "$ref" in schema or "oneOf" in schema or "anyOf" in schema or "allOf" in schema:
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
        else:
            schema = chance.choice(schema.get("oneOf") or schema.get("anyOf") or schema["allOf"])
    if depth and chance.random() < 0.12:
        return hostile_value(chance)
    if depth and chance.random() < 0.06:
        return _MARK
    kind = schema.get("type")
    kind = chance.choice(kind) if isinstance(kind, list) else kind
    if kind == "object":
        if "properties" not in schema:
            inner = schema.get("additionalProperties")
            return {
                hostile_text(chance)[:50]: _value(inner or {}, schemas, chance, depth + 1)
                for _ in range(chance.randint(0, 3))
            }
        needed = set(schema.get("required", ()))
        return {
            name: _value(each, schemas, chance, depth + 1)
            for name, each in schema["properties"].items()
            if name in needed or chance.random() < 0.6
        }
    if kind == "array":
        return [_value(schema.get("items", {}), schemas, chance, depth + 1) for _ in range(chance.randint(0, 3))]
    if "enum" in schema:
        return chance.choice(schema["enum"])
    if kind in ("integer", "number"):
        return _MARK if chance.random() < 0.3 else chance.choice((0, 1, 3, 10, 2**31 - 1, -1))
    if kind == "boolean":
        return chance.random() < 0.5
    if kind == "string":
        return (
            hostile_text(chance)
            if chance.random() < 0.5
            else chance.choice(("读书", "1", "0.5", "spam", "editor", "2027-01-01T00:00:00Z"))
        )
    return hostile_value(chance)
