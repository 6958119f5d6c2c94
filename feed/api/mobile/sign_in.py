"""Endpoints of the sign-in by phone, for installations whose app has no sign-in of its own."""

from typing import Annotated, Literal

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.handlers import BaseRouteHandler
from litestar.params import FromQuery, JSONBody

from feed.accounts import otp_guard, sign_in
from feed.accounts.otp_guard import ChallengeRefused, ChallengeRequired, CodeRequestRules, CountryNotServed
from feed.accounts.otp_quotas import CodesExhausted
from feed.accounts.sign_in import CodeRefused, RefreshRefused, SignedIn
from feed.api.dependencies import AnyConnection, AnyRequest, InjectedAppState
from feed.api.responses import PRIVATE
from feed.api.sign_in_client import sign_in_client
from feed.api.state import AppState
from feed.errors import NotFound
from feed.limits.model import LimitsAway
from feed.phones import PhoneText
from feed.screens.people import profiles as screen
from feed.screens.people.profiles import UserCard
from feed.settings import Settings
from feed.texts import opaque


class SignInElsewhere(NotFound):
    """Tokens are issued by the app's own sign-in."""


class PhoneIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The phone that gets a code.

    `challenge` is the solved proof of work (altcha's payload), if one is required. `device_token` is that of the last sign-in
    with this phone on this device, if there was one: codes that strangers request for the phone do not count against it.
    """

    phone: PhoneText
    challenge: Annotated[str, opaque(16_384)] | None = None
    device_token: Annotated[str, opaque(200)] | None = None


class CodeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that a phone has received; `device_token` as for the request of the code."""

    phone: PhoneText
    code: Annotated[str, opaque(sign_in.CODE_LONGEST)]
    device_token: Annotated[str, opaque(200)] | None = None


class RefreshIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The refresh token of the last sign-in."""

    refresh_token: Annotated[str, opaque(1000)]


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of a sign-in; `expires_in` in seconds.

    `device_token` is kept when the user signs out, and sent with the next request to sign in with the same phone.
    """

    access_token: str
    refresh_token: str
    device_token: str | None
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int
    user: UserCard


class ChallengeParameters(msgspec.Struct, frozen=True, rename="camel"):
    """What to compute: the counter whose derived key begins with the prefix."""

    algorithm: str
    cost: int
    key_length: int
    key_prefix: str
    nonce: str
    salt: str
    expires_at: int


class Challenge(msgspec.Struct, frozen=True):
    """A challenge as altcha's widget and libraries solve it, proof of work by key derivation; it can be used once."""

    parameters: ChallengeParameters
    signature: str


class CodeSent(msgspec.Struct, frozen=True):
    """The same response whether or not an account has this phone."""

    sent: bool = True


async def requires_own_sign_in(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """A guard: raises SignInElsewhere where an external issuer signs the tokens."""
    app_state: AppState = connection.app.state.app_state
    if app_state.settings.jwks_url:
        raise SignInElsewhere


@get("/challenge", errors=(SignInElsewhere, LimitsAway))
async def get_challenge(app_state: InjectedAppState) -> Response[Challenge]:
    """A proof of work for altcha's widget or library, valid for ten minutes and one code. It is harder while many codes are sent."""
    made = await otp_guard.make_challenge(app_state.redis, app_state.keys, _rules(app_state.settings))
    return Response(msgspec.convert(made, Challenge), headers={"cache-control": PRIVATE})


@post(
    "/codes",
    status_code=202,
    errors=(
        SignInElsewhere,
        CountryNotServed,
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
    client = sign_in_client(request, app_state, data.device_token)
    await otp_guard.check_code_request(
        app_state.pool,
        app_state.redis,
        app_state.keys,
        _rules(app_state.settings),
        phone=data.phone,
        client=client,
        challenge=data.challenge,
    )
    await sign_in.request_code(
        app_state.pool, app_state.keys, data.phone, client, provider=app_state.settings.sms_provider
    )
    return CodeSent()


@post("/tokens", status_code=200, errors=(SignInElsewhere, CodeRefused), limit="codes")
async def exchange_code(data: JSONBody[CodeIn], request: AnyRequest, app_state: InjectedAppState) -> Tokens:
    """Sign in with a code. The first sign-in creates the account.

    Wrong codes from where the code was requested, or with a `device_token`, have five attempts of their own: attempts of
    others do not use them up.
    """
    client = sign_in_client(request, app_state, data.device_token)
    signed_in = await sign_in.exchange_code(app_state.pool, app_state.keys, data.phone, data.code, client)
    return await _tokens(app_state, signed_in)


@post("/refresh", status_code=200, errors=(SignInElsewhere, RefreshRefused), limit="refresh")
async def refresh(data: JSONBody[RefreshIn], request: AnyRequest, app_state: InjectedAppState) -> Tokens:
    """Exchange a refresh token for new tokens.

    A repetition within a minute, for a response that was lost, gets the same refresh token again unless that has been used. Any
    other second use revokes the whole sign-in.
    """
    client = sign_in_client(request, app_state, None)
    return await _tokens(app_state, await sign_in.refresh(app_state.pool, app_state.keys, data.refresh_token, client))


@delete("/tokens", status_code=204, errors=(SignInElsewhere,), limit="refresh")
async def sign_out(data: JSONBody[RefreshIn], app_state: InjectedAppState, everywhere: FromQuery[bool] = False) -> None:
    """Sign out: revoke the refresh tokens of this sign-in, with `everywhere` of all sign-ins of the person.

    The access tokens of what is signed out end within a minute. A token that is unknown or revoked gets the same response.
    """
    await sign_in.sign_out(app_state.pool, data.refresh_token, everywhere=everywhere)


def _rules(settings: Settings) -> CodeRequestRules:
    return CodeRequestRules(
        challenge=settings.sign_in_challenge,
        site_per_day=settings.sign_in_codes_per_day,
        countries=settings.sign_in_country_codes,
        provider=settings.sms_provider,
    )


async def _tokens(app_state: AppState, signed_in: SignedIn) -> Tokens:
    async with app_state.pool.acquire() as conn:
        user = await screen.get_user(conn, signed_in.account_id, signed_in.account_id)
    return Tokens(
        access_token=signed_in.access_token,
        refresh_token=signed_in.refresh_token,
        device_token=signed_in.device_token,
        expires_in=signed_in.expires_in,
        user=user,
    )


auth = Router(
    "/auth",
    route_handlers=[get_challenge, request_code, exchange_code, refresh, sign_out],
    guards=[requires_own_sign_in],
    tags=["Signing in"],
)
