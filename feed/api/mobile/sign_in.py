"""Signing in with a phone where the app has no sign-in of its own."""

import msgspec
from litestar import Router, post
from litestar.params import JSONBody

from feed.accounts import sign_in
from feed.accounts.sign_in import SignedIn
from feed.api.inputs import GivenWorld
from feed.api.world import World
from feed.screens import people as screen
from feed.screens.people import UserCard


class PhoneIn(msgspec.Struct, frozen=True):
    """Which phone a code is for. `challenge` is the solved proof of work, where one is asked for."""

    phone: str
    challenge: str | None = None


class CodeIn(msgspec.Struct, frozen=True):
    """The code that a phone has received."""

    phone: str
    code: str


class RefreshIn(msgspec.Struct, frozen=True):
    """The refresh token of the last sign-in."""

    refresh_token: str


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a sign-in gives; `expires_in` in seconds."""

    access_token: str
    refresh_token: str
    token_type: str = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int
    user: UserCard


class CodeSent(msgspec.Struct, frozen=True):
    """The same answer whether or not somebody is known by the phone."""

    sent: bool = True


@post("/codes", status_code=202, opt={"limit": "codes"})
async def request_code(data: JSONBody[PhoneIn], world: GivenWorld) -> CodeSent:
    """Send a code by SMS: 6 digits, good for 5 minutes and 5 tries."""
    await sign_in.request_code(world.pool, world.keys, data.phone)
    return CodeSent()


@post("/tokens", status_code=200, opt={"limit": "codes"})
async def exchange_code(data: JSONBody[CodeIn], world: GivenWorld) -> Tokens:
    """Sign in with the code; the account is made at the first time."""
    return await _tokens(world, await sign_in.exchange_code(world.pool, world.keys, data.phone, data.code))


@post("/refresh", status_code=200, opt={"limit": "refresh"})
async def refresh(data: JSONBody[RefreshIn], world: GivenWorld) -> Tokens:
    """New tokens for the refresh token, once; a second use ends the whole sign-in."""
    return await _tokens(world, await sign_in.refresh(world.pool, world.keys, data.refresh_token))


async def _tokens(world: World, signed_in: SignedIn) -> Tokens:
    async with world.pool.acquire() as conn:
        user = await screen.get_user(conn, signed_in.account_id)
    return Tokens(
        access_token=signed_in.access_token,
        refresh_token=signed_in.refresh_token,
        expires_in=signed_in.expires_in,
        user=user,
    )


auth = Router("/auth", route_handlers=[request_code, exchange_code, refresh], tags=["Signing in"])
