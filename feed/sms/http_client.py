"""The line to a provider: one request, one answer within the time, and what a broken line means for a message."""

import httpx

from feed.sms.provider import ANSWER_SECONDS, Throttled, Uncertain
from feed.sms.provider_errors import Answer, Request

# Shorter than the whole, so that a provider that cannot be reached is known not to have heard us.
_CONNECT_SECONDS = 2.5
_LARGEST_ANSWER = 1_000_000
_AT_ONCE = 40


class Line:
    """The open connections."""

    def __init__(self) -> None:
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=_AT_ONCE),
            follow_redirects=False,
            trust_env=False,
        )

    async def post(self, request: Request) -> Answer:
        """The answer, whatever it says. Raises Throttled when the request never left, and Uncertain when it may have arrived."""
        body = bytearray()
        try:
            async with self._http.stream(
                "POST", request.url, headers=request.headers, content=request.body
            ) as response:
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _LARGEST_ANSWER:
                        raise Uncertain("too_large")
                return Answer(response.status_code, bytes(body))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise Throttled("unreachable") from None
        except httpx.HTTPError as error:
            # From none: what caused it may quote the address, and that the number.
            raise Uncertain(type(error).__name__) from None

    async def close(self) -> None:
        await self._http.aclose()
