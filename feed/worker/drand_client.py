"""Asking drand for the values that draws wait for, over HTTP. What comes back is believed for its signature alone."""

import asyncio

import httpx
import msgspec
import structlog

from feed.postgres import Pool
from feed.prizes.draw.actions import list_drand_rounds, record_drand_value
from feed.prizes.draw.drand import QUICKNET, Chain

log = structlog.get_logger("feed.draws")

_ANSWER_SECONDS = 5.0
_ANSWER_LONGEST = 16_384


class NoValue(Exception):
    """The relay has no readable answer."""


class _Answer(msgspec.Struct, frozen=True):
    round: int
    signature: str


class DrandClient:
    """The connections to a relay. Any will do: a relay can withhold a value, and cannot make one up."""

    def __init__(self, url: str, chain: Chain = QUICKNET) -> None:
        self.chain = chain
        self._url = f"{url.rstrip('/')}/{chain.sha256}/public/"
        self._http = httpx.AsyncClient(
            timeout=_ANSWER_SECONDS, follow_redirects=False, trust_env=False, headers={"user-agent": "feed"}
        )

    async def get(self, round_: int) -> bytes:
        """The signature that the relay gives for a round. Raises NoValue, httpx.HTTPError and TimeoutError."""
        # httpx bounds each step of a request; this bounds all of them together.
        async with (
            asyncio.timeout(_ANSWER_SECONDS),
            self._http.stream("GET", f"{self._url}{round_}") as response,
        ):
            if response.status_code != 200:
                raise NoValue(f"status {response.status_code}")
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _ANSWER_LONGEST:
                    raise NoValue("too long")
        try:
            answer = msgspec.json.decode(body, type=_Answer)
            signature = bytes.fromhex(answer.signature)
        except (msgspec.MsgspecError, ValueError) as error:
            raise NoValue("unreadable") from error
        if answer.round != round_:
            raise NoValue(f"round {answer.round}")
        return signature

    async def close(self) -> None:
        await self._http.aclose()


async def ask_drand(pool: Pool, client: DrandClient | None) -> None:
    """Fetches the round of each draw that waits for one that has appeared, and retries until the time of the round is over.

    Does nothing without a client: drand is turned off.
    """
    if client is None:
        return
    for campaign_id, round_ in await list_drand_rounds(pool, client.chain):
        try:
            signature = await client.get(round_)
        except (NoValue, httpx.HTTPError, TimeoutError, OSError) as error:
            log.warning(
                "drand gave nothing", campaign=campaign_id, round=round_, error=f"{type(error).__name__}: {error}"
            )
            continue
        if not await record_drand_value(pool, client.chain, campaign_id, round_, signature):
            log.error("drand value refused", campaign=campaign_id, round=round_)
