"""The session of a browser: its cookie, the viewer behind it, and the token that forms carry."""

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec
from litestar._parsers import parse_cookie_string
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from feed.accounts import web_sessions
from feed.accounts.model import Viewer
from feed.accounts.web_sessions import SESSION_DAYS
from feed.api.client_address import header
from feed.api.dependencies import AnyRequest
from feed.api.sign_in_client import sign_in_client
from feed.api.state import AppState
from feed.bounded_cache import BoundedCache
from feed.errors import Unauthenticated
from feed.settings import Settings

_NAME = "feed_session"
# Browsers accept a cookie of this name over HTTPS only, from this host, and for all its paths.
_SECURE_NAME = "__Host-feed_session"
_LONGEST = 200
# What a page that comes back from the browser's memory asks.
STATE_PATH = "/sign-in/state"


class Session(msgspec.Struct, frozen=True):
    """A signed-in browser. `token` is what its forms carry."""

    viewer: Viewer
    token: str


# None in a browser that is not signed in.
InjectedSession = NamedDependency[SkipValidation[Session | None]]


def signed_in(session: Session | None) -> Session:
    """The session. Raises Unauthenticated, which leads to the sign-in and back."""
    if session is None:
        raise Unauthenticated
    return session


async def provide_session(request: AnyRequest) -> Session | None:
    """The session of the request's cookie, looked up once per request; None without one, or when it has ended."""
    state = request.scope["state"]
    if "session" not in state:
        found = state["session"] = await _find_session(request)
        if found is not None:
            # For the access log.
            state["viewer"] = found.viewer
    session: Session | None = state["session"]
    return session


async def _find_session(request: AnyRequest) -> Session | None:
    app_state: AppState = request.app.state.app_state
    secret = session_secret(request, app_state.settings)
    if secret is None:
        return None
    authenticator = app_state.authenticator
    # A form acts, and a page that comes back from the browser's memory asks: they need the session as it is now.
    is_read_now = request.scope["method"] != "GET" or request.scope["path"] == STATE_PATH
    find = authenticator.read_browser if is_read_now else authenticator.find_browser
    viewer = await find(secret, lambda: sign_in_client(request, app_state))
    return None if viewer is None else Session(viewer, form_token(app_state.keys.cursor_key, secret))


async def end_browser_session(app_state: AppState, secret: str, *, everywhere: bool = False) -> None:
    """Signs a browser out, with `everywhere` all devices of the person; an unknown secret changes nothing."""
    account_id = await web_sessions.end_session(app_state.pool, secret, everywhere=everywhere)
    if account_id is not None:
        app_state.authenticator.forget_browsers(account_id)


def session_secret(request: AnyRequest, settings: Settings) -> str | None:
    """The secret in the cookie; None without a usable one."""
    secret = cookies_of(request).get(cookie_name(settings))
    return secret if secret and len(secret) <= _LONGEST else None


def cookies_of(request: AnyRequest) -> Mapping[str, str]:
    """The cookies of a request."""
    given = header(request.scope, b"cookie")
    return {} if given is None else parse_cookie_string(given)


def cookie_name(settings: Settings) -> str:
    """The name of the cookie, by the scheme of the public address."""
    return _SECURE_NAME if _is_secure(settings) else _NAME


def session_cookie(settings: Settings, secret: str) -> Cookie:
    """The cookie of a new session. Scripts cannot read it, and other sites' requests do not carry it but for links."""
    return Cookie(
        key=cookie_name(settings),
        value=secret,
        max_age=int(timedelta(days=SESSION_DAYS).total_seconds()),
        path="/",
        httponly=True,
        secure=_is_secure(settings),
        samesite="lax",
    )


def ended_cookie(settings: Settings) -> Cookie:
    """Takes the cookie back."""
    return Cookie(
        key=cookie_name(settings),
        value="",
        max_age=0,
        expires=int(datetime(1970, 1, 2, tzinfo=UTC).timestamp()),
        path="/",
        httponly=True,
        secure=_is_secure(settings),
        samesite="lax",
    )


# A digest costs more than the rest of a page's session.
_tokens: BoundedCache[tuple[bytes, str], str] = BoundedCache(
    max_bytes=8_000_000, seconds=600.0, size=lambda key, token: len(key[0]) + len(key[1]) + len(token)
)


def form_token(key: bytes, secret: str) -> str:
    """The token of a session's forms, derived from its secret, which other sites do not know."""
    found = _tokens.get((key, secret))
    if found is None:
        found = _form_token(key, secret)
        _tokens.put((key, secret), found)
    return found


def _form_token(key: bytes, secret: str) -> str:
    digest = hmac.digest(key, b"form token\0" + secret.encode(errors="replace"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _is_secure(settings: Settings) -> bool:
    return settings.public_url.startswith("https:")
