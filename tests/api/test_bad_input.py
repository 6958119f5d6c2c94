"""Invalid bodies for every operation of the OpenAPI document: the response is a problem document, never a 500."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.api import Join, Person

HUGE = 10**400
NESTED = json.loads("[" * 400 + "]" * 400)
WRONG: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "number": 7,
    "huge_number": HUGE,
    "negative": -1,
    "text": "x",
    "empty": "",
    "nul": "a\x00b",
    "lone_surrogate": "\ud800",
    "long": "长" * 5000,
    "list": [],
    "object": {},
    "nested": NESTED,
    "not_an_id": "99999999999999999999999",
}


async def operations(client: httpx.AsyncClient) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and resolved JSON schema of every operation that takes a body."""
    document = (await client.get("http://feed.test/openapi.json")).json()
    schemas = document["components"]["schemas"]
    found = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            content = operation.get("requestBody", {}).get("content", {})
            for media in content.values():
                schema = media["schema"]
                while "$ref" in schema:
                    schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
                found.append((method.upper(), path, schema))
    return found


def filled(path: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        path = path.replace("{" + name + "}", value)
    return path.replace("{", "").replace("}", "") if "{" in path else path


def bodies(schema: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    for name, value in WRONG.items():
        yield name, json.dumps(value).encode()
    for field in schema.get("properties", {}):
        for name, value in WRONG.items():
            yield f"{field}={name}", json.dumps({field: value}).encode()
    yield "broken", b'{"text": '
    yield "not utf-8", b'{"text": "\xff\xfe"}'
    yield "twice", b'{"text": "a", "text": 1}'
    yield "deep", b'{"text":' * 20_000
    yield "nothing", b""


def assert_problem(answer: httpx.Response, about: str) -> None:
    if answer.status_code < 400:
        return
    assert answer.status_code < 500, f"{about}: {answer.status_code} {answer.text[:300]}"
    assert answer.headers["content-type"] == "application/problem+json", about
    problem = answer.json()
    assert set(problem) >= {"type", "title", "status", "detail", "code"}, about
    assert problem["status"] == answer.status_code, about
    assert problem["title"], f"{about}: no message for {problem['code']}"
    for field in problem.get("errors", []):
        assert field["field"], about
        assert field["message"], f"{about}: no message for field.{field['code']}"


@pytest.fixture
async def chief(join: Join) -> Person:
    return join("主编", roles=("reviewer", "editor", "admin"))


@pytest.fixture
async def ids(join: Join) -> dict[str, str]:
    ming = join("小明")
    post = (await ming("POST", "/posts", {"text": "读书"})).json()
    comment = (await ming("POST", f"/posts/{post['id']}/comments", {"text": "好"})).json()
    return {"post_id": post["id"], "comment_id": comment["id"], "user_id": post["author"]["id"], "name": "读书"}


async def test_no_body_makes_the_server_fail(client: httpx.AsyncClient, chief: Person, ids: dict[str, str]) -> None:
    tried = 0
    for method, path, schema in await operations(client):
        url = "http://feed.test" + filled(path, {**ids, **dict.fromkeys(("campaign_id", "case_id", "prize_id"), "1")})
        for name, body in bodies(schema):
            answer = await chief(method, url, content=body, headers={"content-type": "application/json"})
            assert_problem(answer, f"{method} {path} {name}")
            tried += 1
    assert tried > 300


def texts_within(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where texts are in a document, by keys and places."""
    if isinstance(value, str):
        yield at
    elif isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts_within(each, (*at, key))


def with_text(value: Any, at: tuple[Any, ...], text: str) -> Any:
    """The document with another text in one place."""
    if not at:
        return text
    copied = value.copy()
    copied[at[0]] = with_text(value[at[0]], at[1:], text)
    return copied


async def test_no_text_in_a_valid_body_makes_the_server_fail(
    client: httpx.AsyncClient, chief: Person, ids: dict[str, str]
) -> None:
    """The rest of the body is that of the example, so that the text comes as far as one can."""
    document = (await client.get("http://feed.test/openapi.json")).json()
    tried = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            given = [each["value"] for each in content.get("examples", {}).values()]
            examples = [content["example"]] if "example" in content else given[:1]
            assert not content or examples, f"{method} {path} has no example"
            url = "http://feed.test" + filled(path, ids | dict.fromkeys(("campaign_id", "case_id", "prize_id"), "1"))
            for example in examples:
                for at in texts_within(example):
                    for text in ("a\x00b", "\x00", "\x7f", "\ufffe", "\ud800"):
                        body = json.dumps(with_text(example, at, text)).encode()
                        answer = await chief(
                            method.upper(), url, content=body, headers={"content-type": "application/json"}
                        )
                        assert_problem(answer, f"{method} {path} {at} {text!r}")
                        tried += 1
    assert tried > 300


async def test_a_wrong_content_type_is_refused(client: httpx.AsyncClient, chief: Person, ids: dict[str, str]) -> None:
    for method, path, _ in await operations(client):
        url = "http://feed.test" + filled(path, ids)
        for kind in ("text/plain", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded"):
            answer = await chief(method, url, content=b"a=1", headers={"content-type": kind})
            assert 400 <= answer.status_code < 500, f"{method} {path} {kind}: {answer.status_code}"
            assert_problem(answer, f"{method} {path} {kind}")


async def test_a_megabyte_is_too_large(client: httpx.AsyncClient, chief: Person, ids: dict[str, str]) -> None:
    body = json.dumps({"text": "a" * 1_000_000}).encode()
    for method, path, _ in await operations(client):
        url = "http://feed.test" + filled(path, ids)
        answer = await chief(method, url, content=body, headers={"content-type": "application/json"})
        # A form with a file may be longer, and is no JSON.
        expected = (415, "not_multipart") if path == "/v1/media" else (413, "body_too_large")
        assert (answer.status_code, answer.json()["code"]) == expected, f"{method} {path}"


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "required"), ("   ", "required"), ("长" * 2001, "too_long"), ("a\x00b", "forbidden_character")],
)
async def test_an_invalid_text_is_rejected_with_its_code(join: Join, text: str, code: str) -> None:
    answer = await join("小明")("POST", "/posts", {"text": text})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [("text", code)]


async def test_every_invalid_field_is_named_at_once(join: Join) -> None:
    answer = await join("小明")(
        "POST",
        "/posts",
        {
            "text": "",
            "media_ids": [],
            "comment_policy": "some",
            "location": {"name": "", "lat": 91, "lng": 181},
        },
    )
    fields = {error["field"] for error in answer.json()["errors"]}
    assert fields == {"text", "comment_policy", "location.name", "location.lat", "location.lng"}


async def test_messages_follow_the_accepted_language(client: httpx.AsyncClient) -> None:
    chinese = (await client.get("/posts/1")).json()
    english = (await client.get("/posts/1", headers={"accept-language": "en-GB,en;q=0.9"})).json()
    assert chinese["title"] == "没有找到该动态"
    assert english["title"] == "There is no such post."


async def test_an_unknown_path_and_an_unknown_method_are_problems_too(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nothing/here")).json()["code"] == "not_found"
    answer = await client.put("/feeds/latest")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    "limit",
    [
        "0",
        "51",
        "-1",
        "x",
        "1.5",
        "",
        "9" * 30,
        "9" * 5000,
        "5.0",
        "1e1",
        "+5",
        " 5",
        "5\n",
        "１",
        "1_0",
        "NaN",
        "--1",
        "-",
    ],
)
async def test_a_limit_out_of_range_is_named(client: httpx.AsyncClient, limit: str) -> None:
    answer = await client.get("/feeds/latest", params={"limit": limit})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    code = "out_of_range" if re.fullmatch("-?[0-9]+", limit) else "not_integer"
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("limit", code)]


async def test_every_wrong_parameter_is_named_at_once(chief: Person) -> None:
    answer = await chief("GET", "/moderation/cases?limit=0&stage=1e0&has_media=maybe&kind=nothing&state=ajar")
    assert {(error["field"], error["code"]) for error in answer.json()["errors"]} == {
        ("limit", "out_of_range"),
        ("stage", "not_integer"),
        ("has_media", "not_boolean"),
        ("kind", "unknown_value"),
        ("state", "unknown_value"),
    }


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/admin/campaigns", {"title": "读书月", "winner_count": "3"}),
        ("POST", "/admin/campaigns", {"title": "读书月", "winner_count": 3.5}),
        ("POST", "/admin/campaigns", {"title": "读书月", "winner_count": True}),
        ("POST", "/posts", {"text": "读书", "ai_generated": "true"}),
        ("POST", "/posts", {"text": "读书", "ai_generated": 1}),
        ("POST", "/posts", {"text": "读书", "location": {"name": "图书馆", "lat": "22.5", "lng": "114.0"}}),
        ("POST", "/posts", {"text": 7}),
    ],
)
async def test_a_value_of_another_type_is_not_converted(
    join: Join, method: str, path: str, body: dict[str, Any]
) -> None:
    answer = await join("编辑", roles=("editor",))(method, path, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_a_parameter_is_never_null(client: httpx.AsyncClient, chief: Person) -> None:
    for path, code in (
        ("/campaigns/1/rules?version=null", "not_integer"),
        ("/moderation/cases?stage=null", "not_integer"),
        ("/moderation/cases?has_media=null", "not_boolean"),
    ):
        answer = await chief("GET", path)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code), path
    assert (await client.get("/topics/null")).status_code == 404


async def test_options_names_every_method_of_a_path(client: httpx.AsyncClient) -> None:
    answer = await client.options("/posts/1")
    assert (answer.status_code, answer.headers["allow"]) == (204, "DELETE, GET, HEAD, OPTIONS, PATCH")
    assert (await client.options("/nothing")).status_code == 404
