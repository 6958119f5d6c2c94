"""Editing a comment, hiding it under one's own post, and putting it first."""

from typing import Any, NamedTuple

import httpx
import pytest

from feed.accounts.model import AccountId
from feed.api.state import AppState
from feed.comments.edits import edit_comment
from feed.comments.model import CommentId
from tests.support import make
from tests.support.api import Join, Person


class Scene(NamedTuple):
    owner: Person
    author: Person
    other: Person
    reviewer: Person
    post: str
    comment: str


@pytest.fixture
async def scene(join: Join) -> Scene:
    owner, author, other = join("楼主"), join("评论者"), join("旁人")
    post = (await owner("POST", "/posts", {"text": "一条动态"})).json()["id"]
    comment = (await author("POST", f"/posts/{post}/comments", {"text": "原来的"})).json()["id"]
    return Scene(owner, author, other, join("审读", roles=("reviewer",)), post, comment)


async def listed(person: Person | httpx.AsyncClient, post: str, query: str = "") -> list[dict[str, Any]]:
    call = person.request if isinstance(person, httpx.AsyncClient) else person
    items: list[dict[str, Any]] = (await call("GET", f"/posts/{post}/comments{query}")).json()["items"]
    return items


async def texts(person: Person | httpx.AsyncClient, post: str, query: str = "") -> list[str]:
    return [each["text"] for each in await listed(person, post, query)]


async def case_of(scene: Scene, comment: str) -> dict[str, Any]:
    cases = (await scene.reviewer("GET", f"/moderation/cases?kind=comment&subject_id={comment}")).json()["items"]
    return max(cases, key=lambda case: case["subject"]["revision"] or 0)


async def test_an_edit_is_shown_at_once_and_marked(
    scene: Scene, client: httpx.AsyncClient, app_state: AppState
) -> None:
    edited = await scene.author("PATCH", f"/comments/{scene.comment}", {"text": "改过的"})
    assert edited.status_code == 200, edited.text
    assert (edited.json()["text"], edited.json()["edited_at"] is None) == ("改过的", False)
    (shown,) = await listed(client, scene.post)
    assert (shown["text"], shown["edited_at"]) == ("改过的", edited.json()["edited_at"])
    again = await scene.author("PATCH", f"/comments/{scene.comment}", {"text": "改过的"})
    assert again.json() == edited.json()
    rows = await app_state.pool.fetch("SELECT revision, text, approved_at FROM comment_revisions ORDER BY revision")
    assert [(row["revision"], row["text"]) for row in rows] == [(1, "原来的"), (2, "改过的")]
    assert all(row["approved_at"] for row in rows)
    case = await case_of(scene, scene.comment)
    assert (case["subject"]["text"], case["subject"]["revision"]) == ("改过的", 2)
    history = (await scene.reviewer("GET", f"/moderation/cases/{case['id']}/history")).json()
    assert {each["text"] for each in history["revisions"]} == {"原来的", "改过的"}


async def test_an_edit_that_waits_leaves_the_approved_text(
    scene: Scene, client: httpx.AsyncClient, app_state: AppState
) -> None:
    await edit_under_review(scene, app_state, "待审的")
    assert await texts(client, scene.post) == await texts(scene.other, scene.post) == ["原来的"]
    (own,) = await listed(scene.author, scene.post)
    (public,) = await listed(scene.owner, scene.post)
    assert (own["text"], own["state"], own["review"]["text"]) == ("原来的", "published", "待审的")
    assert own["review"]["expected_at"] is not None
    # No trace for others.
    assert ("review" in public, public["edited_at"]) == (False, None)
    case = await case_of(scene, scene.comment)
    assert case["subject"]["text"] == "待审的"
    body = {"verdict": "approve", "version": case["version"]}
    judged = await scene.reviewer("POST", f"/moderation/cases/{case['id']}/verdict", body)
    assert judged.status_code == 200, judged.text
    assert await texts(client, scene.post) == ["待审的"]


async def test_a_refused_edit_leaves_the_approved_text(
    scene: Scene, client: httpx.AsyncClient, app_state: AppState
) -> None:
    await edit_under_review(scene, app_state, "不行的")
    case = await case_of(scene, scene.comment)
    body = {"verdict": "reject", "reason_code": "spam", "version": case["version"]}
    assert (await scene.reviewer("POST", f"/moderation/cases/{case['id']}/verdict", body)).status_code == 200
    assert await texts(client, scene.post) == ["原来的"]
    (own,) = await listed(scene.author, scene.post)
    assert own["review"] == {"stage": 1, "stages": 1, "reason_code": "spam", "expected_at": None, "text": "不行的"}


async def test_editing_a_comment_that_waits_never_publishes_it(
    scene: Scene, client: httpx.AsyncClient, app_state: AppState
) -> None:
    await app_state.pool.execute("UPDATE comments SET state = 'pending' WHERE id = $1", int(scene.comment))
    assert (await scene.author("PATCH", f"/comments/{scene.comment}", {"text": "改了也等"})).status_code == 200
    assert await texts(client, scene.post) == []
    assert await texts(scene.author, scene.post) == ["改了也等"]


async def edit_under_review(scene: Scene, app_state: AppState, text: str) -> None:
    """An edit at a site whose comments need one approval."""
    author_id = AccountId(int((await scene.author("GET", "/me")).json()["id"]))
    await edit_comment(app_state.pool, author_id, CommentId(int(scene.comment)), text, stages=1)


@pytest.mark.parametrize("state", ["removed", "rejected"])
async def test_what_is_hidden_by_a_verdict_is_not_edited(scene: Scene, app_state: AppState, state: str) -> None:
    await app_state.pool.execute("UPDATE comments SET state = $2 WHERE id = $1", int(scene.comment), state)
    answer = await scene.author("PATCH", f"/comments/{scene.comment}", {"text": "改"})
    assert (answer.status_code, answer.json()["code"]) == (409, "comment_not_editable")


async def test_who_may_not_comment_may_not_edit(scene: Scene, app_state: AppState) -> None:
    path, body = f"/comments/{scene.comment}", {"text": "改"}

    async def code(person: Person) -> str:
        return str((await person("PATCH", path, body)).json().get("code"))

    assert await code(scene.other) == "not_your_comment"
    await scene.owner("PUT", "/me/protection", {})
    assert await code(scene.author) == "comments_limited"
    await scene.owner("DELETE", "/me/protection")
    await scene.owner("PATCH", f"/posts/{scene.post}", {"comment_policy": "nobody"})
    assert await code(scene.author) == "comments_closed"
    await scene.owner("PATCH", f"/posts/{scene.post}", {"comment_policy": "everyone"})
    author_id = (await scene.author("GET", "/me")).json()["id"]
    await scene.owner("PUT", f"/users/{author_id}/block")
    assert await code(scene.author) == "post_not_found"
    await scene.owner("DELETE", f"/users/{author_id}/block")
    await make.ban(app_state.pool, int(author_id), kind="mute")
    assert await code(scene.author) == "muted"
    await make.ban(app_state.pool, int(author_id))
    assert await code(scene.author) == "banned"
    await scene.author("DELETE", path)
    assert await code(scene.author) == "comment_not_found"


async def test_the_author_of_the_post_hides_a_comment_that_its_author_still_sees(
    scene: Scene, client: httpx.AsyncClient
) -> None:
    path = f"/comments/{scene.comment}/hidden"
    for person in (scene.other, scene.author):
        answer = await person("PUT", path)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_your_post")
    count = (await client.get(f"/posts/{scene.post}")).json()["comment_count"]
    for _ in range(2):
        assert (await scene.owner("PUT", path)).json()["hidden"] is True
    assert await listed(client, scene.post) == []
    assert await listed(scene.other, scene.post) == []
    for sort in ("oldest", "newest"):
        for person in (scene.author, scene.owner):
            (seen,) = await listed(person, scene.post, f"?sort={sort}")
            assert (seen["text"], seen["hidden"], seen["state"]) == ("原来的", True, "published")
    assert (await client.get(f"/posts/{scene.post}")).json()["comment_count"] == count - 1
    for _ in range(2):
        assert (await scene.owner("DELETE", path)).json()["hidden"] is False
    assert await texts(client, scene.post) == ["原来的"]
    assert (await client.get(f"/posts/{scene.post}")).json()["comment_count"] == count


async def test_staff_hide_a_comment_and_the_log_says_so(
    scene: Scene, client: httpx.AsyncClient, app_state: AppState
) -> None:
    assert (await scene.reviewer("PUT", f"/comments/{scene.comment}/hidden")).status_code == 200
    assert await listed(client, scene.post) == []
    await scene.reviewer("DELETE", f"/comments/{scene.comment}/hidden")
    acts = await app_state.pool.fetch("SELECT action FROM audit WHERE subject_kind = 'comment' ORDER BY id")
    assert [row["action"] for row in acts] == ["comment.hide", "comment.show"]


async def test_a_hidden_reply_is_seen_by_both_authors_only(scene: Scene, client: httpx.AsyncClient) -> None:
    reply = await scene.other("POST", f"/posts/{scene.post}/comments", {"text": "回复", "reply_to_id": scene.comment})
    await scene.owner("PUT", f"/comments/{reply.json()['id']}/hidden")

    async def replies(call: Any) -> list[str]:
        return [each["text"] for each in (await call("GET", f"/comments/{scene.comment}/replies")).json()["items"]]

    assert await replies(client.request) == await replies(scene.author) == []
    assert await replies(scene.other) == await replies(scene.owner) == ["回复"]


async def test_three_comments_are_put_first(scene: Scene, client: httpx.AsyncClient) -> None:
    made = [scene.comment]
    for number in range(5):
        answer = await scene.other("POST", f"/posts/{scene.post}/comments", {"text": f"第{number}条"})
        made.append(answer.json()["id"])
    for comment in (made[4], made[2], made[3], made[2]):
        answer = await scene.owner("PUT", f"/comments/{comment}/featured")
        assert answer.json()["featured"] is True, answer.text
    full = await scene.owner("PUT", f"/comments/{made[1]}/featured")
    assert (full.status_code, full.json()["code"]) == (409, "featured_full")
    first = [made[4], made[2], made[3]]
    for sort, rest in (("oldest", [made[0], made[1], made[5]]), ("newest", [made[5], made[1], made[0]]), ("hot", None)):
        ids = [each["id"] for each in await listed(client, scene.post, f"?sort={sort}")]
        assert (ids[:3] if rest else sorted(ids[:3])) == (first if rest else sorted(first))
        assert rest is None or ids[3:] == rest
    # Pages have each comment once, also those that have no room for them.
    for limit in (2, 4, 5):
        seen: list[str] = []
        query = f"?limit={limit}"
        while query:
            page = (await client.get(f"/posts/{scene.post}/comments{query}")).json()
            assert len(page["items"]) <= limit
            seen += [each["id"] for each in page["items"]]
            query = f"?limit={limit}&cursor={page['next_cursor']}" if page["next_cursor"] else ""
        assert sorted(seen) == sorted(made)
    # A hidden one gives its place to another.
    await scene.owner("PUT", f"/comments/{made[4]}/hidden")
    assert (await scene.owner("PUT", f"/comments/{made[1]}/featured")).status_code == 200
    assert (await scene.owner("DELETE", f"/comments/{made[1]}/featured")).json()["featured"] is False


async def test_only_the_author_of_the_post_puts_root_comments_first(scene: Scene) -> None:
    for person in (scene.author, scene.reviewer):
        for method in ("PUT", "DELETE"):
            answer = await person(method, f"/comments/{scene.comment}/featured")
            assert (answer.status_code, answer.json()["code"]) == (403, "not_your_post")
    reply = await scene.other("POST", f"/posts/{scene.post}/comments", {"text": "回复", "reply_to_id": scene.comment})
    answer = await scene.owner("PUT", f"/comments/{reply.json()['id']}/featured")
    assert (answer.status_code, answer.json()["code"]) == (409, "comment_not_featurable")


@pytest.mark.parametrize("path", ["hidden", "featured"])
async def test_an_unknown_comment_is_not_found(scene: Scene, path: str) -> None:
    for id_ in ("1", "x"):
        answer = await scene.owner("PUT", f"/comments/{id_}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "comment_not_found")


async def test_what_the_machine_check_refuses_of_an_edit_is_appealed_to_a_person(
    scene: Scene, client: httpx.AsyncClient, join: Join
) -> None:
    words = [{"term": "违禁词", "level": "block", "label": "illegal"}]
    assert (await join("词库", roles=("editor",))("PUT", "/moderation/words", {"words": words})).status_code == 200
    # The places are those of the text as it is stored: composed characters, one place each.
    edited = await scene.author("PATCH", f"/comments/{scene.comment}", {"text": "e\u0301e\u0301违禁词"})
    assert edited.status_code == 200, edited.text
    assert (edited.json()["text"], edited.json()["review"]["reason_code"]) == ("原来的", "illegal")
    case = next(
        each
        for each in (await scene.reviewer("GET", "/moderation/cases?kind=comment&state=closed")).json()["items"]
        if each["subject"]["revision"] == 2
    )
    (hit,) = case["machine"]["labels"]
    assert (hit["start"], hit["length"]) == (2, 3)
    target = {"kind": "comment", "id": scene.comment}
    made = await scene.author("POST", "/appeals", {"target": target, "text": "这里说的是书名"})
    assert made.status_code == 201, made.text
    (appeal,) = (await scene.reviewer("GET", "/moderation/cases?kind=appeal")).json()["items"]
    body = {"verdict": "restore", "version": appeal["version"]}
    judged = await scene.reviewer("POST", f"/moderation/cases/{appeal['id']}/verdict", body)
    assert judged.status_code == 200, judged.text
    # It is the first of the approvals that such a risk asks for.
    case = await case_of(scene, scene.comment)
    assert (case["subject"]["revision"], case["state"], case["stages"]) == (2, "open", 3)
    for name in ("二审", "三审"):
        assert await texts(client, scene.post) == ["原来的"]
        case = await case_of(scene, scene.comment)
        body = {"verdict": "approve", "version": case["version"]}
        judged = await join(name, roles=("reviewer",))("POST", f"/moderation/cases/{case['id']}/verdict", body)
        assert judged.status_code == 200, judged.text
    assert await texts(client, scene.post) == ["éé违禁词"]
