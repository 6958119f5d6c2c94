"""Per-request checks before the handler: `Accept`, announced body size and the rate limit."""

import structlog
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from feed.accounts.model import Viewer
from feed.api.client_address import address_group, client_address, header, is_loopback
from feed.api.dependencies import authenticate
from feed.api.errors import database_away, send_error
from feed.api.middleware.negotiation import check_headers
from feed.api.state import AppState
from feed.errors import FeedError, Unauthenticated
from feed.limits.limiter import Limiter
from feed.limits.model import UNLIMITED, RateLimited, default_for
from feed.postgres import UNAVAILABLE
from feed.settings import Settings

log = structlog.get_logger()

# In the request's state: the values of its `RateLimit` and `RateLimit-Policy` headers.
RATE_LIMIT_HEADERS = "rate_limit_headers"

_warned: set[str] = set()


def limit_of(handler: BaseRouteHandler, method: str) -> str:
    """The rate-limit class of a route: its own, `opt={"limit": "posts"}`, or the default of its method."""
    named: str | None = handler.opt.get("limit")
    return named if named is not None else default_for(method)


def rate_limit_middleware(app: ASGIApp) -> ASGIApp:
    """Checks and counts each request. A middleware and not a guard, so that it applies to every route."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        handler = scope["route_handler"]
        try:
            app_state: AppState = scope["litestar_app"].state.app_state
            await count_request(scope, app_state, limit_of(handler, scope["method"]), handler.opt.get("weight", 1))
            # Counted first: parsing is work too.
            check_headers(scope, handler)
        except FeedError as error:
            await send_error(scope, receive, send, error)
            return
        except UNAVAILABLE as error:
            await send_error(scope, receive, send, database_away(error))
            return
        await app(scope, receive, send)

    return middleware


async def count_request(scope: Scope, app_state: AppState, name: str, weight: int) -> None:
    """Counts the request in the class `name`. Raises RateLimited, LimitsAway, TokenInvalid, TokenExpired, IssuerAway."""
    limiter = app_state.limiter
    if limiter is None or name == UNLIMITED:
        return
    state = scope["state"]
    try:
        viewer = await _authenticate(scope, app_state, limiter, name)
        if viewer is not None:
            state[RATE_LIMIT_HEADERS] = await limiter.count_account(name, viewer.account_id, weight)
        elif (address := limited_address(scope, app_state.settings)) is not None:
            # No headers: a shared cache would send them to other callers.
            await limiter.count_address(name, address, weight)
    except RateLimited as error:
        state[RATE_LIMIT_HEADERS] = error.params["headers"]
        raise


async def _authenticate(scope: Scope, app_state: AppState, limiter: Limiter, name: str) -> Viewer | None:
    if not limiter.counts_accounts(name):
        return None
    try:
        return await authenticate(scope, app_state)
    except Unauthenticated:
        address = limited_address(scope, app_state.settings)
        if address is not None:
            await limiter.count_address("bad_tokens", address)
        raise


def limited_address(scope: Scope, settings: Settings) -> str | None:
    """The address or network to count by; None for loopback in embedded mode."""
    address = client_address(scope, settings.trusted_proxies)
    if settings.embedded and is_loopback(address):
        return None
    if not settings.trusted_proxies and not _warned and header(scope, b"x-forwarded-for") is not None:
        # Once per process: behind an undeclared proxy all callers would share its address.
        _warned.add("proxies")
        log.warning("a proxy forwards requests, and FEED_TRUSTED_PROXIES is 0")
    return address_group(address)
