"""What a handler may ask for, by name."""

from typing import Annotated, Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.handlers import BaseRouteHandler
from litestar.params import FromQuery, HeaderParameter, QueryParameter, SkipValidation

from feed.accounts import store as accounts
from feed.accounts.model import Role, RoleMissing, Viewer
from feed.api.world import World
from feed.auth import TokenInvalid
from feed.errors import FieldError, Invalid, NotFound, Unauthenticated
from feed.idempotency import Once, once

AnyRequest = Request[Any, Any, Any]
AnyConnection = ASGIConnection[Any, Any, Any, Any]

GivenWorld = NamedDependency[SkipValidation[World]]
# `viewer` must be somebody; `reader` may be nobody.
GivenViewer = NamedDependency[SkipValidation[Viewer]]
GivenReader = NamedDependency[SkipValidation[Viewer | None]]
# The request's identity for a retry: None when it has no Idempotency-Key.
GivenOnce = NamedDependency[SkipValidation[Once | None]]

Limit = Annotated[int, QueryParameter(ge=1, le=50, description="Items per page.")]
Cursor = FromQuery[str | None]

MAX_ID = 2**63 - 1


def id_of(raw: str, missing: type[NotFound]) -> int:
    """A path's id. Raises `missing` for what cannot be one: unknown and malformed are not told apart."""
    if not (raw.isascii() and raw.isdecimal()) or len(raw) > 19 or not 0 < int(raw) <= MAX_ID:
        raise missing
    return int(raw)


def field_id(raw: str, field: str) -> int:
    """An id inside a body. Raises Invalid for what cannot be one."""
    try:
        return id_of(raw, NotFound)
    except NotFound:
        raise Invalid(FieldError(field, "not_found")) from None


async def provide_world(request: AnyRequest) -> World:
    world: World = request.app.state.world
    return world


async def provide_reader(request: AnyRequest, world: GivenWorld) -> Viewer | None:
    return await admitted(request, world)


async def admitted(connection: AnyConnection, world: World) -> Viewer | None:
    """Who asks; None for nobody in particular. Found out once per request. Raises TokenInvalid, TokenExpired."""
    state = connection.scope["state"]
    if "viewer" not in state:
        state["viewer"] = await _admit(connection, world)
    viewer: Viewer | None = state["viewer"]
    return viewer


async def _admit(connection: AnyConnection, world: World) -> Viewer | None:
    header = connection.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenInvalid
    return await world.doorkeeper.admit(token.strip())


async def provide_viewer(reader: GivenReader) -> Viewer:
    if reader is None:
        raise Unauthenticated
    return reader


async def provide_once(
    request: AnyRequest,
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(name="Idempotency-Key", max_length=200, description="A retry with the same key acts once."),
    ] = None,
) -> Once | None:
    # The path belongs to the route's identity: the same key under another post is another request.
    return once(request.scope["path"], idempotency_key, await request.body())


def staff(*roles: Role) -> Any:
    """A router's guard: whatever a handler below it asks for, only somebody who holds one of the roles comes in.

    The rights are read anew for each request, so that a revocation counts at once.
    """

    async def guard(connection: AnyConnection, _: BaseRouteHandler) -> None:
        world: World = connection.app.state.world
        viewer = await provide_viewer(await admitted(connection, world))
        async with world.pool.acquire() as conn:
            held = await accounts.list_roles(conn, viewer.account_id)
        if not set(held) & set(roles):
            raise RoleMissing

    return guard


DEPENDENCIES = {
    "world": Provide(provide_world),
    "reader": Provide(provide_reader),
    "viewer": Provide(provide_viewer),
    "once": Provide(provide_once),
}
