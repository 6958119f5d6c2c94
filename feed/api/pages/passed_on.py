"""The response of an operation that a browser gets as it is, without being held in memory: a file to download."""

from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import Message, Receive, Scope, Send

from feed.accounts.model import Viewer
from feed.api.dependencies import AnyRequest
from feed.api.errors import Problem, html_problem
from feed.api.pages.calls import operation_scope
from feed.api.pages.page import page_language


class PassedOn(Response[bytes]):
    """The response of an operation, called as the viewer of the page; its problem is shown as a page."""

    def __init__(self, request: AnyRequest, viewer: Viewer, method: str, path: str) -> None:
        super().__init__(b"")
        self.request = request
        self.operation = operation_scope(request, viewer, method, path, None, page_language(request))

    def to_asgi_response(self, app: Litestar | None, request: Request[Any, Any, Any], **_: Any) -> ASGIResponse:
        """The ASGI response, called by the framework."""
        return _PassedOn(self)


class _PassedOn(ASGIResponse):
    def __init__(self, response: PassedOn) -> None:
        self.response = response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem: list[bytes] = []
        failed = False

        async def send_or_collect(message: Message) -> None:
            nonlocal failed
            if message["type"] == "http.response.start":
                failed = message["status"] >= 400
            if not failed:
                await send(message)
            elif message["type"] == "http.response.body":
                problem.append(message["body"])

        async def receive_nothing() -> Any:
            if scope["state"].setdefault("passed_on_body", 0):
                return await receive()
            scope["state"]["passed_on_body"] = 1
            return {"type": "http.request", "body": b"", "more_body": False}

        request = self.response.request
        await request.app.state.operations(self.response.operation, receive_nothing, send_or_collect)
        if failed:
            document = msgspec.json.decode(b"".join(problem), type=Problem)
            shown = html_problem(request, document, page_language(request), headers={})
            await shown.to_asgi_response(app=None, request=request)(scope, receive, send)
