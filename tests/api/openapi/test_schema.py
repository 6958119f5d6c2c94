"""The OpenAPI document is valid and complete, so that clients can be generated from it."""

from typing import Any

import httpx
import jsonschema_rs
import pytest

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get("http://feed.test/openapi.json")).json()
    return found


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [item[method] for item in document["paths"].values() for method in METHODS if method in item]


async def test_the_schemas_of_the_document_are_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    for name, schema in document["components"]["schemas"].items():
        jsonschema_rs.meta.validate({**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"})
        assert "." not in name, name


async def test_every_operation_is_documented_completely(document: dict[str, Any]) -> None:
    for operation in operations(document):
        name = operation["operationId"]
        assert operation["summary"], name
        assert not operation["summary"].endswith("."), name
        assert operation["tags"], name
        assert "security" in operation, name
        assert any(status.startswith("2") for status in operation["responses"]), name
        for status, response in operation["responses"].items():
            assert response["description"], (name, status)
            if status >= "400":
                assert set(response["content"]) <= {"application/problem+json", "application/json"}, (name, status)


async def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document)]
    assert len(names) == len(set(names))
    assert all(name.isidentifier() for name in names)


async def test_operations_that_need_a_token_declare_it(document: dict[str, Any]) -> None:
    paths = document["paths"]
    assert paths["/v1/posts"]["post"]["security"] == [{"bearer": []}]
    assert paths["/v1/posts/{post_id}"]["get"]["security"] == [{}, {"bearer": []}]
    assert paths["/v1/auth/codes"]["post"]["security"] == []
    assert paths["/v1/admin/campaigns"]["get"]["security"] == [{"bearer": []}]
    for operation in operations(document):
        assert ("401" in operation["responses"]) >= bool(operation["security"]), operation["operationId"]


async def test_limits_of_parameters_are_in_the_document(document: dict[str, Any]) -> None:
    parameters = {p["name"]: p["schema"] for p in document["paths"]["/v1/feeds/latest"]["get"]["parameters"]}
    assert parameters["limit"] == {"type": "integer", "minimum": 1, "maximum": 50, "default": 20}
    assert parameters["cursor"]["maxLength"] == 200
    assert parameters["cursor"]["type"] == "string"


async def test_the_docs_page_displays_the_served_document(client: httpx.AsyncClient) -> None:
    page = (await client.get("http://feed.test/docs")).text
    start = (await client.get("http://feed.test/docs/start.js")).text
    assert "/docs/start.js" in page
    assert '"/openapi.json"' in start
