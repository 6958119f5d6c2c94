"""Decoding: every problem of a body is named by its path, and every value of every body has a bound."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
import pytest
from litestar import Litestar
from msgspec import UNSET, UnsetType, inspect

from feed.api.openapi.signatures import operations
from feed.api.state import AppState
from feed.campaigns.rules.draft import read_rules
from feed.decoding.decoder import READERS, body_decoder, convert
from feed.errors import Invalid, MalformedBody
from feed.numbers import BoundedDecimal, Int32
from feed.times import Instant
from tests.support.app import app_over


class Part(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(max_length=5)]
    value: BoundedDecimal | None = None


class Body(msgspec.Struct):
    title: Annotated[str, msgspec.Meta(max_length=5)]
    count: Int32 = 0
    ratio: Annotated[float, msgspec.Meta(ge=-1000, le=1000, extra_json_schema={"minimum": -1, "maximum": 1})] = 0.0
    flag: bool = False
    kind: Literal["a", "b"] = "a"
    chain: Annotated[str, msgspec.Meta(max_length=5)] | Int32 | None = None
    at: Instant | UnsetType | None = UNSET
    parts: Annotated[list[Part], msgspec.Meta(max_length=3)] = []
    scores: (
        Annotated[dict[Annotated[str, msgspec.Meta(max_length=5)], BoundedDecimal], msgspec.Meta(max_length=3)] | None
    ) = None


def problems(body: Any) -> list[tuple[str, str]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(Invalid) as raised:
        body_decoder(Body).decode(raw)
    return [(error.field, error.code) for error in raised.value.errors]


def test_every_wrong_member_is_named_at_once() -> None:
    assert problems(
        {
            "title": 5,
            "count": "1",
            "ratio": "x",
            "flag": "true",
            "kind": "c",
            "chain": [],
            "at": "soon",
            "parts": [{"name": "ok"}, {"name": None, "value": "0E-9999999999999"}, 7],
            "scores": {"a": "NaN", "b": "1"},
        }
    ) == [
        ("title", "not_text"),
        ("count", "not_integer"),
        ("ratio", "not_number"),
        ("flag", "not_boolean"),
        ("kind", "unknown_value"),
        ("chain", "not_text"),
        ("at", "not_time"),
        ("parts[1].name", "required"),
        ("parts[1].value", "not_decimal"),
        ("parts[2]", "not_object"),
        ("scores.a", "not_decimal"),
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [("title", "required")]),
        ({"title": None}, [("title", "required")]),
        ({"title": "toolong"}, [("title", "too_long")]),
        ({"title": "a", "count": 2**31}, [("count", "out_of_range")]),
        ({"title": "a", "count": 2**63}, [("count", "out_of_range")]),
        ({"title": "a", "count": True}, [("count", "not_integer")]),
        (b'{"title": "a", "count": 1.0}', [("count", "not_integer")]),
        (b'{"title": 1.5}', [("title", "not_text")]),
        (b'{"title": "a", "count": 1e400}', [("count", "not_integer")]),
        (b'{"title": "a", "count": %b}' % (b"9" * 10_000), [("count", "out_of_range")]),
        (b'{"title": "a", "count": -%b}' % (b"9" * 10_000), [("count", "out_of_range")]),
        (b'{"title": "a", "ratio": 1e400}', [("ratio", "out_of_range")]),
        (b'{"title": "a", "ratio": %b}' % (b"9" * 10_000), [("ratio", "out_of_range")]),
        (b'{"title": "a", "scores": {"x": %b}}' % (b"9" * 10_000), [("scores.x", "not_decimal")]),
        (b'{"title": "a", "scores": {"x": 1e400}}', [("scores.x", "not_decimal")]),
        ({"title": "a", "scores": {"x" * 100_000: "1"}}, [("scores." + "x" * 60, "too_long")]),
        (b'{"title": 5, "scores": {"\\ud800": "x"}}', [("title", "not_text"), ("scores.?", "forbidden_character")]),
        (b'{"title": 5, "chain": "\\ud800"}', [("title", "not_text"), ("chain", "forbidden_character")]),
        # A text that a client has cut within an emoji.
        (b'{"title": "a\\ud83d"}', [("title", "forbidden_character")]),
        (b'{"title": "a", "parts": [{"name": "\\ude00"}]}', [("parts[0].name", "forbidden_character")]),
        ({"title": "a", "scores": {str(n): n for n in range(4)}}, [("scores", "too_many")]),
        ({"title": "a", "scores": ["1"]}, [("scores", "not_object")]),
        ({"title": "a", "parts": [{"name": "a"}] * 4}, [("parts", "too_many")]),
        ({"title": "a", "parts": {}}, [("parts", "not_list")]),
        ({"title": "a", "chain": 2**40}, [("chain", "out_of_range")]),
        ({"title": "a", "chain": "toolong"}, [("chain", "too_long")]),
        ({"title": "a", "at": "2026-01-01T00:00:00"}, [("at", "no_time_zone")]),
        # The last of two members with one name counts, but neither may be wrong.
        (b'{"title": 5, "title": "a"}', [("title", "invalid_value")]),
        (b'{"title": "a", "title": 5}', [("title", "not_text")]),
    ],
)
def test_a_problem_has_its_path_and_code(body: Any, expected: list[tuple[str, str]]) -> None:
    assert problems(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b'"a"',
        b"{",
        b'{"title": 5, ',
        b'{"title": 5} {}',
        b'{"title": NaN}',
        b'{"title": 5, "count": NaN}',
        b'{"title": "a", "other": "\\ud800"}',
        b'{"title": "a", "\\ud800": 1}',
        b'{"title": "\xff"}',
        b"\xef\xbb\xbf{}",
        '{"title": "a"}'.encode("utf-16"),
        '{"title": "a"}'.encode("utf-32"),
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
        b'{"title":' * 50_000,
        b'{"title": "a", "other": ' + b"[" * 100_000,
        b'{"title": 5, "other": ' + b"[" * 100_000,
    ],
)
def test_what_is_no_json_object_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        body_decoder(Body).decode(body)


def test_numbers_are_read_exactly_and_unknown_members_are_ignored() -> None:
    body = body_decoder(Body).decode(
        b'{"title": "a", "scores": {"x": 0.1000000000000000000000000001, "y": 3}, "other": 1e999999, "ratio": 0.5}'
    )
    assert body.scores == {"x": Decimal("0.1000000000000000000000000001"), "y": Decimal(3)}
    assert body.ratio == 0.5


def test_the_number_of_reported_problems_is_bounded() -> None:
    class Many(msgspec.Struct):
        items: Annotated[list[Int32], msgspec.Meta(max_length=5000)]

    with pytest.raises(Invalid) as raised:
        body_decoder(Many).decode(json.dumps({"items": ["x"] * 5000}).encode())
    assert [error.field for error in raised.value.errors] == [f"items[{n}]" for n in range(100)]


@pytest.fixture
def app(app_state: AppState) -> Litestar:
    return app_over(app_state)


def test_every_value_of_every_body_has_a_bound(app: Litestar) -> None:
    """A new field without a bound fails here: `Meta(max_length=…)`, `Meta(ge=…, le=…)`, or a type with bounds of its own."""
    bodies = {
        f"{method.upper()} {path}": handler.parsed_data_field.annotation
        for path, method, handler in operations(app.routes)
        if handler.parsed_data_field is not None
    }
    assert len(bodies) > 40
    unbounded = [
        f"{name}: {path}" for name, kind in bodies.items() for path in unbounded_paths(inspect.type_info(kind))
    ]
    assert unbounded == []


def unbounded_paths(kind: inspect.Type, at: str = "") -> Iterator[str]:
    match kind:
        case inspect.Metadata():
            yield from unbounded_paths(kind.type, at)
        case inspect.UnionType():
            for each in kind.types:
                yield from unbounded_paths(each, at)
        case inspect.StructType():
            for field in kind.fields:
                yield from unbounded_paths(field.type, f"{at}.{field.encode_name}")
        case inspect.DictType():
            if kind.max_length is None:
                yield at
            yield from unbounded_paths(kind.key_type, f"{at}{{key}}")
            yield from unbounded_paths(kind.value_type, f"{at}{{}}")
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            # A list that is the body itself is bounded by the size of bodies.
            if kind.max_length is None and at:
                yield at
            yield from unbounded_paths(kind.item_type, f"{at}[]")
        case inspect.StrType() | inspect.BytesType() | inspect.ByteArrayType():
            if kind.max_length is None:
                yield at
        case inspect.IntType() | inspect.FloatType():
            if kind.ge is None or kind.le is None:
                yield at
        case inspect.CustomType():
            if kind.cls not in READERS:
                yield at
        case inspect.BoolType() | inspect.NoneType() | inspect.LiteralType() | inspect.EnumType():
            pass
        case _:
            # Among them Decimal, datetime and Any, which the decoder would read without a bound.
            yield at


class Closed(msgspec.Struct, forbid_unknown_fields=True):
    name: str = ""
    inner: "Closed | None" = None
    items: list["Closed"] = []


def test_a_stored_document_may_have_members_of_another_version() -> None:
    stored = {"name": "好", "was": 1, "inner": {"name": "书", "old": {}}, "items": [{"gone": None}, {"name": "读"}]}
    assert convert(stored, Closed) == Closed("好", Closed("书"), [Closed(), Closed("读")])
    with pytest.raises(msgspec.ValidationError):
        convert(stored | {"name": 5}, Closed)


def test_stored_rules_may_have_members_of_another_version() -> None:
    stored = {"title": "读书月", "prizes": [{"name": "书", "kind": "goods", "sponsor": "某社"}], "colour": "red"}
    rules, _ = read_rules(stored, publishing=False)
    assert rules.prizes[0].name == "书"


def test_an_unknown_member_is_named_with_those_that_it_resembles() -> None:
    with pytest.raises(Invalid) as raised:
        body_decoder(Closed).decode(b'{"nmae": 1, "inner": {"items": [{"zzz": 1}]}, "items": [{}, {"Name": 1}]}')
    assert {error.field: error.params["known"] for error in raised.value.errors} == {
        "inner.items[0].zzz": ["name", "inner", "items"],
        "items[1].Name": ["name"],
        "nmae": ["name"],
    }
