"""Health checks, metrics and the public signing keys."""

import asyncio
import hmac
from typing import Any

import msgspec
from litestar import Response, Router, get
from redis.exceptions import RedisError

from feed import metrics
from feed.api.client_address import is_loopback
from feed.api.dependencies import AnyRequest, InjectedAppState
from feed.errors import NotFound
from feed.keys.signatures import PublicKeys
from feed.limits.model import UNLIMITED
from feed.postgres import UNAVAILABLE


class Health(msgspec.Struct):
    """The state of this process and of the servers it depends on."""

    status: str
    postgres: str = "up"
    redis: str = "up"


@get("/health/live", opt={"limit": UNLIMITED})
async def live() -> Health:
    """The process responds"""
    return Health("live")


@get("/health/ready", opt={"limit": UNLIMITED})
async def ready(app_state: InjectedAppState) -> Response[Health]:
    """The process can serve requests: Postgres is reachable. Without Redis pages come from Postgres."""
    postgres, redis = await asyncio.gather(_postgres(app_state), _redis(app_state))
    status = "ready" if postgres == "up" else "unready"
    return Response(Health(status, postgres, redis), status_code=200 if postgres == "up" else 503)


async def _postgres(app_state: Any) -> str:
    try:
        async with asyncio.timeout(2):
            await app_state.pool.fetchval("SELECT 1")
    except UNAVAILABLE:
        return "down"
    return "up"


async def _redis(app_state: Any) -> str:
    try:
        async with asyncio.timeout(2):
            await app_state.redis.ping()
    except (RedisError, OSError, TimeoutError):
        return "down"
    return "up"


@get("/.well-known/feed-keys.json", opt={"limit": "files"})
async def get_keys(app_state: InjectedAppState) -> Response[PublicKeys]:
    """The public keys of signed results, the current one first; for `feed verify --key`."""
    return Response(app_state.keys.public_keys(), headers={"cache-control": "public, max-age=300"})


@get("/metrics", opt={"limit": UNLIMITED}, include_in_schema=False)
async def read_metrics(request: AnyRequest, app_state: InjectedAppState) -> Response[bytes]:
    """Prometheus metrics; for loopback, or with the token."""
    if not _may_read(request, app_state.settings.metrics_token):
        raise NotFound
    return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _may_read(request: AnyRequest, token: str) -> bool:
    if token:
        return hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())
    # A proxy on this machine forwards requests of other machines.
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    return request.client is not None and is_loopback(request.client.host) and not forwarded


router = Router("/", route_handlers=[live, ready, get_keys, read_metrics])
