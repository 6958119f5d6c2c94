"""Permissions on cards compared with the operations, in every state and for every kind of viewer."""

from typing import Any

import pytest

from feed.api.state import AppState
from tests.support import make
from tests.support.api import Join, Person

STATES = ("published", "pending", "rejected", "removed", "deleted")
POLICIES = ("everyone", "nobody")
VIEWERS = (
    "anonymous",
    "stranger",
    "author",
    "muted stranger",
    "banned stranger",
    "muted author",
    "banned author",
    "staff",
)
REVIEW = {
    "stage": None,
    "stages": 0,
    "reason_code": None,
    "expected_at": None,
    "revision": 1,
    "text": None,
    "media": None,
}
NOTHING = {"can_edit": False, "can_delete": False, "can_comment": False}


async def me(person: Person) -> int:
    return int((await person("GET", "/me")).json()["id"])


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("state", STATES)
async def test_permissions_on_a_card_match_the_operations(
    app_state: AppState, join: Join, state: str, policy: str, viewer: str
) -> None:
    author, stranger = join("小明"), join("小红", roles=("editor",) if viewer == "staff" else ())
    post = (await author("POST", "/posts", {"text": "读书", "comment_policy": policy})).json()
    if state == "deleted":
        await author("DELETE", f"/posts/{post['id']}")
    else:
        await app_state.pool.execute("UPDATE posts SET state = $2 WHERE id = $1", int(post["id"]), state)
    person = author if viewer.endswith("author") else stranger
    for prefix, kind in (("muted", "mute"), ("banned", "ban")):
        if viewer.startswith(prefix):
            await make.ban(app_state.pool, await me(person), kind=kind)
    if viewer == "anonymous":
        person.headers.clear()

    shown = await person("GET", f"/posts/{post['id']}")
    path = f"/posts/{post['id']}"
    responses = {
        "can_comment": await person("POST", f"{path}/comments", {"text": "好"}),
        "can_edit": await person("PATCH", path, {"text": "读书二"}),
        "can_delete": await person("DELETE", path),
    }
    succeeded = {right: answer.is_success for right, answer in responses.items()}
    if shown.status_code == 404:
        # A post that the viewer may not see allows nothing, except that a second deletion by the author succeeds.
        again = viewer.endswith("author") and state == "deleted"
        assert succeeded == NOTHING | {"can_delete": again}
        assert all(answer.status_code in (401, 404) for right, answer in responses.items() if not succeeded[right])
    else:
        assert shown.json()["viewer"] == succeeded, {right: answer.text for right, answer in responses.items()}
        assert state == "published" or (viewer.endswith("author") and state != "deleted")


async def test_a_page_shows_the_same_permissions_as_the_post(app_state: AppState, join: Join) -> None:
    author, stranger = join("小明"), join("小红")
    post = (await author("POST", "/posts", {"text": "读书 #读书#"})).json()
    await make.ban(app_state.pool, await me(stranger), kind="mute")
    for person in (author, stranger):
        alone = (await person("GET", f"/posts/{post['id']}")).json()["viewer"]
        for path in ("/feeds/latest", "/topics/读书/posts", f"/posts?ids={post['id']}"):
            (item,) = (await person("GET", path)).json()["items"]
            assert item["viewer"] == alone, path
    assert alone == NOTHING


async def test_a_lifted_sanction_restores_permissions_at_once(app_state: AppState, join: Join) -> None:
    post = (await join("小明")("POST", "/posts", {"text": "读书"})).json()
    stranger, admin = join("小红"), join("管理员", roles=("admin",))
    path = f"/moderation/users/{await me(stranger)}/sanction"
    await admin("PUT", path, {"kind": "mute", "reason_code": "spam"})
    assert (await permissions(stranger, post))["can_comment"] is False
    await admin("DELETE", path)
    assert (await permissions(stranger, post))["can_comment"] is True


async def permissions(person: Person, post: dict[str, Any]) -> dict[str, bool]:
    found: dict[str, bool] = (await person("GET", f"/posts/{post['id']}")).json()["viewer"]
    return found


async def test_an_author_reads_the_state_of_the_review_of_a_post(app_state: AppState, join: Join) -> None:
    ming, reviewer = join("小明"), join("审核", roles=("reviewer",))
    post = (await ming("POST", "/posts", {"text": "读书"})).json()
    path = f"/posts/{post['id']}"
    assert "review" not in post
    (case,) = (await reviewer("GET", "/moderation/cases")).json()["items"]
    await app_state.pool.execute("UPDATE posts SET state = 'pending' WHERE id = $1", int(post["id"]))
    waiting = (await ming("GET", path)).json()["review"]
    assert waiting == {**REVIEW, "stage": 1, "expected_at": case["due_at"]}

    await app_state.pool.execute("UPDATE posts SET state = 'published' WHERE id = $1", int(post["id"]))
    verdict = {"verdict": "remove", "reason_code": "spam", "version": case["version"]}
    assert (await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", verdict)).status_code == 200
    removed = (await ming("GET", f"/posts?ids={post['id']}")).json()["items"][0]
    assert (removed["state"], removed["review"]) == ("removed", {**REVIEW, "stage": 1, "reason_code": "spam"})
    assert (await reviewer("GET", path)).status_code == 404

    verdict = {"verdict": "restore", "reason_code": "mistaken", "version": case["version"] + 1}
    assert (await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", verdict)).status_code == 200
    for person in (ming, reviewer):
        assert "review" not in (await person("GET", path)).json()


async def test_the_case_of_a_comment_is_no_review_of_its_post(app_state: AppState, join: Join) -> None:
    ming = join("小明")
    post = (await ming("POST", "/posts", {"text": "读书"})).json()
    await join("小红")("POST", f"/posts/{post['id']}/comments", {"text": "好"})
    await app_state.pool.execute("DELETE FROM cases WHERE comment_id IS NULL")
    await app_state.pool.execute("UPDATE posts SET state = 'pending' WHERE id = $1", int(post["id"]))
    review = (await ming("GET", f"/posts/{post['id']}")).json()["review"]
    assert review == REVIEW


async def test_a_change_of_the_comment_policy_is_no_revision_and_no_edit(join: Join) -> None:
    ming, hong = join("小明"), join("小红")
    post = (await ming("POST", "/posts", {"text": "读书"})).json()
    path = f"/posts/{post['id']}"
    comment = (await hong("POST", f"{path}/comments", {"text": "好"})).json()
    for body in ({"comment_policy": "nobody"}, {"comment_policy": "nobody", "text": "读书"}):
        changed = (await ming("PATCH", path, body)).json()
        assert (changed["comment_policy"], changed["revision"], changed["edited_at"]) == ("nobody", 1, None)
    for body in ({"text": "再来"}, {"text": "回复", "reply_to_id": comment["id"]}):
        rejected = await hong("POST", f"{path}/comments", body)
        assert (rejected.status_code, rejected.json()["code"]) == (409, "comments_closed")
    reply = await ming("POST", f"{path}/comments", {"text": "谢谢", "reply_to_id": comment["id"]})
    assert reply.status_code == 201
    edited = (await ming("PATCH", path, {"text": "读书二"})).json()
    assert (edited["comment_policy"], edited["revision"]) == ("nobody", 2)
    assert edited["edited_at"] is not None
