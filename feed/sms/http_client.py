"""The HTTP client for providers: one request with a timeout, and what a transport error means for the message."""

import httpx

from feed.sms.provider import RESPONSE_SECONDS, Throttled, Uncertain
from feed.sms.provider_errors import ProviderResponse, Request

# Shorter than the whole timeout: a connect timeout proves that the request was not sent.
_CONNECT_SECONDS = 2.5
_MAX_RESPONSE_BYTES = 1_000_000
_MAX_CONNECTIONS = 40


class HttpClient:
    """A connection pool to one provider."""

    def __init__(self) -> None:
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(RESPONSE_SECONDS, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=_MAX_CONNECTIONS),
            follow_redirects=False,
            trust_env=False,
        )

    async def post(self, request: Request) -> ProviderResponse:
        """Sends the request and returns the response, whatever its status.

        Raises Throttled when the request was not sent, and Uncertain when it may have arrived.
        """
        body = bytearray()
        try:
            async with self._http.stream(
                "POST", request.url, headers=request.headers, content=request.body
            ) as response:
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _MAX_RESPONSE_BYTES:
                        raise Uncertain("too_large")
                return ProviderResponse(response.status_code, bytes(body))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise Throttled("unreachable") from None
        except httpx.HTTPError as error:
            # `from None`: the cause may quote the URL, which contains the phone number.
            raise Uncertain(type(error).__name__) from None

    async def close(self) -> None:
        await self._http.aclose()
