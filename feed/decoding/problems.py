"""The problems of a body that could not be decoded: every member that is unknown, of a wrong type or out of its bounds, by path. Pure.

Only failed requests get here. The work is bounded by the body's types: a list or object with too many members is one problem,
and its members are not read.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import Any

from msgspec import inspect

from feed.errors import FieldError, InvalidValue
from feed.numbers import Range
from feed.texts import TextRule, text_problems

# The most problems of one body that are reported.
_PROBLEMS_MOST = 100
# The members of a list or object without a bound, which no body has.
_MEMBERS_MOST = 1000
# Integers with more digits are out of every range, and slow to parse.
_DIGITS_MOST = 100
_KEY_LONGEST = 60

Readers = Mapping[Any, Callable[[Any], Any]]


class _Fraction(str):
    """A JSON number with a fraction or an exponent, as its text."""

    __slots__ = ()


def list_problems(body: bytes, kind: Any, readers: Readers) -> list[FieldError]:
    """The problems of the body for this type, at most 100, each with its path (`prizes[0].value_cny`).

    A problem of the body as a whole has an empty path. Raises ValueError for malformed JSON, RecursionError.
    """
    value = json.loads(
        body.decode() or "null", parse_int=_read_integer, parse_float=_Fraction, parse_constant=_reject_constant
    )
    return list(islice(_problems(value, _type_of(kind), "", readers), _PROBLEMS_MOST))


@cache
def _type_of(kind: Any) -> inspect.Type:
    return inspect.type_info(kind)


def _read_integer(text: str) -> int:
    return int(text if len(text) <= _DIGITS_MOST else text[:_DIGITS_MOST])


def _reject_constant(text: str) -> Any:
    raise ValueError(text)


def _problems(value: Any, kind: inspect.Type, at: str, readers: Readers) -> Iterator[FieldError]:
    match kind:
        case inspect.Metadata() if isinstance(value, str) and isinstance(
            rule := (kind.extra or {}).get("text"), TextRule
        ):
            # The decoder checks its length only; here a text is read with its rule, so that no problem comes later.
            yield from text_problems(at, value, rule)
        case inspect.Metadata() if problem := _stored_problem(value, kind.extra or {}):
            yield FieldError(at, problem.code, problem.params)
        case inspect.Metadata():
            yield from (_as_documented(problem, kind) for problem in _problems(value, kind.type, at, readers))
        case inspect.UnionType():
            yield from _union(value, kind, at, readers)
        case _ if value is None and not isinstance(kind, inspect.NoneType | inspect.AnyType):
            yield FieldError(at, "required")
        case inspect.StructType():
            yield from _members(value, kind, at, readers)
        case inspect.DictType():
            yield from _entries(value, kind, at, readers)
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            yield from _items(value, kind, at, readers)
        case _:
            if problem := _scalar_problem(value, kind, readers):
                yield FieldError(at, problem.code, problem.params)


def _stored_problem(value: Any, extra: Mapping[str, Any]) -> InvalidValue | None:
    """The problem of a value that the decoder accepts, since it may be stored, and that the field's own check rejects."""
    if isinstance(value, str) and value and value not in extra.get("allowed", (value,)):
        return None if isinstance(value, _Fraction) else InvalidValue("unknown_value", allowed=list(extra["allowed"]))
    if isinstance(rule := extra.get("range"), Range) and type(value) is int and not rule.least <= value <= rule.most:
        return InvalidValue("out_of_range", least=rule.least, most=rule.most)
    return None


def _as_documented(problem: FieldError, kind: inspect.Metadata) -> FieldError:
    """The problem with the bounds that users know; those of the type may be wider."""
    schema = kind.extra_json_schema or {}
    documented = {"least": schema.get("minimum"), "most": schema.get("maximum")} | (kind.extra or {})
    params = {param: documented[param] for param in problem.params if documented.get(param) is not None}
    return FieldError(problem.field, problem.code, problem.params | params) if params else problem


def _union(value: Any, kind: inspect.UnionType, at: str, readers: Readers) -> Iterator[FieldError]:
    found: list[list[FieldError]] = []
    for each in kind.types:
        if isinstance(each, inspect.NoneType):
            if value is None:
                return
            continue
        found.append(list(_problems(value, each, at, readers)))
        if not found[-1]:
            return
    # Of several types the one that comes closest: the value has its JSON type, and is out of its bounds only.
    yield from min(found, key=lambda problems: any(each.code.startswith("not_") for each in problems), default=[])


def _members(value: Any, kind: inspect.StructType, at: str, readers: Readers) -> Iterator[FieldError]:
    if not isinstance(value, dict):
        yield FieldError(at, "not_object")
        return
    for field in kind.fields:
        path = _path(at, field.encode_name)
        if field.encode_name in value:
            yield from _problems(value[field.encode_name], field.type, path, readers)
        elif field.required:
            yield FieldError(path, "required")
    if is_closed(kind):
        known = [field.encode_name for field in kind.fields]
        yield from (unknown_field(name, known, at) for name in value if name not in known)


def is_closed(kind: inspect.StructType) -> bool:
    """Whether an object of this type may have its own members only."""
    return kind.forbid_unknown_fields


def unknown_field(name: str, known: Sequence[str], at: str = "") -> FieldError:
    """The problem of a member or parameter that does not exist here. The message names those that it resembles, else all."""
    shown = get_close_matches(name[:_KEY_LONGEST], known) or known or ["—"]
    return FieldError(_path(at, name), "unknown_field", {"known": list(shown)})


def without_unknown(value: Any, kind: Any) -> Any:
    """The document without the members that its type does not know, at any depth."""
    return _known_part(value, _type_of(kind))


def _known_part(value: Any, kind: inspect.Type) -> Any:
    match kind:
        case inspect.Metadata():
            return _known_part(value, kind.type)
        case inspect.UnionType():
            for each in kind.types:
                value = _known_part(value, each)
            return value
        case inspect.StructType() if isinstance(value, Mapping):
            types = {field.encode_name: field.type for field in kind.fields}
            return {name: _known_part(each, types[name]) for name, each in value.items() if name in types}
        case inspect.ListType() | inspect.VarTupleType() if isinstance(value, list | tuple):
            return [_known_part(each, kind.item_type) for each in value]
        case _:
            return value


def _path(at: str, name: str) -> str:
    # The name may be the caller's: empty, as long as the body, and with a lone surrogate.
    name = name[:_KEY_LONGEST].encode(errors="replace").decode() or '""'
    return f"{at}.{name}" if at else name


def _entries(value: Any, kind: inspect.DictType, at: str, readers: Readers) -> Iterator[FieldError]:
    if not isinstance(value, dict):
        yield FieldError(at, "not_object")
        return
    if problem := _count_problem(len(value), kind):
        yield FieldError(at, problem.code, problem.params)
        return
    for key, each in value.items():
        path = _path(at, key)
        key_problem = next(_problems(key, kind.key_type, path, readers), None)
        if key_problem is not None:
            yield key_problem
        else:
            yield from _problems(each, kind.value_type, path, readers)


def _items(value: Any, kind: Any, at: str, readers: Readers) -> Iterator[FieldError]:
    if not isinstance(value, list):
        yield FieldError(at, "not_list")
        return
    if problem := _count_problem(len(value), kind):
        yield FieldError(at, problem.code, problem.params)
        return
    for index, each in enumerate(value):
        yield from _problems(each, kind.item_type, f"{at}[{index}]", readers)


def _count_problem(count: int, kind: Any) -> InvalidValue | None:
    most = _MEMBERS_MOST if kind.max_length is None else kind.max_length
    if count > most:
        return InvalidValue("too_many", most=most)
    if kind.min_length is not None and count < kind.min_length:
        return InvalidValue("required")
    return None


def _scalar_problem(value: Any, kind: inspect.Type, readers: Readers) -> InvalidValue | None:
    match kind:
        case inspect.StrType():
            return _text_problem(value, kind)
        case inspect.BoolType():
            return None if isinstance(value, bool) else InvalidValue("not_boolean")
        case inspect.IntType():
            if not isinstance(value, int) or isinstance(value, bool):
                return InvalidValue("not_integer")
            return _range_problem(value, kind)
        case inspect.FloatType():
            if not isinstance(value, int | _Fraction) or isinstance(value, bool):
                return InvalidValue("not_number")
            return _range_problem(float(value), kind)
        case inspect.LiteralType():
            return _choice_problem(value, kind.values)
        case inspect.EnumType():
            return _choice_problem(value, [each.value for each in kind.cls])
        case inspect.CustomType():
            try:
                readers[kind.cls](value)
            except InvalidValue as problem:
                return problem
    return None


def _text_problem(value: Any, kind: inspect.StrType) -> InvalidValue | None:
    if not isinstance(value, str) or isinstance(value, _Fraction):
        return InvalidValue("not_text")
    if kind.max_length is not None and len(value) > kind.max_length:
        return InvalidValue("too_long", longest=kind.max_length)
    if kind.min_length is not None and len(value) < kind.min_length:
        return InvalidValue("too_short" if value else "required")
    if any("\ud800" <= each <= "\udfff" for each in value):
        return InvalidValue("forbidden_character")
    return None


def _range_problem(value: float, kind: inspect.IntType | inspect.FloatType) -> InvalidValue | None:
    if (
        not math.isfinite(value)
        or (kind.ge is not None and value < kind.ge)
        or (kind.le is not None and value > kind.le)
    ):
        return InvalidValue("out_of_range", least=kind.ge, most=kind.le)
    return None


def _choice_problem(value: Any, allowed: Sequence[Any]) -> InvalidValue | None:
    if any(type(value) is type(each) and value == each for each in allowed):
        return None
    return InvalidValue("unknown_value", allowed=list(allowed))
