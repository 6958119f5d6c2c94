"""Endpoints of posts and of their likes, with each error."""

import httpx
import pytest

from feed.api.state import AppState
from tests.support.api import Join

TEXT = "今天读完了《红楼梦》#爱读书的深圳人#，真好"


async def test_a_published_post_is_returned_to_all_viewers_as_it_was_written(
    client: httpx.AsyncClient, join: Join
) -> None:
    ming = join("小明")
    made = await ming("POST", "/posts", {"text": TEXT, "location": {"name": "深圳图书馆", "lat": 22.5, "lng": 114.1}})
    assert made.status_code == 201
    post = made.json()
    assert post["author"]["name"] == "小明"
    assert post["topics"] == [{"name": "爱读书的深圳人", "start": 10, "length": 9}]
    assert post["viewer"] == {"can_edit": True, "can_delete": True, "can_comment": True}

    read = (await client.get(f"/posts/{post['id']}")).json()
    assert read["text"] == TEXT
    assert read["location"] == {"name": "深圳图书馆", "lat": 22.5, "lng": 114.1}
    assert read["viewer"] == {"can_edit": False, "can_delete": False, "can_comment": False}
    assert read["state"] == "published"
    assert read["published_at"].endswith("Z")


async def test_a_post_appears_in_latest_under_its_topic_and_in_the_profile(
    client: httpx.AsyncClient, join: Join
) -> None:
    ming = join("小明")
    post = (await ming("POST", "/posts", {"text": TEXT})).json()
    for path in ("/feeds/latest", "/topics/爱读书的深圳人/posts", f"/users/{post['author']['id']}/posts"):
        page = (await client.get(path)).json()
        assert [item["id"] for item in page["items"]] == [post["id"]], path
        assert page["next_cursor"] is None
    assert (await client.get(f"/users/{post['author']['id']}")).json()["post_count"] == 1


async def test_a_like_counts_once_however_often_it_is_sent(client: httpx.AsyncClient, join: Join) -> None:
    post = (await join("小明")("POST", "/posts", {"text": TEXT})).json()
    hong = join("小红")
    for _ in range(3):
        assert (await hong("PUT", f"/posts/{post['id']}/like")).json() == {"liked": True, "like_count": 1}
    assert (await hong("GET", f"/posts/{post['id']}")).json()["liked_by_me"] is True
    assert (await client.get(f"/posts/{post['id']}")).json()["liked_by_me"] is False
    assert (await hong("GET", "/feeds/latest")).json()["items"][0]["liked_by_me"] is True
    for _ in range(2):
        assert (await hong("DELETE", f"/posts/{post['id']}/like")).json() == {"liked": False, "like_count": 0}


async def test_an_unlike_keeps_the_interval(app_state: AppState, join: Join) -> None:
    post = (await join("小明")("POST", "/posts", {"text": TEXT})).json()
    hong = join("小红")
    await hong("PUT", f"/posts/{post['id']}/like")
    await hong("DELETE", f"/posts/{post['id']}/like")
    row = await app_state.pool.fetchrow(
        "SELECT liked_at, unliked_at FROM past_likes WHERE post_id = $1", int(post["id"])
    )
    assert row is not None
    assert row["liked_at"] < row["unliked_at"]


async def test_an_edit_makes_a_revision_and_moves_the_post_between_topics(
    client: httpx.AsyncClient, join: Join
) -> None:
    ming = join("小明")
    post = (await ming("POST", "/posts", {"text": "读书 #甲#"})).json()
    edited = await ming("PATCH", f"/posts/{post['id']}", {"text": "读书 #乙#"})
    assert edited.json()["revision"] == 2
    assert edited.json()["edited_at"] is not None
    assert (await client.get("/topics/甲/posts")).json()["code"] == "topic_not_found"
    assert len((await client.get("/topics/乙/posts")).json()["items"]) == 1


async def test_a_deleted_post_is_not_found_by_any_viewer(client: httpx.AsyncClient, join: Join) -> None:
    ming = join("小明")
    post = (await ming("POST", "/posts", {"text": TEXT})).json()
    assert (await ming("DELETE", f"/posts/{post['id']}")).status_code == 204
    assert (await ming("DELETE", f"/posts/{post['id']}")).status_code == 204
    assert (await ming("GET", f"/posts/{post['id']}")).json()["code"] == "post_not_found"
    assert (await client.get("/feeds/latest")).json()["items"] == []
    assert (await join("小红")("PUT", f"/posts/{post['id']}/like")).status_code == 404
    assert (await client.get(f"/users/{post['author']['id']}")).json()["post_count"] == 0


async def test_a_retry_with_the_same_key_publishes_once(client: httpx.AsyncClient, join: Join) -> None:
    ming = join("小明")
    key = {"idempotency-key": "a-retry"}
    first = await ming("POST", "/posts", {"text": TEXT}, headers=key)
    second = await ming("POST", "/posts", {"text": TEXT}, headers=key)
    assert first.json()["id"] == second.json()["id"]
    other = await ming("POST", "/posts", {"text": "另一条"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_pages_follow_each_other_without_gap_or_repetition(client: httpx.AsyncClient, join: Join) -> None:
    ming = join("小明")
    made = [(await ming("POST", "/posts", {"text": f"第{n}条"})).json()["id"] for n in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        page = (await client.get("/feeds/latest", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "!!!", "é", "a" * 300])
async def test_a_forged_cursor_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    answer = await client.get("/feeds/latest", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")


async def test_a_cursor_of_another_list_is_refused(client: httpx.AsyncClient, join: Join) -> None:
    ming = join("小明")
    for n in range(2):
        author = (await ming("POST", "/posts", {"text": f"第{n}条"})).json()["author"]["id"]
    cursor = (await client.get(f"/users/{author}/posts", params={"limit": 1})).json()["next_cursor"]
    assert (await client.get("/feeds/latest", params={"cursor": cursor})).json()["code"] == "cursor_invalid"


async def test_others_may_neither_edit_nor_delete(join: Join) -> None:
    post = (await join("小明")("POST", "/posts", {"text": TEXT})).json()
    hong = join("小红")
    edit = await hong("PATCH", f"/posts/{post['id']}", {"text": "我来改"})
    assert (edit.status_code, edit.json()["code"]) == (403, "not_your_post")
    gone = await hong("DELETE", f"/posts/{post['id']}")
    assert (gone.status_code, gone.json()["code"]) == (403, "not_your_post")


@pytest.mark.parametrize("post_id", ["0", "-1", "x", "9" * 40, "1", "٣", "1.5", "0x10"])
async def test_unknown_and_malformed_ids_give_the_same_error(client: httpx.AsyncClient, post_id: str) -> None:
    answer = await client.get(f"/posts/{post_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "post_not_found")


async def test_several_posts_are_read_at_once_in_the_order_of_the_request(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming, hong = join("小明"), join("小红")
    posts = [(await ming("POST", "/posts", {"text": f"第{n}条"})).json()["id"] for n in range(4)]
    await app_state.pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", int(posts[2]))
    await hong("PUT", f"/posts/{posts[0]}/like")
    ids = f"{posts[3]},x,{posts[2]},,0,-1,٣,{'9' * 30}, {posts[0]},1,{posts[3]}"

    read = await hong("GET", "/posts", params={"ids": ids})
    assert read.status_code == 200
    assert [(item["id"], item["liked_by_me"]) for item in read.json()["items"]] == [(posts[3], False), (posts[0], True)]
    assert read.json()["next_cursor"] is None
    mine = (await ming("GET", "/posts", params={"ids": ids})).json()["items"]
    assert [item["id"] for item in mine] == [posts[3], posts[2], posts[0]]
    anonymous = await client.get("/posts", params={"ids": ids})
    assert [item["id"] for item in anonymous.json()["items"]] == [posts[3], posts[0]]
    assert "public" in anonymous.headers["cache-control"]
    assert (await client.get("/posts", params={"ids": ""})).json() == {"items": [], "next_cursor": None}


async def test_more_than_fifty_posts_at_once_are_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/posts", params={"ids": ",".join(map(str, range(1, 51)))})).status_code == 200
    refused = await client.get("/posts", params={"ids": ",".join(map(str, range(1, 52)))})
    assert refused.status_code == 422
    assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [("ids", "too_many")]
    missing = await client.get("/posts")
    assert missing.status_code == 422
    assert [(error["field"], error["code"]) for error in missing.json()["errors"]] == [("ids", "required")]


async def test_the_likers_of_a_post_are_for_its_author_and_staff(client: httpx.AsyncClient, join: Join) -> None:
    ming = join("小明")
    path = f"/posts/{(await ming('POST', '/posts', {'text': TEXT})).json()['id']}"
    names = ["甲", "乙", "丙", "丁", "戊"]
    for name in names:
        await join(name)("PUT", f"{path}/like")
    await join("乙")("DELETE", f"{path}/like")
    for person in (ming, *(join(role, roles=(role,)) for role in ("reviewer", "editor", "admin"))):
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await person("GET", f"{path}/likes", params={"limit": 2, "cursor": cursor})).json()
            seen += [item["user"]["name"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert seen == ["戊", "丁", "丙", "甲"]
    assert page["items"][0].keys() == {"user", "liked_at"}
    assert page["items"][0]["user"].keys() == {"id", "name", "avatar_url", "badge"}
    refused = await join("甲")("GET", f"{path}/likes")
    assert (refused.status_code, refused.json()["code"]) == (403, "likes_private")
    assert (await client.get(f"{path}/likes")).status_code == 401
    assert (await ming("GET", "/posts/1/likes")).json()["code"] == "post_not_found"
