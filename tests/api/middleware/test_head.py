"""HEAD is answered wherever GET is, with the same headers and without a body."""

import httpx
import pytest

from tests.support.api import Join

# Differ from request to request.
CHANGING = {"date", "ratelimit"}
# Reading the audit log adds a row to it; ages and counts of requests have other digits a moment later.
GROWING = {"/v1/audit", "/v1/admin/status", "/v1/admin/checks"}


async def get_paths(client: httpx.AsyncClient) -> list[str]:
    document = (await client.get("http://feed.test/openapi.json")).json()
    return [path for path, item in document["paths"].items() if "get" in item]


async def test_head_is_answered_wherever_get_is(client: httpx.AsyncClient, join: Join) -> None:
    chief = join("主编", roles=("reviewer", "editor", "admin"))
    post = (await join("小明")("POST", "/posts", {"text": "读书 #读书#"})).json()
    ids = {"post_id": post["id"], "user_id": post["author"]["id"], "name": "读书"}
    paths = [
        *await get_paths(client),
        "/docs",
        "/docs/start.js",
        "/docs/files/swagger-ui.css",
        "/openapi.json",
    ]
    assert len(paths) > 50
    for template in paths:
        path = template
        for name in ("post_id", "user_id", "name"):
            path = path.replace("{" + name + "}", ids[name])
        path = "http://feed.test" + "/".join("1" if part.startswith("{") else part for part in path.split("/"))
        asked = await chief("GET", path)
        answer = await chief("HEAD", path)
        assert answer.status_code == asked.status_code, path
        assert answer.content == b"", path
        changing = CHANGING | ({"content-length"} if template in GROWING else set())
        assert {name: value for name, value in answer.headers.items() if name not in changing} == {
            name: value for name, value in asked.headers.items() if name not in changing
        }, path


@pytest.mark.parametrize("path", ["/auth/codes", "/nothing", "/v1//posts", "/posts/x", "/feeds/latest?limit=0"])
async def test_an_error_of_head_has_no_body(client: httpx.AsyncClient, path: str) -> None:
    answer, asked = await client.head(path), await client.get(path)
    assert (answer.status_code, answer.content) == (asked.status_code, b"")
    assert answer.headers["content-length"] == asked.headers["content-length"]


async def test_a_conditional_head_is_not_modified(client: httpx.AsyncClient) -> None:
    tag = (await client.get("/feeds/latest")).headers["etag"]
    answer = await client.head("/feeds/latest", headers={"if-none-match": tag})
    assert (answer.status_code, answer.content) == (304, b"")
