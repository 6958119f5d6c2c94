"""Fetches the drand rounds that draws wait for, over HTTP. A value is accepted only by its signature."""

import asyncio

import httpx
import msgspec
import structlog

from feed.postgres import Pool
from feed.prizes.draw.actions import list_drand_rounds, record_drand_value
from feed.prizes.draw.drand import QUICKNET, Chain

log = structlog.get_logger("feed.draws")

_RESPONSE_SECONDS = 5.0
_MAX_RESPONSE_BYTES = 16_384


class NoValue(Exception):
    """The relay returned no readable value."""


class _Response(msgspec.Struct, frozen=True):
    round: int
    signature: str


class DrandClient:
    """An HTTP client for a relay. Relays need not be trusted: they can withhold a value but not forge one."""

    def __init__(self, url: str, chain: Chain = QUICKNET) -> None:
        self.chain = chain
        self._url = f"{url.rstrip('/')}/{chain.sha256}/public/"
        self._http = httpx.AsyncClient(
            timeout=_RESPONSE_SECONDS, follow_redirects=False, trust_env=False, headers={"user-agent": "feed"}
        )

    async def get(self, round_: int) -> bytes:
        """The signature of a round. Raises NoValue, httpx.HTTPError and TimeoutError."""
        # The timeout of httpx applies to each step of a request; this one applies to the whole.
        async with (
            asyncio.timeout(_RESPONSE_SECONDS),
            self._http.stream("GET", f"{self._url}{round_}") as response,
        ):
            if response.status_code != 200:
                raise NoValue(f"status {response.status_code}")
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MAX_RESPONSE_BYTES:
                    raise NoValue("too long")
        try:
            answer = msgspec.json.decode(body, type=_Response)
            signature = bytes.fromhex(answer.signature)
        except (msgspec.MsgspecError, ValueError) as error:
            raise NoValue("unreadable") from error
        if answer.round != round_:
            raise NoValue(f"round {answer.round}")
        return signature

    async def close(self) -> None:
        await self._http.aclose()


async def fetch_drand_values(pool: Pool, client: DrandClient | None) -> None:
    """Fetches the round of each draw that waits for one which has been published.

    A failed request is retried in the next run, while the round's period lasts. Does nothing without a client (drand is
    turned off).
    """
    if client is None:
        return
    for campaign_id, round_ in await list_drand_rounds(pool, client.chain):
        try:
            signature = await client.get(round_)
        except (NoValue, httpx.HTTPError, TimeoutError, OSError) as error:
            log.warning(
                "drand value unavailable", campaign=campaign_id, round=round_, error=f"{type(error).__name__}: {error}"
            )
            continue
        if not await record_drand_value(pool, client.chain, campaign_id, round_, signature):
            log.error("drand value rejected", campaign=campaign_id, round=round_)
