"""Telling the push hook: leased, sent, recorded. At least once, under the same id."""

import asyncio
import random
from datetime import UTC, datetime

import httpx
import msgspec
import structlog

from feed.inbox import push_actions as pushing
from feed.inbox.push_hook import Hook, headers_of, outcome_of, patience_of, pause_after
from feed.inbox.push_store import Attempt
from feed.metrics import PUSH_OLDEST, PUSHES
from feed.postgres import Pool
from feed.screens.staff import pushes as screen
from feed.screens.staff.pushes import PushBody

log = structlog.get_logger("feed.pushes")

_ANSWER_SECONDS = 5.0
# Of an answer only its status and Retry-After matter; this much of its body is read, to keep the connection.
_BODY_READ = 16_384


class PushClient:
    """The connections to the hook."""

    def __init__(self, hook: Hook) -> None:
        self.hook = hook
        self._http = httpx.AsyncClient(
            timeout=_ANSWER_SECONDS,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=pushing.AT_ONCE),
            headers={"user-agent": "feed"},
        )

    async def post(self, push_id: int, body: bytes) -> tuple[int, str | None]:
        """Status and Retry-After of the answer. Raises httpx.HTTPError and TimeoutError."""
        headers = headers_of(self.hook, push_id, datetime.now(UTC), body)
        # httpx bounds each step of a request; this bounds all of them together.
        async with (
            asyncio.timeout(_ANSWER_SECONDS),
            self._http.stream("POST", self.hook.url, content=body, headers=headers) as response,
        ):
            read = 0
            async for chunk in response.aiter_raw():
                read += len(chunk)
                if read > _BODY_READ:
                    break
            return response.status_code, response.headers.get("retry-after")

    async def close(self) -> None:
        await self._http.aclose()


async def send_pushes(pool: Pool, client: PushClient | None) -> bool:
    """Sends what is due, a handful at a time. Whether more may wait. Does nothing without a client: no hook is set."""
    if client is None:
        return False
    leased = await pushing.lease_pushes(pool)
    if not leased:
        return False
    async with pool.acquire() as conn:
        bodies = await screen.list_bodies(conn, [attempt.inbox_id for attempt in leased])
    done = await asyncio.gather(
        *(_send(pool, client, attempt, bodies.get(attempt.inbox_id)) for attempt in leased), return_exceptions=True
    )
    for failure in done:
        if isinstance(failure, BaseException):
            raise failure
    return len(leased) == pushing.AT_ONCE


async def _send(pool: Pool, client: PushClient, attempt: Attempt, body: PushBody | None) -> None:
    if body is None:
        PUSHES.labels("retracted").inc()
        await pushing.record_end(pool, attempt, "retracted", answered=False)
        return
    try:
        status, retry_after = await client.post(attempt.inbox_id, msgspec.json.encode(body))
    except (httpx.HTTPError, TimeoutError, OSError) as error:
        await _fail(pool, attempt, type(error).__name__)
        return
    outcome = outcome_of(status)
    if outcome == "again":
        await _fail(pool, attempt, f"status_{status}", status, retry_after)
        return
    PUSHES.labels(outcome).inc()
    if outcome == "dead":
        log.error("push refused", id=attempt.inbox_id, status=status)
    await pushing.record_end(pool, attempt, outcome, error_code=None if outcome == "delivered" else f"status_{status}")


async def _fail(pool: Pool, attempt: Attempt, error_code: str, status: int = 0, retry_after: str | None = None) -> None:
    pause = pause_after(attempt.tries, random.random())  # noqa: S311
    patience = patience_of(status, retry_after, datetime.now(UTC))
    if pause is not None and patience is not None:
        pause = max(pause, patience)
    PUSHES.labels("failed" if pause else "dead").inc()
    log.log(
        30 if pause else 40,
        "push failed" if pause else "push given up",
        id=attempt.inbox_id,
        tries=attempt.tries,
        error=error_code,
    )
    await pushing.record_failure(pool, attempt, after=pause, error_code=error_code, patience=patience)


async def watch_pushes(pool: Pool, client: PushClient | None) -> None:
    """Keeps the hook served, and its backlog measured. Does nothing without a client: no hook is set."""
    if client is not None:
        PUSH_OLDEST.set(await pushing.serve_hook(pool))
