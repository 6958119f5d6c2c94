"""Repeats a request after a deadlock or serialization failure of Postgres, unless it has committed something before."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from feed.api.errors import WRITE_CONFLICT, database_away, send_error
from feed.postgres import RETRYABLE, with_retries


def retries_middleware(app: ASGIApp) -> ASGIApp:
    """Repeats the handler with its dependencies; the framework keeps the body that it has read."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        state = scope["state"]

        async def send_unless_repeated(message: Message) -> None:
            if WRITE_CONFLICT not in state:
                await send(message)

        async def run() -> None:
            await app(scope, receive, send_unless_repeated)
            conflict: Exception | None = state.pop(WRITE_CONFLICT, None)
            if conflict is not None:
                raise conflict

        try:
            await with_retries(run)
        except RETRYABLE as error:
            await send_error(scope, receive, send, database_away(error))

    return middleware
