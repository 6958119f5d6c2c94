"""What every request passes before its handler: it fits the door, and nobody comes too often."""

from typing import Any

import structlog
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from feed.api.addresses import client_address, grouped, is_loopback
from feed.api.errors import answer, away
from feed.api.fitting import fit
from feed.api.inputs import admitted
from feed.api.world import World
from feed.errors import FeedError, Unauthenticated
from feed.limits.limiter import Limiter
from feed.limits.model import UNLIMITED, RateLimited, default_for
from feed.postgres import DOWN
from feed.settings import Settings

log = structlog.get_logger()

_warned: set[str] = set()


def limit_of(handler: BaseRouteHandler, method: str) -> str:
    """The name of a route's limit: what it says itself, `opt={"limit": "posts"}`, or its method's default."""
    named: str | None = handler.opt.get("limit")
    return named if named is not None else default_for(method)


def entrance(app: ASGIApp) -> ASGIApp:
    """The application behind the checks. Here and not in a guard, so that no door can forget them."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope, receive, send)
        handler = scope["route_handler"]
        try:
            fit(connection, handler)
            await _count(connection, handler, scope["method"])
        except FeedError as error:
            await answer(scope, receive, send, error)
            return
        except DOWN as error:
            await answer(scope, receive, send, away(error))
            return
        await app(scope, receive, send)

    return middleware


async def _count(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler, method: str) -> None:
    world: World = connection.app.state.world
    name = limit_of(handler, method)
    limiter = world.limiter
    if limiter is None or name == UNLIMITED:
        return
    weight: int = handler.opt.get("weight", 1)
    state = connection.scope["state"]
    try:
        viewer = await _viewer(connection, world, limiter, name)
        if viewer is not None:
            state["told"] = await limiter.spend_as_account(name, viewer.account_id, weight)
        elif (address := limited_address(connection, world.settings)) is not None:
            # Not told: a shared cache would tell it to others.
            await limiter.spend_as_address(name, address, weight)
    except RateLimited as refusal:
        state["told"] = refusal.params["told"]
        raise


async def _viewer(
    connection: ASGIConnection[Any, Any, Any, Any], world: World, limiter: Limiter, name: str
) -> Any | None:
    if not limiter.counts_accounts(name):
        return None
    try:
        return await admitted(connection, world)
    except Unauthenticated:
        address = limited_address(connection, world.settings)
        if address is not None:
            await limiter.spend_as_address("bad_tokens", address)
        raise


def limited_address(connection: ASGIConnection[Any, Any, Any, Any], settings: Settings) -> str | None:
    """The address that a limit counts; None for this machine in embedded mode."""
    address = client_address(connection, settings.trusted_proxies)
    if settings.embedded and is_loopback(address):
        return None
    if not settings.trusted_proxies and "x-forwarded-for" in connection.headers and not _warned:
        # Once: behind a proxy that nobody has told us of, all people would share one address.
        _warned.add("proxies")
        log.warning("a proxy forwards requests, and FEED_TRUSTED_PROXIES is 0")
    return grouped(address)
