"""Strict reading of parameters in queries: all problems at once, in the words of the fields of bodies.

The framework would convert `1e1`, `5.0` and the text `null`, and has no codes for what it rejects.
"""

import re
from collections.abc import Iterator
from enum import Enum
from functools import cache
from typing import Any, Literal, get_args, get_origin

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter
from litestar.typing import FieldDefinition

from feed.decoding.problems import unknown_field
from feed.errors import FieldError

_IN_PATH = re.compile(r"{(\w+)")
_WHOLE = re.compile(r"-?[0-9]+")
# Longer ones are out of every range, and slow to parse.
_WHOLE_LONGEST = 20
# The most unknown parameters that are named.
_PROBLEMS_MOST = 20
_BOOLEANS = frozenset({"true", "false", "1", "0"})

Problem = tuple[str, dict[str, Any]]


def list_query_problems(request: Request[Any, Any, Any]) -> list[FieldError]:
    """The problems of the query: the values of known parameters, and unknown parameters where the query is closed."""
    handler = request.scope["route_handler"]
    assert isinstance(handler, HTTPRouteHandler)
    fields = _query_fields(handler)
    is_closed = handler.opt.get("closed_query")
    problems = []
    for name, value in request.query_params.multi_items():
        if name in fields:
            if (problem := _problem_of(value, fields[name])) is not None:
                problems.append(FieldError(name, *problem))
        elif is_closed and len(problems) < _PROBLEMS_MOST:
            problems.append(unknown_field(name, sorted(fields)))
    return problems


@cache
def _query_fields(handler: HTTPRouteHandler) -> dict[str, FieldDefinition]:
    """The query parameters of the handler, by their names in the HTTP contract."""
    in_path = {name for path in handler.paths for name in _IN_PATH.findall(path)}
    elsewhere = in_path | handler.resolve_dependencies().keys() | {"data", "request"}
    return {
        _wire_name(key, field): field
        for key, field in handler.parsed_fn_signature.parameters.items()
        if key not in elsewhere and not isinstance(field.kwarg_definition, HeaderParameter)
    }


def parameter_problem(request: Request[Any, Any, Any], key: str, *, is_header: bool) -> FieldError:
    """What is wrong with the handler's or a dependency's parameter `key`, which the framework has rejected."""
    field = request.scope["route_handler"].parsed_fn_signature.parameters.get(key)
    # The name of a header of a dependency is derived from the Python name.
    name = _wire_name(key, field) if field is not None else key.replace("_", "-").title() if is_header else key
    given = request.headers if is_header else request.query_params
    return FieldError(name, "invalid_value" if name in given else "required")


def _wire_name(key: str, field: FieldDefinition) -> str:
    """The name in the HTTP contract, which may differ from the Python name."""
    definition = field.kwarg_definition
    return next(filter(None, (getattr(definition, place, None) for place in ("query", "header", "name"))), key)


def _problem_of(value: str, field: FieldDefinition) -> Problem | None:
    found = [_problem_for(value, kind, field.kwarg_definition) for kind in _kinds(field.annotation)]
    return None if None in found or not found else found[0]


def _kinds(annotation: Any) -> Iterator[Any]:
    """The types of which the value needs to match one: a query cannot express None."""
    if get_origin(annotation) is Literal or not get_args(annotation):
        yield annotation
    else:
        yield from (kind for kind in get_args(annotation) if kind is not type(None))


def _problem_for(value: str, kind: Any, definition: Any) -> Problem | None:
    if get_origin(kind) is Literal:
        return None if value in get_args(kind) else ("unknown_value", {"allowed": list(get_args(kind))})
    if isinstance(kind, type) and issubclass(kind, Enum):
        allowed = [each.value for each in kind]
        return None if value in allowed else ("unknown_value", {"allowed": allowed})
    if kind is bool:
        return None if value.lower() in _BOOLEANS else ("not_boolean", {})
    if kind is int:
        return _whole_problem(value, definition)
    longest = getattr(definition, "max_length", None)
    return ("too_long", {"longest": longest}) if longest is not None and len(value) > longest else None


def _whole_problem(value: str, definition: Any) -> Problem | None:
    if _WHOLE.fullmatch(value) is None:
        return "not_integer", {}
    least, most = getattr(definition, "ge", None), getattr(definition, "le", None)
    if least is None or most is None or (len(value) <= _WHOLE_LONGEST and least <= int(value) <= most):
        return None
    return "out_of_range", {"least": least, "most": most}
