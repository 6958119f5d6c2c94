"""Completes the OpenAPI document of the framework with schemas, errors, security, limits, tags and examples.

A handler declares its own errors by `errors=(PostNotFound, …)`. Errors that follow from its signature (authentication,
body, cursor, idempotency key) are added here for all handlers.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec
from litestar.routes import BaseRoute

from feed.api.errors import Problem
from feed.api.openapi.examples.document import add_examples
from feed.api.openapi.operations import complete_operation
from feed.api.openapi.signatures import body_of, operations, returned_types_of, types_of
from feed.api.openapi.tag_names import CHINESE
from feed.api.openapi.tags import DESCRIPTIONS
from feed.api.openapi.types import components_of

Json = dict[str, Any]

# The framework puts module names into the names of generic types; generated clients would take them over.
_PAGE = re.compile(rb"Page_(?:\w+\.)*(\w+)_")
_SECURITY = {
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


def complete(document: Json, routes: Iterable[BaseRoute]) -> Json:
    """A completed copy of the framework's OpenAPI 3.1 document."""
    completed: Json = msgspec.json.decode(_PAGE.sub(rb"\1Page", msgspec.json.encode(document)))
    served = [
        (operation, handler)
        for path, method, handler in operations(routes)
        if (operation := completed["paths"].get(path, {}).get(method)) is not None
    ]
    # Those of the framework lack most bounds and all descriptions.
    bodies = [body for _, handler in served if (body := body_of(handler)) is not None]
    every = [Problem, *(kind for _, handler in served for kind in types_of(handler))]
    read = components_of(bodies)
    written = components_of(kind for _, handler in served for kind in returned_types_of(handler))
    schemas = components_of(every, read=read, closed=read.keys() - written.keys())
    completed["components"] |= {"schemas": schemas, "securitySchemes": _SECURITY}
    names: defaultdict[str, int] = defaultdict(int)
    for operation, handler in served:
        complete_operation(operation, handler, names, schemas)
    used = {tag for operation, _ in served for tag in operation["tags"]}
    completed["tags"] = [
        {"name": name, "description": text, "x-zh": {"name": CHINESE[name][0], "description": CHINESE[name][1]}}
        for name, text in DESCRIPTIONS.items()
        if name in used
    ]
    add_examples(completed)
    return completed
