"""The errors of an operation, as it declares them and as they follow from its signature."""

import copy
from collections import defaultdict
from typing import Any

from litestar.handlers import HTTPRouteHandler

from feed.accounts.model import AccountLeaving, Banned, RoleMissing
from feed.api.errors import (
    BodyTooLarge,
    BodyTooSlow,
    HeadersTooLarge,
    HostNotAllowed,
    NotAcceptable,
    NotReady,
    TookTooLong,
    UnsupportedMediaType,
    UriTooLong,
    status_of,
)
from feed.api.messages import advice_of, message_of
from feed.api.openapi.signatures import parameters_of, requires_role
from feed.api.openapi.types import REF
from feed.auth.jwks import IssuerAway
from feed.auth.tokens import TokenExpired, TokenInvalid
from feed.batching import DatabaseAway, Overloaded
from feed.errors import FeedError, Invalid, MalformedBody, Unauthenticated
from feed.idempotency import IdempotencyKeyBusy, IdempotencyKeyReused
from feed.limits.model import TABLE, LimitsAway, RateLimited
from feed.pagination import CursorInvalid

Json = dict[str, Any]

_RETRY_AFTER = {"Retry-After": {"description": "Whole seconds.", "schema": {"type": "integer", "minimum": 0}}}
_CHALLENGE = {
    "WWW-Authenticate": {"description": "The scheme, and what is wrong with the token.", "schema": {"type": "string"}}
}


def error_responses(handler: HTTPRouteHandler) -> Json:
    """The responses of all errors of the operation, by status; `x-codes` lists the codes."""
    by_status: dict[int, set[str]] = defaultdict(set)
    for kind in errors_of(handler):
        by_status[status_of(kind())].add(kind.code)
    return {str(status): _response(status, sorted(codes)) for status, codes in sorted(by_status.items())}


def errors_of(handler: HTTPRouteHandler) -> list[type[FeedError]]:
    """All error classes that the operation may respond with."""
    parameters = set(parameters_of(handler))
    guarded = requires_role(handler)
    found: list[type[FeedError]] = [*handler.opt.get("errors", ())]
    # Errors of the middleware.
    found += [HostNotAllowed, NotAcceptable, UriTooLong, HeadersTooLarge, TookTooLong, NotReady]
    if "app_state" in parameters or guarded:
        found += [DatabaseAway, Overloaded, RateLimited]
    if (limit := TABLE.get(handler.opt.get("limit", ""))) and limit.strict:
        found += [LimitsAway]
    if Banned in found:
        found += [AccountLeaving]
    if guarded:
        found += [RoleMissing, Banned]
    if "viewer" in parameters or guarded:
        found += [Unauthenticated]
    if parameters & {"viewer", "reader"} or guarded:
        found += [TokenInvalid, TokenExpired, IssuerAway]
    if "data" in parameters:
        found += [MalformedBody, BodyTooLarge, BodyTooSlow, UnsupportedMediaType, Invalid]
    if handler.opt.get("closed_query"):
        # An unknown parameter.
        found += [Invalid]
    if "POST" in handler.http_methods:
        # An unusable Idempotency-Key.
        found += [Invalid]
    if "keyed_request" in parameters:
        found += [IdempotencyKeyReused, IdempotencyKeyBusy]
    if "cursor" in parameters:
        found += [CursorInvalid]
    if any(_is_query(name, field) for name, field in parameters_of(handler).items()):
        found += [Invalid]
    return list(dict.fromkeys(found))


def _is_query(name: str, field: Any) -> bool:
    definition = field.kwarg_definition
    return (
        bool(getattr(definition, "query", None)) or "Query" in type(definition).__name__ or name in ("limit", "cursor")
    )


def _response(status: int, codes: list[str]) -> Json:
    response: Json = {
        "description": "  \n".join(f"`{code}` ({advice_of(code, status)}): {message_of(code, 'en')}" for code in codes),
        "content": {"application/problem+json": {"schema": {"$ref": f"{REF}Problem"}}},
        "x-codes": codes,
    }
    if status in (429, 503):
        response["headers"] = copy.deepcopy(_RETRY_AFTER)
    if status == 401:
        response["headers"] = copy.deepcopy(_CHALLENGE)
    return response
