"""The strings of the bodies of all operations, found by their types."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import inspect

from feed.api.openapi.signatures import operations
from feed.api.state import AppState
from feed.app import build
from feed.settings import Settings
from feed.startup import Waiting
from feed.texts import MARKS_MOST, RAW_PER_NORMALISED, TextRule


class Field(NamedTuple):
    """A string: its path (`prizes[].name`), and the rule of its text; None for an opaque one or a bare `str`."""

    path: str
    rule: TextRule | None
    is_bounded: bool


class BodyType(NamedTuple):
    """An operation with a body."""

    method: str
    path: str
    kind: Any


def body_types() -> list[BodyType]:
    """The operations with a body."""

    def unopened(waiting: Waiting) -> AbstractAsyncContextManager[AppState]:
        raise AssertionError("only the routes are read")

    app = build(unopened, Settings(database_url="", redis_url="", keys_dir=Path()))
    return [
        BodyType(method, path, handler.parsed_data_field.annotation)
        for path, method, handler in operations(app.routes)
        if handler.parsed_data_field is not None
    ]


def string_fields(kind: inspect.Type, at: str = "", extra: dict[str, Any] | None = None) -> Iterator[Field]:
    """Every string within a type."""
    match kind:
        case inspect.Metadata():
            yield from string_fields(kind.type, at, kind.extra)
        case inspect.UnionType():
            for each in kind.types:
                yield from string_fields(each, at)
        case inspect.StructType():
            for field in kind.fields:
                yield from string_fields(field.type, f"{at}.{field.encode_name}" if at else field.encode_name)
        case inspect.DictType():
            yield from string_fields(kind.key_type, f"{at}{{}}")
            yield from string_fields(kind.value_type, f"{at}{{}}.")
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            yield from string_fields(kind.item_type, f"{at}[]")
        case inspect.StrType():
            known = extra or {}
            yield Field(at, known.get("text"), kind.max_length is not None and bool(known.keys() & {"text", "opaque"}))


def with_text(kind: Any, path: str, text: str) -> Any:
    """A body of this type whose string at the path is `text`, and whose other required members are plausible."""
    return _filled(inspect.type_info(kind), path, text)


def _filled(kind: inspect.Type, path: str | None, text: str) -> Any:
    match kind:
        case inspect.Metadata():
            return _filled(kind.type, path, text)
        case inspect.UnionType():
            types = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
            return _filled(types[0], path, text)
        case inspect.StructType():
            return {
                field.encode_name: _filled(field.type, rest, text)
                for field in kind.fields
                for rest in [_rest(path, field.encode_name)]
                if rest is not None or field.required
            }
        case inspect.DictType():
            return {text if path == "{}" else "x": 1}
        case inspect.ListType() | inspect.VarTupleType():
            return [_filled(kind.item_type, None if path is None else path.removeprefix("[]").removeprefix("."), text)]
        case inspect.StrType():
            return "1" if path is None else text
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.BoolType():
            return True
        case inspect.DateTimeType() | inspect.CustomType():
            return "2030-01-01T00:00:00Z"
        case _:
            return 1


def _rest(path: str | None, name: str) -> str | None:
    """The rest of the path within the member; None if the path leads elsewhere."""
    if path is None or not path.startswith(name):
        return None
    rest = path.removeprefix(name)
    return rest.removeprefix(".") if not rest or rest[0] in ".[{" else None


def bad_texts(rule: TextRule) -> dict[str, str]:
    """Texts that no field with this rule accepts, by what is wrong with them."""
    bad = {
        "too_long": "长" * (rule.longest + 1),
        "raw": "a" + "\u0301\u0316" * (RAW_PER_NORMALISED * rule.longest),
        "marks": "a" + "\u0316" * (MARKS_MOST + 1),
        "joiners": "\u200d\u200c",
        "filler": "\u3164",
        "braille": "\u2800",
        "mark": "\u0301",
        "selector": "\ufe0f",
        "nul": "小\x00明",
        "escape": "小\x1b[31m明",
        "override": "小\u202e明",
        "unbalanced": "小\u2066明",
        "half_emoji": "小\ud83d",
    }
    if rule.longest <= MARKS_MOST:
        del bad["marks"]
    if rule.is_line:
        bad |= {
            "break": "小\n明",
            "separator": "小\u2028明",
            "paragraph": "小\u2029明",
            "mark_of_direction": "小\u200f明",
        }
        bad |= {"zero_width": "小\u200b明", "next_line": "小\x85明"}
    return bad
