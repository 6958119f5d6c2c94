"""HEAD, answered wherever GET is: by the same handlers, with the same headers and without the body."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from feed.api.requests import IS_HEAD


def head_middleware(app: ASGIApp) -> ASGIApp:
    """Passes a HEAD request on as GET and drops the body of the response, also that of an error."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "HEAD":
            await app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        scope["state"][IS_HEAD] = True
        await app({**scope, "method": "GET"}, receive, send_without_body)

    return middleware
