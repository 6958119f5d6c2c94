"""Endpoints of profiles, settings, blocks and mutes."""

from typing import Any

import httpx
import pytest

from feed.accounts.model import RELATIONS_MOST
from feed.api.state import AppState
from tests.support import make
from tests.support.api import Join, Person


async def whoami(person: Person) -> str:
    return str((await person("GET", "/me")).json()["id"])


async def say(person: Person, text: str = "你好 #读书#") -> str:
    return str((await person("POST", "/posts", {"text": text})).json()["id"])


async def listed(person: Person, path: str = "/feeds/latest") -> set[str]:
    page = (await person("GET", path)).json()
    return {item["id"] for item in page["items"]}


async def test_a_profile_change_leaves_absent_members(join: Join, client: httpx.AsyncClient) -> None:
    ming = join("小明")
    changed = await ming("PATCH", "/me", {"name": "  明明 ", "bio": "在地铁上读书"})
    assert (changed.status_code, changed.json()["name"], changed.json()["bio"]) == (200, "明明", "在地铁上读书")
    assert (await ming("PATCH", "/me", {"bio": None})).json()["bio"] == ""
    shown = (await client.get(f"/users/{changed.json()['id']}")).json()
    assert (shown["name"], shown["bio"]) == ("明明", "")
    assert "phone_masked" not in shown
    await say(ming)
    assert (await ming("GET", "/feeds/latest")).json()["items"][0]["author"]["name"] == "明明"


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"name": ""}, [("name", "required")]),
        ({"name": "   "}, [("name", "required")]),
        ({"name": "\u200d\u200d"}, [("name", "invisible")]),
        ({"name": "长" * 21, "bio": "长" * 201}, [("name", "too_long"), ("bio", "too_long")]),
        ({"name": "a\x00"}, [("name", "forbidden_character")]),
    ],
)
async def test_an_invalid_profile_is_rejected_with_every_field(
    join: Join, change: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    answer = await join("小明")("PATCH", "/me", change)
    assert answer.status_code == 422
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == errors


async def test_a_muted_account_cannot_change_its_name(join: Join, app_state: AppState) -> None:
    ming = join("小明")
    await make.ban(app_state.pool, int(await whoami(ming)), kind="mute")
    answer = await ming("PATCH", "/me", {"name": "别的"})
    assert (answer.status_code, answer.json()["code"]) == (403, "muted")


async def test_own_posts_are_filtered_by_state(join: Join, app_state: AppState) -> None:
    ming = join("小明")
    posts = [await say(ming) for _ in range(5)]
    for post, state in zip(posts, ("published", "removed", "rejected", "pending", "deleted"), strict=True):
        await app_state.pool.execute(
            "UPDATE posts SET state = $2, deleted_at = CASE WHEN $2 = 'deleted' THEN now() END WHERE id = $1",
            int(post),
            state,
        )
    assert await listed(ming, "/me/posts") == set(posts[:4])
    assert await listed(ming, "/me/posts?state=removed") == {posts[1]}
    assert (await ming("GET", "/me/posts?state=deleted")).status_code == 422
    first = (await ming("GET", "/me/posts?limit=3")).json()
    second = (await ming("GET", f"/me/posts?limit=3&cursor={first['next_cursor']}")).json()
    assert [item["id"] for item in (*first["items"], *second["items"])] == posts[3::-1]
    assert second["next_cursor"] is None


async def test_settings_change_one_by_one(join: Join) -> None:
    ming = join("小明")
    rest = {"protected_until": None, "age_band": None}
    everything = {"notify": {"likes": True, "comments": True, "replies": True}} | rest
    assert (await ming("GET", "/me/settings")).json() == everything
    changed = await ming("PATCH", "/me/settings", {"notify": {"likes": False}})
    assert changed.json() == {"notify": {"likes": False, "comments": True, "replies": True}} | rest
    again = await ming("PATCH", "/me/settings", {"notify": {"replies": False, "likes": True}})
    assert again.json() == {"notify": {"likes": True, "comments": True, "replies": False}} | rest
    assert (await ming("GET", "/me/settings")).json() == again.json()
    wrong = await ming("PATCH", "/me/settings", {"notify": {"likes": "no", "comments": 1}})
    assert [error["field"] for error in wrong.json()["errors"]] == ["notify.likes", "notify.comments"]


async def test_a_block_hides_two_accounts_from_each_other(join: Join) -> None:
    ming, hong, other = join("小明"), join("小红"), join("别人")
    mings, hongs, others = await say(ming), await say(hong), await say(other)
    talk = (await ming("POST", f"/posts/{others}/comments", {"text": "小明说"})).json()["id"]
    reply = (await hong("POST", f"/posts/{others}/comments", {"text": "小红说", "reply_to_id": talk})).json()["id"]
    ming_id, hong_id = await whoami(ming), await whoami(hong)

    blocked = await ming("PUT", f"/users/{hong_id}/block")
    assert blocked.json() == {"user_id": hong_id, "blocked": True, "muted": False}

    for one, theirs in ((ming, hongs), (hong, mings)):
        for path in ("/feeds/latest", "/topics/读书/posts"):
            assert theirs not in await listed(one, path)
            assert others in await listed(one, path)
        assert (await one("GET", f"/posts/{theirs}")).status_code == 404
        assert (await one("GET", f"/posts?ids={theirs},{others}")).json()["items"][0]["id"] == others
        assert (await one("GET", f"/posts/{theirs}/comments")).status_code == 404
        assert (await one("POST", f"/posts/{theirs}/comments", {"text": "好"})).json()["code"] == "post_not_found"
        assert (await one("PUT", f"/posts/{theirs}/like")).json()["code"] == "post_not_found"
    assert await listed(hong, f"/posts/{others}/comments") == set()
    for sort in ("oldest", "newest", "hot"):
        (seen,) = (await ming("GET", f"/posts/{others}/comments?sort={sort}")).json()["items"]
        assert (seen["id"], seen["replies"]) == (talk, [])
    assert await listed(ming, f"/comments/{talk}/replies") == set()
    assert (await ming("PUT", f"/comments/{reply}/like")).json()["code"] == "comment_not_found"
    answer = await hong("POST", f"/posts/{others}/comments", {"text": "好", "reply_to_id": talk})
    assert answer.json()["errors"][0]["code"] == "not_found"

    relation = await ming("GET", f"/users/{hong_id}/relation")
    assert relation.json() == {"user_id": hong_id, "blocked": True, "muted": False}
    assert (await hong("GET", f"/users/{ming_id}/relation")).json()["code"] == "account_not_found"

    # The blocked account cannot read the profile; the blocking account can, to unblock.
    assert (await hong("GET", f"/users/{ming_id}")).status_code == 404
    assert (await hong("GET", f"/users/{ming_id}/posts")).status_code == 404
    assert (await ming("GET", f"/users/{hong_id}")).status_code == 200
    assert await listed(ming, f"/users/{hong_id}/posts") == set()
    # Other viewers see both.
    assert {mings, hongs} <= await listed(other)

    assert (await ming("DELETE", f"/users/{hong_id}/block")).json()["blocked"] is False
    assert hongs in await listed(ming)
    assert (await hong("PUT", f"/posts/{mings}/like")).json() == {"liked": True, "like_count": 1}


async def test_a_block_changes_no_count(join: Join, client: httpx.AsyncClient) -> None:
    ming, hong = join("小明"), join("小红")
    post = await say(ming)
    await hong("PUT", f"/posts/{post}/like")
    await hong("POST", f"/posts/{post}/comments", {"text": "好"})
    await ming("PUT", f"/users/{await whoami(hong)}/block")
    card = (await client.get(f"/posts/{post}")).json()
    assert (card["like_count"], card["comment_count"]) == (1, 1)


async def test_a_mute_affects_the_muting_account_only(join: Join) -> None:
    ming, hong, other = join("小明"), join("小红"), join("别人")
    mings, hongs, others = await say(ming), await say(hong), await say(other)
    await hong("POST", f"/posts/{others}/comments", {"text": "小红说"})
    await ming("PUT", f"/users/{await whoami(hong)}/mute")
    assert hongs not in await listed(ming)
    assert await listed(ming, f"/posts/{others}/comments") == set()
    assert (await ming("GET", f"/posts/{hongs}")).status_code == 200
    assert mings in await listed(hong)
    assert (await hong("POST", f"/posts/{mings}/comments", {"text": "好"})).status_code == 201
    await ming("DELETE", f"/users/{await whoami(hong)}/mute")
    assert hongs in await listed(ming)


async def test_the_list_of_blocks_and_mutes_is_paged(join: Join, app_state: AppState) -> None:
    ming = join("小明")
    kept = [str(await make.account(app_state.pool)) for _ in range(4)]
    for person in kept:
        await ming("PUT", f"/users/{person}/mute")
    await ming("PUT", f"/users/{kept[0]}/block")
    found: list[tuple[str, str]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await ming("GET", "/me/blocks?limit=2" + (f"&cursor={cursor}" if cursor else ""))).json()
        found += [(item["user"]["id"], item["kind"]) for item in page["items"]]
        cursor = page["next_cursor"]
    assert found == [(kept[0], "block"), *((person, "mute") for person in reversed(kept))]


async def test_blocking_oneself_unknown_accounts_or_too_many_is_rejected(join: Join, app_state: AppState) -> None:
    ming = join("小明")
    me = await whoami(ming)
    for kind in ("block", "mute"):
        for method in ("PUT", "DELETE"):
            assert (await ming(method, f"/users/{me}/{kind}")).json()["code"] == "own_account"
            assert (await ming(method, f"/users/1/{kind}")).json()["code"] == "account_not_found"
    others = [await make.account(app_state.pool) for _ in range(RELATIONS_MOST + 1)]
    await app_state.pool.execute(
        "INSERT INTO relations (account_id, target_id, kind) SELECT $1, unnest($2::bigint[]), 'block'",
        int(me),
        others[:-1],
    )
    answer = await ming("PUT", f"/users/{others[-1]}/block")
    assert (answer.status_code, answer.json()["code"]) == (409, "relations_full")
    assert (await ming("PUT", f"/users/{others[0]}/block")).status_code == 200
