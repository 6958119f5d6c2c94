"""Whether an answer is one that the served document promises: its status, its type, its code, its shape."""

import json
import re
from typing import Any

import httpx
import jsonschema_rs

from feed.api.paths import route_path
from feed.errors import NotFound

_MEDIA = "application/problem+json"


class Contract:
    """The served document, ready to be asked."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._validators: dict[str, Any] = {}
        # Paths without parameters first: `/users/me` is not a `/users/{id}`.
        self._paths = [
            (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), item)
            for path, item in sorted(document["paths"].items(), key=lambda pair: pair[0].count("{"))
        ]

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        """The operation that answers, if the document knows one."""
        for pattern, item in self._paths:
            if pattern.fullmatch(path.rstrip("/") or "/"):
                found: dict[str, Any] | None = item.get(method.lower())
                return found
        return None

    def breach(self, method: str, path: str, status: int, media: str, body: bytes) -> str | None:
        """What the document does not promise of this answer; None when it keeps its word."""
        operation = self.operation(method, path)
        if operation is None:
            return None
        name = f"{operation['operationId']} {status}"
        response = operation["responses"].get(str(status))
        if response is None:
            return f"{name} is not documented: {body[:200].decode(errors='replace')}"
        if not body and status in (202, 204, 304):
            return None
        content = response.get("content", {})
        kind = media.split(";")[0].strip()
        if kind not in content:
            return f"{name}: {media!r} is not documented"
        if "json" not in kind:
            return None
        answer = json.loads(body)
        if kind == _MEDIA and answer["code"] not in response["x-codes"]:
            return f"{name}: the code {answer['code']} is not documented"
        if kind == _MEDIA and (unfilled := _unfilled(answer)):
            return f"{name}: a parameter of a message is missing: {unfilled}"
        error = next(self._validator(content[kind]["schema"]).iter_errors(answer), None)
        return None if error is None else f"{name}: {'/'.join(map(str, error.instance_path))}: {error.message[:200]}"

    def _validator(self, schema: dict[str, Any]) -> Any:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = {**schema, "components": self.document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        return self._validators[key]


def _unfilled(problem: dict[str, Any]) -> list[str]:
    """The messages of a problem document with a parameter that nothing has filled."""
    messages = [problem["title"], problem["detail"], *(each["message"] for each in problem.get("errors", []))]
    return [message for message in messages if not message or re.search(r"[{}…]|\bNone\b", message)]


async def must_be_documented(contract: Contract, response: httpx.Response) -> None:
    """Fails for an answer that the document does not promise, and for one that does not tell shared caches who may get it."""
    await response.aread()
    assert "cache-control" in response.headers, response.request.url
    assert "authorization" in response.headers.get("vary", "").lower(), response.request.url
    request = response.request
    path = request.url.raw_path.partition(b"?")[0]
    try:
        route_path({"raw_path": path, "path": request.url.path})  # type: ignore[typeddict-item]
    except NotFound:
        # A malformed path, which belongs to no operation.
        return
    breach = contract.breach(
        request.method,
        path.decode("ascii"),
        response.status_code,
        response.headers.get("content-type", ""),
        response.content,
    )
    assert breach is None, breach
