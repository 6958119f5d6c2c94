"""The page of a post: what people without the app and crawlers get of it, and what is done about comments by plain forms."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from feed.api.state import AppState
from tests.api.pages.community.conftest import Visit
from tests.support import make, make_media
from tests.support.api import Join, Person
from tests.support.pages import BrowserClient

META = re.compile(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">')
COMMENTS = re.compile(r'<article class="comment[^"]*" id="comment-(\d+)"')


async def publish(person: Person, text: str = "在深圳湾读书", **more: Any) -> str:
    return str((await person("POST", "/posts", {"text": text, **more})).json()["id"])


async def say(person: Person, post_id: str, text: str, reply_to: str | None = None) -> str:
    made = await person("POST", f"/posts/{post_id}/comments", {"text": text, "reply_to_id": reply_to})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def shared(page: httpx.Response) -> dict[str, str]:
    return dict(META.findall(page.text))


async def test_a_link_in_a_chat_shows_title_words_and_a_small_picture(
    browser: BrowserClient, join: Join, app_state: AppState
) -> None:
    author = join("阿珍")
    author_id = int((await author("GET", "/me")).json()["id"])
    photo = await make_media.medium(app_state.pool, author_id)
    await app_state.pool.execute(
        "UPDATE media SET renditions = $2 WHERE id = $1",
        photo,
        [
            {"name": n, "file": f, "content_type": "image/jpeg", "width": 480, "height": 360, "byte_count": 9}
            for n, f in (("full", "full.webp"), ("list", "list.webp"), ("list_jpeg", "list.jpg"))
        ],
    )
    plain = await publish(author, "第一行\n" + "长" * 300)
    with_photo = await publish(author, "有照片", media_ids=[str(photo)])
    for path in (f"/posts/{with_photo}", f"/p/{with_photo}"):
        page = await browser.get(path)
        meta = shared(page)
        assert meta["og:title"] == "阿珍的鹏友圈"
        assert meta["og:description"] == meta["description"] == "有照片"
        assert meta["og:image"].endswith("/list.jpg")
        assert meta["og:image"].startswith("http")
        assert meta["og:url"].endswith(f"/p/{with_photo}")
        assert re.findall(r'<link rel="canonical" href="([^"]+)"', page.text) == [meta["og:url"]]
    meta = shared(await browser.get(f"/p/{plain}"))
    assert len(meta["description"]) <= 121
    picture = httpx.URL(meta["og:image"])
    served = await browser.get(picture.path)
    assert served.headers["content-type"] == "image/png"
    assert len(served.content) < 50_000


@pytest.mark.parametrize("state", ["pending", "rejected", "removed", "deleted"])
async def test_a_post_that_others_do_not_see_gives_a_crawler_nothing(
    browser: BrowserClient, join: Join, app_state: AppState, visit: Visit, state: str
) -> None:
    author = join("阿珍")
    author_id = int((await author("GET", "/me")).json()["id"])
    post_id = await make.post(app_state.pool, author_id, state=state)
    await app_state.pool.execute("UPDATE post_revisions SET text = '藏起来的字' WHERE post_id = $1", post_id)
    for path in (f"/posts/{post_id}", f"/p/{post_id}"):
        page = await browser.get(path)
        assert page.status_code == 404
        assert "og:" not in page.text
        assert "藏起来的字" not in page.text
    if state != "deleted":
        own = await (await visit(author)).get(f"/posts/{post_id}")
        assert own.status_code == 200
        assert "藏起来的字" in own.text
        assert "og:" not in own.text
        assert own.headers["cache-control"].startswith("private")


async def test_every_comment_is_reached_by_links(browser: BrowserClient, join: Join) -> None:
    author = join("阿珍")
    post_id = await publish(author)
    made = [await say(author, post_id, f"第{n}") for n in range(23)]
    made += [await say(author, post_id, f"回{n}", made[0]) for n in range(25)]
    for sort in ("oldest", "newest", "hot"):
        seen: list[str] = []
        href: str | None = f"/posts/{post_id}?sort={sort}"
        while href is not None:
            page = await browser.get(href)
            assert page.status_code == 200
            seen += COMMENTS.findall(page.text)
            assert len(COMMENTS.findall(page.text)) <= 20 * 4
            found = re.search(r'rel="next" href="([^"]+)"', page.text)
            href = found[1].replace("&amp;", "&").partition("#")[0] if found else None
        assert len(seen) == len(set(seen)) == 23 + 3, sort
    seen, href = [], f"/posts/{post_id}?comment_id={made[0]}"
    while href is not None:
        page = await browser.get(href)
        seen += [each for each in COMMENTS.findall(page.text) if each != made[0]]
        found = re.search(r'rel="next" href="([^"]+)"', page.text)
        href = found[1].replace("&amp;", "&").partition("#")[0] if found else None
    assert seen == made[23:]


async def test_a_link_to_a_comment_lands_in_a_thread_of_any_length(
    browser: BrowserClient, join: Join, app_state: AppState
) -> None:
    author = join("阿珍")
    post_id = await publish(author)
    root = await say(author, post_id, "根")
    replies = [await say(author, post_id, f"回{n}", root) for n in range(45)]
    page = await browser.get(f"/posts/{post_id}?comment_id={replies[-1]}")
    assert COMMENTS.findall(page.text)[:2] == [root, replies[-1]]
    assert f'class="comment target" id="comment-{replies[-1]}" tabindex="-1" autofocus' in page.text
    assert page.text.count("autofocus") == 1
    moved = await browser.get(f"/comments/{replies[-1]}")
    assert moved.headers["location"] == f"/posts/{post_id}?comment_id={replies[-1]}"
    other = await publish(author, "另一条")
    for wrong in (replies[-1], "1", "x", "%3Cscript%3E"):
        missing = await browser.get(f"/posts/{other}?comment_id={wrong}")
        assert missing.status_code == 200
        assert "已经不在了" in missing.text


async def test_comments_are_written_liked_edited_and_deleted_by_plain_forms(join: Join, visit: Visit) -> None:
    author, reader = join("阿珍"), join("小明")
    post_id = await publish(author)
    browser = await visit(reader)
    path = f"/posts/{post_id}"
    page = await browser.get(path)
    answer = await browser.send(page, f"{path}/comments", {"text": "写得真好"})
    assert answer.status_code == 303
    page = await browser.get(answer.headers["location"].partition("#")[0])
    (comment,) = COMMENTS.findall(page.text)
    token = {"session_token": re.search(r'name="session_token" value="([^"]+)"', page.text)[1]}  # type: ignore[index]

    liked = await browser.post(f"/comments/{comment}/like", {**token, "back": path})
    assert liked.headers["location"] == f"{path}#comment-{comment}"
    assert (await reader("GET", f"/comments/{comment}")).json()["root"]["liked_by_me"] is True
    await browser.post(f"/comments/{comment}/unlike", {**token, "back": path})
    assert (await reader("GET", f"/comments/{comment}")).json()["root"]["like_count"] == 0

    form = await browser.get(f"{path}?comment_id={comment}&reply_to={comment}")
    assert "回复 <b>小明</b>" in form.text
    answer = await browser.send(form, f"{path}/comments", {"text": "再说一句"})
    thread = await browser.get(answer.headers["location"])
    assert len(COMMENTS.findall(thread.text)) == 2

    form = await browser.get(f"/comments/{comment}/edit")
    assert ">写得真好</textarea>" in form.text
    answer = await browser.send(form, f"/comments/{comment}/edit", {"text": "写得很好"})
    assert answer.headers["location"] == f"{path}?comment_id={comment}"
    assert "写得很好" in (await browser.get(answer.headers["location"])).text

    assert (await browser.post(f"/comments/{comment}/delete", {**token, "back": path})).headers["location"] == path
    assert "评论已删除" in (await browser.get(path)).text

    owner = await visit(author)
    page = await owner.get(path)
    token = {"session_token": re.search(r'name="session_token" value="([^"]+)"', page.text)[1]}  # type: ignore[index]
    other = await say(reader, post_id, "另一句")
    for change, member, value in (
        ("feature", "featured", True),
        ("unfeature", "featured", False),
        ("hide", "hidden", True),
        ("unhide", "hidden", False),
    ):
        assert (await owner.post(f"/comments/{other}/{change}", {**token, "back": path})).status_code == 303
        assert (await author("GET", f"/comments/{other}")).json()["root"][member] is value
    assert (await owner.post(f"/comments/{other}/promote", token)).status_code == 404


async def test_a_refused_comment_keeps_its_text_beside_the_reason(join: Join, visit: Visit) -> None:
    author, reader = join("阿珍"), join("小明")
    post_id = await publish(author)
    browser = await visit(reader)
    path = f"/posts/{post_id}"
    page = await browser.get(path)
    long = "很长" * 300
    refused = await browser.send(page, f"{path}/comments", {"text": long})
    assert refused.status_code == 422
    assert f">{long}</textarea>" in refused.text
    assert 'aria-invalid="true"' in refused.text
    assert 'role="alert" data-problem>' in refused.text
    await author("PATCH", f"/posts/{post_id}", {"comment_policy": "nobody"})
    closed = await browser.send(page, f"{path}/comments", {"text": "还能说吗"})
    assert closed.status_code == 409
    assert "还能说吗" in closed.text


async def test_the_same_form_sent_five_times_at_once_makes_one_comment(join: Join, visit: Visit) -> None:
    author, reader = join("阿珍"), join("小明")
    post_id = await publish(author)
    browser = await visit(reader)
    page = await browser.get(f"/posts/{post_id}")
    action = f"/posts/{post_id}/comments"
    answers = await asyncio.gather(*(browser.send(page, action, {"text": "只说一次"}) for _ in range(5)))
    assert [each.status_code for each in answers] == [303] * 5
    assert (await reader("GET", f"/posts/{post_id}")).json()["comment_count"] == 1


async def test_a_public_page_of_a_post_holds_nothing_of_a_reader(browser: BrowserClient, join: Join) -> None:
    post_id = await publish(join("阿珍"))
    page = await browser.get(f"/posts/{post_id}")
    assert page.headers["cache-control"].startswith("public")
    assert "set-cookie" not in page.headers
    assert "token" not in page.text


async def test_who_may_not_comment_reads_why(browser: BrowserClient, join: Join, visit: Visit) -> None:
    author, reader = join("阿珍"), join("小明")
    post_id = await publish(author, comment_policy="nobody")
    assert "登录后评论" in (await browser.get(f"/posts/{post_id}")).text
    assert "作者关闭了评论" in (await (await visit(reader)).get(f"/posts/{post_id}")).text


async def test_parameters_that_mean_nothing_never_fail(browser: BrowserClient, join: Join, visit: Visit) -> None:
    author = join("阿珍")
    post_id = await publish(author)
    for opened in (browser, await visit(author)):
        for query in ("sort=x", "comment_id=", "reply_to=9", "reply_to=%00", "cursor=", "comment_id=%ff", "sort=%22"):
            assert (await opened.get(f"/posts/{post_id}?{query}")).status_code in (200, 400, 422), query
        # A name that no path can hold names nothing, like any other.
        for name in ("comment_id", "reply_to"):
            for value in ("a/b", "../../me", "//x"):
                assert (await opened.get(f"/posts/{post_id}", params={name: value})).status_code == 200, (name, value)
        for id_ in ("0", "x", "%2e%2e", "9" * 60, "1%2Flikes", "%00"):
            assert (await opened.get(f"/posts/{id_}")).status_code in (400, 404), id_
            assert (await opened.get(f"/comments/{id_}")).status_code in (400, 404), id_


@pytest.mark.parametrize(
    ("states", "says"),
    [
        (("processing",), "照片或视频处理中"),
        (("ready", "failed"), "有照片或视频处理失败"),
        (("processing", "failed"), "有照片或视频处理失败"),
    ],
)
async def test_the_author_of_a_post_that_waits_for_its_media_reads_so(
    join: Join, app_state: AppState, visit: Visit, states: tuple[str, ...], says: str
) -> None:
    author = join("阿珍")
    author_id = int((await author("GET", "/me")).json()["id"])
    post_id = await make.post(app_state.pool, author_id)
    for state in states:
        await make_media.medium(app_state.pool, author_id, state=state, post_id=post_id)
    browser = await visit(author)
    for path in (f"/posts/{post_id}", "/me"):
        page = await browser.get(path)
        assert says in page.text
        assert "审核中" not in page.text
        assert (f'href="/posts/{post_id}/edit">去更换' in page.text) == ("failed" in states)


async def test_the_author_of_a_post_in_review_reads_so(join: Join, app_state: AppState, visit: Visit) -> None:
    author = join("阿珍")
    author_id = int((await author("GET", "/me")).json()["id"])
    post_id = await make.post(app_state.pool, author_id, state="pending")
    await make_media.medium(app_state.pool, author_id, post_id=post_id)
    assert "审核中" in (await (await visit(author)).get(f"/posts/{post_id}")).text


async def test_everybody_finds_the_way_to_report(
    browser: BrowserClient, join: Join, visit: Visit, app_state: AppState
) -> None:
    author = join("阿珍")
    post = (await author("POST", "/posts", {"text": "在深圳湾 #读书#"})).json()
    comment = await say(author, post["id"], "好书")
    topic = await app_state.pool.fetchval("SELECT id FROM topics WHERE name = '读书'")
    pages = {
        f"/posts/{post['id']}": {f"kind=post&amp;id={post['id']}", f"kind=comment&amp;id={comment}"},
        f"/users/{post['author']['id']}": {f"kind=user&amp;id={post['author']['id']}"},
        "/topics/%E8%AF%BB%E4%B9%A6": {f"kind=topic&amp;id={topic}"},
    }
    for reader in (browser, await visit(join("小明"))):
        for path, wanted in pages.items():
            assert set(re.findall(r'href="/report\?([^"]*)"', (await reader.get(path)).text)) == wanted, path


async def test_one_who_may_not_comment_reads_the_usual_reasons(join: Join, visit: Visit) -> None:
    author, reader = join("阿珍"), join("小明")
    post_id = await publish(author)
    assert (await author("PUT", "/me/protection", {})).is_success
    page = await (await visit(reader)).get(f"/posts/{post_id}")
    assert 'id="send-comment"' not in page.text
    assert "作者只接受互动过的人评论" in page.text
    assert 'href="/me/decisions"' in page.text


async def test_the_author_sees_the_photos_of_an_edit_that_is_not_public(
    join: Join, app_state: AppState, visit: Visit
) -> None:
    author = join("阿珍")
    author_id = int((await author("GET", "/me")).json()["id"])
    post_id = await publish(author)
    photo = await make_media.medium(app_state.pool, author_id, alt="新的照片")
    edited = await author("PATCH", f"/posts/{post_id}", {"media_ids": [str(photo)]})
    assert edited.status_code == 200, edited.text
    await app_state.pool.execute("UPDATE posts SET revision = 1 WHERE id = $1", int(post_id))
    browser = await visit(author)
    shown = (await browser.get(f"/posts/{post_id}")).text
    assert re.search(r"修改后的照片或视频.*?新的照片", shown, re.S)
    await make_media.fail(app_state.pool, photo)
    assert re.search(r"修改后的照片或视频.*?处理失败", (await browser.get(f"/posts/{post_id}")).text, re.S)


async def test_a_closed_topic_says_so_and_asks_for_no_posts(browser: BrowserClient, join: Join) -> None:
    await publish(join("阿珍"), "在深圳湾 #读书#")
    path = "/topics/%E8%AF%BB%E4%B9%A6"
    assert "参与话题" in (await browser.get(path)).text
    editor = join("编辑", roles=("editor",))
    changed = await editor("PATCH", f"/admin{path}", {"state": "closed"})
    assert changed.is_success, changed.text
    closed = await browser.get(path)
    assert "话题已关闭" in closed.text
    assert "参与话题" not in closed.text
