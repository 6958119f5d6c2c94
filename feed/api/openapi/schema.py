"""Completes the OpenAPI document of the framework with errors, security, limits, tags and examples.

A handler declares its own errors by `errors=(PostNotFound, …)`. Errors that follow from its signature (authentication,
body, cursor, idempotency key) are added here for all handlers.
"""

import copy
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute

from feed.accounts.model import Banned, RoleMissing
from feed.api.errors import (
    BodyTooLarge,
    BodyTooSlow,
    HeadersTooLarge,
    HostNotAllowed,
    NotAcceptable,
    NotReady,
    Problem,
    TookTooLong,
    UnsupportedMediaType,
    UriTooLong,
    status_of,
)
from feed.api.messages import advice_of, message_of
from feed.api.openapi.examples import add_examples
from feed.api.openapi.types import schema_of
from feed.auth.jwks import IssuerAway
from feed.auth.tokens import TokenExpired, TokenInvalid
from feed.batching import DatabaseAway, Overloaded
from feed.errors import FeedError, Invalid, MalformedBody, Unauthenticated
from feed.idempotency import IdempotencyKeyBusy, IdempotencyKeyReused
from feed.limits.model import TABLE, LimitsAway, RateLimited
from feed.pagination import CursorInvalid

Json = dict[str, Any]

_BEARER: Json = {"bearer": []}
_TAGS = {
    "mobile.sign_in": "Signing in",
    "mobile.posts": "Posts",
    "mobile.comments": "Comments",
    "mobile.likes": "Likes",
    "mobile.config": "Config",
    "mobile.feeds": "Feeds",
    "mobile.topics": "Topics",
    "mobile.people": "People",
    "mobile.me": "Own account",
    "mobile.campaigns": "Campaigns",
    "mobile.prizes": "Prizes",
    "mobile.objections": "Prizes",
    "editor.campaigns": "Editors: campaigns",
    "editor.preview": "Editors: campaigns",
    "editor.entries": "Editors: entries and marks",
    "editor.jurors": "Editors: entries and marks",
    "editor.voids": "Editors: entries and marks",
    "editor.prizes": "Editors: settling and claims",
    "editor.claims": "Editors: settling and claims",
    "editor.claim_access": "Editors: settling and claims",
    "editor.draws": "Editors: settling and claims",
    "editor.curation": "Editors: hot list and topics",
    "editor.pushes": "Operations",
    "editor.sms": "Editors: messages",
    "editor.objections": "Editors: settling and claims",
    "editor.fairness": "Editors: settling and claims",
    "moderator.cases": "Moderators: cases",
    "moderator.verdicts": "Moderators: verdicts",
    "moderator.sanctions": "Moderators: sanctions",
    "editor.staff": "Staff",
    "webhooks.accounts": "Hooks",
    "webhooks.sms": "Hooks",
    "api.health": "Operations",
}
# The constraints of a value that are documented.
_LIMITS = (
    *("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "minProperties", "maxProperties"),
    "pattern",
)
_PAGE = re.compile(rb"Page_(?:\w+\.)*(\w+)_")
_RETRY_AFTER = {"Retry-After": {"description": "Whole seconds.", "schema": {"type": "integer"}}}
_CHALLENGE = {"WWW-Authenticate": {"schema": {"type": "string"}}}


def complete(document: Json, routes: Iterable[BaseRoute]) -> Json:
    """A completed copy of the framework's OpenAPI 3.1 document."""
    # The framework puts module names into the names of generic types; generated clients would take them over.
    completed: Json = msgspec.json.decode(_PAGE.sub(rb"\1Page", msgspec.json.encode(document)))
    schemas = completed["components"]["schemas"]
    _, problems = msgspec.json.schema_components([Problem], ref_template="#/components/schemas/{name}")
    schemas.update(problems)
    completed["components"]["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A token of the app's issuer, or of `POST /v1/auth/tokens`.",
        },
        "hook": {
            "type": "apiKey",
            "in": "header",
            "name": "webhook-signature",
            "description": "HMAC-SHA256 with the shared secret, as in Standard Webhooks.",
        },
    }
    names: dict[str, int] = defaultdict(int)
    for path, method, handler in operations(routes):
        operation = completed["paths"].get(path, {}).get(method)
        if operation is not None:
            _complete_operation(operation, handler, names)
            _add_constraints(schemas, handler)
    add_examples(completed)
    return completed


def operations(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Path, method (lower case) and handler of every operation, without OPTIONS and HEAD."""
    for route in routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in sorted(str(method) for method in handler.http_methods):
                    if method not in ("OPTIONS", "HEAD"):
                        yield route.path_format, method.lower(), handler


def errors_of(handler: HTTPRouteHandler) -> list[type[FeedError]]:
    """All error classes that the operation may respond with."""
    parameters = set(handler.parsed_fn_signature.parameters)
    guarded = _requires_role(handler)
    found: list[type[FeedError]] = [*handler.opt.get("errors", ())]
    # Errors of the middleware.
    found += [HostNotAllowed, NotAcceptable, UriTooLong, HeadersTooLarge, TookTooLong, NotReady]
    if "app_state" in parameters or guarded:
        found += [DatabaseAway, Overloaded, RateLimited]
    if (limit := TABLE.get(handler.opt.get("limit", ""))) and limit.strict:
        found += [LimitsAway]
    if guarded:
        found += [RoleMissing, Banned]
    if "viewer" in parameters or guarded:
        found += [Unauthenticated]
    if parameters & {"viewer", "reader"} or guarded:
        found += [TokenInvalid, TokenExpired, IssuerAway]
    if "data" in parameters:
        found += [MalformedBody, BodyTooLarge, BodyTooSlow, UnsupportedMediaType, Invalid]
    if "POST" in handler.http_methods:
        # An unusable Idempotency-Key.
        found += [Invalid]
    if "keyed_request" in parameters:
        found += [IdempotencyKeyReused, IdempotencyKeyBusy]
    if "cursor" in parameters:
        found += [CursorInvalid]
    if any(
        getattr(field.kwarg_definition, "query", None) or _is_query(name, handler)
        for name, field in _parameters(handler)
    ):
        found += [Invalid]
    return list(dict.fromkeys(found))


def _requires_role(handler: HTTPRouteHandler) -> bool:
    return any(hasattr(guard, "roles") for guard in handler.resolve_guards())


def _parameters(handler: HTTPRouteHandler) -> Iterable[tuple[str, Any]]:
    return handler.parsed_fn_signature.parameters.items()


def _is_query(name: str, handler: HTTPRouteHandler) -> bool:
    kind = type(handler.parsed_fn_signature.parameters[name].kwarg_definition).__name__
    return "Query" in kind or name in ("limit", "cursor")


def _complete_operation(operation: Json, handler: HTTPRouteHandler, names: dict[str, int]) -> None:
    text = " ".join(operation["description"].split())
    first, _, rest = re.sub(r"([.;:]) ", r"\1\0", text, count=1).partition("\0")
    operation["summary"] = first.rstrip(".;:")
    operation["description"] = text if rest else first
    name = handler.handler_name
    names[name] += 1
    operation["operationId"] = name if names[name] == 1 else f"{name}_{names[name]}"
    where = ".".join(str(handler.fn.__module__).split(".")[-2:])
    operation["tags"] = [_TAGS[where]]
    parameters = set(handler.parsed_fn_signature.parameters)
    must = "viewer" in parameters or _requires_role(handler)
    operation["security"] = [_BEARER] if must else [{}, _BEARER] if "reader" in parameters else []
    if "webhook_signature" in parameters:
        operation["security"] = [{"hook": []}]
    for parameter in operation.get("parameters", []):
        parameter["schema"] = _without_null(parameter["schema"])
        if parameter["name"] == "cursor":
            parameter["schema"]["maxLength"] = 200
            parameter["description"] = "The `next_cursor` of the page before."
        elif parameter["in"] == "path":
            parameter["schema"]["minLength"] = 1
    responses = operation["responses"]
    # The framework's own error response, which our handlers replace.
    responses.pop("400", None)
    by_status: dict[int, set[str]] = defaultdict(set)
    for kind in errors_of(handler):
        by_status[status_of(kind())].add(kind.code)
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = _error_response(status, sorted(codes))
    if handler.opt.get("conditional"):
        _add_condition(operation, str(handler.status_code))
    for kind in handler.opt.get("also", ()):
        # Another media type of the same content, chosen by Accept.
        responses[str(handler.status_code)]["content"][kind] = {"schema": {"type": "string"}}


def _add_condition(operation: Json, status: str) -> None:
    tag = {"ETag": {"description": "Of this version of the response.", "schema": {"type": "string"}}}
    operation["responses"][status]["headers"] = tag
    operation["responses"]["304"] = {"description": "Not modified.", "headers": copy.deepcopy(tag)}
    operation.setdefault("parameters", []).append(
        {
            "name": "If-None-Match",
            "in": "header",
            "required": False,
            "description": "The `ETag` of a cached response.",
            "schema": {"type": "string"},
        }
    )


def _error_response(status: int, codes: list[str]) -> Json:
    response: Json = {
        "description": "  \n".join(f"`{code}` ({advice_of(code, status)}): {message_of(code, 'en')}" for code in codes),
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "x-codes": codes,
    }
    if status in (429, 503):
        response["headers"] = copy.deepcopy(_RETRY_AFTER)
    if status == 401:
        response["headers"] = copy.deepcopy(_CHALLENGE)
    return response


def _without_null(schema: Json) -> Json:
    """The schema of an optional parameter without null, which URLs and headers cannot express."""
    kinds = [kind for kind in schema.get("oneOf", []) if kind.get("type") != "null"]
    if len(kinds) != 1:
        return schema
    return {**kinds[0], **{key: value for key, value in schema.items() if key != "oneOf"}}


def _add_constraints(schemas: Json, handler: HTTPRouteHandler) -> None:
    """Adds the constraints of a body's fields, which the framework leaves out and our own checks enforce with 422."""
    field = handler.parsed_data_field
    if field is None:
        return
    _, components = msgspec.json.schema_components(
        [field.annotation], schema_hook=schema_of, ref_template="#/components/schemas/{name}"
    )
    for name, known in components.items():
        for key, properties in known.get("properties", {}).items():
            served = schemas.get(name, {}).get("properties", {}).get(key)
            if served is None:
                continue
            for kind in _alternatives(properties):
                for same in (each for each in _alternatives(served) if each.get("type") == kind.get("type")):
                    same.update({limit: kind[limit] for limit in _LIMITS if limit in kind})


def _alternatives(schema: Json) -> list[Json]:
    """The schemas of which a value needs to match one, the schema itself if it has a single type."""
    return next((schema[key] for key in ("oneOf", "anyOf") if key in schema), [schema])
