"""Every member of every body: a value of a wrong type or an extreme one is rejected, and named by its path."""

import json
from collections.abc import Iterator

import httpx
import pytest
from litestar import Litestar
from msgspec import inspect

from feed.api.openapi.signatures import operations
from feed.api.state import AppState
from feed.decoding.decoder import READERS
from feed.numbers import BoundedDecimal
from tests.support.api import Join, Person
from tests.support.app import app_over

Path = tuple[str | int, ...]
JSON = {"content-type": "application/json"}
# As they are written in a body: numbers that no field accepts, and texts that are no decimals.
EXTREMES = (
    "0E-9999999999999",
    "1e400",
    "-1e400",
    "9" * 5000,
    '"0E-9999999999999"',
    '"NaN"',
    '"-Infinity"',
    '"１２"',
    '"1_0"',
    '"+1"',
    '" 1"',
    '"' + "0" * 5000 + '"',
)


@pytest.fixture
def app(app_state: AppState) -> Litestar:
    return app_over(app_state)


@pytest.fixture
def chief(join: Join) -> Person:
    return join("主编", roles=("reviewer", "editor", "admin"))


def bodies(app: Litestar) -> Iterator[tuple[str, str, inspect.Type]]:
    """Method, URL and type of every body, without webhooks, which verify a signature or a token first."""
    for path, method, handler in operations(app.routes):
        if handler.parsed_data_field is not None and not path.startswith("/v1/hooks"):
            url = "/".join("1" if part.startswith("{") else part for part in path.split("/"))
            yield method.upper(), f"http://feed.test{url}", inspect.type_info(handler.parsed_data_field.annotation)


def leaves(kind: inspect.Type, at: Path = ()) -> Iterator[tuple[Path, inspect.Type]]:
    """The path and type of every value of a body that is no container."""
    match kind:
        case inspect.Metadata():
            yield from leaves(kind.type, at)
        case inspect.UnionType():
            yield from leaves(next(each for each in kind.types if not isinstance(each, inspect.NoneType)), at)
        case inspect.StructType():
            for field in kind.fields:
                yield from leaves(field.type, (*at, field.encode_name))
        case inspect.DictType():
            yield from leaves(kind.value_type, (*at, "键"))
        case inspect.ListType():
            yield from leaves(kind.item_type, (*at, 0))
        case _:
            yield at, kind


def objects(kind: inspect.Type, at: Path = ()) -> Iterator[tuple[Path, inspect.StructType]]:
    """The path and type of every object of a body."""
    match kind:
        case inspect.Metadata():
            yield from objects(kind.type, at)
        case inspect.UnionType():
            for each in kind.types:
                yield from objects(each, at)
        case inspect.StructType():
            yield at, kind
            for field in kind.fields:
                yield from objects(field.type, (*at, field.encode_name))
        case inspect.ListType():
            yield from objects(kind.item_type, (*at, 0))


def body_with(path: Path, raw: str) -> bytes:
    """A body with this JSON at the path."""
    for part in reversed(path):
        raw = f"[{raw}]" if part == 0 else f"{{{json.dumps(part)}: {raw}}}"
    return raw.encode()


def written(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def fields_of(answer: httpx.Response) -> list[str]:
    return [error["field"] for error in answer.json().get("errors", [])]


async def test_a_member_of_a_wrong_type_is_named_by_its_path(app: Litestar, chief: Person) -> None:
    tried = 0
    for method, url, kind in bodies(app):
        for path, _ in leaves(kind):
            for raw in ('{"a": 1}', "[[]]"):
                answer = await chief(method, url, content=body_with(path, raw), headers=JSON)
                assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), f"{method} {url} {path}"
                assert written(path) in fields_of(answer), f"{method} {url}: {answer.text}"
                assert all(error["message"] for error in answer.json()["errors"])
                tried += 1
    assert tried > 200


def test_operations_are_in_the_same_order_in_every_process(app: Litestar) -> None:
    by_path: dict[str, list[str]] = {}
    for path, method, _ in operations(app.routes):
        by_path.setdefault(path, []).append(method)
    assert sum(len(methods) > 1 for methods in by_path.values()) > 10
    assert {path: methods for path, methods in by_path.items() if methods != sorted(methods)} == {}


def test_only_the_reports_of_providers_may_have_members_that_we_do_not_know(app: Litestar) -> None:
    is_open = {
        path
        for path, _, handler in operations(app.routes)
        if handler.parsed_data_field is not None
        for _, kind in objects(inspect.type_info(handler.parsed_data_field.annotation))
        if not kind.forbid_unknown_fields
    }
    assert is_open == {"/v1/hooks/sms/aliyun/{token}", "/v1/hooks/sms/tencent/{token}"}


async def test_a_misspelt_member_is_named_by_its_path_in_every_object_of_every_body(
    app: Litestar, chief: Person
) -> None:
    tried = 0
    for method, url, kind in bodies(app):
        for at, struct in objects(kind):
            known = struct.fields[0].encode_name
            for name in (f"{known}_", known.upper(), "没有", "", "a.b", "x" * 300):
                answer = await chief(method, url, content=body_with((*at, name), "1"), headers=JSON)
                assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), f"{method} {url} {at}"
                path = written((*at, name[:60] or '""'))
                found = {error["field"]: error for error in answer.json()["errors"]}
                assert found[path]["code"] == "unknown_field", f"{method} {url}: {answer.text}"
                if name == f"{known}_":
                    assert known in found[path]["message"]
                tried += 1
    assert tried > 300


async def test_all_misspelt_members_are_named_with_the_other_errors(chief: Person) -> None:
    body = {
        "winer_count": 3,
        "title": 5,
        "prizes": [{"name": "好书", "place": [1, 1]}],
        "weights": {"qality": "1"},
        "criteria": [{"name": "文采", "weigth": "1", "weight": []}],
    }
    answer = await chief("POST", "/admin/campaigns", body, headers={"accept-language": "en"})
    found = {error["field"]: (error["code"], error["message"]) for error in answer.json()["errors"]}
    assert {field: code for field, (code, _) in found.items()} == {
        "winer_count": "unknown_field",
        "title": "not_text",
        "prizes[0].place": "unknown_field",
        "weights.qality": "unknown_field",
        "criteria[0].weigth": "unknown_field",
        "criteria[0].weight": "not_decimal",
    }
    assert found["weights.qality"][1] == "Is not known here; known are: quality."


async def test_an_unknown_parameter_of_a_query_is_named_at_every_operation(app: Litestar, chief: Person) -> None:
    tried = 0
    for path, method, _ in operations(app.routes):
        if not path.startswith("/v1/") or path.startswith("/v1/hooks"):
            continue
        url = "/".join("1" if part.startswith("{") else part for part in path.split("/"))
        for query, name in (("limt=5", "limt"), ("viewer=1", "viewer"), ("data=1&x[]=", "data"), ("=1", '""')):
            answer = await chief(method.upper(), f"http://feed.test{url}?{query}")
            assert answer.status_code == 422, f"{method} {url}?{query}: {answer.text}"
            assert (name, "unknown_field") in [(each["field"], each["code"]) for each in answer.json()["errors"]]
            tried += 1
    assert tried > 400
    near = await chief("GET", "/feeds/hot?limt=5&limit=0", headers={"accept-language": "en"})
    assert {each["field"]: each["message"] for each in near.json()["errors"]} == {
        "limt": "Is not known here; known are: limit.",
        "limit": "Must be between 1 and 50.",
    }


async def test_browsers_and_monitors_may_add_parameters_outside_of_the_contract(client: httpx.AsyncClient) -> None:
    for path in ("/health/live", "/openapi.json", "/docs"):
        assert (await client.get(f"http://feed.test{path}?_=1")).status_code == 200


async def test_null_is_no_body_also_where_it_may_be_left_out(app: Litestar, chief: Person) -> None:
    for method, url, _ in bodies(app):
        answer = await chief(method, url, content=b"null", headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body"), f"{method} {url}"


async def test_an_extreme_number_is_named_by_its_path(app: Litestar, chief: Person, client: httpx.AsyncClient) -> None:
    numbers = [
        (method, url, path, isinstance(leaf, inspect.FloatType))
        for method, url, kind in bodies(app)
        for path, leaf in leaves(kind)
        if isinstance(leaf, inspect.IntType | inspect.FloatType)
        or (isinstance(leaf, inspect.CustomType) and leaf.cls in READERS)
    ]
    assert len(numbers) > 40
    for method, url, path, is_float in numbers:
        # As a float the first one is zero.
        for raw in EXTREMES[1:] if is_float else EXTREMES:
            answer = await chief(method, url, content=body_with(path, raw), headers=JSON)
            assert answer.status_code == 422, f"{method} {url} {path} {raw[:20]}: {answer.text}"
            assert written(path) in fields_of(answer), f"{method} {url} {path} {raw[:20]}: {answer.text}"


def test_the_decimals_of_bodies_are_those_of_drafts_and_marks(app: Litestar) -> None:
    found = {
        written(path)
        for _, _, kind in bodies(app)
        for path, leaf in leaves(kind)
        if isinstance(leaf, inspect.CustomType) and leaf.cls is BoundedDecimal
    }
    assert found == {
        "prizes[0].value_cny",
        "criteria[0].weight",
        *(f"weights.{name}" for name in ("quality", "likes", "comments")),
        "score",
        "scores.键",
    }


async def test_zero_has_no_sign_wherever_a_decimal_is_shown(chief: Person) -> None:
    for zero in ("-0", "-0.0", "-0E-3"):
        prizes = [{"name": "好书", "kind": "goods", "value_cny": zero}]
        weights = {"quality": "1", "likes": zero, "comments": zero}
        answer = await chief("POST", "/admin/campaigns", {"title": "读书月", "prizes": prizes, "weights": weights})
        assert answer.status_code == 201, answer.text
        assert '"-' not in answer.text


async def test_wrong_members_do_not_keep_others_from_being_named(chief: Person) -> None:
    answer = await chief(
        "POST", "/admin/campaigns", {"title": 5, "prizes": [{"value_cny": "0E-9999999999999"}], "caps": {"likes": "9"}}
    )
    assert fields_of(answer) == ["title", "prizes[0].value_cny", "caps.likes"]
    english = await chief("POST", "/admin/campaigns", {"title": 5}, headers={"accept-language": "de, en;q=0.7"})
    assert english.json()["errors"][0]["message"] == "Title (title): must be a text."


async def test_extreme_durations_are_named_with_the_other_fields(chief: Person) -> None:
    created = await chief("POST", "/admin/campaigns", {"title": "读书月"})
    days = {"objection_days": 36_500, "claim_days": 36_500, "beacon_wait_hours": 36_500}
    draft = {
        "topic": "读书",
        "starts_at": "2026-09-01T04:30:00Z",
        "ends_at": "2099-12-31T04:30:00Z",
        "prizes": [{"name": "券", "kind": "code", "valid_until": "2099-12-31T00:00:00Z"}],
    }
    for method, path in (("PATCH", f"/admin/campaigns/{created.json()['id']}"), ("POST", "/admin/campaigns")):
        answer = await chief(method, path, {"title": "读书月", **draft, **days})
        assert set(fields_of(answer)) >= set(days), answer.text
        answer = await chief(method, path, {"title": "读书月", **draft, **dict.fromkeys(days, 2**31 - 1)})
        assert fields_of(answer) == list(days), answer.text
