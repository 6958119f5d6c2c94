"""The problem of a parameter in query or headers that the framework could not read, in the words of fields of bodies."""

import re
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from litestar import Request
from litestar.typing import FieldDefinition

from feed.errors import FieldError

_WHOLE = re.compile(r"-?[0-9]{1,20}")


def wire_name(request: Request[Any, Any, Any], key: str) -> str:
    """The name of a handler's parameter in the HTTP contract, which may differ from the Python name."""
    field = request.scope["route_handler"].parsed_fn_signature.parameters.get(key)
    definition = getattr(field, "kwarg_definition", None)
    return next(filter(None, (getattr(definition, place, None) for place in ("query", "header", "name"))), key)


def parameter_problem(request: Request[Any, Any, Any], key: str) -> FieldError:
    """What is wrong with the value of the handler's parameter `key`."""
    name = wire_name(request, key)
    field = request.scope["route_handler"].parsed_fn_signature.parameters.get(key)
    if field is None:
        # A parameter of a dependency.
        return FieldError(name, "invalid_value")
    value = request.query_params.get(name, request.headers.get(name))
    if value is None:
        return FieldError(name, "required")
    return FieldError(name, *_problem_of(value, field))


def _problem_of(value: str, field: FieldDefinition) -> tuple[str, dict[str, Any]]:
    definition: Any = field.kwarg_definition
    for kind in (field.annotation, *get_args(field.annotation)):
        if get_origin(kind) is Literal:
            return "unknown_value", {"allowed": list(get_args(kind))}
        if isinstance(kind, type) and issubclass(kind, Enum):
            return "unknown_value", {"allowed": [each.value for each in kind]}
        if kind is bool:
            return "not_boolean", {}
        if kind is int:
            bounded = _WHOLE.fullmatch(value) is not None and definition is not None and definition.le is not None
            return ("out_of_range", {"least": definition.ge, "most": definition.le}) if bounded else ("not_integer", {})
        if kind is str and (longest := getattr(definition, "max_length", None)) is not None and len(value) > longest:
            return "too_long", {"longest": longest}
    return "invalid_value", {}
