"""Health checks, metrics and the public signing keys."""

import asyncio
import hmac
import time
from typing import Literal

import msgspec
from litestar import Response, Router, get

from feed.api.client_address import is_loopback
from feed.api.dependencies import AnyRequest, InjectedAppState
from feed.api.responses import response_specs
from feed.api.state import AppState
from feed.audit.checkpoint import Checkpoint
from feed.audit.model import AuditCheckpointNotFound
from feed.audit.seal_store import find_last_seal
from feed.errors import NotFound
from feed.keys.checks import compare_keys
from feed.keys.signatures import PublicKeys
from feed.limits.model import UNLIMITED
from feed.observability import metrics
from feed.postgres import UNAVAILABLE
from feed.readiness import PostgresFault, find_fault
from feed.redis import RedisFault
from feed.redis import find_fault as find_redis_fault

PostgresState = PostgresFault | Literal["up"]
RedisState = RedisFault | Literal["up", "unknown"]
KeysState = Literal["up", "other", "unknown"]


class Health(msgspec.Struct):
    """The state of this process and of the servers it depends on: `up`, or what is wrong with each."""

    status: Literal["live", "ready", "unready"]
    postgres: PostgresState = "up"
    redis: RedisState = "up"
    keys: KeysState = "up"


@get("/health/live", opt={"limit": UNLIMITED})
async def live() -> Health:
    """The process responds"""
    return Health("live")


@get("/health/ready", opt={"limit": UNLIMITED})
async def ready(app_state: InjectedAppState) -> Response[Health]:
    """The process can serve requests: Postgres takes writes and has the schema, the keys are those of the database, and Redis takes
    writes or is down: without Redis pages come from Postgres. Checked at most once a second."""
    return await _readings.get(app_state)


class _Readings:
    """The last answer of each application, for a second. Concurrent probes wait for one check."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._of: AppState | None = None
        self._at = 0.0
        self._last: Response[Health] | None = None

    async def get(self, app_state: AppState) -> Response[Health]:
        async with self._lock:
            now = time.monotonic()
            if self._last is None or self._of is not app_state or now - self._at > _CHECKED_SECONDS:
                self._last = await check_readiness(app_state)
                self._of, self._at = app_state, now
            return self._last


_CHECKED_SECONDS = 1.0
_CHECK_TIMEOUT = 2.0
_readings = _Readings()


async def check_readiness(app_state: AppState) -> Response[Health]:
    """Checks the servers now. 200, or 503 with what is wrong."""
    (postgres, keys), redis = await asyncio.gather(_postgres(app_state), _redis(app_state))
    is_ready = postgres == keys == "up" and redis in ("up", "down")
    health = Health("ready" if is_ready else "unready", postgres, redis, keys)
    return Response(health, status_code=200 if is_ready else 503)


async def _postgres(app_state: AppState) -> tuple[PostgresState, KeysState]:
    """The states of Postgres and of the keys."""
    state: PostgresState = "down"
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT):
            state = await find_fault(app_state.pool) or "up"
            if state == "schema":
                return state, "unknown"
            differences = await compare_keys(app_state.pool, app_state.keys)
    except UNAVAILABLE:
        return "down" if state == "up" else state, "unknown"
    return state, "up" if not differences else "other"


async def _redis(app_state: AppState) -> RedisState:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT):
            return await find_redis_fault(app_state.redis) or "up"
    except TimeoutError:
        return "down"


@get("/.well-known/feed-keys.json", opt={"limit": "files"})
async def get_keys(app_state: InjectedAppState) -> Response[PublicKeys]:
    """The public keys of signed results, the current one first; for `feed verify --key`."""
    return Response(app_state.keys.public_keys(), headers={"cache-control": "public, max-age=300"})


@get(
    "/.well-known/feed-audit-checkpoint.json",
    opt={"limit": "files"},
    responses=response_specs(Checkpoint),
    errors=(AuditCheckpointNotFound,),
)
async def get_audit_checkpoint(app_state: InjectedAppState) -> Response[bytes]:
    """The newest checkpoint of the audit log, signed; for `feed audit verify --checkpoint`. It covers all before it."""
    async with app_state.pool.acquire() as conn:
        seal = await find_last_seal(conn)
    if seal is None:
        raise AuditCheckpointNotFound
    return Response(seal.document, media_type="application/json", headers={"cache-control": "public, max-age=10"})


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


router = Router("/", route_handlers=[live, ready, get_keys, get_audit_checkpoint, read_metrics])
