"""The form of a path: slashes belong to names of topics only, and one path has one spelling."""

import re
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import httpx
import pytest

from feed.api.state import AppState
from tests.support.api import Join, Person
from tests.support.app import app_over

HOSTILE_NAMES = (
    "AC/DC",
    "猫/posts",
    "/猫",
    "猫/",
    "猫//狗",
    "a/../b",
    "100%",
    "AC%2FDC",
    "%",
    "谁?去",
    "a&b=c;d",
    "a+b",
    "a\\b",
    "...",
    "posts",
    "😀/é",
)


async def say(person: Person, text: str) -> str:
    answer = await person("POST", "/posts", {"text": text})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("name", HOSTILE_NAMES)
async def test_a_topic_with_any_name_has_its_own_pages(client: httpx.AsyncClient, join: Join, name: str) -> None:
    await say(join("小红"), "#猫# #AC# #DC# #a# #posts# 别的")
    post_id = await say(join("小明"), f"#{name}# 好")
    path = f"/topics/{quote(name, safe='')}"
    page = await client.get(path)
    assert (page.status_code, page.json().get("name")) == (200, name)
    listed = await client.get(f"{path}/posts")
    assert listed.status_code == 200
    assert post_id in [item["id"] for item in listed.json()["items"]]
    changed = await join("编辑", roles=("editor",))(
        "PATCH", f"/admin/topics/{quote(name, safe='')}", {"state": "hidden"}
    )
    assert (changed.status_code, changed.json().get("name")) == (200, name)
    assert (await client.get(path)).status_code == 404
    assert (await client.get("/topics/%E7%8C%AB")).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/topics//x",
        "/topics/x//posts",
        "/topics/%E7%8C%AB%00",
        "/topics/%FF",
        "/topics/%E7%8C",
        "/topics/%ED%A0%80",
        "/topics%2F%E7%8C%AB",
        "/topics/%E7%8C%AB%2Fposts",
        "/topics/%E7%8C%AB/posts%2F",
        "/posts%2F1",
        "/posts/1%2Flike",
        "/users/1%2f2",
        "/campaigns/topics%2F1",
        "/feeds/latest%00",
    ],
)
async def test_a_path_in_another_form_is_not_found(client: httpx.AsyncClient, join: Join, path: str) -> None:
    await say(join("小红"), "#猫# #\ufffd# #x#")
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) in ((404, "not_found"), (404, "topic_not_found"))


@pytest.mark.parametrize(
    "name",
    [
        "猫 ",
        " 猫",
        "猫\n",
        "#猫#",
        "a#b",
        ".",
        "..",
        "\u2025",
        "\u3164",
        "\u200b",
        "长" * 41,
        "\ufdfa" * 5,
        "猫\t",
        "\u2800",
    ],
)
async def test_what_is_no_name_has_no_page(client: httpx.AsyncClient, join: Join, name: str) -> None:
    await say(join("小红"), "#猫# #a# #b#")
    for path in ("", "/posts"):
        answer = await client.get(f"/topics/{quote(name, safe='').replace('.', '%2E')}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "topic_not_found")


@pytest.mark.parametrize(
    "path", ["//v1/posts", "/v1//posts", "/v1%2Fposts", "/v1%2fposts", "/v1/posts%00", "/%2Fv1/posts"]
)
async def test_no_second_spelling_of_a_path_repeats_a_write(join: Join, app_state: AppState, path: str) -> None:
    person = join("小明")
    key = {"idempotency-key": "once"}
    assert (await person("POST", "/posts", {"text": "好"}, headers=key)).status_code == 201
    answer = await person("POST", f"http://feed.test{path}", {"text": "好"}, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_id_has_one_spelling(join: Join) -> None:
    person = join("小明")
    post_id = await say(person, "好")
    key = {"idempotency-key": "once"}
    statuses = []
    for spelling in (post_id, f"{post_id}/", f"0{post_id}", f"%30{post_id}", f"%{ord(post_id[0]):x}{post_id[1:]}"):
        path = f"/posts/{spelling.rstrip('/')}/comments{'/' if spelling.endswith('/') else ''}"
        statuses.append((await person("POST", path, {"text": "好"}, headers=key)).status_code)
    assert statuses == [201, 201, 404, 404, 201]
    assert len((await person("GET", f"/posts/{post_id}/comments")).json()["items"]) == 1


async def test_a_query_may_be_typed_without_encoding(join: Join, app_state: AppState) -> None:
    await say(join("小明"), "#猫# #é# 好")
    app: Any = app_over(app_state)

    async def as_typed(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "query_string": unquote_to_bytes(scope["query_string"])}, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=as_typed), base_url="http://feed.test/v1") as client:
        for name in ("猫", "é"):
            found = await client.get("/topics", params={"q": name})
            assert [each["name"] for each in found.json()["items"]] == [name]


def test_only_topics_have_names_in_paths(app_state: AppState) -> None:
    named = {
        route.path_format for route in app_over(app_state).routes if re.search(r"\{name\}|topics/\{", route.path_format)
    }
    topics = {"/v1/topics/{name}", "/v1/topics/{name}/posts", "/v1/admin/topics/{name}", "/topics/{name}"}
    # A file of the pages, which has one of the names of this version.
    assert named == topics | {"/assets/{release}/{name}"}
