"""What a handler may ask for, by name."""

from typing import Annotated, Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.handlers import BaseRouteHandler
from litestar.params import FromQuery, HeaderParameter, QueryParameter, SkipValidation
from litestar.types import Scope

from feed.accounts import store as accounts
from feed.accounts.model import Role, RoleMissing, Viewer
from feed.api.client_address import client_address, header
from feed.api.requests import KEYED
from feed.api.state import AppState
from feed.auth.tokens import TokenInvalid
from feed.errors import FieldError, Invalid, NotFound, Unauthenticated
from feed.idempotency import KeyedRequest, keyed_request
from feed.ids import parse_id

AnyRequest = Request[Any, Any, Any]
AnyConnection = ASGIConnection[Any, Any, Any, Any]

InjectedAppState = NamedDependency[SkipValidation[AppState]]
# `viewer` must be somebody; `reader` may be nobody.
InjectedViewer = NamedDependency[SkipValidation[Viewer]]
InjectedReader = NamedDependency[SkipValidation[Viewer | None]]
# Where the request came from, in people's words; None where nobody can tell.
InjectedRegion = NamedDependency[SkipValidation[str | None]]
# The request's identity for a retry: None when it has no Idempotency-Key.
InjectedKeyedRequest = NamedDependency[SkipValidation[KeyedRequest | None]]

Limit = Annotated[int, QueryParameter(ge=1, le=50, description="Items per page.")]
Cursor = FromQuery[str | None]

# Versions, places and ranks are counted in the database's integers.
MAX_NUMBER = 2**31 - 1


def path_id(raw: str, missing: type[NotFound]) -> int:
    """A path's id. Raises `missing` for what cannot be one: unknown and malformed are not told apart."""
    id_ = parse_id(raw)
    if id_ is None:
        raise missing
    return id_


def path_number(raw: str, missing: type[NotFound]) -> int:
    """A path's number that counts something, from 1. Raises `missing` for what nothing has."""
    number = path_id(raw, missing)
    if number > MAX_NUMBER:
        raise missing
    return number


def field_id(raw: str, field: str) -> int:
    """An id inside a body. Raises Invalid for what cannot be one."""
    try:
        return path_id(raw, NotFound)
    except NotFound:
        raise Invalid(FieldError(field, "not_found")) from None


def query_ids(raw: str | None, field: str, *, most: int) -> list[int]:
    """The ids of a list with commas, each once; what cannot be one is nobody's. Raises Invalid for none and for too many."""
    if raw is None:
        raise Invalid(FieldError(field, "required"))
    given = dict.fromkeys(part.strip() for part in raw.split(","))
    if len(given) > most:
        raise Invalid(FieldError(field, "too_many", {"most": most}))
    return [id_ for part in given if (id_ := parse_id(part)) is not None]


async def provide_app_state(request: AnyRequest) -> AppState:
    app_state: AppState = request.app.state.app_state
    return app_state


async def provide_reader(request: AnyRequest, app_state: InjectedAppState) -> Viewer | None:
    return await admitted(request.scope, app_state)


async def admitted(scope: Scope, app_state: AppState) -> Viewer | None:
    """Who asks; None for nobody in particular. Found out once per request. Raises TokenInvalid, TokenExpired."""
    state = scope["state"]
    if "viewer" not in state:
        state["viewer"] = await _admit(header(scope, b"authorization"), app_state)
    viewer: Viewer | None = state["viewer"]
    return viewer


async def _admit(authorization: str | None, app_state: AppState) -> Viewer | None:
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenInvalid
    return await app_state.authenticator.authenticate(token.strip())


async def provide_viewer(reader: InjectedReader) -> Viewer:
    if reader is None:
        raise Unauthenticated
    return reader


async def provide_region(request: AnyRequest, app_state: InjectedAppState) -> str | None:
    return region_of(request.scope, app_state)


def region_of(scope: Scope, app_state: AppState) -> str | None:
    """Where the request comes from; None where nobody can tell."""
    # Behind a proxy the socket's peer is the proxy, and everybody would live where it stands.
    address = client_address(scope, app_state.settings.trusted_proxies)
    return app_state.regions.region_of(address) if address else None


async def provide_keyed_request(
    request: AnyRequest,
    viewer: InjectedViewer,
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(name="Idempotency-Key", max_length=200, description="A retry with the same key acts once."),
    ] = None,
) -> KeyedRequest | None:
    return keyed(request.scope, viewer, idempotency_key, await request.body())


def keyed(scope: Scope, viewer: Viewer, key: str | None, body: bytes) -> KeyedRequest | None:
    """The request's identity, remembered with the request so that its answer is kept; None without a key."""
    # The path belongs to the route's identity: the same key under another post is another request.
    request = keyed_request(scope["path"], key, body)
    if request is not None:
        scope["state"][KEYED] = (viewer.account_id, request)
    return request


def requires_role(*roles: Role) -> Any:
    """A router's guard: whatever a handler below it asks for, only somebody who holds one of the roles comes in.

    The rights are read anew for each request, so that a revocation counts at once.
    """

    async def guard(connection: AnyConnection, _: BaseRouteHandler) -> None:
        app_state: AppState = connection.app.state.app_state
        viewer = await provide_viewer(await admitted(connection.scope, app_state))
        async with app_state.pool.acquire() as conn:
            held = await accounts.list_roles(conn, viewer.account_id)
        if not set(held) & set(roles):
            raise RoleMissing

    # The served document says who may come in by asking the guards.
    guard.roles = roles  # type: ignore[attr-defined]
    return guard


DEPENDENCIES = {
    "app_state": Provide(provide_app_state),
    "reader": Provide(provide_reader),
    "viewer": Provide(provide_viewer),
    "region": Provide(provide_region),
    "keyed_request": Provide(provide_keyed_request),
}
