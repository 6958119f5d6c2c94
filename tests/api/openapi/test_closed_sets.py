"""The values of closed sets, and the bounds of numbers: decoder, error and document take them from one declaration."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import inspect

from feed.api.openapi.types import components_of
from feed.decoding.decoder import READERS
from feed.decoding.problems import list_problems
from tests.support.text_fields import BodyType, body_types

BODIES = body_types()
Json = dict[str, Any]


def kinds_of(schema: Json, components: Json) -> Iterator[Json]:
    """The schema without its references, and each of its alternatives; closed sets of texts and of numbers are one."""
    kinds = [
        components[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
        for each in schema.get("oneOf", [schema])
    ]
    values = [value for kind in kinds for value in kind.get("enum", ())]
    yield from (kind | {"enum": values} if "enum" in kind else kind for kind in kinds)


def leaves(schema: Json, components: Json, at: str = "") -> Iterator[tuple[str, Json]]:
    """Every value within the schema that is neither an object nor a list, with its path (`prizes[].kind`)."""
    for kind in kinds_of(schema, components):
        for name, value in kind.get("properties", {}).items():
            yield from leaves(value, components, f"{at}.{name}" if at else name)
        if "items" in kind:
            yield from leaves(kind["items"], components, f"{at}[]")
        if kind.get("type") not in ("object", "array", "null"):
            yield at, kind


def cases(limits: tuple[str, ...]) -> list[Any]:
    """The values of all bodies that the document limits so."""
    found = []
    for body in BODIES:
        if not isinstance(info := inspect.type_info(body.kind), inspect.StructType):
            continue
        components = components_of([body.kind])
        for path, schema in leaves({"$ref": f"#/{info.cls.__name__}"}, components):
            if all(limit in schema for limit in limits):
                found.append(pytest.param(body, path, schema, id=f"{body.method} {body.path} {path}"))
    return found


def body_with(path: str, value: Any) -> Any:
    """A body with the value at the path only."""
    for part in reversed(path.split(".")):
        name = part.removesuffix("[]")
        value = {name: value if name == part else [value, value]}
    return value


def problems_of(body: BodyType, path: str, value: Any) -> Json:
    found = list_problems(json.dumps(body_with(path, value)).encode(), body.kind, READERS)
    return {each.field: (each.code, each.params) for each in found}


@pytest.mark.parametrize(("body", "path", "schema"), cases(("enum",)))
def test_another_value_of_a_closed_set_is_named_with_all_allowed_ones(body: BodyType, path: str, schema: Json) -> None:
    code, params = problems_of(body, path, "no_such_value")[path.replace("[]", "[0]")]
    assert code == "unknown_value"
    assert set(params["allowed"]) == {*schema["enum"]} - {""}


@pytest.mark.parametrize(("body", "path", "schema"), cases(("minimum", "maximum")))
def test_a_number_out_of_its_range_is_named_with_the_range(body: BodyType, path: str, schema: Json) -> None:
    limits = {"least": schema["minimum"], "most": schema["maximum"]}
    for value in (schema["minimum"] - 1, schema["maximum"] + 1):
        assert problems_of(body, path, value)[path.replace("[]", "[0]")] == ("out_of_range", limits)


def test_closed_sets_and_ranges_are_found() -> None:
    closed = {case.values[1] for case in cases(("enum",))}
    assert {"method", "board", "prizes[].kind", "tie_break[]", "verdict", "action", "roles[]"} <= closed
    ranged = {case.values[1] for case in cases(("minimum", "maximum"))}
    assert {"winner_count", "caps.likes", "prizes[].per_winner", "count", "stage", "location.lat"} <= ranged
