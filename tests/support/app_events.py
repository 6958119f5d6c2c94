"""Events of the app's server, signed as it signs them."""

import time
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx
import msgspec

from feed.webhooks import sign
from tests.support.api import HOOK_SECRET

_events = count(1)


async def send(
    client: httpx.AsyncClient,
    kind: str,
    sub: str = "test:小明",
    *,
    event_id: str | None = None,
    ago: float = 0,
    at: datetime | None = None,
    **data: Any,
) -> httpx.Response:
    """Sends an event of the app's server, which happened at `at`, with a timestamp `ago` seconds before now."""
    happened = at or datetime.now(UTC)
    event = {"type": f"account.{kind}", "timestamp": happened.isoformat(), "data": {"sub": sub, **data}}
    return await deliver(client, msgspec.json.encode(event), event_id=event_id, ago=ago)


async def deliver(
    client: httpx.AsyncClient, body: bytes, *, event_id: str | None = None, ago: float = 0, **headers: Any
) -> httpx.Response:
    webhook_id, stamp = event_id or f"msg_{next(_events)}", int(time.time() - ago)
    signed: dict[str, Any] = {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(HOOK_SECRET.encode(), webhook_id, stamp, body),
    }
    return await client.post("/hooks/accounts", content=body, headers=signed | headers)


def outcome(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    result: str = answer.json()["outcome"]
    return result
