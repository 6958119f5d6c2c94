"""Endpoints of posts with photos and videos: what each viewer gets, and each error."""

from typing import Any

import httpx
import pytest

from feed.api.state import AppState
from feed.posts.media import release_ready_posts
from tests.support import make_media
from tests.support.api import Join, Person


async def id_of(person: Person) -> int:
    return int((await person("GET", "/me")).json()["id"])


async def upload(app_state: AppState, person: Person, **fields: Any) -> str:
    return str(await make_media.medium(app_state.pool, await id_of(person), **fields))


async def make_ready(app_state: AppState, media_id: str) -> None:
    """What the worker does once the renditions stand."""
    await app_state.pool.execute(
        """
        UPDATE media SET state = 'ready', ready_at = now(), width = 8, height = 6, progress = 100, renditions = $2
        WHERE id = $1
        """,
        int(media_id),
        [{"name": "list", "file": "list.webp", "content_type": "image/webp", "width": 8, "height": 6, "byte_count": 9}],
    )
    await release_ready_posts(app_state.pool, [int(media_id)])


async def test_a_photo_alone_is_a_post_that_everybody_sees_with_stable_addresses(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming = join("小明")
    photos = [await upload(app_state, ming, alt=f"图{n}\n第二行") for n in range(3)]
    made = await ming("POST", "/posts", {"media_ids": photos[::-1]})
    assert made.status_code == 201
    post = made.json()
    assert (post["state"], post["text"]) == ("published", "")
    assert [each["id"] for each in post["media"]] == photos[::-1]
    assert [each["alt"] for each in post["media"]] == ["图2\n第二行", "图1\n第二行", "图0\n第二行"]
    for body in (
        (await client.get(f"/posts/{post['id']}")).json(),
        (await client.get("/feeds/latest")).json()["items"][0],
        (await join("小红")("GET", f"/posts?ids={post['id']}")).json()["items"][0],
        (await ming("GET", "/me/posts")).json()["items"][0],
    ):
        # Variants are a matter of the test below.
        assert [each | {"variants": []} for each in body["media"]] == [
            each | {"variants": []} for each in post["media"]
        ]
        for each in body["media"]:
            assert each["url"].startswith(app_state.media.base)
            assert "?" not in each["url"] + each["thumb_url"] + "".join(v["url"] for v in each["variants"])
            assert (each["width"], each["height"], each["kind"]) == (800, 600, "image")


@pytest.mark.parametrize("count", [1, 2, 9])
@pytest.mark.parametrize("is_public", [True, False])
async def test_lists_name_no_variants_of_several_photos(
    join: Join, app_state: AppState, count: int, is_public: bool
) -> None:
    ming = join("小明")
    photos = [await upload(app_state, ming) for _ in range(count)]
    post = (await ming("POST", "/posts", {"text": "看 #海#", "media_ids": photos})).json()
    if not is_public:
        await app_state.pool.execute("UPDATE posts SET state = 'pending' WHERE id = $1", int(post["id"]))
        app_state.pages.invalidate(None)
    whole = (await ming("GET", f"/posts/{post['id']}")).json()
    names = ["full", "list"]
    assert [[each["name"] for each in medium["variants"]] for medium in whole["media"]] == [names] * count
    assert ("?" in whole["media"][0]["url"]) is not is_public
    lists = ["/me/posts", f"/posts?ids={post['id']}"]
    if is_public:
        lists += [
            f"/users/{post['author']['id']}/posts",
            "/feeds/latest",
            "/feeds/hot",
            "/topics/%E6%B5%B7/posts",
            "/topics/%E6%B5%B7/posts?sort=hot",
        ]
    for path in lists:
        (item,) = (await ming("GET", path)).json()["items"]
        for listed, medium in zip(item["media"], whole["media"], strict=True):
            assert listed["thumb_url"], path
            assert listed["variants"] == (medium["variants"] if count == 1 else []), path
            assert listed == medium | {"variants": listed["variants"]}, path
    # What is encoded for a list is not what a single post gets, in either order.
    assert (await ming("GET", f"/posts/{post['id']}")).json()["media"] == whole["media"]


async def test_a_waiting_post_is_the_authors_alone_with_its_progress_and_addresses_that_expire(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming, hong = join("小明"), join("小红")
    ready, waiting = await upload(app_state, ming), await upload(app_state, ming, state="processing")
    await app_state.pool.execute("UPDATE media SET progress = 42 WHERE id = $1", int(waiting))
    post = (await ming("POST", "/posts", {"text": "看 #海#", "media_ids": [ready, waiting]})).json()
    assert (post["state"], post["published_at"], post["review"]["expected_at"]) == ("pending", None, None)
    assert [(each["state"], each.get("progress")) for each in post["media"]] == [("ready", None), ("processing", 42)]
    assert "grant=" in post["media"][0]["url"]
    assert (await ming("GET", "/me/posts?state=pending")).json()["items"][0]["media"][1]["progress"] == 42
    assert (await hong("GET", f"/posts/{post['id']}")).status_code == 404
    assert (await client.get("/feeds/latest")).json()["items"] == []
    assert (await client.get("/topics/海/posts")).status_code == 404
    assert (await hong("PUT", f"/posts/{post['id']}/like")).json()["code"] == "post_not_found"
    assert (await ming("PUT", f"/posts/{post['id']}/like")).json()["code"] == "post_not_found"
    assert (await ming("POST", f"/posts/{post['id']}/comments", {"text": "好"})).json()["code"] == "post_not_published"
    assert (await hong("POST", f"/posts/{post['id']}/comments", {"text": "好"})).json()["code"] == "post_not_found"
    later = (await hong("POST", "/posts", {"text": "后发的"})).json()
    await make_ready(app_state, waiting)
    app_state.pages.invalidate(None)
    listed = (await client.get("/feeds/latest")).json()["items"]
    assert [each["id"] for each in listed] == [post["id"], later["id"]]
    assert listed[0]["created_at"] == post["created_at"]
    assert listed[0]["published_at"] > later["published_at"]
    assert [each["state"] for each in listed[0]["media"]] == ["ready", "ready"]
    assert "grant=" not in str(listed)
    assert (await hong("PUT", f"/posts/{post['id']}/like")).status_code == 200


async def test_a_failed_photo_is_named_and_can_be_replaced(join: Join, app_state: AppState) -> None:
    ming = join("小明")
    photos = [await upload(app_state, ming, state="processing") for _ in range(9)]
    post = (await ming("POST", "/posts", {"media_ids": photos})).json()
    for each in photos:
        if each != photos[4]:
            await make_ready(app_state, each)
    await app_state.pool.execute(
        "UPDATE media SET state = 'failed', error_code = 'corrupt', failed_at = now() WHERE id = $1", int(photos[4])
    )
    await release_ready_posts(app_state.pool, [int(photos[4])])
    own = (await ming("GET", f"/posts/{post['id']}")).json()
    assert [each.get("error_code") for each in own["media"]] == [None] * 4 + ["corrupt"] + [None] * 4
    [notice] = (await ming("GET", "/me/inbox")).json()["items"]
    assert "第5张（共9张）" in notice["body"]
    assert "文件已损坏" in notice["body"]
    replaced = [*photos[:4], await upload(app_state, ming), *photos[5:]]
    edited = (await ming("PATCH", f"/posts/{post['id']}", {"media_ids": replaced})).json()
    assert (edited["state"], [each["id"] for each in edited["media"]]) == ("published", replaced)


@pytest.mark.parametrize(
    ("given", "status", "code", "field"),
    [
        ("hers", 422, "not_found", "media_ids[0]"),
        ("unknown", 422, "not_found", "media_ids[0]"),
        ("malformed", 422, "not_found", "media_ids[0]"),
        ("twice", 422, "repeated", "media_ids[1]"),
        ("mixed", 422, "media_mixed", "media_ids"),
        ("ten", 422, "too_many", "media_ids"),
        ("used", 409, "media_in_use", None),
        ("failed", 409, "media_not_ready", None),
    ],
)
async def test_what_cannot_be_attached_is_refused_with_its_code(
    join: Join, app_state: AppState, given: str, status: int, code: str, field: str | None
) -> None:
    ming, hong = join("小明"), join("小红")
    mine = await upload(app_state, ming)
    ids = {
        "hers": [await upload(app_state, hong)],
        "unknown": ["9007199254740993"],
        "malformed": ["图片.jpg"],
        "twice": [mine, mine],
        "mixed": [mine, await upload(app_state, ming, kind="video")],
        "ten": [await upload(app_state, ming) for _ in range(10)],
        "used": [await upload(app_state, ming, used_as="avatar")],
        "failed": [await upload(app_state, ming, state="failed")],
    }[given]
    post = (await ming("POST", "/posts", {"text": "文字"})).json()
    for method, path in (("POST", "/posts"), ("PATCH", f"/posts/{post['id']}")):
        refused = await ming(method, path, {"media_ids": ids})
        assert refused.status_code == status
        body = refused.json()
        if field is None:
            assert body["code"] == code
        else:
            assert [(each["field"], each["code"]) for each in body["errors"]] == [(field, code)]
    assert (await ming("GET", f"/posts/{post['id']}")).json()["revision"] == 1


async def test_videos_have_their_feed(client: httpx.AsyncClient, join: Join, app_state: AppState) -> None:
    ming = join("小明")
    video = await upload(app_state, ming, kind="video")
    waiting = await upload(app_state, ming, kind="video", state="processing")
    shown = (await ming("POST", "/posts", {"text": "标题", "media_ids": [video]})).json()
    hidden = (await ming("POST", "/posts", {"media_ids": [waiting]})).json()
    await ming("POST", "/posts", {"media_ids": [await upload(app_state, ming)]})
    assert [each["id"] for each in (await client.get("/feeds/videos")).json()["items"]] == [shown["id"]]
    await make_ready(app_state, waiting)
    app_state.pages.invalidate(None)
    assert [each["id"] for each in (await client.get("/feeds/videos")).json()["items"]] == [hidden["id"], shown["id"]]


async def test_the_edit_that_waits_shows_its_photos_to_its_author_only(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming = join("小明")
    old, new = await upload(app_state, ming), await upload(app_state, ming)
    post = (await ming("POST", "/posts", {"text": "文字", "media_ids": [old]})).json()
    await app_state.pool.execute(
        """
        WITH added AS (
            INSERT INTO post_revisions (post_id, revision, text, media_ids, content_sha256, author_id)
            SELECT post_id, 2, text, ARRAY[$2::bigint], content_sha256, author_id FROM post_revisions WHERE post_id = $1
        )
        UPDATE posts SET latest_revision = 2 WHERE id = $1
        """,
        int(post["id"]),
        int(new),
    )
    own = (await ming("GET", f"/posts/{post['id']}")).json()
    assert [each["id"] for each in own["media"]] == [old]
    assert [each["id"] for each in own["review"]["media"]] == [new]
    assert "grant=" in own["review"]["media"][0]["url"]
    assert "grant=" not in own["media"][0]["url"]
    assert new not in (await client.get(f"/posts/{post['id']}")).text


async def test_a_retry_with_a_photo_publishes_once(join: Join, app_state: AppState) -> None:
    """Known failure 13."""
    ming = join("小明")
    body = {"media_ids": [await upload(app_state, ming)]}
    key = {"idempotency-key": "a-retry"}
    first = await ming("POST", "/posts", body, headers=key)
    second = await ming("POST", "/posts", body, headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]


async def test_a_removed_photo_is_in_no_card(client: httpx.AsyncClient, join: Join, app_state: AppState) -> None:
    ming = join("小明")
    kept, gone = await upload(app_state, ming), await upload(app_state, ming)
    post = (await ming("POST", "/posts", {"media_ids": [gone, kept]})).json()
    assert gone in (await client.get(f"/posts/{post['id']}")).text
    await app_state.pool.execute(
        "UPDATE media SET removed_at = now(), removed_for = 'taken_down' WHERE id = $1", int(gone)
    )
    read = (await client.get(f"/posts/{post['id']}")).json()
    assert [each["id"] for each in read["media"]] == [kept]
