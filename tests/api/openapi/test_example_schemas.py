"""The examples of the document match their schemas, and none is missing."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest

from feed.api.messages import message_of
from feed.api.openapi.examples.streams import STREAMS
from tests.support.story.reading import PLAYED, PROBLEM, Json, answer_of, assert_valid, operations


@pytest.fixture
async def document(client: httpx.AsyncClient) -> Json:
    found: Json = (await client.get("http://feed.test/openapi.json")).json()
    return found


async def test_every_parameter_body_and_response_has_a_valid_example(document: Json) -> None:
    checked, missing = 0, set()
    assert PLAYED.keys() | STREAMS.keys() == dict(operations(document)).keys()
    for name, operation in operations(document):
        contents = [
            (f"{name} body", content) for content in operation.get("requestBody", {}).get("content", {}).values()
        ]
        for status, response in operation["responses"].items():
            contents += [
                (f"{name} {status}", content)
                for media, content in response.get("content", {}).items()
                if media != PROBLEM
            ]
        contents += [(f"{name} {each['name']}", each) for each in operation.get("parameters", ())]
        for where, content in contents:
            if "examples" in content and "summary" in next(iter(content["examples"].values())):
                for each in content["examples"].values():
                    assert_valid(document, content["schema"], each["value"], where)
            elif "example" in content:
                checked += 1
                assert_valid(document, content["schema"], content["example"], where)
            elif not (where.endswith(" cursor") and is_last_page(name)):
                missing.add(where)
    assert "\n".join(sorted(missing)) == ""
    assert checked > 400


def is_last_page(name: str) -> bool:
    return answer_of(name)["next_cursor"] is None


async def test_every_problem_has_an_example_of_its_status(document: Json) -> None:
    shared = document["components"]["examples"]
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            if status < "400" or "x-codes" not in response:
                continue
            examples = response["content"][PROBLEM]["examples"]
            assert list(examples) == response["x-codes"], (name, status)
            for code, example in examples.items():
                value = example["value"] if "value" in example else shared[example["$ref"].rsplit("/", 1)[1]]["value"]
                assert_valid(document, {"$ref": "#/components/schemas/Problem"}, value, f"{name} {status} {code}")
                title = message_of(code, "zh-CN")
                assert (value["code"], value["status"], value["type"]) == (
                    code,
                    int(status),
                    f"urn:feed:problem:{code}",
                )
                assert title
                assert (value["title"], value["detail"]) == (title, title)
                assert bool(value.get("errors")) == (code == "invalid"), (name, status, code)


def members(document: Json, schema: Json, value: Any) -> Iterator[tuple[str, Any]]:
    """Each value of an example with its place, `Schema.member`, and each schema with None."""
    schemas = document["components"]["schemas"]
    name = ""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        yield name, None
        schema = schemas[name]
    kinds = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    fitting = [each for each in kinds if value is not None and fits(document, each, value)]
    if fitting:
        yield from members(document, fitting[0], value)
    elif isinstance(value, list):
        for each in value:
            yield from members(document, schema.get("items", {}), each)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield f"{name}.{key}" if name else "", each
            known = schema.get("properties", {}).get(key) or schema.get("additionalProperties")
            yield from members(document, known if isinstance(known, dict) else {}, each)


def fits(document: Json, schema: Json, value: Any) -> bool:
    whole = {**schema, "components": document["components"]}
    return jsonschema_rs.Draft202012Validator(whole).is_valid(value)


def kind_of(value: Any) -> str:
    if not isinstance(value, str):
        return type(value).__name__
    for kind, pattern in KINDS.items():
        if re.fullmatch(pattern, value):
            return kind
    return "text"


KINDS = {
    "id": r"\d{16,19}",
    "time": r"\d{4}-\d\d-\d\dT[\d:.]+Z",
    "number": r"-?\d+(\.\d+)?",
    "hash": r"[0-9a-f]{32,128}",
    "link": r"https?://.+",
}


# A public number is written as its publisher prints it, a value of our own is a hash.
# What a check has found are its own words: a version or a number alone among them.
AS_PUBLISHED = {"BeaconLine.round", "BeaconLine.value", "Finding.says"}
# No photo of the story is removed while staff look at it. A message that waits, a settlement that is forced, a reserve who is passed over and a topic that is
# dropped from a post would each need a campaign that goes wrong; the winners would be the same by other weights. A name waits
# for a reviewer where it is the paper's, or where changes are held. No two reviewers judge one case at once.
NOT_IN_THE_STORY = {
    "RemovedMedium",
    "SimilarPost",
    "MessageHold",
    "Forced",
    "PassedOver",
    "DroppedTopic",
    "Move",
    "PendingChange",
    "FirstDecision",
}


async def test_a_member_has_values_of_one_kind_and_every_schema_an_example(document: Json) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for name, operation in operations(document):
        contents = [*operation.get("requestBody", {}).get("content", {}).values()]
        contents += [
            content for response in operation["responses"].values() for content in response.get("content", {}).values()
        ]
        for content in contents:
            examples = [content["example"]] if "example" in content else []
            examples += [each["value"] for each in content.get("examples", {}).values() if "value" in each]
            for example in examples:
                for place, value in members(document, content["schema"], example):
                    found[place] |= {kind_of(value)} - {"NoneType"}
        assert contents or operation["responses"], name
    mixed = {place for place, kinds in found.items() if place and len(kinds) > 1}
    assert mixed == AS_PUBLISHED
    schemas = set(document["components"]["schemas"])
    assert schemas - found.keys() == NOT_IN_THE_STORY
