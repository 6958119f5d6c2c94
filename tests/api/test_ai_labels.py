"""The label of posts that AI has made: declared by authors, set and taken away by reviewers."""

from typing import Any

import pytest

from feed.api.state import AppState
from tests.support.api import Join, Person


async def publish(author: Person, **more: Any) -> str:
    post: str = (await author("POST", "/posts", {"text": "读书", **more})).json()["id"]
    return post


async def label_of(person: Person, post: str) -> str | None:
    label: str | None = (await person("GET", f"/posts/{post}")).json()["ai_label"]
    return label


async def test_an_author_declares_and_takes_back(join: Join) -> None:
    author, other = join("小明"), join("小红")
    post = await publish(author, ai_generated=True)
    assert await label_of(other, post) == "declared"
    for declared, label in ((False, None), (True, "declared"), (True, "declared")):
        assert (await author("PATCH", f"/posts/{post}", {"ai_generated": declared})).json()["ai_label"] == label
        assert await label_of(other, post) == label
    assert await label_of(other, await publish(author)) is None
    words = (await other("GET", "/config")).json()["ai_labels"]
    assert [each["source"] for each in words] == ["declared", "reviewer", "metadata"]


async def test_a_posts_label_from_before_is_the_authors(join: Join, app_state: AppState) -> None:
    author = join("小明")
    post = await publish(author)
    await app_state.pool.execute(
        "UPDATE posts SET ai_generated = true, ai_label_source = NULL WHERE id = $1", int(post)
    )
    assert (await author("PATCH", f"/posts/{post}", {"text": "再读"})).json()["ai_label"] == "declared"
    assert (await author("PATCH", f"/posts/{post}", {"ai_generated": False})).json()["ai_label"] is None


@pytest.mark.parametrize("declared", [False, True])
async def test_a_label_of_a_reviewer_stays_until_a_reviewer_takes_it_away(
    join: Join, app_state: AppState, declared: bool
) -> None:
    author, reviewer, other = join("小明"), join("审", roles=("reviewer",)), join("小红")
    post = await publish(author, ai_generated=declared)
    for _ in range(2):
        answer = await reviewer("PUT", f"/moderation/posts/{post}/ai-label")
        assert answer.json() == {"post_id": post, "ai_label": "reviewer"}
    assert await label_of(other, post) == "reviewer"
    kept = await author("PATCH", f"/posts/{post}", {"ai_generated": False})
    assert (kept.status_code, kept.json()["code"]) == (409, "ai_label_kept")
    # It does not stand in the way of other changes.
    assert (await author("PATCH", f"/posts/{post}", {"text": "再读", "ai_generated": True})).json()["ai_label"] == (
        "reviewer"
    )
    assert (await reviewer("DELETE", f"/moderation/posts/{post}/ai-label")).json()["ai_label"] is None
    assert await label_of(other, post) is None
    titles = [each["title"] for each in (await author("GET", "/me/inbox")).json()["items"]]
    assert titles == ["你的动态已取消AI生成标注", "你的动态已标注为AI生成内容"]
    actions = await app_state.pool.fetch(
        "SELECT action FROM audit WHERE subject_id = $1 AND action LIKE 'post.%label_ai' ORDER BY id", int(post)
    )
    assert [row["action"] for row in actions] == ["post.label_ai", "post.unlabel_ai"]


async def test_who_may_not_label(join: Join) -> None:
    author, second = join("小明", phone="+8613944440000"), join("审", roles=("reviewer",), phone="+8613944440000")
    post = await publish(author)
    for method in ("PUT", "DELETE"):
        assert (await author(method, f"/moderation/posts/{post}/ai-label")).json()["code"] == "role_missing"
        assert (await second(method, f"/moderation/posts/{post}/ai-label")).json()["code"] == "own_subject"
    reviewer = join("审二", roles=("reviewer",))
    await author("DELETE", f"/posts/{post}")
    for missing in (post, "1", "x"):
        assert (await reviewer("PUT", f"/moderation/posts/{missing}/ai-label")).json()["code"] == "post_not_found"
