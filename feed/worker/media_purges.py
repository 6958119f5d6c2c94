"""Sends purges to the CDN's purge hook: lease, send, record. Delivery is at least once; the receiver's answer is the receipt."""

import hashlib
import random
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
import msgspec
import structlog

from feed.media import purges
from feed.media.purge_store import PurgeAttempt
from feed.observability.metrics import PURGE_OLDEST, PURGES, PURGES_DEAD
from feed.postgres import Pool
from feed.webhooks import Hook, outcome_of, retry_after_of, retry_delay
from feed.worker.hook_client import HookClient, HookResponse

log = structlog.get_logger("feed.media")

# Interfaces of CDNs answer slower than our own receivers.
_RESPONSE_SECONDS = 15.0


class PurgedMedium(msgspec.Struct, frozen=True):
    """One medium of a call and why it is purged."""

    media_id: str
    reason: str


class PurgeCall(msgspec.Struct, frozen=True):
    """The body of a call: every address that may be in a cache."""

    id: str
    urls: list[str]
    media: list[PurgedMedium]


class PurgeClient(HookClient):
    """An HTTP client for the purge hook. `base`: the public address below which photos and videos are."""

    def __init__(self, hook: Hook, base: str) -> None:
        super().__init__(hook, connections=2, seconds=_RESPONSE_SECONDS)
        self.base = base


async def send_purges(pool: Pool, client: PurgeClient | None) -> bool:
    """Sends one call with due purges. Returns whether more may be due. Does nothing without a client (no hook configured)."""
    if client is None:
        return False
    leased = await purges.lease_purges(pool)
    if not leased:
        return False
    call = call_of(leased, client.base)
    try:
        response = await client.post(call.id, msgspec.json.encode(call))
    except (httpx.HTTPError, TimeoutError, OSError) as error:
        await _fail(pool, leased, type(error).__name__)
        return False
    outcome = outcome_of(response.status)
    if outcome == "retry":
        await _fail(pool, leased, f"status_{response.status}", response)
        return False
    PURGES.labels(outcome).inc()
    if outcome == "delivered":
        receipt = f"{response.status} {response.body.decode(errors='replace')}".replace("\0", "")
        await purges.record_accepted(pool, leased, receipt=receipt)
    else:
        log.error("purges rejected", ids=[each.id for each in leased], status=response.status)
        await purges.record_rejected(pool, leased, error_code=f"status_{response.status}")
    return True


def call_of(leased: Sequence[PurgeAttempt], base: str) -> PurgeCall:
    """The call for these purges. Its id is the same when the same purges are sent again for the same reason."""
    named = "\n".join(f"{each.id}{' again' if each.purged else ''}" for each in leased)
    return PurgeCall(
        hashlib.sha256(named.encode()).hexdigest()[:32],
        [f"{base}/{path}" for each in leased for path in each.paths],
        [PurgedMedium(str(each.media_id), each.reason) for each in leased],
    )


async def _fail(
    pool: Pool, leased: Sequence[PurgeAttempt], error_code: str, response: HookResponse | None = None
) -> None:
    now = datetime.now(UTC)
    requested = None if response is None else retry_after_of(response.status, response.retry_after, now)
    delays = [retry_delay(each.tries, random.random()) for each in leased]  # noqa: S311
    if requested is not None:
        delays = [None if delay is None else max(delay, requested) for delay in delays]
    dead = [each.id for each, delay in zip(leased, delays, strict=True) if delay is None]
    PURGES.labels("failed").inc()
    if dead:
        PURGES.labels("dead").inc(len(dead))
        log.error("purges abandoned", ids=dead, error=error_code)
    log.warning("purge call failed", purges=len(leased), error=error_code)
    await purges.record_failed(pool, leased, delays, error_code=error_code, retry_after=requested)


async def watch_purges(pool: Pool, client: PurgeClient | None) -> None:
    """Measures the backlog of purges. Does nothing without a client (no hook configured)."""
    if client is not None:
        backlog = await purges.get_backlog(pool)
        PURGE_OLDEST.set(backlog.oldest_seconds)
        PURGES_DEAD.set(backlog.dead)
