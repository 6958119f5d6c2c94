"""Sends pushes to the push hook: lease, send, record. Delivery is at least once, with the same id."""

import asyncio
import random
from datetime import UTC, datetime

import httpx
import msgspec
import structlog

from feed.inbox import push_actions
from feed.inbox.push_store import Attempt
from feed.links import DEFAULT_LINKS, Links
from feed.observability.metrics import PUSH_OLDEST, PUSHES
from feed.postgres import Pool
from feed.screens.staff import pushes as screen
from feed.screens.staff.pushes import PushBody
from feed.webhooks import Hook, outcome_of, retry_after_of, retry_delay
from feed.worker.hook_client import HookClient

log = structlog.get_logger("feed.pushes")


class PushClient(HookClient):
    """An HTTP client for the hook."""

    def __init__(self, hook: Hook, links: Links = DEFAULT_LINKS) -> None:
        super().__init__(hook, connections=push_actions.BATCH_SIZE)
        self.links = links


async def send_pushes(pool: Pool, client: PushClient | None) -> bool:
    """Sends one batch of due pushes. Returns whether more may be due. Does nothing without a client (no hook configured)."""
    if client is None:
        return False
    leased = await push_actions.lease_pushes(pool)
    if not leased:
        return False
    async with pool.acquire() as conn:
        bodies = await screen.list_bodies(conn, [attempt.inbox_id for attempt in leased], client.links)
    done = await asyncio.gather(
        *(_send(pool, client, attempt, bodies.get(attempt.inbox_id)) for attempt in leased), return_exceptions=True
    )
    for failure in done:
        if isinstance(failure, BaseException):
            raise failure
    return len(leased) == push_actions.BATCH_SIZE


async def _send(pool: Pool, client: PushClient, attempt: Attempt, body: PushBody | None) -> None:
    if body is None:
        PUSHES.labels("retracted").inc()
        await push_actions.record_outcome(pool, attempt, "retracted", answered=False)
        return
    try:
        answer = await client.post(str(attempt.inbox_id), msgspec.json.encode(body))
    except (httpx.HTTPError, TimeoutError, OSError) as error:
        await _fail(pool, attempt, type(error).__name__)
        return
    status = answer.status
    outcome = outcome_of(status)
    if outcome == "retry":
        await _fail(pool, attempt, f"status_{status}", status, answer.retry_after)
        return
    PUSHES.labels(outcome).inc()
    if outcome == "dead":
        log.error("push rejected", id=attempt.inbox_id, status=status)
    await push_actions.record_outcome(
        pool, attempt, outcome, error_code=None if outcome == "delivered" else f"status_{status}"
    )


async def _fail(pool: Pool, attempt: Attempt, error_code: str, status: int = 0, retry_after: str | None = None) -> None:
    delay = retry_delay(attempt.tries, random.random())  # noqa: S311
    requested = retry_after_of(status, retry_after, datetime.now(UTC))
    if delay is not None and requested is not None:
        delay = max(delay, requested)
    PUSHES.labels("failed" if delay else "dead").inc()
    log.log(
        30 if delay else 40,
        "push failed" if delay else "push abandoned",
        id=attempt.inbox_id,
        tries=attempt.tries,
        error=error_code,
    )
    await push_actions.record_failure(pool, attempt, after=delay, error_code=error_code, retry_after=requested)


async def watch_pushes(pool: Pool, client: PushClient | None) -> None:
    """Records that a worker serves the hook, and measures its backlog. Does nothing without a client (no hook configured)."""
    if client is not None:
        PUSH_OLDEST.set(await push_actions.mark_hook_served(pool))
