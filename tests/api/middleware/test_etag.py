"""Cache headers and ETags, and that own writes are shown at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from feed.api.state import AppState, build_app_state
from feed.keys.store import Keys
from tests.support import phases
from tests.support.api import Join, Person
from tests.support.app import app_over
from tests.support.campaigns_api import publish

TEXT = "你好 #读书#"


@pytest.fixture
async def paths(join: Join) -> dict[str, str]:
    """A path for each route with an ETag."""
    ming = join("小明")
    post = (await ming("POST", "/posts", {"text": TEXT})).json()
    campaign = await publish(join("编辑", roles=("editor",)))
    return {
        "post": f"/posts/{post['id']}",
        "latest": "/feeds/latest",
        "topic": "/topics/读书",
        "topic posts": "/topics/读书/posts",
        "user": f"/users/{post['author']['id']}",
        "user posts": f"/users/{post['author']['id']}/posts",
        "campaign": f"/campaigns/{campaign}",
        "rules": f"/campaigns/{campaign}/rules",
        "campaign posts": f"/campaigns/{campaign}/posts",
        "config": "/config",
    }


async def test_an_unchanged_response_is_304(client: httpx.AsyncClient, join: Join, paths: dict[str, str]) -> None:
    hong = join("小红")
    for name, path in paths.items():
        for ask in (client.get, lambda path, **more: hong("GET", path, **more)):
            first = await ask(path)
            tag = first.headers["etag"]
            for held in (tag, f"W/{tag}", f'"other", {tag}', "*"):
                again = await ask(path, headers={"if-none-match": held})
                assert (again.status_code, again.content) == (304, b""), (name, held)
                assert again.headers["etag"] == tag
                assert again.headers["cache-control"] == first.headers["cache-control"]
            assert (await ask(path, headers={"if-none-match": '"other"'})).status_code == 200


async def test_an_unchanged_result_is_304_without_being_read(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join
) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    path = f"/campaigns/{campaign.id}/result"
    hong = join("小红")
    first, own = await client.get(path), await hong("GET", path)
    # Large documents only cost when they are read.
    await app_state.pool.execute(
        "UPDATE settlements SET result = $2 WHERE campaign_id = $1", campaign.id, b'{"read": true}'
    )
    for ask, found in ((client.get, first), (lambda path, **more: hong("GET", path, **more), own)):
        again = await ask(path, headers={"if-none-match": found.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == found.headers["etag"]
        assert again.headers["cache-control"] == found.headers["cache-control"]
        assert again.headers["vary"] == found.headers["vary"]


async def test_a_result_has_another_tag_once_it_shows_something_else(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join
) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    path = f"/campaigns/{campaign.id}/result"
    tag = (await client.get(path)).headers["etag"]
    winner = await app_state.pool.fetchval("SELECT min(id) FROM winners WHERE campaign_id = $1", campaign.id)
    account = await app_state.pool.fetchval(
        "SELECT author_id FROM posts JOIN winners ON winners.post_id = posts.id WHERE winners.id = $1", winner
    )
    await app_state.pool.execute("UPDATE accounts SET name = '另一个名字' WHERE id = $1", account)
    renamed = await client.get(path, headers={"if-none-match": tag})
    assert renamed.status_code == 200
    staff = join("编辑", roles=("editor",))
    whole = await staff("GET", path, headers={"if-none-match": renamed.headers["etag"]})
    assert whole.status_code == 200
    assert "另一个名字" in whole.text


async def test_the_unchanged_document_of_the_interface_is_304_without_being_encoded(client: httpx.AsyncClient) -> None:
    first = await client.get("http://feed.test/openapi.json")
    again = await client.get("http://feed.test/openapi.json", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == first.headers["cache-control"] == "public, max-age=300"
    page = await client.get("http://feed.test/docs", headers={"if-none-match": first.headers["etag"]})
    assert page.status_code == 200


async def test_a_changed_post_has_another_tag(client: httpx.AsyncClient, join: Join, paths: dict[str, str]) -> None:
    tag = (await client.get(paths["post"])).headers["etag"]
    await join("小红")("PUT", f"{paths['post']}/like")
    again = await client.get(paths["post"], headers={"if-none-match": tag})
    assert (again.status_code, again.json()["like_count"]) == (200, 1)
    assert again.headers["etag"] != tag


async def test_anonymous_pages_are_public_and_others_private(
    client: httpx.AsyncClient, join: Join, paths: dict[str, str]
) -> None:
    hong = join("小红")
    for name in ("post", "latest", "topic posts", "user posts", "campaign posts"):
        anonymous, own = await client.get(paths[name]), await hong("GET", paths[name])
        assert anonymous.headers["cache-control"] == "public, max-age=0, s-maxage=1", name
        assert own.headers["cache-control"] == "private, no-cache", name
        assert "authorization" in own.headers["vary"].lower()
        assert "authorization" in anonymous.headers["vary"].lower()
    for path in ("/me", "/me/inbox", "/me/blocks", "/me/settings", "/me/prizes"):
        assert (await hong("GET", path)).headers["cache-control"] == "private, no-store", path
    for path in ("/nothing", "/posts/1"):
        assert (await client.get(path)).headers["cache-control"] == "no-store"


async def test_the_config_has_the_limits_of_the_server(client: httpx.AsyncClient, join: Join) -> None:
    config = (await client.get("/config")).json()
    assert config["limits"] == {"post": 2000, "comment": 500, "name": 20, "bio": 200, "place": 40, "alt": 500}
    assert config["topics"] == {"marks": ["#", "＃"], "name_longest": 40, "per_post": 10}
    assert {"code", "zh", "en", "applies_to"} == config["reason_codes"][0].keys()
    ming = join("小明")
    assert (await ming("POST", "/posts", {"text": "字" * config["limits"]["post"]})).status_code == 201
    assert (await ming("POST", "/posts", {"text": "字" * (config["limits"]["post"] + 1)})).status_code == 422


@asynccontextmanager
async def another_worker(app_state: AppState) -> AsyncIterator[httpx.AsyncClient]:
    """A second process with its own caches: only Postgres and Redis are shared."""
    other = build_app_state(app_state.settings, app_state.pool, app_state.redis, app_state.keys)
    other.projector.start()
    transport = httpx.ASGITransport(app=app_over(other), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1") as opened:
        yield opened
    await other.likes.close()
    await other.projector.close()


async def test_own_writes_are_shown_at_once_by_every_worker(join: Join, app_state: AppState) -> None:
    ming = join("小明")
    async with another_worker(app_state) as other:
        there = Person(other, ming.headers["authorization"].removeprefix("Bearer "))
        me = (await there("GET", "/me")).json()["id"]
        # The caches of the other worker are filled.
        for path in ("/feeds/latest", f"/users/{me}/posts"):
            await there("GET", path)
        post = (await ming("POST", "/posts", {"text": TEXT})).json()["id"]
        assert (await there("GET", f"/posts/{post}")).status_code == 200
        assert [item["id"] for item in (await there("GET", f"/users/{me}/posts")).json()["items"]] == [post]
        assert (await there("GET", "/me")).json()["post_count"] == 1
        await there("GET", f"/posts/{post}")
        await ming("PUT", f"/posts/{post}/like")
        assert (await there("GET", f"/posts/{post}")).json()["liked_by_me"] is True
        assert (await there("GET", f"/users/{me}/posts")).json()["items"][0]["liked_by_me"] is True
        comment = (await ming("POST", f"/posts/{post}/comments", {"text": "沙发"})).json()["id"]
        seen = (await there("GET", f"/posts/{post}/comments")).json()["items"]
        assert [item["id"] for item in seen] == [comment]
        assert (await there("GET", f"/posts/{post}")).json()["comment_count"] == 1
        await ming("PATCH", f"/posts/{post}", {"text": "改过了"})
        assert (await there("GET", f"/users/{me}/posts")).json()["items"][0]["text"] == "改过了"
        await ming("DELETE", f"/posts/{post}")
        assert (await there("GET", f"/posts/{post}")).status_code == 404
        assert (await there("GET", f"/users/{me}/posts")).json()["items"] == []
