"""A reviewer's edit: the next stage approves it, another person, and the author reads both texts."""

from typing import Any

import httpx
import pytest

from tests.support.api import Join, Person

WRONG, RIGHT = "周末书市上午九点开是", "周末书市上午九点开始"


async def case_of(person: Person, post_id: str) -> dict[str, Any]:
    """The newest open case of the post."""
    items = (await person("GET", f"/moderation/cases?subject_id={post_id}")).json()["items"]
    found: dict[str, Any] = max(items, key=lambda case: int(case["id"]))
    return found


async def revise(person: Person, case: dict[str, Any], text: str = RIGHT, **more: Any) -> httpx.Response:
    return await person("POST", f"/moderation/cases/{case['id']}/revision", {"text": text} | more)


async def approve(person: Person, case: dict[str, Any], verdict: str = "approve") -> httpx.Response:
    body = {"verdict": verdict, "version": case["version"], "reason_code": "fine" if verdict == "approve" else "spam"}
    return await person("POST", f"/moderation/cases/{case['id']}/verdict", body)


class Scene:
    def __init__(self, join: Join, client: httpx.AsyncClient) -> None:
        self.client = client
        self.author = join("小明", phone="+8613900000001")
        self.first, self.second = join("一审", roles=("reviewer",)), join("二审", roles=("reviewer",))

    async def publish(self) -> str:
        return str((await self.author("POST", "/posts", {"text": WRONG})).json()["id"])

    async def seen(self, post_id: str) -> str:
        return str((await self.client.get(f"/posts/{post_id}")).json()["text"])


@pytest.fixture
def scene(join: Join, client: httpx.AsyncClient) -> Scene:
    return Scene(join, client)


async def test_a_reviewers_text_is_shown_when_another_person_approves_it(scene: Scene) -> None:
    post = await scene.publish()
    case = await case_of(scene.first, post)
    revised = await revise(scene.first, case, version=case["version"])
    assert revised.status_code == 200, revised.text
    waiting = revised.json()
    assert (waiting["subject"]["text"], waiting["subject"]["revision"], waiting["stage"]) == (RIGHT, 2, 2)
    assert waiting["subject"]["author"]["name"] == "小明"
    assert await scene.seen(post) == WRONG

    own = await approve(scene.first, waiting)
    assert (own.status_code, own.json()["code"]) == (403, "own_subject")
    assert (await approve(scene.second, waiting)).status_code == 200
    assert await scene.seen(post) == RIGHT


async def test_its_author_learns_of_it_and_reads_both_texts(scene: Scene) -> None:
    post = await scene.publish()
    await revise(scene.first, await case_of(scene.first, post))
    (note,) = (await scene.author("GET", "/me/inbox?kind=review_result")).json()["items"]
    assert note["subject"] == {"kind": "post", "id": post, "revision": 2}
    items = (await scene.author("GET", f"/posts/{post}/revisions")).json()["items"]
    assert [(each["text"], each["written_by"], each["state"]) for each in items] == [
        (RIGHT, "staff", "pending"),
        (WRONG, "author", "published"),
    ]


async def test_a_refused_edit_leaves_what_others_see(scene: Scene) -> None:
    post = await scene.publish()
    waiting = (await revise(scene.first, await case_of(scene.first, post))).json()
    assert (await approve(scene.second, waiting, "reject")).status_code == 200
    assert await scene.seen(post) == WRONG
    items = (await scene.author("GET", f"/posts/{post}/revisions")).json()["items"]
    assert [each["state"] for each in items] == ["rejected", "published"]


async def test_the_versions_of_a_post_are_for_its_author_and_staff(scene: Scene, join: Join) -> None:
    post = await scene.publish()
    assert (await scene.client.get(f"/posts/{post}/revisions")).status_code == 401
    other = await join("别人")("GET", f"/posts/{post}/revisions")
    assert (other.status_code, other.json()["code"]) == (403, "not_your_post")
    assert (await scene.second("GET", f"/posts/{post}/revisions")).status_code == 200
    unknown = await scene.author("GET", "/posts/1/revisions")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "post_not_found")


async def test_own_posts_leased_cases_and_other_versions_are_not_edited(scene: Scene, join: Join) -> None:
    post = await scene.publish()
    case = await case_of(scene.first, post)
    own = await revise(join("马甲", roles=("reviewer",), phone="+8613900000001"), case)
    assert (own.status_code, own.json()["code"]) == (403, "own_subject")
    stale = await revise(scene.first, case, version=case["version"] + 1)
    assert (stale.status_code, stale.json()["code"]) == (409, "case_stale")
    await scene.second("POST", "/moderation/cases/lease", {"count": 1})
    leased = await revise(scene.first, case)
    assert (leased.status_code, leased.json()["code"]) == (409, "case_leased")
    assert (await revise(scene.second, case)).status_code == 200
    unknown = await revise(scene.first, {"id": "1"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "case_not_found")


@pytest.mark.parametrize(("text", "code"), [(WRONG, "unchanged"), ("", "required"), ("字" * 2001, "too_long")])
async def test_the_text_of_an_edit_is_validated(scene: Scene, text: str, code: str) -> None:
    case = await case_of(scene.first, await scene.publish())
    answer = await revise(scene.first, case, text)
    assert answer.status_code == 422, answer.text
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [("text", code)]


async def test_a_reviewers_text_of_a_comment_is_shown_when_another_person_approves_it(scene: Scene) -> None:
    post = await scene.publish()
    comment = (await scene.author("POST", f"/posts/{post}/comments", {"text": WRONG})).json()["id"]
    case = await case_of(scene.first, comment)
    long = await revise(scene.first, case, "字" * 501)
    assert [(each["field"], each["code"]) for each in long.json()["errors"]] == [("text", "too_long")]
    waiting = (await revise(scene.first, case, version=case["version"])).json()
    assert (waiting["subject"]["id"], waiting["subject"]["text"], waiting["stage"]) == (comment, RIGHT, 2)
    again = await revise(scene.first, case)
    assert (again.status_code, again.json()["code"]) == (409, "case_stale")
    other = await revise(scene.second, waiting)
    assert [(each["field"], each["code"]) for each in other.json()["errors"]] == [("text", "unchanged")]

    async def shown(call: Any) -> list[str]:
        return [each["text"] for each in (await call("GET", f"/posts/{post}/comments")).json()["items"]]

    assert await shown(scene.client.request) == [WRONG]
    (note,) = (await scene.author("GET", "/me/inbox?kind=review_result")).json()["items"]
    assert note["subject"] == {"kind": "comment", "id": comment, "revision": 2}
    (own,) = (await scene.author("GET", f"/posts/{post}/comments")).json()["items"]
    assert (own["text"], own["review"]["text"], own["review"]["stage"]) == (WRONG, RIGHT, 2)
    history = (await scene.second("GET", f"/moderation/cases/{waiting['id']}/history")).json()["revisions"]
    assert [(each["revision"], each["author"]["name"]) for each in history] == [(2, "一审"), (1, "小明")]

    refused = await approve(scene.first, waiting)
    assert (refused.status_code, refused.json()["code"]) == (403, "own_subject")
    assert (await approve(scene.second, waiting)).status_code == 200
    assert await shown(scene.client.request) == await shown(scene.author) == [RIGHT]
    (own,) = (await scene.author("GET", f"/posts/{post}/comments")).json()["items"]
    assert "review" not in own


async def test_an_edit_of_what_is_removed_or_superseded_or_no_text_is_a_conflict(scene: Scene, join: Join) -> None:
    post = await scene.publish()
    case = await case_of(scene.first, post)
    author_id = (await scene.author("GET", "/me")).json()["id"]
    await join("读者")("POST", "/reports", {"target": {"kind": "user", "id": author_id}, "reason_code": "spam"})
    answer = await revise(scene.first, await case_of(scene.first, author_id))
    assert (answer.status_code, answer.json()["code"]) == (409, "verdict_not_applicable")
    await scene.author("PATCH", f"/posts/{post}", {"text": "作者自己的新版"})
    answer = await revise(scene.first, case)
    assert (answer.status_code, answer.json()["code"]) == (409, "case_stale")
    case = await case_of(scene.first, post)
    assert (await approve(scene.second, case, "remove")).status_code == 200
    answer = await revise(scene.first, case)
    assert (answer.status_code, answer.json()["code"]) == (409, "case_stale")
    assert answer.json()["decision"]["verdict"] == "remove"


async def test_a_repeated_edit_adds_one_revision(scene: Scene) -> None:
    post = await scene.publish()
    case = await case_of(scene.first, post)
    for _ in range(2):
        answer = await scene.first(
            "POST", f"/moderation/cases/{case['id']}/revision", {"text": RIGHT}, headers={"Idempotency-Key": "k1"}
        )
        assert answer.status_code == 200
    items = (await scene.author("GET", f"/posts/{post}/revisions")).json()["items"]
    assert [each["revision"] for each in items] == [2, 1]
