"""Endpoints of comments: orders, pages, likes, replies and placeholders."""

import asyncio
from typing import Any

import httpx
import pytest

from feed.api.state import AppState, build_app_state
from feed.keys.store import Keys
from tests.support import make
from tests.support.api import Join, Person
from tests.support.app import app_over

SORTS = ("oldest", "newest", "hot")


async def publish(person: Person) -> str:
    made = await person("POST", "/posts", {"text": "读书"})
    post_id: str = made.json()["id"]
    return post_id


async def say(person: Person, post_id: str, text: str = "好", reply_to_id: str | None = None) -> str:
    made = await person("POST", f"/posts/{post_id}/comments", {"text": text, "reply_to_id": reply_to_id})
    assert made.status_code == 201, made.text
    comment_id: str = made.json()["id"]
    return comment_id


async def page_of(asks: Any, path: str, **params: Any) -> dict[str, Any]:
    answer = await asks("GET", path, params={name: value for name, value in params.items() if value is not None})
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def ids(asks: Any, post_id: str, sort: str, limit: int = 50) -> list[str]:
    """The ids of the root comments on all pages."""
    seen: list[str] = []
    cursor = None
    while True:
        page = await page_of(asks, f"/posts/{post_id}/comments", sort=sort, limit=limit, cursor=cursor)
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return seen


async def test_the_hot_order_is_by_likes_and_replies(client: httpx.AsyncClient, join: Join) -> None:
    ming, fans = join("小明"), [join(name) for name in "甲乙丙"]
    post_id = await publish(ming)
    quiet, liked, answered, newest = [await say(ming, post_id, text) for text in ("一", "二", "三", "四")]
    for fan in fans:
        await fan("PUT", f"/comments/{liked}/like")
    await say(fans[0], post_id, "回", answered)
    await fans[0]("PUT", f"/comments/{newest}/like")
    assert await ids(client.request, post_id, "hot") == [liked, answered, newest, quiet]
    await say(fans[1], post_id, "回", answered)
    assert await ids(client.request, post_id, "hot") == [answered, liked, newest, quiet]
    for sort, order in (("oldest", [quiet, liked, answered, newest]), ("newest", [newest, answered, liked, quiet])):
        assert await ids(client.request, post_id, sort) == order
        assert await ids(client.request, post_id, sort, limit=1) == order


async def test_a_removed_or_deleted_comment_leaves_a_placeholder_while_it_has_replies(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming, hong = join("小明"), join("小红")
    post_id = await publish(ming)
    first, second, third = [await say(hong, post_id, text) for text in ("一", "二", "三")]
    await app_state.pool.execute("UPDATE comments SET ip_region = '广东' WHERE id = $1", int(first))
    reply = await say(ming, post_id, "回", first)
    await say(ming, post_id, "回", third)
    assert (await hong("DELETE", f"/comments/{first}")).status_code == 204
    assert (await hong("DELETE", f"/comments/{second}")).status_code == 204
    reviewer = join("审核", roles=("reviewer",))
    cases = (await reviewer("GET", "/moderation/cases?kind=comment")).json()["items"]
    (case,) = [case for case in cases if case["subject"]["id"] == third]
    verdict = {"verdict": "reject", "reason_code": "spam", "version": case["version"]}
    assert (await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", verdict)).status_code == 200

    for sort in SORTS:
        items = (await page_of(client.request, f"/posts/{post_id}/comments", sort=sort))["items"]
        by_id = {item["id"]: item for item in items}
        assert by_id.keys() == {first, third}, sort
        assert [by_id[id_]["state"] for id_ in (first, third)] == ["deleted", "removed"]
        for item in items:
            assert (item["author"], item["text"], item["ip_region"], item["reply_count"]) == (None, "", None, 1)
            assert [answer["text"] for answer in item["replies"]] == ["回"]
    (answer,) = (await page_of(client.request, f"/comments/{first}/replies"))["items"]
    assert (answer["id"], answer["reply_to"]) == (reply, {"id": first, "author_name": ""})
    assert (await client.get(f"/posts/{post_id}")).json()["comment_count"] == 2

    assert (await ming("DELETE", f"/comments/{reply}")).status_code == 204
    assert first not in await ids(client.request, post_id, "hot")
    assert (await client.get(f"/comments/{first}/replies")).status_code == 404
    refused = await hong("POST", f"/posts/{post_id}/comments", {"text": "回", "reply_to_id": first})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "reply_to_id")


async def test_a_reply_to_a_reply_belongs_to_the_same_root(client: httpx.AsyncClient, join: Join) -> None:
    ming, hong = join("小明"), join("小红")
    post_id = await publish(ming)
    root = await say(ming, post_id, "一")
    replies = [await say(hong, post_id, "二", root)]
    for text in ("三", "四", "五"):
        replies.append(await say(ming, post_id, text, replies[-1]))
    (item,) = (await page_of(client.request, f"/posts/{post_id}/comments"))["items"]
    assert (item["id"], item["reply_count"]) == (root, 4)
    assert [reply["id"] for reply in item["replies"]] == replies[:3]
    assert [reply["reply_to"]["author_name"] for reply in item["replies"]] == ["小明", "小红", "小明"]
    assert all("replies" not in reply and reply["reply_count"] == 0 for reply in item["replies"])
    page = await page_of(client.request, f"/comments/{root}/replies", limit=3)
    rest = await page_of(client.request, f"/comments/{root}/replies", limit=3, cursor=page["next_cursor"])
    assert [reply["id"] for reply in (*page["items"], *rest["items"])] == replies
    assert rest["next_cursor"] is None


async def test_a_link_to_a_comment_leads_to_its_thread(client: httpx.AsyncClient, join: Join) -> None:
    ming, hong = join("小明"), join("小红")
    post_id = await publish(ming)
    root = await say(ming, post_id, "一")
    replies = [await say(hong, post_id, f"回{n}", root) for n in range(5)]
    thread = (await client.get(f"/comments/{root}")).json()
    assert (thread["root"]["id"], thread["root"]["reply_count"], thread["reply"]) == (root, 5, None)
    assert [each["id"] for each in thread["root"]["replies"]] == replies[:3]
    thread = (await client.get(f"/comments/{replies[4]}")).json()
    assert (thread["root"]["id"], thread["reply"]["id"], thread["reply"]["text"]) == (root, replies[4], "回4")

    assert (await hong("DELETE", f"/comments/{replies[4]}")).status_code == 204
    assert (await client.get(f"/comments/{replies[4]}")).json()["code"] == "comment_not_found"
    assert (await ming("DELETE", f"/comments/{root}")).status_code == 204
    thread = (await client.get(f"/comments/{replies[0]}")).json()
    assert (thread["root"]["state"], thread["root"]["text"], thread["reply"]["text"]) == ("deleted", "", "回0")
    assert (await ming("DELETE", f"/posts/{post_id}")).status_code == 204
    assert (await client.get(f"/comments/{replies[0]}")).json()["code"] == "post_not_found"
    for wrong in ("0", "x", "9" * 30):
        assert (await client.get(f"/comments/{wrong}")).status_code == 404


async def test_a_like_of_a_comment_counts_once_and_is_shown_at_once_by_every_process(
    client: httpx.AsyncClient, join: Join, app_state: AppState, keys: Keys
) -> None:
    ming, hong = join("小明"), join("小红")
    post_id = await publish(ming)
    root = await say(ming, post_id)
    reply = await say(ming, post_id, "回", root)
    for comment_id in (root, reply):
        for _ in range(3):
            liked = await hong("PUT", f"/comments/{comment_id}/like")
            assert (liked.status_code, liked.json()) == (200, {"liked": True, "like_count": 1})
        assert (await ming("PUT", f"/comments/{comment_id}/like")).json() == {"liked": True, "like_count": 2}

    # Another API process with the same servers.
    other = build_app_state(app_state.settings, app_state.pool, app_state.redis, keys)

    transport = httpx.ASGITransport(app=app_over(other))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1") as elsewhere:
        for sort in SORTS:
            for where in (client, elsewhere):
                asks = Person(where, hong.headers["authorization"].removeprefix("Bearer "))
                (item,) = (await page_of(asks, f"/posts/{post_id}/comments", sort=sort))["items"]
                assert [(each["liked_by_me"], each["like_count"]) for each in (item, *item["replies"])] == [
                    (True, 2)
                ] * 2
                (item,) = (await page_of(where.request, f"/posts/{post_id}/comments", sort=sort))["items"]
                assert [each["liked_by_me"] for each in (item, *item["replies"])] == [False] * 2
        (answer,) = (await page_of(hong, f"/comments/{root}/replies"))["items"]
        assert answer["liked_by_me"] is True

    for _ in range(2):
        assert (await hong("DELETE", f"/comments/{root}/like")).json() == {"liked": False, "like_count": 1}
    (item,) = (await page_of(hong, f"/posts/{post_id}/comments"))["items"]
    assert (item["liked_by_me"], item["like_count"]) == (False, 1)
    past = await app_state.pool.fetch("SELECT comment_id, liked_at < unliked_at AS closed FROM past_comment_likes")
    assert [(row["comment_id"], row["closed"]) for row in past] == [(int(root), True)]


async def test_likes_of_hidden_comments_and_by_banned_accounts_are_rejected(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming, hong = join("小明"), join("小红")
    post_id = await publish(ming)
    gone, shown = await say(ming, post_id), await say(ming, post_id)
    await say(hong, post_id, "回", gone)
    await ming("DELETE", f"/comments/{gone}")
    for id_ in (gone, "1", "x", "0", post_id):
        for method in ("PUT", "DELETE"):
            refused = await hong(method, f"/comments/{id_}/like")
            assert (refused.status_code, refused.json()["code"]) == (404, "comment_not_found"), id_
    assert (await client.put(f"/comments/{shown}/like")).status_code == 401
    me = int((await hong("GET", "/me")).json()["id"])
    await make.ban(app_state.pool, me, kind="mute")
    assert (await hong("PUT", f"/comments/{shown}/like")).status_code == 200
    await make.ban(app_state.pool, me)
    refused = await hong("DELETE", f"/comments/{shown}/like")
    assert (refused.status_code, refused.json()["code"]) == (403, "banned")
    await app_state.pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", int(post_id))
    assert (await ming("PUT", f"/comments/{shown}/like")).status_code == 404


async def test_likes_of_comments_are_no_input_to_any_score(join: Join, app_state: AppState) -> None:
    ming = join("小明")
    post_id = await publish(ming)
    comment_id = await say(ming, post_id)
    before = await app_state.pool.fetchrow("SELECT * FROM post_stats WHERE post_id = $1", int(post_id))
    await join("小红")("PUT", f"/comments/{comment_id}/like")
    assert await app_state.pool.fetchrow("SELECT * FROM post_stats WHERE post_id = $1", int(post_id)) == before


@pytest.mark.parametrize("sort", SORTS)
async def test_pages_repeat_and_skip_nothing_while_comments_and_likes_arrive(
    client: httpx.AsyncClient, join: Join, app_state: AppState, sort: str
) -> None:
    ming, fans = join("小明"), [join(name) for name in "甲乙丙"]
    post_id = await publish(ming)
    there = [await say(ming, post_id, f"第{n}条") for n in range(24)]
    for number, comment_id in enumerate(there[::5]):
        for fan in fans[: 1 + number % 3]:
            await fan("PUT", f"/comments/{comment_id}/like")
    ended = asyncio.Event()
    arrived: list[str] = []

    async def write() -> None:
        number = 0
        while not ended.is_set():
            fan, moved = fans[number % 3], there[-1 - number * 7 % 24]
            arrived.append(await say(fan, post_id, f"新{number}"))
            await fan("PUT" if number % 4 else "DELETE", f"/comments/{moved}/like")
            await say(fan, post_id, "回", moved)
            number += 1

    writing = asyncio.create_task(write())
    try:
        for reader in (client.request, ming):
            for limit in (2, 5):
                seen: list[str] = []
                cursor = None
                while True:
                    page = await page_of(reader, f"/posts/{post_id}/comments", sort=sort, limit=limit, cursor=cursor)
                    seen += [item["id"] for item in page["items"]]
                    cursor = page["next_cursor"]
                    written = len(arrived)
                    while len(arrived) == written and not writing.done():
                        await asyncio.sleep(0.001)
                    # In the oldest order new comments are appended, so this reader need not reach the end.
                    if cursor is None or (sort == "oldest" and set(there) <= set(seen)):
                        break
                assert len(seen) == len(set(seen))
                assert set(there) <= set(seen)
    finally:
        ended.set()
        await writing
    assert len(arrived) > 20
    if sort == "oldest":
        assert await ids(client.request, post_id, sort, limit=7) == there + arrived


async def test_comments_are_ordered_by_time_not_by_reserved_ids(app_state: AppState, join: Join) -> None:
    ming = join("小明")
    post_id = await publish(ming)
    reserved = int(await app_state.pool.fetchval("SELECT next_id()"))
    first = await say(ming, post_id)
    await app_state.pool.execute(
        "INSERT INTO comments (post_id, id, author_id, text, state) SELECT post_id, $2, author_id, '迟', 'published' FROM comments WHERE id = $1",
        int(first),
        reserved,
    )
    assert reserved < int(first)
    assert await ids(ming, post_id, "oldest", limit=1) == [first, str(reserved)]
    assert await ids(ming, post_id, "newest", limit=1) == [str(reserved), first]


async def test_later_pages_of_the_hot_order_continue_the_first_ranking(client: httpx.AsyncClient, join: Join) -> None:
    ming, hong = join("小明"), join("小红")
    post_id = await publish(ming)
    there = [await say(ming, post_id, f"第{n}条") for n in range(5)]
    path = f"/posts/{post_id}/comments"
    page = await page_of(client.request, path, sort="hot", limit=2)
    await hong("PUT", f"/comments/{there[0]}/like")
    await ming("DELETE", f"/comments/{there[2]}")
    rest = await page_of(client.request, path, sort="hot", limit=2, cursor=page["next_cursor"])
    last = await page_of(client.request, path, sort="hot", limit=2, cursor=rest["next_cursor"])
    assert [item["id"] for item in (*page["items"], *rest["items"], *last["items"])] == [
        there[4], there[3], there[1], there[0]
    ]  # fmt: skip
    assert last["items"][0]["like_count"] == 1
    assert last["next_cursor"] is None


async def test_one_ranking_per_second_is_shared_but_a_new_comment_is_shown_to_its_author(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming, hong = join("小明"), join("小红")
    post_id = await publish(ming)
    for n in range(3):
        await say(ming, post_id, f"第{n}条")
    for _ in range(5):
        await page_of(client.request, f"/posts/{post_id}/comments", sort="hot", limit=1)
    kept = await app_state.redis.keys(f"feed:{{comments:{post_id}}}:*")
    assert 1 <= len(kept) <= 2
    mine = await say(hong, post_id, "我也说")
    assert mine in await ids(hong, post_id, "hot", limit=1)


async def test_a_cursor_of_an_expired_ranking_is_rejected(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming = join("小明")
    post_id = await publish(ming)
    for n in range(3):
        await say(ming, post_id, f"第{n}条")
    path = f"/posts/{post_id}/comments"
    cursor = (await page_of(client.request, path, sort="hot", limit=1))["next_cursor"]
    assert len(cursor) <= 200
    other = await client.get(path, params={"sort": "newest", "cursor": cursor})
    assert (other.status_code, other.json()["code"]) == (400, "cursor_invalid")
    await app_state.redis.flushdb()
    gone = await client.get(path, params={"sort": "hot", "limit": 1, "cursor": cursor})
    assert (gone.status_code, gone.json()["code"]) == (410, "cursor_expired")
