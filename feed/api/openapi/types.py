"""The schemas of the types of bodies and responses, from the declarations that are enforced when a body is decoded.

The framework has no schema for bounds of ours, and leaves out those of optional fields.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from litestar.openapi.spec import OpenAPIFormat, OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition
from msgspec import inspect

from feed.api.openapi.descriptions.table import field_description, type_description
from feed.decoding.problems import is_closed
from feed.numbers import LONGEST_DECIMAL, BoundedDecimal
from feed.sms.model import HeldBy, Purpose, State
from feed.texts import TextRule
from feed.times import Instant

Json = dict[str, Any]

REF = "#/components/schemas/"
# Names of types that say too little outside of their package, or are a word of the client's platform.
_WIRE_NAMES: dict[type, str] = {State: "MessageState", Purpose: "MessagePurpose", HeldBy: "MessageHold"}

_FORMATS: dict[Any, OpenAPIFormat | None] = {BoundedDecimal: None, Instant: OpenAPIFormat.DATE_TIME}
# What only our decoder reads: a time, and a decimal, which may be a number in a request and is a text in a response.
_READ: dict[Any, Json] = {
    BoundedDecimal: {"type": "string", "maxLength": LONGEST_DECIMAL},
    Instant: {"type": "string", "format": "date-time"},
}
_NAMES: dict[type, str] = {bool: "boolean", str: "string", int: "integer", float: "number"}
_LIMITS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
}
_COUNTS = {"min_length": ("minItems", "minProperties"), "max_length": ("maxItems", "maxProperties")}


class BoundedTypes(OpenAPISchemaPlugin):
    """Documents bounded decimals and times as the strings that they are in responses."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        """Whether it is one of these types."""
        return any(value is kind for kind in _FORMATS)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        """A new schema of the type: the framework adds defaults and examples to it."""
        return Schema(type=OpenAPIType.STRING, format=_FORMATS[field_definition.annotation])


def components_of(kinds: Iterable[Any], *, read: Container[str] = (), closed: Container[str] = ()) -> dict[str, Json]:
    """The schemas of all named types among these types and within them, by name, with the descriptions of their fields.

    `read` has the names of those that are in requests. In all others every member is required that is always written. `closed` has the
    names of those that are in requests only, which have no other members; responses may get some.
    Raises ValueError if two types have the same name: a client generator would drop one of them.
    """
    found: dict[str, tuple[Any, Json]] = {}
    waiting: list[Any] = [
        *(each for info in inspect.multi_type_info(list(dict.fromkeys(kinds))) for each in _named(info))
    ]
    while waiting:
        info = waiting.pop()
        name = name_of(info)
        known = found.get(name)
        if known is not None and known[0] != info.cls:
            raise ValueError(f"two types are called {name}: {known[0]}, {info.cls}")
        if known is None:
            found[name] = (info.cls, _component(info, name, is_read=name in read))
            if name in closed and isinstance(info, inspect.StructType) and is_closed(info):
                found[name][1]["additionalProperties"] = False
            if isinstance(info, inspect.StructType):
                waiting += [each for field in info.fields for each in _named(field.type)]
    return {name: found[name][1] for name in sorted(found)}


def schema_of(kind: Any) -> Json:
    """The schema of a body's type; named types in it are references."""
    return _schema(inspect.type_info(kind), ())


def name_of(kind: inspect.StructType | inspect.EnumType) -> str:
    """The name of a type in the document. A page of cards is a `CardPage`."""
    origin, arguments = get_origin(kind.cls), get_args(kind.cls)
    if origin is None:
        return _WIRE_NAMES.get(kind.cls, kind.cls.__name__)
    return "".join(each.__name__ for each in arguments) + str(origin.__name__)


def wire_reference(reference: str) -> str:
    """The reference to a type that the framework names by its class, by its name in the document."""
    name = reference.removeprefix(REF)
    return REF + next((wire for kind, wire in _WIRE_NAMES.items() if kind.__name__ == name), name)


def _named(kind: inspect.Type) -> Iterator[Any]:
    """The types within this one that are components of the document."""
    match kind:
        case inspect.StructType() | inspect.EnumType():
            yield kind
        case inspect.Metadata():
            yield from _named(kind.type)
        case inspect.UnionType():
            for each in kind.types:
                yield from _named(each)
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            yield from _named(kind.item_type)
        case inspect.DictType():
            yield from _named(kind.value_type)


def _component(info: inspect.StructType | inspect.EnumType, name: str, *, is_read: bool) -> Json:
    described = {"title": name, "description": type_description(name, info.cls)}
    if isinstance(info, inspect.EnumType):
        return described | _choices([each.value for each in info.cls])
    orders = _declared_orders(get_origin(info.cls) or info.cls)
    properties: dict[str, Json] = {}
    for field in info.fields:
        schema = _with_default(_schema(field.type, orders.get(field.name, ())), field)
        if description := field_description(info.cls, field.encode_name, may_be_null=_may_be_null(schema)):
            schema |= {"description": description}
        properties[field.encode_name] = schema
    required = [
        field.encode_name
        for field in info.fields
        if field.required
        or (_lacks_default(field, properties[field.encode_name]) if is_read else _is_always_written(info, field))
    ]
    return described | {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _may_be_null(schema: Json) -> bool:
    """Whether null is one of its values, or it says nothing about them."""
    return not schema or any(kind.get("type") == "null" for kind in schema.get("oneOf", [schema]))


def _lacks_default(field: inspect.Field, schema: Json) -> bool:
    """Whether the value of an absent member is out of the bounds of the member: absent it is rejected."""
    return isinstance(field.default, int) and field.default < schema.get("minimum", field.default)


def _is_always_written(info: inspect.StructType, field: inspect.Field) -> bool:
    # A member that may be unset has neither a default nor a factory of one in the inspection.
    may_be_unset = field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT
    return not info.cls.__struct_config__.omit_defaults and not may_be_unset


def _schema(kind: inspect.Type, orders: Sequence[tuple[Any, ...]]) -> Json:
    match kind:
        case inspect.Metadata():
            return _bounded(_schema(kind.type, orders), kind)
        case inspect.UnionType():
            return _union([_schema(each, orders) for each in kind.types])
        case inspect.AnyType() | inspect.RawType():
            return {}
        case inspect.NoneType():
            return {"type": "null"}
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.IntType():
            return {"type": "integer"} | _limits(kind)
        case inspect.FloatType():
            return {"type": "number"} | _limits(kind)
        case inspect.StrType():
            return {"type": "string"} | _limits(kind)
        case inspect.DateTimeType():
            return {"type": "string", "format": "date-time"}
        case inspect.CustomType():
            return dict(_READ[kind.cls])
        case inspect.LiteralType():
            values = set(kind.values)
            return _choices(next((each for each in orders if set(each) == values), kind.values))
        case inspect.StructType() | inspect.EnumType():
            return {"$ref": REF + name_of(kind)}
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            return {"type": "array", "items": _schema(kind.item_type, orders)} | _counts(kind, 0)
        case inspect.TupleType():
            count = len(kind.item_types)
            return {"type": "array", "items": _schema(kind.item_types[0], orders), "minItems": count, "maxItems": count}
        case inspect.DictType():
            return {"type": "object", "additionalProperties": _schema(kind.value_type, orders)} | _counts(kind, 1)
        case _:
            raise TypeError(f"no schema for {kind}")


def _union(kinds: list[Json]) -> Json:
    """The schema of a value of one of these types. Several closed sets of the same type are one."""
    kinds = [one for each in kinds for one in (each["oneOf"] if each.keys() == {"oneOf"} else [each])]
    sets = [each for each in kinds if "enum" in each or "const" in each]
    if len(sets) > 1 and len({str(each["type"]) for each in sets}) == 1:
        values = [value for each in sets for value in each.get("enum", (each.get("const"),))]
        kinds = [_choices(list(dict.fromkeys(values))), *(each for each in kinds if each not in sets)]
    return kinds[0] if len(kinds) == 1 else {"oneOf": kinds}


def _bounded(schema: Json, kind: inspect.Metadata) -> Json:
    """The schema with the bounds that users know; those of the decoder may be wider."""
    schema |= kind.extra_json_schema or {}
    rule = (kind.extra or {}).get("text")
    if isinstance(rule, TextRule):
        schema |= {"maxLength": rule.longest} | ({"minLength": 1} if rule.required else {})
    if "enum" in schema:
        # The values say more than the bounds that hold them.
        return {key: value for key, value in schema.items() if key not in _LIMITS.values()}
    return schema


def _limits(kind: Any) -> Json:
    found = {name: getattr(kind, key, None) for key, name in _LIMITS.items()}
    return {name: value for name, value in found.items() if value is not None}


def _counts(kind: Any, place: int) -> Json:
    found = {names[place]: getattr(kind, key) for key, names in _COUNTS.items()}
    return {name: value for name, value in found.items() if value}


def _choices(values: Sequence[Any]) -> Json:
    if len(values) == 1:
        return {"type": _NAMES[type(values[0])], "const": values[0]}
    by_type: dict[str, list[Any]] = {}
    for each in values:
        by_type.setdefault(_NAMES[type(each)], []).append(each)
    # Generators of clients know no enumeration of several types.
    kinds = [{"type": name, "enum": some} for name, some in by_type.items()]
    return kinds[0] if len(kinds) == 1 else {"oneOf": kinds}


def _with_default(schema: Json, field: inspect.Field) -> Json:
    default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    if default in (msgspec.NODEFAULT, msgspec.UNSET, None):
        return schema
    value = msgspec.to_builtins(default)
    if isinstance(value, dict):
        return schema
    if value == "":
        # It stands for a missing text; where a text is needed says the field's own check.
        schema = {key: limit for key, limit in schema.items() if key != "minLength"}
    within = value in schema.get("enum", (value,)) and ("minimum" not in schema or value >= schema["minimum"])
    return schema | {"default": value} if within else schema


def _declared_orders(cls: type) -> dict[str, list[tuple[Any, ...]]]:
    """The values of each field's `Literal` types as they were declared: the inspection sorts them."""
    return {name: list(_literals(kind)) for name, kind in get_type_hints(cls, include_extras=True).items()}


def _literals(kind: Any) -> Iterator[tuple[Any, ...]]:
    if get_origin(kind) is Literal:
        yield get_args(kind)
        return
    for each in get_args(kind):
        yield from _literals(each)
