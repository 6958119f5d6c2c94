"""What every request passes before its handler: it fits the door, and nobody comes too often."""

import structlog
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from feed.accounts.model import Viewer
from feed.api.client_address import client_address, grouped, header, is_loopback
from feed.api.dependencies import admitted
from feed.api.errors import answer, away
from feed.api.middleware.negotiation import fit
from feed.api.state import AppState
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
        handler = scope["route_handler"]
        try:
            fit(scope, handler)
            app_state: AppState = scope["litestar_app"].state.app_state
            await count(scope, app_state, limit_of(handler, scope["method"]), handler.opt.get("weight", 1))
        except FeedError as error:
            await answer(scope, receive, send, error)
            return
        except DOWN as error:
            await answer(scope, receive, send, away(error))
            return
        await app(scope, receive, send)

    return middleware


async def count(scope: Scope, app_state: AppState, name: str, weight: int) -> None:
    """Counts the request under a limit. Raises RateLimited, LimitsAway, and what a bad token is refused with."""
    limiter = app_state.limiter
    if limiter is None or name == UNLIMITED:
        return
    state = scope["state"]
    try:
        viewer = await _viewer(scope, app_state, limiter, name)
        if viewer is not None:
            state["told"] = await limiter.spend_as_account(name, viewer.account_id, weight)
        elif (address := limited_address(scope, app_state.settings)) is not None:
            # Not told: a shared cache would tell it to others.
            await limiter.spend_as_address(name, address, weight)
    except RateLimited as refusal:
        state["told"] = refusal.params["told"]
        raise


async def _viewer(scope: Scope, app_state: AppState, limiter: Limiter, name: str) -> Viewer | None:
    if not limiter.counts_accounts(name):
        return None
    try:
        return await admitted(scope, app_state)
    except Unauthenticated:
        address = limited_address(scope, app_state.settings)
        if address is not None:
            await limiter.spend_as_address("bad_tokens", address)
        raise


def limited_address(scope: Scope, settings: Settings) -> str | None:
    """The address that a limit counts; None for this machine in embedded mode."""
    address = client_address(scope, settings.trusted_proxies)
    if settings.embedded and is_loopback(address):
        return None
    if not settings.trusted_proxies and not _warned and header(scope, b"x-forwarded-for") is not None:
        # Once: behind a proxy that nobody has told us of, all people would share one address.
        _warned.add("proxies")
        log.warning("a proxy forwards requests, and FEED_TRUSTED_PROXIES is 0")
    return grouped(address)
