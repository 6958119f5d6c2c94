"""Health, metrics and the public keys: what belongs to the site and to no feature."""

import asyncio
import hmac
from typing import Any

import msgspec
from litestar import Response, Router, get

from feed import metrics
from feed.api.client_address import is_loopback
from feed.api.dependencies import AnyRequest, InjectedAppState
from feed.errors import NotFound
from feed.keys.signatures import PublicKeys
from feed.postgres import DOWN


class Health(msgspec.Struct):
    """Whether this process lives, and what it can reach."""

    status: str
    postgres: str = "up"
    redis: str = "up"


@get("/health/live", opt={"quiet": True, "limit": "none"})
async def live() -> Health:
    """The process answers."""
    return Health("live")


@get("/health/ready", opt={"quiet": True, "limit": "none"})
async def ready(app_state: InjectedAppState) -> Response[Health]:
    """The process can serve: Postgres answers. Redis may be away; pages then come from Postgres."""
    postgres, redis = await asyncio.gather(_postgres(app_state), _redis(app_state))
    status = "ready" if postgres == "up" else "unready"
    return Response(Health(status, postgres, redis), status_code=200 if postgres == "up" else 503)


async def _postgres(app_state: Any) -> str:
    try:
        async with asyncio.timeout(2):
            await app_state.pool.fetchval("SELECT 1")
    except DOWN:
        return "down"
    return "up"


async def _redis(app_state: Any) -> str:
    from redis.exceptions import RedisError

    try:
        async with asyncio.timeout(2):
            await app_state.redis.ping()
    except (RedisError, OSError, TimeoutError):
        return "down"
    return "up"


@get("/.well-known/feed-keys.json", opt={"limit": "files"})
async def get_keys(app_state: InjectedAppState) -> Response[PublicKeys]:
    """The public keys that results are signed with, the current one first; for `feed verify --key`."""
    return Response(app_state.keys.public_keys(), headers={"cache-control": "public, max-age=300"})


@get("/metrics", opt={"quiet": True, "limit": "none"}, include_in_schema=False)
async def read_metrics(request: AnyRequest, app_state: InjectedAppState) -> Response[bytes]:
    """Prometheus text; for loopback, or for whoever has the token."""
    if not _may_read(request, app_state.settings.metrics_token):
        raise NotFound
    return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _may_read(request: AnyRequest, token: str) -> bool:
    if token:
        return hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())
    # What a proxy of this machine passes on comes from somewhere else.
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    return request.client is not None and is_loopback(request.client.host) and not forwarded


router = Router("/", route_handlers=[live, ready, get_keys, read_metrics])
