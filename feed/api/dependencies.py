"""The dependencies that handlers declare by parameter name, and the parsing of ids in requests."""

from typing import Annotated, Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.handlers import BaseRouteHandler
from litestar.params import FromQuery, HeaderParameter, QueryParameter, SkipValidation
from litestar.types import Scope

from feed.accounts.approvals import require_right
from feed.accounts.model import Role, Viewer
from feed.api.client_address import client_address, header
from feed.api.paths import path_identity
from feed.api.requests import KEYED_REQUEST
from feed.api.state import AppState
from feed.auth.tokens import TokenInvalid
from feed.errors import FieldError, Invalid, NotFound, Unauthenticated
from feed.idempotency import KeyedRequest, keyed_request
from feed.ids import parse_id

AnyRequest = Request[Any, Any, Any]
AnyConnection = ASGIConnection[Any, Any, Any, Any]

InjectedAppState = NamedDependency[SkipValidation[AppState]]
# `viewer` requires a token; `reader` is None without one.
InjectedViewer = NamedDependency[SkipValidation[Viewer]]
InjectedReader = NamedDependency[SkipValidation[Viewer | None]]
# The name of the region of the client's address; None if unknown.
InjectedRegion = NamedDependency[SkipValidation[str | None]]
# The request's key, route and body hash for retries; None without an Idempotency-Key.
InjectedKeyedRequest = NamedDependency[SkipValidation[KeyedRequest | None]]

Limit = Annotated[int, QueryParameter(ge=1, le=50, description="Items per page.")]
Cursor = FromQuery[str | None]

# Versions, places and ranks are `integer` columns.
MAX_NUMBER = 2**31 - 1


def path_id(raw: str, missing: type[NotFound]) -> int:
    """An id in a path. Raises `missing` for a malformed one, as for an unknown one."""
    id_ = parse_id(raw)
    if id_ is None:
        raise missing
    return id_


def path_number(raw: str, missing: type[NotFound]) -> int:
    """A version, place or rank in a path, from 1. Raises `missing` for a malformed or too large one."""
    number = path_id(raw, missing)
    if number > MAX_NUMBER:
        raise missing
    return number


def field_id(raw: str, field: str) -> int:
    """An id in a body. Raises Invalid with the code `not_found` for a malformed one."""
    try:
        return path_id(raw, NotFound)
    except NotFound:
        raise Invalid(FieldError(field, "not_found")) from None


def query_ids(raw: str | None, field: str, *, most: int) -> list[int]:
    """The ids of a comma-separated list, each once; malformed ones are dropped. Raises Invalid for None and for more than `most`."""
    if raw is None:
        raise Invalid(FieldError(field, "required"))
    parts = dict.fromkeys(part.strip() for part in raw.split(","))
    if len(parts) > most:
        raise Invalid(FieldError(field, "too_many", {"most": most}))
    return [id_ for part in parts if (id_ := parse_id(part)) is not None]


async def provide_app_state(request: AnyRequest) -> AppState:
    """The state of the process, which its lifespan has opened."""
    app_state: AppState = request.app.state.app_state
    return app_state


async def provide_reader(request: AnyRequest, app_state: InjectedAppState) -> Viewer | None:
    """The viewer, or None without a token."""
    return await authenticate(request.scope, app_state)


async def authenticate(scope: Scope, app_state: AppState) -> Viewer | None:
    """The viewer of the bearer token; None without one. Verified once per request. Raises TokenInvalid, TokenExpired, IssuerAway."""
    state = scope["state"]
    if "viewer" not in state:
        state["viewer"] = await _authenticate(header(scope, b"authorization"), app_state)
    viewer: Viewer | None = state["viewer"]
    return viewer


async def _authenticate(authorization: str | None, app_state: AppState) -> Viewer | None:
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenInvalid
    return await app_state.authenticator.authenticate(token.strip())


async def provide_viewer(reader: InjectedReader) -> Viewer:
    """The viewer. Raises Unauthenticated without a token."""
    if reader is None:
        raise Unauthenticated
    return reader


async def provide_region(request: AnyRequest, app_state: InjectedAppState) -> str | None:
    """The name of the region of the client's address; None if unknown."""
    return region_of(request.scope, app_state)


def region_of(scope: Scope, app_state: AppState) -> str | None:
    """The name of the region of the client's address; None if unknown."""
    # Not the socket's peer: behind a proxy that is the proxy's address.
    address = client_address(scope, app_state.settings.trusted_proxies)
    return app_state.regions.region_of(address) if address else None


async def provide_keyed_request(
    request: AnyRequest,
    viewer: InjectedViewer,
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(
            name="Idempotency-Key", description="A retry with the same key acts once: 1 to 200 printable characters."
        ),
    ] = None,
) -> KeyedRequest | None:
    """The keyed request; None without an Idempotency-Key."""
    return keyed_request_of(request.scope, viewer, idempotency_key, await request.body())


def keyed_request_of(scope: Scope, viewer: Viewer, key: str | None, body: bytes) -> KeyedRequest | None:
    """The keyed request, also put into the request's state so that its response is stored; None without a key."""
    # The whole path is the route: the same key with another post is another request.
    request = keyed_request(path_identity(scope), key, body)
    if request is not None:
        scope["state"][KEYED_REQUEST] = (viewer.account_id, request)
    return request


def requires_role(*roles: Role) -> Any:
    """A guard that requires a viewer with one of the roles, who is not banned. Raises Unauthenticated, RoleMissing, Banned.

    Roles are read for each request, so that a revocation takes effect at once.
    """

    async def guard(connection: AnyConnection, _: BaseRouteHandler) -> None:
        app_state: AppState = connection.app.state.app_state
        viewer = await provide_viewer(await authenticate(connection.scope, app_state))
        async with app_state.pool.acquire() as conn:
            await require_right(conn, viewer.account_id, roles)

    # The OpenAPI document lists the errors of guarded routes by this attribute.
    guard.roles = roles  # type: ignore[attr-defined]
    return guard


DEPENDENCIES = {
    "app_state": Provide(provide_app_state),
    "reader": Provide(provide_reader),
    "viewer": Provide(provide_viewer),
    "region": Provide(provide_region),
    "keyed_request": Provide(provide_keyed_request),
}
