"""HEAD, answered wherever GET is: by the same handlers, with the same headers and without the body."""

from collections.abc import Awaitable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from feed.api.requests import IS_HEAD


def head_middleware(app: ASGIApp) -> ASGIApp:
    """Passes a HEAD request on as GET and drops the body of the response, also that of an error."""

    # No coroutine of its own: thousands of responses that stay open would each hold one more frame.
    def middleware(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "HEAD":
            return app(scope, receive, send)

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        scope["state"][IS_HEAD] = True
        return app({**scope, "method": "GET"}, receive, send_without_body)

    return middleware
