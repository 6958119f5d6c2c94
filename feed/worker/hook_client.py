"""An HTTP client for a hook that `feed` calls: signed, within a time, to the configured URL only."""

import asyncio
from datetime import UTC, datetime

import httpx
import msgspec

from feed.webhooks import Hook, headers_of

_RESPONSE_SECONDS = 5.0
# Up to this much of a response's body is read, so that the connection is reused.
_MAX_BODY_READ = 16_384


class HookResponse(msgspec.Struct, frozen=True):
    """What the receiver answered. `retry_after` is the header of that name, `body` the beginning of the content."""

    status: int
    retry_after: str | None
    body: bytes


class HookClient:
    """An HTTP client for a hook."""

    def __init__(self, hook: Hook, *, connections: int, seconds: float = _RESPONSE_SECONDS) -> None:
        self.hook = hook
        self._seconds = seconds
        self._http = httpx.AsyncClient(
            timeout=seconds,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=connections),
            headers={"user-agent": "feed"},
        )

    async def post(self, message_id: str, body: bytes) -> HookResponse:
        """Sends a message. Raises httpx.HTTPError and TimeoutError."""
        headers = headers_of(self.hook, message_id, datetime.now(UTC), body)
        # The timeout of httpx applies to each step of a request; this one applies to the whole.
        async with (
            asyncio.timeout(self._seconds),
            self._http.stream("POST", self.hook.url, content=body, headers=headers) as response,
        ):
            read = bytearray()
            async for chunk in response.aiter_raw():
                read += chunk
                if len(read) > _MAX_BODY_READ:
                    break
            return HookResponse(response.status_code, response.headers.get("retry-after"), bytes(read[:_MAX_BODY_READ]))

    async def close(self) -> None:
        await self._http.aclose()
