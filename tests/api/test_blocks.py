"""Blocks: what a blocked user may take back, whose names they hide, and that staff and jurors see whom they judge."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from feed.api.state import AppState
from feed.screens.staff.pushes import list_bodies
from tests.support import make
from tests.support.api import Join, Person
from tests.support.notifications import Town


class Scene:
    """An author and a reader who have written, liked and answered before one of them blocks the other."""

    def __init__(self, app_state: AppState, join: Join) -> None:
        self.pool = app_state.pool
        self.author, self.reader, self.other = join("作者"), join("读者"), join("旁人")
        self.join = join

    async def begin(self) -> "Scene":
        self.ids = {p: str((await p("GET", "/me")).json()["id"]) for p in (self.author, self.reader, self.other)}
        self.post = await said(self.author, "/posts", "一条")
        self.theirs = await said(self.author, f"/posts/{self.post}/comments", "自己的评论")
        self.mine = await said(self.reader, f"/posts/{self.post}/comments", "我的评论")
        self.answer = await said(self.other, f"/posts/{self.post}/comments", "回复", reply_to_id=self.theirs)
        for path in (f"/posts/{self.post}/like", f"/comments/{self.theirs}/like"):
            assert (await self.reader("PUT", path)).json()["liked"] is True
        return self

    async def block(self, one: Person, other: Person, kind: str = "block") -> None:
        assert (await one("PUT", f"/users/{self.ids[other]}/{kind}")).status_code == 200


async def said(person: Person, path: str, text: str, **more: Any) -> str:
    answer = await person("POST", path, {"text": text, **more})
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


@pytest.fixture
async def scene(app_state: AppState, join: Join) -> Scene:
    return await Scene(app_state, join).begin()


Block = Callable[[Scene], Awaitable[None]]


async def by_the_author(scene: Scene) -> None:
    await scene.block(scene.author, scene.reader)


async def by_the_reader(scene: Scene) -> None:
    await scene.block(scene.reader, scene.author)


@pytest.mark.parametrize("block", [by_the_author, by_the_reader])
async def test_what_was_done_before_a_block_is_taken_back(scene: Scene, block: Block) -> None:
    await block(scene)
    for path in (f"/posts/{scene.post}/like", f"/comments/{scene.theirs}/like"):
        assert (await scene.reader("PUT", path)).status_code == 404
        for _ in range(2):
            taken = await scene.reader("DELETE", path)
            assert (taken.status_code, taken.json()) == (200, {"liked": False, "like_count": 0})
        assert (await scene.reader("PUT", path)).status_code == 404
    for _ in range(2):
        assert (await scene.reader("DELETE", f"/comments/{scene.mine}")).status_code == 204


@pytest.mark.parametrize("kind", ["block", "mute"])
async def test_a_relation_to_an_erased_account_ends(scene: Scene, kind: str) -> None:
    await scene.block(scene.reader, scene.author, kind)
    author = scene.ids[scene.author]
    await scene.pool.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", int(author))
    ended = await scene.reader("DELETE", f"/users/{author}/{kind}")
    assert (ended.status_code, ended.json()) == (200, {"user_id": author, "blocked": False, "muted": False})
    assert (await scene.reader("DELETE", f"/users/{author}/{kind}")).status_code == 404


async def replied_to(person: Person, post: str, answer: str) -> list[dict[str, str]]:
    """What each list that contains the reply says of the comment it answers."""
    found = []
    for path in (f"/posts/{post}/comments?sort={sort}" for sort in ("oldest", "newest", "hot")):
        roots = (await person("GET", path)).json()["items"]
        found += [each["reply_to"] for root in roots for each in root["replies"] if each["id"] == answer]
        for root in roots:
            replies = (await person("GET", f"/comments/{root['id']}/replies")).json()["items"]
            found += [each["reply_to"] for each in replies if each["id"] == answer]
    return found


@pytest.mark.parametrize("kind", ["block", "mute", "blocked"])
async def test_a_reply_does_not_name_whom_its_reader_is_not_shown(scene: Scene, kind: str) -> None:
    # Below a root of a third user, so that the reply is shown.
    post = await said(scene.other, "/posts", "另一条")
    root = await said(scene.other, f"/posts/{post}/comments", "第一条")
    answered = await said(scene.author, f"/posts/{post}/comments", "作者的回复", reply_to_id=root)
    answer = await said(scene.other, f"/posts/{post}/comments", "回作者", reply_to_id=answered)
    named = {"id": answered, "author_name": "作者"}
    assert {each["author_name"] for each in await replied_to(scene.reader, post, answer)} == {"作者"}
    if kind == "blocked":
        await scene.block(scene.author, scene.reader)
    else:
        await scene.block(scene.reader, scene.author, kind)
    found = await replied_to(scene.reader, post, answer)
    assert len(found) == 6
    assert {each["author_name"] for each in found} == {""}
    assert named in await replied_to(scene.other, post, answer)


@pytest.mark.parametrize("kind", ["block", "mute", "blocked", "erased"])
async def test_the_notification_of_likes_names_nobody_whom_its_reader_is_not_shown(scene: Scene, kind: str) -> None:
    third = scene.join("第三人")
    scene.ids[third] = str((await third("GET", "/me")).json()["id"])
    for person in (scene.other, third):
        assert (await person("PUT", f"/posts/{scene.post}/like")).status_code == 200
    await Town(scene.pool).follow()
    (before,) = (await scene.author("GET", "/me/inbox?kind=like")).json()["items"]
    assert before["subject"]["names"] == ["第三人", "旁人", "读者"]
    if kind == "erased":
        await scene.pool.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", int(scene.ids[third]))
    elif kind == "blocked":
        await scene.block(third, scene.author)
    else:
        await scene.block(scene.author, third, kind)
    (after,) = (await scene.author("GET", "/me/inbox?kind=like")).json()["items"]
    assert after["subject"]["names"] == ["旁人", "读者"]
    assert "第三人" not in str(after)
    assert scene.ids[third] not in str(after)
    async with scene.pool.acquire() as conn:
        (body,) = (await list_bodies(conn, [int(after["id"])])).values()
    assert (body.title, body.body) == (after["title"], after["body"])
    if kind != "erased":
        likers = (await scene.author("GET", f"/posts/{scene.post}/likes")).json()["items"]
        assert [each["user"]["name"] for each in likers] == ["旁人", "读者"]


@pytest.mark.parametrize("role", ["reviewer", "editor", "admin"])
async def test_staff_see_whom_a_block_hides_and_answer_nothing(scene: Scene, role: str) -> None:
    staff = scene.join("值班", roles=(role,))
    scene.ids[staff] = str((await staff("GET", "/me")).json()["id"])
    await scene.block(scene.author, staff)
    post = (await staff("GET", f"/posts/{scene.post}")).json()
    assert (post["author"]["name"], post["viewer"]["can_comment"]) == ("作者", False)
    assert (await staff("GET", f"/users/{scene.ids[scene.author]}")).status_code == 200
    comments = (await staff("GET", f"/posts/{scene.post}/comments")).json()["items"]
    assert scene.theirs in [each["id"] for each in comments]
    listed = (await staff("GET", "/feeds/latest")).json()["items"]
    assert [each["viewer"]["can_comment"] for each in listed if each["id"] == scene.post] == [False]
    assert (await staff("POST", f"/posts/{scene.post}/comments", {"text": "好"})).status_code == 404
    assert (await staff("PUT", f"/posts/{scene.post}/like")).status_code == 404
    # With the role the block hides again.
    await scene.pool.execute("UPDATE staff_rights SET revoked_at = now()")
    assert (await staff("GET", f"/posts/{scene.post}")).status_code == 404


async def test_a_juror_sees_the_author_of_an_entry_until_the_seat_ends(scene: Scene) -> None:
    campaign = await make.campaign(scene.pool, topic_name="评审")
    await scene.pool.execute(
        "INSERT INTO entries (campaign_id, post_id, author_id, entered_at) VALUES ($1, $2, $3, now())",
        campaign,
        int(scene.post),
        int(scene.ids[scene.author]),
    )
    await scene.block(scene.author, scene.reader)
    assert (await scene.reader("GET", f"/posts/{scene.post}")).status_code == 404
    await make.juror(scene.pool, campaign, int(scene.ids[scene.reader]))
    assert (await scene.reader("GET", f"/posts/{scene.post}")).status_code == 200
    await scene.pool.execute("UPDATE jurors SET removed_at = now()")
    assert (await scene.reader("GET", f"/posts/{scene.post}")).status_code == 404
