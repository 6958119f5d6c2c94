"""What the signature of a handler says: its operations, parameters, guards, and the types of its body and responses."""

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any, get_args, get_origin

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute


def operations(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Path, method (lower case) and handler of every operation, without OPTIONS and HEAD; those of a path by method.

    Litestar keeps the handlers of a path in the order of a set, which differs between processes.
    """
    for route in routes:
        if isinstance(route, HTTPRoute):
            found = [(str(method), handler) for handler in route.route_handlers for method in handler.http_methods]
            for method, handler in sorted(found, key=itemgetter(0)):
                if method not in ("OPTIONS", "HEAD"):
                    yield route.path_format, method.lower(), handler


def parameters_of(handler: HTTPRouteHandler) -> dict[str, Any]:
    """The handler's parameters by their Python names, dependencies included."""
    return dict(handler.parsed_fn_signature.parameters)


def requires_role(handler: HTTPRouteHandler) -> bool:
    """Whether a guard of the handler requires a role."""
    return any(hasattr(guard, "roles") for guard in handler.resolve_guards())


def body_of(handler: HTTPRouteHandler) -> Any | None:
    """The type of the handler's body, JSON or a form; None without one."""
    return handler.opt.get("form") if handler.parsed_data_field is None else handler.parsed_data_field.annotation


def types_of(handler: HTTPRouteHandler) -> Iterator[Any]:
    """The types of the handler's body, its response, and the responses with other statuses."""
    if (body := body_of(handler)) is not None:
        yield body
    yield from returned_types_of(handler)


def returned_types_of(handler: HTTPRouteHandler) -> Iterator[Any]:
    """The types of the handler's responses."""
    returned = handler.parsed_return_field.annotation
    content = get_args(returned)[0] if get_origin(returned) is Response else returned
    for each in (content, *(spec.data_container for spec in (handler.responses or {}).values())):
        if each not in (None, type(None), bytes):
            yield each
