"""Plays operations of the API as people of the story, and keeps what was sent and received."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from uuid import NAMESPACE_URL, uuid5

import httpx
import msgspec

from feed.api.state import AppState
from feed.auth.tokens import issue_token
from tests.support.media_files import picture
from tests.support.story.clock import Clock

Json = dict[str, Any]
Headers = Callable[[bytes], dict[str, str]]
_JSON = "application/json"
_FORM = "multipart/form-data"
# Where the server of a test keeps its files.
_TEMPORARY = re.compile(rb"/[^\" ]*/pytest-\d+/[^/\" ]+")
_BOUNDARY = "story"


class Person(NamedTuple):
    """A person of the story; every request has a new token, because months pass."""

    sub: str
    name: str
    phone: str
    roles: tuple[str, ...] = ()


class Played(msgspec.Struct, omit_defaults=True):
    """An operation as it was played first: parameters, body, and the contents of its responses by status and media type."""

    parameters: Json = {}
    body: Any = None
    answers: dict[str, Json] = {}
    others: dict[str, "Played"] = {}


class Request(NamedTuple):
    """What is sent: the parameters of path and query, the headers, and the body as it is in the story."""

    operation: str
    who: Person | None
    parameters: Json
    headers: Headers
    body: Any


class Stage:
    """The application, the clock of the story, and the operations that were played."""

    def __init__(self, client: httpx.AsyncClient, app_state: AppState, clock: Clock, document: Json) -> None:
        self.client, self.app_state, self.clock = client, app_state, clock
        self.pool, self.keys = app_state.pool, app_state.keys
        self.played: dict[str, Played] = {}
        # The acts that each operation has left in the audit log: action and kind of the subject, for each time it was played.
        self.audited: dict[str, list[list[tuple[str, str]]]] = {}
        self.operations = {
            operation["operationId"]: (method.upper(), path, operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
        }
        self._requests = count(1)

    async def at(self, text: str) -> None:
        """Moves the story to a time of Beijing, as `2026-09-20 08:00`."""
        await self.clock.move_to(datetime.fromisoformat(f"{text}:00+08:00"))

    async def call(
        self,
        operation: str,
        who: Person | None = None,
        body: Any = None,
        /,
        *,
        headers: Headers = lambda _: {},
        status: int | None = None,
        kept: bool = True,
        example: str = "",
        **parameters: Any,
    ) -> Any:
        """Sends a request, which must succeed with the status, and keeps it. Returns the decoded response, None without one.

        `example` is the name of a further example of the same operation.
        """
        request = Request(operation, who, parameters, headers, body)
        declared = self._headers_of(operation)
        if "Idempotency-Key" in declared:
            key = str(uuid5(NAMESPACE_URL, f"{operation} {next(self._requests)}"))
            request = request._replace(headers=lambda sent: {"Idempotency-Key": key} | headers(sent))
        before = await self._last_audit_id()
        answer, sent = await self._send(request)
        self.audited.setdefault(operation, []).append(await self._acts_after(before))
        assert answer.is_success, f"{operation}: {answer.status_code} {answer.text}"
        assert status in (None, answer.status_code), f"{operation}: {answer.status_code}, not {status}"
        content = _content_of(answer)
        known = {name: value for name, value in sent.items() if name in declared}
        keeping = self.played.setdefault(operation, Played({}, None, {}, {})) if kept else Played()
        if example:
            media = answer.headers["content-type"].split(";")[0]
            answers = {str(answer.status_code): {media: content}}
            keeping.others[example] = Played(parameters | known, body, answers)
            if keeping.answers:
                keeping.parameters = parameters | known | keeping.parameters
        elif kept:
            keeping.body = keeping.body if keeping.answers else body
            # Other parameters may come with later requests.
            keeping.parameters = parameters | known | keeping.parameters
            await self._keep(keeping, request, answer, content)
        return content

    def record(self, folder: Path) -> None:
        """Stores what was played, one file for each operation, and removes the others."""
        for path in folder.glob("*.json"):
            path.unlink()
        for name, played in self.played.items():
            written = _TEMPORARY.sub(b"/srv/feed", msgspec.json.encode(played))
            (folder / f"{name}.json").write_bytes(msgspec.json.format(written) + b"\n")

    async def _keep(self, keeping: Played, request: Request, answer: httpx.Response, content: Any) -> None:
        media = answer.headers.get("content-type", "").split(";")[0]
        contents = keeping.answers.setdefault(str(answer.status_code), {})
        if media in contents or (contents and not media):
            return
        if media:
            contents[media] = content
        if "etag" in answer.headers:
            tag = keeping.parameters["If-None-Match"] = answer.headers["etag"]
            again, _ = await self._send(request._replace(headers=lambda _: {"If-None-Match": tag}))
            assert again.status_code in (200, 304), request.operation
        if isinstance(content, dict) and content.get("next_cursor"):
            cursor = keeping.parameters["cursor"] = content["next_cursor"]
            following, _ = await self._send(request._replace(parameters=request.parameters | {"cursor": cursor}))
            assert following.status_code == 200, request.operation
        for invalid in _invalid(request, self.operations[request.operation][2]):
            refused, _ = await self._send(invalid)
            if refused.status_code == 422:
                keeping.answers.setdefault("422", {"application/problem+json": refused.json()})
                break

    async def _last_audit_id(self) -> int:
        last: int = await self.pool.fetchval("SELECT coalesce(max(id), 0) FROM audit")
        return last

    async def _acts_after(self, audit_id: int) -> list[tuple[str, str]]:
        rows = await self.pool.fetch("SELECT action, subject_kind FROM audit WHERE id > $1 ORDER BY id", audit_id)
        return [(row["action"], row["subject_kind"]) for row in rows]

    def _headers_of(self, operation: str) -> set[str]:
        return {each["name"] for each in self.operations[operation][2].get("parameters", ()) if each["in"] == "header"}

    async def _send(self, request: Request) -> tuple[httpx.Response, dict[str, str]]:
        """The response, and the headers of the request."""
        method, path, operation = self.operations[request.operation]
        kinds = {each["name"]: each["in"] for each in operation.get("parameters", ())}
        given = request.parameters
        url = "http://feed.test" + re.sub(r"\{(\w+)[^}]*\}", lambda match: quote(str(given[match[1]]), safe=""), path)
        asked = {name: value for name, value in given.items() if kinds.get(name, "query") == "query"}
        query = {name: _in_query(value) for name, value in self.clock.sent(asked).items()}
        # What another process would have cached for at most a second.
        self.app_state.pages.invalidate(None)
        is_form = _FORM in operation.get("requestBody", {}).get("content", {})
        kind, encode = (f"{_FORM}; boundary={_BOUNDARY}", _in_form) if is_form else (_JSON, msgspec.json.encode)
        content = b"" if request.body is None else encode(self.clock.sent(request.body))
        headers = request.headers(content)
        sent = headers | ({"content-type": kind} if content else {})
        if request.who is not None:
            sent["authorization"] = f"Bearer {self._token(request.who)}"
        answer = await self.client.request(
            method,
            f"{url}?{urlencode(query)}" if query else url,
            headers=[(name.encode(), value.encode()) for name, value in sent.items()],
            content=content,
        )
        return answer, headers

    def _token(self, who: Person) -> str:
        key = self.app_state.keys.token_key
        return issue_token(key, sub=who.sub, name=who.name, phone=who.phone, roles=who.roles)


def _in_form(body: Json) -> bytes:
    """The body of a form. A file is a small photo, whatever its name."""
    parts = b""
    for name, value in body.items():
        file = f'; filename="{value}"' if name == "file" else ""
        content = picture() if name == "file" else str(value).encode()
        parts += f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode()
        parts += content + b"\r\n"
    return parts + f"--{_BOUNDARY}--\r\n".encode()


def _in_query(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _content_of(answer: httpx.Response) -> Any:
    if not answer.content:
        return None
    if "zip" in answer.headers["content-type"]:
        return "PK…"
    return answer.json() if "json" in answer.headers["content-type"] else answer.text


def _invalid(request: Request, operation: Json) -> Iterator[Request]:
    """The request with an invalid member, parameter or key, one after the other."""
    if "422" not in operation["responses"]:
        return
    if isinstance(request.body, dict):
        for name in request.body:
            yield request._replace(body=request.body | {name: [0]})
    if isinstance(request.body, list):
        for name in request.body[0]:
            yield request._replace(body=[request.body[0] | {name: [0]}])
    for each in operation.get("parameters", ()):
        if each["in"] == "query":
            wrong = {"limit": "0", "ids": ",".join(map(str, range(1, 61)))}.get(each["name"], "?")
            yield request._replace(parameters=request.parameters | {each["name"]: wrong})
    yield request._replace(parameters=request.parameters | {"page_size": 20})
    yield request._replace(headers=lambda _: {"Idempotency-Key": "钥匙"})
