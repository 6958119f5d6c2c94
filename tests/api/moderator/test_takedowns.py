"""Takedowns over HTTP: no address, list, count or board shows what is taken down, before any chunk is written and after."""

from typing import Any, NamedTuple

import httpx
import pytest
from redis.asyncio import Redis

from feed.api.state import AppState
from feed.moderation.takedowns.spread import spread_next_takedown
from feed.notifications.actions import notify_comments
from feed.screens.posts import hot_lists, pages, topics
from tests.support import boards, make
from tests.support.api import Join, Person

WORD = "不该出现的字"


class Town(NamedTuple):
    author: Person
    author_id: str
    reader: Person
    reviewer: Person
    post: str
    share_url: str
    other: str
    comment: str
    campaign: int


@pytest.fixture
async def town(join: Join, app_state: AppState, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Town:
    # Nothing is served from a cache, so that each response is of its own time.
    for module, name in ((pages, "CACHE_SECONDS"), (hot_lists, "_CACHE_SECONDS"), (topics, "_CACHE_SECONDS")):
        monkeypatch.setattr(module, name, -1.0)
    author, reader, reviewer = join("作者"), join("读者"), join("审读", roles=("reviewer",))
    campaign = await make.campaign(app_state.pool, board="public", topic_name="读书")
    made = (await author("POST", "/posts", {"text": f"{WORD} #读书#"})).json()
    other = (await reader("POST", "/posts", {"text": "别人的 #跑步#"})).json()["id"]
    comment = (await author("POST", f"/posts/{other}/comments", {"text": WORD})).json()["id"]
    await reader("POST", f"/posts/{made['id']}/comments", {"text": "跟着一条"})
    await app_state.pool.execute("UPDATE posts SET has_video = true")
    await boards.settle(app_state.pool, redis)
    return Town(author, made["author"]["id"], reader, reviewer, made["id"], made["share_url"], other, comment, campaign)


async def places_with_the_word(client: httpx.AsyncClient, town: Town) -> set[str]:
    """The addresses that show others something of the author's items."""
    paths = [
        f"/posts/{town.post}",
        f"/posts?ids={town.post},{town.other}",
        f"/posts/{town.other}/comments",
        f"/posts/{town.other}/comments?sort=newest",
        f"/posts/{town.other}/comments?sort=hot",
        "/feeds/latest",
        "/feeds/hot",
        "/feeds/videos",
        "/topics/读书/posts",
        "/topics/读书/posts?sort=hot",
        f"/users/{town.author_id}/posts",
        f"/campaigns/{town.campaign}/posts",
        f"/campaigns/{town.campaign}/posts?sort=hot",
        f"/campaigns/{town.campaign}/leaderboard",
    ]
    found = set()
    for call in (client.request, town.reader):
        for path in paths:
            if WORD in (await call("GET", path)).text:
                found.add(path)
        if (await call("GET", f"/posts/{town.post}/comments")).status_code == 200:
            found.add("comments of the post")
        if (await call("GET", f"/users/{town.author_id}")).status_code == 200:
            found.add("profile")
        if (await call("GET", "/topics/读书")).status_code == 200:
            found.add("topic")
        if "读书" in (await call("GET", "/topics?q=读")).text:
            found.add("suggestions")
    return found


POST_PLACES = {
    "/feeds/latest",
    "/feeds/hot",
    "/feeds/videos",
    "/topics/读书/posts",
    "/topics/读书/posts?sort=hot",
    "comments of the post",
}


@pytest.mark.parametrize("spread", [False, True], ids=["at once", "after the chunks"])
@pytest.mark.parametrize("kind", ["post", "comment", "user", "topic"])
async def test_nothing_of_a_takedown_is_seen_at_any_address(
    client: httpx.AsyncClient, town: Town, app_state: AppState, redis: Redis, kind: str, spread: bool
) -> None:
    before = await places_with_the_word(client, town)
    assert before >= POST_PLACES | {"profile", "topic", "suggestions", f"/posts/{town.other}/comments"}
    id_ = {"post": town.post, "comment": town.comment, "user": town.author_id, "topic": "读书"}[kind]
    body = {"target": {"kind": kind, "id": id_}, "reason_code": "illegal"}
    made = await town.reviewer("POST", "/moderation/takedowns", body)
    assert made.status_code == 201, made.text
    while spread and await spread_next_takedown(app_state.pool):
        pass
    if spread:
        await boards.settle(app_state.pool, redis)
    shown = await places_with_the_word(client, town)
    comments = {f"/posts/{town.other}/comments{sort}" for sort in ("", "?sort=newest", "?sort=hot")}
    left = {
        "post": comments | {"profile", "topic", "suggestions"},
        "comment": before - comments,
        "user": {"topic", "suggestions"},
        "topic": comments | {"profile"},
    }
    assert shown == left[kind]
    # The author still sees the own item, with its state.
    if kind != "comment":
        own = (await town.author("GET", f"/posts/{town.post}")).json()
        assert (own["state"], WORD in own["text"]) == ("removed", True)
    assert (await town.author("GET", "/me")).status_code == 200
    lifted = await town.reviewer("DELETE", "/moderation/takedowns", body)
    assert lifted.status_code == 204, lifted.text
    await app_state.pool.execute("UPDATE takedowns SET checked_at = '-infinity'")
    while await spread_next_takedown(app_state.pool):
        pass
    await boards.settle(app_state.pool, redis)
    assert await places_with_the_word(client, town) == before


async def test_a_shared_link_is_enough(client: httpx.AsyncClient, town: Town) -> None:
    body = {"link": f"有人转来这个 {town.share_url}?from=wechat", "reason_code": "fraud"}
    made = (await town.reviewer("POST", "/moderation/takedowns", body)).json()
    assert made["target"] == {"kind": "post", "id": town.post}
    assert made["evidence"]["text"] == f"{WORD} #读书#"
    assert made["evidence"]["author"]["name"] == "作者"
    assert made["complete"] is True
    assert (await client.get(f"/posts/{town.post}")).status_code == 404
    listed = (await town.reviewer("GET", "/moderation/takedowns")).json()["items"]
    assert [each["id"] for each in listed] == [made["id"]]
    assert (await town.reviewer("DELETE", "/moderation/takedowns", {"link": town.share_url})).status_code == 204
    assert (await town.reviewer("DELETE", "/moderation/takedowns", {"link": town.share_url})).status_code == 204
    assert (await client.get(f"/posts/{town.post}")).status_code == 200
    (ended,) = (await town.reviewer("GET", "/moderation/takedowns?state=lifted")).json()["items"]
    assert (ended["lift_reason"], ended["lifted_at"] is None) == ("mistaken", False)
    assert (await town.reviewer("GET", "/moderation/takedowns")).json()["items"] == []


async def test_evidence_stays_for_moderators_when_the_author_deletes(town: Town) -> None:
    for kind, id_ in (("post", town.post), ("comment", town.comment)):
        body = {"target": {"kind": kind, "id": id_}, "reason_code": "illegal"}
        await town.reviewer("POST", "/moderation/takedowns", body)
    assert (await town.author("DELETE", f"/posts/{town.post}")).status_code == 204
    assert (await town.author("DELETE", f"/comments/{town.comment}")).status_code == 204
    items = (await town.reviewer("GET", "/moderation/takedowns?limit=1")).json()
    more = (await town.reviewer("GET", f"/moderation/takedowns?cursor={items['next_cursor']}")).json()
    assert all(WORD in each["evidence"]["text"] for each in items["items"] + more["items"])
    assert len(items["items"] + more["items"]) == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason_code": "spam"}, "target"),
        ({"reason_code": "spam", "target": {"kind": "post", "id": "1"}, "link": "https://x.cn"}, "link"),
        ({"reason_code": "spam", "link": "https://evil.cn/p/1"}, "link"),
        ({"reason_code": "spam", "link": "/campaigns/1"}, "link"),
        ({"reason_code": "fine", "target": {"kind": "post", "id": "1"}}, "reason_code"),
        ({"reason_code": "spam", "target": {"kind": "image_hash", "id": "xyz"}}, "target.id"),
        ({"reason_code": "spam", "target": {"kind": "campaign", "id": "1"}}, "target.kind"),
    ],
)
async def test_an_unusable_target_is_named(town: Town, body: dict[str, Any], field: str) -> None:
    answer = await town.reviewer("POST", "/moderation/takedowns", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize(
    ("kind", "code"),
    [("post", "post"), ("comment", "comment"), ("topic", "topic"), ("user", "account")],
)
async def test_an_unknown_target_is_not_found(town: Town, kind: str, code: str) -> None:
    body = {"target": {"kind": kind, "id": "17"}, "reason_code": "spam"}
    answer = await town.reviewer("POST", "/moderation/takedowns", body)
    assert (answer.status_code, answer.json()["code"]) == (404, f"{code}_not_found")
    answer = await town.reviewer("DELETE", "/moderation/takedowns", body)
    assert (answer.status_code, answer.json()["code"]) == (404, "takedown_not_found")


async def test_the_own_items_and_staff_are_left_to_others(town: Town, join: Join) -> None:
    own = (await town.reviewer("POST", "/posts", {"text": "审读的"})).json()
    editor = join("编辑", roles=("editor",))
    editor_id = (await editor("GET", "/me")).json()["id"]
    for target, code in (
        ({"kind": "post", "id": own["id"]}, "own_subject"),
        ({"kind": "user", "id": editor_id}, "staff_protected"),
    ):
        answer = await town.reviewer("POST", "/moderation/takedowns", {"target": target, "reason_code": "spam"})
        assert (answer.status_code, answer.json()["code"]) == (403, code)


async def test_an_image_is_recorded_by_its_hash(town: Town) -> None:
    body = {"target": {"kind": "image_hash", "id": "AB" * 32}, "reason_code": "porn"}
    made = (await town.reviewer("POST", "/moderation/takedowns", body)).json()
    assert made["target"] == {"kind": "image_hash", "id": "ab" * 32}
    again = (await town.reviewer("POST", "/moderation/takedowns", body)).json()
    assert again == made


async def test_a_retried_takedown_is_one(town: Town) -> None:
    body = {"target": {"kind": "user", "id": town.author_id}, "reason_code": "fraud"}
    first, second = [
        await town.reviewer("POST", "/moderation/takedowns", body, headers={"idempotency-key": "one"}) for _ in range(2)
    ]
    assert first.json() == second.json()


async def test_others_are_not_notified_of_what_is_taken_down(town: Town, app_state: AppState) -> None:
    body = {"target": {"kind": "user", "id": town.author_id}, "reason_code": "fraud"}
    await town.reviewer("POST", "/moderation/takedowns", body)
    while await spread_next_takedown(app_state.pool):
        pass
    await town.author("POST", f"/posts/{town.other}/comments", {"text": WORD})
    await notify_comments(app_state.pool)
    inbox = (await town.reader("GET", "/me/inbox")).text
    assert WORD not in inbox
    assert "作者" not in inbox
    assert (await town.reader("GET", "/me")).json()["unread_count"] == 0


async def test_staff_still_find_the_profile(town: Town) -> None:
    body = {"target": {"kind": "user", "id": town.author_id}, "reason_code": "fraud"}
    await town.reviewer("POST", "/moderation/takedowns", body)
    assert (await town.reviewer("GET", f"/users/{town.author_id}")).status_code == 200
    assert (await town.reader("GET", f"/users/{town.author_id}")).status_code == 404


@pytest.mark.parametrize("spread", [False, True], ids=["at once", "after the chunks"])
@pytest.mark.parametrize(
    ("kind", "items"),
    [("post", ["post"]), ("comment", ["comment"]), ("user", ["post", "comment"]), ("topic", ["post"])],
)
async def test_authors_see_why_an_item_is_taken_down(
    town: Town, app_state: AppState, kind: str, items: list[str], spread: bool
) -> None:
    async def review(item: str) -> Any:
        if item == "post":
            return (await town.author("GET", f"/posts/{town.post}")).json().get("review")
        listed = (await town.author("GET", f"/posts/{town.other}/comments")).json()["items"]
        return next(each for each in listed if each["id"] == town.comment).get("review")

    id_ = {"post": town.post, "comment": town.comment, "user": town.author_id, "topic": "读书"}[kind]
    body = {"target": {"kind": kind, "id": id_}, "reason_code": "illegal"}
    assert (await town.reviewer("POST", "/moderation/takedowns", body)).status_code == 201
    while spread and await spread_next_takedown(app_state.pool):
        pass
    for item in items if spread else set(items) - ({"comment"} if kind == "user" else set()):
        # A review that is still open does not end a takedown.
        assert {key: (await review(item))[key] for key in ("reason_code", "expected_at")} == {
            "reason_code": "illegal",
            "expected_at": None,
        }
    if kind in ("post", "comment"):
        target = {"kind": kind, "id": id_}
        assert (await town.author("POST", "/appeals", {"target": target, "text": "请复核"})).status_code == 201
        assert (await review(kind))["expected_at"] is not None
    assert (await town.reviewer("DELETE", "/moderation/takedowns", body)).status_code == 204
    await app_state.pool.execute("UPDATE takedowns SET checked_at = '-infinity'")
    while await spread_next_takedown(app_state.pool):
        pass
    assert [await review(item) for item in items] == [None] * len(items)
