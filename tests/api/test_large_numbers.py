"""Out-of-range and negative numbers in every numeric parameter and field of the API: never a 500."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import httpx
import pytest

from feed.api.state import AppState
from feed.keys.store import Keys
from tests.support import phases
from tests.support.api import Join, Person
from tests.support.prizes_api import become

Json = dict[str, Any]
NUMBERS = {"2^31": 2**31, "2^63": 2**63, "2^64": 2**64, "10^12": 10**12, "10^30": 10**30, "-1": -1}
# Fields that accept negative numbers.
MAY_BE_NEGATIVE = {"lat", "lng"}
# Operations that respond with an outcome for each item.
BY_ITEM = {"judge_cases"}


@pytest.fixture
async def ids(client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join) -> Json:
    """Valid ids for every path: an announced campaign with an objection and a prize, a post, a comment, a case."""
    campaign = await phases.announced(app_state.pool, keys)
    account_id = await app_state.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[3])
    author = await become(app_state.pool, join, account_id, "落选者")
    objected = await author("POST", f"/campaigns/{campaign.id}/objections", {"text": "不公平"})
    ming = join("小明")
    post = (await ming("POST", "/posts", {"text": "读书"})).json()
    comment = (await ming("POST", f"/posts/{post['id']}/comments", {"text": "好"})).json()
    return {
        "campaign_id": str(campaign.id),
        "objection_id": objected.json()["id"],
        "post_id": str(campaign.posts[0]),
        "comment_id": comment["id"],
        "user_id": post["author"]["id"],
        "prize_id": str(await app_state.pool.fetchval("SELECT max(id) FROM winners")),
        "case_id": str(await app_state.pool.fetchval("SELECT max(id) FROM cases")),
        "rank": "1",
        "number": "1",
        "name": "读书",
    }


@pytest.fixture
def chief(join: Join) -> Person:
    return join("主编", roles=("reviewer", "editor", "admin"))


def _resolved(schema: Json, schemas: Json) -> Json:
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    return schema


def _kinds(schema: Json) -> list[Json]:
    return [each for key in ("anyOf", "oneOf") for each in schema.get(key, [])] or [schema]


def number_paths(schema: Json, schemas: Json, depth: int = 0) -> Iterator[tuple[str | int, ...]]:
    """The path to every number in a body."""
    for kind in _kinds(_resolved(schema, schemas)):
        each = _resolved(kind, schemas)
        if {"integer", "number"} & set([each["type"]] if isinstance(each.get("type"), str) else each.get("type", [])):
            yield ()
        if depth < 4:
            for name, inner in each.get("properties", {}).items():
                yield from ((name, *rest) for rest in number_paths(inner, schemas, depth + 1))
            if "items" in each:
                yield from ((0, *rest) for rest in number_paths(each["items"], schemas, depth + 1))


def _put(body: Any, path_to: tuple[str | int, ...], value: Any) -> Any:
    """The body with the value at this path; missing parents are created."""
    if not path_to:
        return value
    first, *rest = path_to
    if isinstance(first, int):
        found = list(body) if isinstance(body, list) and body else [None]
        found[0] = _put(found[0], tuple(rest), value)
        return found
    filled = dict(body) if isinstance(body, dict) else {}
    filled[first] = _put(filled.get(first), tuple(rest), value)
    return filled


def requests(document: Json, ids: Json, number: int) -> Iterator[tuple[str, str, str, Json, bool]]:
    """A description, method, URL and arguments of each request, and whether it must be rejected."""
    schemas = document["components"]["schemas"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            name = operation["operationId"]
            parameters = [_resolved(each, document) for each in operation.get("parameters", [])]
            in_path = [each["name"] for each in parameters if each["in"] == "path"]
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            schema = content.get("schema")
            example = content.get("example")
            sent: Json = {} if example is None else {"json": example}
            for parameter in parameters:
                values = ids | {parameter["name"]: str(number)} if parameter["in"] == "path" else ids
                url = path.format(**{each: values.get(each, "1") for each in in_path})
                about = f"{name} {parameter['name']}={number}"
                if parameter["in"] == "path" and parameter["name"] != "name":
                    # Removing what does not exist succeeds.
                    yield about, method, url, sent, method != "delete" and method != "put"
                elif parameter["in"] == "query":
                    numeric = any("integer" in str(kind.get("type")) for kind in _kinds(parameter["schema"]))
                    yield about, method, f"{url}?{parameter['name']}={number}", sent, numeric
            if schema is not None:
                url = path.format(**{each: ids.get(each, "1") for each in in_path})
                if name == "judge_cases":
                    example = _put(example, ("cases", 0, "id"), ids["case_id"])
                for path_to in number_paths(schema, schemas):
                    about = f"{name} {'.'.join(map(str, path_to))}={number}"
                    body = _put(deepcopy(example), path_to, number)
                    yield (
                        about,
                        method,
                        url,
                        {"json": body},
                        name not in BY_ITEM and not (number < 0 and path_to[-1] in MAY_BE_NEGATIVE),
                    )


@pytest.mark.parametrize("number", NUMBERS.values(), ids=list(NUMBERS))
async def test_a_number_out_of_range_is_a_client_error(
    client: httpx.AsyncClient, chief: Person, ids: Json, number: int
) -> None:
    document = (await client.get("http://feed.test/openapi.json")).json()
    client.event_hooks = {}  # Collects all failures instead of raising the first.
    tried, wrong = 0, []
    for about, method, url, sent, must_fail in requests(document, ids, number):
        answer = await chief(method.upper(), "http://feed.test" + url, **sent)
        if answer.status_code >= 500 or (must_fail and answer.status_code < 400):
            wrong.append(f"{about}: {answer.status_code} {answer.text[:200]}")
        tried += 1
    assert not wrong, "\n".join(wrong)
    assert tried > 200


async def test_a_place_out_of_range_has_its_own_error(app_state: AppState, keys: Keys, join: Join, ids: Json) -> None:
    third = join("丙", roles=("editor",))
    for number in NUMBERS.values():
        replace = f"/admin/campaigns/{ids['campaign_id']}/winners/{number}/replace"
        answer = await third("POST", replace, {"reason": "刷赞"})
        assert (answer.status_code, answer.json()["code"]) == (404, "winner_not_found")
        upheld = {"text": "属实", "remedy": "replace", "rank": number}
        answer = await third("POST", f"/admin/objections/{ids['objection_id']}/answer", upheld)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert await app_state.pool.fetchval("SELECT count(*) FROM replacements") == 0
