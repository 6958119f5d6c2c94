"""Endpoints of the sign-in by phone, for installations whose app has no sign-in of its own."""

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.handlers import BaseRouteHandler
from litestar.params import FromQuery, JSONBody

from feed.accounts import otp_guard, sign_in
from feed.accounts.otp_guard import ChallengeRefused, ChallengeRequired, CodeRequestRules
from feed.accounts.otp_quotas import CodesExhausted
from feed.accounts.sign_in import CodeRefused, RefreshRefused, SignedIn
from feed.api.dependencies import AnyConnection, AnyRequest, InjectedAppState
from feed.api.middleware.rate_limit import limited_address
from feed.api.responses import PRIVATE
from feed.api.state import AppState
from feed.errors import NotFound
from feed.limits.model import LimitsAway
from feed.phones import PhoneText
from feed.screens.people import profiles as screen
from feed.screens.people.profiles import UserCard
from feed.texts import opaque


class SignInElsewhere(NotFound):
    """Tokens are issued by the app's own sign-in."""


class PhoneIn(msgspec.Struct, frozen=True):
    """The phone that gets a code. `challenge` is the solved proof of work (altcha's payload), if one is required."""

    phone: PhoneText
    challenge: Annotated[str, opaque(16_384)] | None = None


class CodeIn(msgspec.Struct, frozen=True):
    """The code that a phone has received."""

    phone: PhoneText
    code: Annotated[str, opaque(40)]


class RefreshIn(msgspec.Struct, frozen=True):
    """The refresh token of the last sign-in."""

    refresh_token: Annotated[str, opaque(1000)]


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of a sign-in; `expires_in` in seconds."""

    access_token: str
    refresh_token: str
    token_type: str = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int
    user: UserCard


class CodeSent(msgspec.Struct, frozen=True):
    """The same response whether or not an account has this phone."""

    sent: bool = True


async def requires_own_sign_in(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """A guard: raises SignInElsewhere where an external issuer signs the tokens."""
    app_state: AppState = connection.app.state.app_state
    if app_state.settings.jwks_url:
        raise SignInElsewhere


@get("/challenge", errors=(SignInElsewhere,))
async def get_challenge(app_state: InjectedAppState) -> Response[dict[str, Any]]:
    """A proof of work for altcha's widget or library, valid for ten minutes and one code."""
    return Response(otp_guard.make_challenge(app_state.keys), headers={"cache-control": PRIVATE})


@post(
    "/codes",
    status_code=202,
    errors=(
        SignInElsewhere,
        ChallengeRequired,
        ChallengeRefused,
        CodesExhausted,
        LimitsAway,
    ),
    limit="codes",
)
async def request_code(data: JSONBody[PhoneIn], request: AnyRequest, app_state: InjectedAppState) -> CodeSent:
    """Send a code by SMS: 6 digits, valid for 5 minutes and 5 attempts.

    After 403 `challenge_required`, get a challenge, solve it, and repeat the request with it.
    """
    await otp_guard.check_code_request(
        app_state.pool,
        app_state.redis,
        app_state.keys,
        CodeRequestRules(app_state.settings.sign_in_challenge, app_state.settings.sign_in_codes_per_day),
        phone=data.phone,
        address=limited_address(request.scope, app_state.settings),
        challenge=data.challenge,
    )
    await sign_in.request_code(app_state.pool, app_state.keys, data.phone, provider=app_state.settings.sms_provider)
    return CodeSent()


@post("/tokens", status_code=200, errors=(SignInElsewhere, CodeRefused), limit="codes")
async def exchange_code(data: JSONBody[CodeIn], app_state: InjectedAppState) -> Tokens:
    """Sign in with a code. The first sign-in creates the account."""
    return await _tokens(app_state, await sign_in.exchange_code(app_state.pool, app_state.keys, data.phone, data.code))


@post("/refresh", status_code=200, errors=(SignInElsewhere, RefreshRefused), limit="refresh")
async def refresh(data: JSONBody[RefreshIn], app_state: InjectedAppState) -> Tokens:
    """Exchange a refresh token for new tokens.

    A repetition within a minute, for a response that was lost, gets the same refresh token again unless that has been used. Any
    other second use revokes the whole sign-in.
    """
    return await _tokens(app_state, await sign_in.refresh(app_state.pool, app_state.keys, data.refresh_token))


@delete("/tokens", status_code=204, errors=(SignInElsewhere,), limit="refresh")
async def sign_out(data: JSONBody[RefreshIn], app_state: InjectedAppState, everywhere: FromQuery[bool] = False) -> None:
    """Sign out: revoke the refresh tokens of this sign-in, with `everywhere` of all sign-ins of the person.

    Access tokens stay valid until they expire, an hour at most. A token that is unknown or revoked gets the same response.
    """
    await sign_in.sign_out(app_state.pool, data.refresh_token, everywhere=everywhere)


async def _tokens(app_state: AppState, signed_in: SignedIn) -> Tokens:
    async with app_state.pool.acquire() as conn:
        user = await screen.get_user(conn, signed_in.account_id)
    return Tokens(
        access_token=signed_in.access_token,
        refresh_token=signed_in.refresh_token,
        expires_in=signed_in.expires_in,
        user=user,
    )


auth = Router(
    "/auth",
    route_handlers=[get_challenge, request_code, exchange_code, refresh, sign_out],
    guards=[requires_own_sign_in],
    tags=["Signing in"],
)
