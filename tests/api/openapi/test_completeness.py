"""The OpenAPI document says everything: each field's meaning, each request's bounds, each closed set's values."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from feed.api.openapi.descriptions import table
from feed.api.openapi.descriptions.parameters import PARAMETERS
from feed.api.openapi.descriptions.shared import SHARED
from feed.api.openapi.types import REF, components_of

METHODS = ("get", "post", "put", "patch", "delete")
Json = dict[str, Any]

# Answers whose values are open, though a field of this name is a closed set elsewhere.
OPEN = {
    "name": "names of people, topics, prizes and places",
    "reason": "words of staff",
    "badge": "words of the site",
    "AuditCard.action": "grows with each action that is audited",
    "AuditSubject.kind": "grows with each kind that is acted on",
    "ActCard.action": "grows with each action that is audited",
    "ChallengeParameters.algorithm": "chosen by the library that clients solve it with",
    "Disqualification.reason_code": "0.3.0 and earlier stored any code",
    "VoidCard.reason_code": "0.3.0 and earlier stored any code",
    "VoidLine.reason_code": "of a signed document, whose reader must accept later codes",
    "Label.label": "of the machine check, which a provider may do",
    "MessageCard.error_code": "of the provider",
    "PushCard.error_code": "of the receiver",
    "MediaPurgeCard.error_code": "of the receiver",
    "ItemOutcome.outcome": "`done`, or any error code",
    "Problem.type": "a URI with the code of any error",
}


@pytest.fixture
async def document(client: httpx.AsyncClient) -> Json:
    found: Json = (await client.get("http://feed.test/openapi.json")).json()
    return found


def operations(document: Json) -> Iterator[Json]:
    for item in document["paths"].values():
        yield from (item[method] for method in METHODS if method in item)


def properties(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Type, name and schema of each property."""
    for type_name, schema in document["components"]["schemas"].items():
        for name, field in schema.get("properties", {}).items():
            yield type_name, name, field


def references(part: Any) -> Iterator[str]:
    """The names of the types that are referred to anywhere within."""
    if isinstance(part, dict):
        if isinstance(name := part.get("$ref"), str):
            yield name.removeprefix(REF)
        for key, each in part.items():
            # An example may contain anything.
            if key not in ("examples", "example"):
                yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def within(document: Json, *parts: Any) -> set[str]:
    """The names of all types that these parts of the document contain."""
    schemas, found, waiting = document["components"]["schemas"], set[str](), [*references(list(parts))]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += references(schemas[name])
    return found


def unbounded(schema: Json, at: str) -> Iterator[str]:
    """Every value within the schema whose size has no bound, with what it lacks."""
    for kind in schema.get("oneOf", [schema]):
        if kind.keys() & {"$ref", "enum", "const"}:
            continue
        if kind["type"] == "string" and not kind.keys() & {"maxLength", "format"}:
            yield f"{at}: a text without maxLength"
        if kind["type"] in ("integer", "number") and not {"minimum", "maximum"} <= kind.keys():
            yield f"{at}: a number without minimum and maximum"
        if kind["type"] == "array":
            if "maxItems" not in kind:
                yield f"{at}: a list without maxItems"
            yield from unbounded(kind["items"], f"{at}[]")
        if kind["type"] == "object":
            if "maxProperties" not in kind:
                yield f"{at}: a map without maxProperties"
            yield from unbounded(kind["additionalProperties"], f"{at}{{}}")


def closed(schema: Json) -> bool:
    """Whether the values, or those of a list, are a closed set."""
    kinds = [part for kind in schema.get("oneOf", [schema]) for part in (kind, kind.get("items", {}))]
    return any(kind.keys() & {"enum", "const"} for kind in kinds)


def is_text(schema: Json) -> bool:
    kinds = [part for kind in schema.get("oneOf", [schema]) for part in (kind, kind.get("items", {}))]
    return any(kind.get("type") == "string" and "format" not in kind for kind in kinds)


async def test_every_type_and_every_field_is_described(document: Json) -> None:
    undescribed = [name for name, schema in document["components"]["schemas"].items() if not schema["description"]]
    undescribed += [
        f"{type_name}.{name}" for type_name, name, field in properties(document) if "description" not in field
    ]
    assert undescribed == [], "describe them in feed/api/openapi/descriptions/"
    for type_name, name, field in properties(document):
        assert field["description"].endswith("."), f"{type_name}.{name}"


def may_be_null(schema: Json) -> bool:
    return not schema.keys() - {"description"} or any(
        kind.get("type") == "null" for kind in schema.get("oneOf", [schema])
    )


async def test_a_description_says_what_null_means_where_it_is_a_value_and_nowhere_else(document: Json) -> None:
    schemas = document["components"]["schemas"]
    wrong = {
        f"{type_name}.{name}"
        for type_name, name, field in properties(document)
        if may_be_null(field) != bool(re.search(r"\bnull\b", field["description"], re.IGNORECASE))
        # Where null means the same for all members, the type says it.
        and not (may_be_null(field) and "null removes it" in schemas[type_name]["description"])
        and field.keys() - {"description"}
    }
    assert wrong == set()
    assert [name for name, schema in schemas.items() if re.search(r"\bNone\b|docs/", schema["description"])] == []


async def test_an_object_of_requests_only_has_no_other_members(document: Json) -> None:
    requests = within(document, *(operation.get("requestBody", {}) for operation in operations(document)))
    answers = within(document, *(operation["responses"] for operation in operations(document)))
    schemas = document["components"]["schemas"]
    open_ = {name for name in requests - answers if schemas[name].get("additionalProperties") is not False}
    # Providers add members without asking.
    assert open_ == {"AliyunReport", "TencentReport"}
    # Responses may get new ones.
    assert [name for name in answers if "additionalProperties" in schemas[name]] == []


async def test_no_description_is_left_over(document: Json) -> None:
    fields = {f"{type_name}.{name}" for type_name, name, _ in properties(document)}
    assert sorted(table.BY_FIELD.keys() - fields) == []
    by_name = {name for _, name, field in properties(document) if field["description"] == SHARED.get(name)}
    assert sorted(SHARED.keys() - by_name) == []
    # A description that repeats the shared one is a second copy.
    assert [key for key, text in table.BY_FIELD.items() if text == SHARED.get(key.partition(".")[2])] == []


async def test_every_parameter_header_and_response_is_described(document: Json) -> None:
    used = set()
    for operation in operations(document):
        name = operation["operationId"]
        for parameter in operation.get("parameters", []):
            assert parameter["description"], f"{name} {parameter['name']}"
            own = f"{name}.{parameter['name']}"
            used.add(own if own in PARAMETERS else parameter["name"])
        for status, response in operation["responses"].items():
            assert response["description"], (name, status)
            assert "document follows" not in response["description"], (name, status)
            for header, said in response.get("headers", {}).items():
                assert said["description"], (name, status, header)
                assert said["schema"], (name, status, header)
    assert sorted(PARAMETERS.keys() - used) == []


async def test_every_value_of_a_request_has_a_bound(document: Json) -> None:
    bodies = within(document, *(operation.get("requestBody", {}) for operation in operations(document)))
    found = [
        each
        for type_name, name, field in properties(document)
        if type_name in bodies
        for each in unbounded(field, f"{type_name}.{name}")
    ]
    for operation in operations(document):
        for parameter in operation.get("parameters", []):
            found += unbounded(parameter["schema"], f"{operation['operationId']} {parameter['name']}")
    assert found == []
    assert len(bodies) > 45


async def test_a_parameter_that_is_needed_is_required(document: Json, client: httpx.AsyncClient) -> None:
    for path, item in document["paths"].items():
        query = [each for each in item.get("get", {}).get("parameters", []) if each["in"] == "query"]
        if item.get("get", {}).get("security", [{}])[:1] not in ([], [{}]) or "{" in path or not query:
            continue
        answer = await client.get(f"http://feed.test{path}")
        missing = {each["field"] for each in answer.json().get("errors", []) if each["code"] == "required"}
        assert missing == {each["name"] for each in query if each.get("required")}, path


async def test_what_is_a_closed_set_somewhere_is_one_everywhere(document: Json) -> None:
    known = {name for _, name, field in properties(document) if closed(field)}
    bare = {
        f"{type_name}.{name}"
        for type_name, name, field in properties(document)
        if name in known and name not in OPEN and is_text(field) and not closed(field)
    }
    assert sorted(bare - OPEN.keys()) == []
    assert sorted({each for each in OPEN if "." in each} - bare) == []


async def test_a_generator_gets_every_type_and_operation(document: Json) -> None:
    schemas = document["components"]["schemas"]
    titles = [schema["title"] for schema in schemas.values()]
    assert len(titles) == len({title.casefold() for title in titles})
    assert within(document, document["paths"]) == set(schemas)
    # Words of the clients' platforms, or of too many things.
    assert schemas.keys() & {"State", "Purpose", "HeldBy", "View", "Text", "Data", "Result", "Error", "Type"} == set()
    combined: defaultdict[int, list[str]] = defaultdict(list)
    for type_name, name, field in properties(document):
        for key in ("oneOf", "anyOf", "allOf"):
            combined[len(field.get(key, ()))].append(f"{type_name}.{name}")
    assert combined[1] == []


async def test_tags_licence_contact_and_server_are_given(document: Json) -> None:
    tags = [tag["name"] for tag in document["tags"]]
    assert len(tags) == len(set(tags))
    assert all(tag["description"] for tag in document["tags"])
    assert set(tags) == {tag for operation in operations(document) for tag in operation["tags"]}
    assert document["info"]["license"]["identifier"] == "Apache-2.0"
    assert document["info"]["contact"]["name"]
    assert document["servers"]


def test_two_types_of_one_name_are_an_error() -> None:
    here, there = (msgspec.defstruct("Same", [(name, int)]) for name in "ab")
    with pytest.raises(ValueError, match="two types are called Same"):
        components_of([here, there])
