"""A site under a chain, seen from outside: between writing and the last approval there is no trace, and the author sees what it waits for."""

from typing import Any

import httpx
import msgspec
import pytest

from feed.api.state import AppState
from feed.notifications.actions import notify_comments
from feed.settings import Settings
from tests.support import make
from tests.support.api import Join, Person

TOPIC, WORD = "未公开的话题", "暗号甲"
TEXT = f"{WORD} #{TOPIC}#"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, review_chain="2", review_chain_comments="1", review_hours="08:00-23:00")


async def approve(reviewer: Person, kind: str, id_: str) -> None:
    [case] = (await reviewer("GET", f"/moderation/cases?kind={kind}&subject_id={id_}")).json()["items"]
    verdict = {"verdict": "approve", "version": case["version"]}
    answer = await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", verdict)
    assert answer.status_code == 200, answer.text


def places(author: str, post_id: str, campaign: int) -> list[str]:
    """Whatever could show the post, its topic, or that there is one more."""
    return [
        f"/posts/{post_id}",
        f"/posts?ids={post_id}",
        f"/posts/{post_id}/comments",
        f"/feeds/hot/{post_id}/why",
        "/feeds/latest",
        "/feeds/hot",
        "/feeds/latest/new?since_id=1",
        "/topics?sort=trending",
        f"/topics?q={TOPIC[:2]}",
        f"/topics/{TOPIC}",
        f"/topics/{TOPIC}/posts",
        f"/campaigns?topic={TOPIC}",
        f"/users/{author}",
        f"/users/{author}/posts",
        f"/campaigns/{campaign}/posts",
        f"/campaigns/{campaign}/leaderboard",
        f"/campaigns/{campaign}",
    ]


async def read(client: httpx.AsyncClient, person: Person | None, paths: list[str]) -> list[tuple[int, Any]]:
    answers = [await (client.get(path) if person is None else person("GET", path)) for path in paths]
    # The time of a board moves on by itself.
    return [(each.status_code, {k: v for k, v in each.json().items() if k != "as_of"}) for each in answers]


async def test_between_writing_and_the_last_approval_there_is_no_trace_for_others(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    pool = app_state.pool
    author, stranger = join("作者"), join("路人")
    one, two = join("审甲", roles=("reviewer",)), join("审乙", roles=("reviewer",))
    author_id = (await author("GET", "/me")).json()["id"]
    campaign = await make.campaign(pool, topic_name="已有的话题", board="public")
    nobody = places(author_id, "1", campaign)
    before = {who: await read(client, who, nobody) for who in (None, stranger)}

    made = await author("POST", "/posts", {"text": TEXT})
    assert made.status_code == 201, made.text
    post_id = made.json()["id"]
    assert (made.json()["state"], made.json()["published_at"]) == ("pending", None)
    review = made.json()["review"]
    assert (review["stage"], review["stages"], review["reason_code"]) == (1, 2, None)
    assert review["expected_at"] is not None

    paths = places(author_id, post_id, campaign)
    for reviewer in (one, two):
        app_state.pages.invalidate(None)
        for who in (None, stranger):
            found = await read(client, who, paths)
            assert [path for path, *pair in zip(paths, found, before[who], strict=True) if pair[0] != pair[1]] == []
        assert (await stranger("PUT", f"/posts/{post_id}/like")).status_code == 404
        assert (await stranger("POST", f"/posts/{post_id}/comments", {"text": "看到了"})).status_code == 404
        assert (await author("GET", f"/posts/{post_id}")).json()["text"] == TEXT
        await approve(reviewer, "post", post_id)
    app_state.pages.invalidate(None)
    shown = await client.get(f"/posts/{post_id}")
    assert (shown.status_code, shown.json()["state"], shown.json().get("review")) == (200, "published", None)
    assert (await client.get(f"/users/{author_id}")).json()["post_count"] == 1


async def test_a_comment_that_waits_is_seen_by_its_author_only_and_notifies_afterwards(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    author, speaker = join("作者"), join("说话的")
    reviewers = [join(f"审{number}", roles=("reviewer",)) for number in range(2)]
    post_id = (await author("POST", "/posts", {"text": "读书"})).json()["id"]
    for reviewer in reviewers:
        await approve(reviewer, "post", post_id)
    said = (await speaker("POST", f"/posts/{post_id}/comments", {"text": WORD})).json()
    assert (said["text"], said["state"], said["review"]["stages"]) == (WORD, "pending", 1)
    await notify_comments(app_state.pool)

    async def inbox() -> list[str]:
        return [each["kind"] for each in (await author("GET", "/me/inbox")).json()["items"]]

    for sort in ("oldest", "newest", "hot"):
        assert (await client.get(f"/posts/{post_id}/comments?sort={sort}")).json()["items"] == []
    [own] = (await speaker("GET", f"/posts/{post_id}/comments")).json()["items"]
    assert (own["id"], own["review"]["stage"]) == (said["id"], 1)
    assert (await client.get(f"/posts/{post_id}")).json()["comment_count"] == 0
    assert "comment" not in await inbox()
    await approve(reviewers[0], "comment", said["id"])
    await notify_comments(app_state.pool)
    [shown] = (await client.get(f"/posts/{post_id}/comments")).json()["items"]
    assert (shown["text"], shown.get("review")) == (WORD, None)
    app_state.pages.invalidate(None)
    assert (await client.get(f"/posts/{post_id}")).json()["comment_count"] == 1
    assert "comment" in await inbox()


async def test_the_author_of_an_edit_sees_both_texts_and_why_it_was_refused(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    author = join("作者")
    reviewers = [join(f"审{number}", roles=("reviewer",)) for number in range(2)]
    post_id = (await author("POST", "/posts", {"text": "读书"})).json()["id"]
    for reviewer in reviewers:
        await approve(reviewer, "post", post_id)
    edited = (await author("PATCH", f"/posts/{post_id}", {"text": WORD})).json()
    assert (edited["text"], edited["state"], edited["revision"]) == ("读书", "published", 1)
    assert (edited["review"]["text"], edited["review"]["revision"], edited["review"]["stages"]) == (WORD, 2, 2)
    assert WORD not in (await client.get(f"/posts/{post_id}")).text
    [case] = [
        each
        for each in (await reviewers[0]("GET", f"/moderation/cases?kind=post&subject_id={post_id}")).json()["items"]
        if each["subject"]["revision"] == 2
    ]
    assert case["subject"]["text"] == WORD
    refusal = {"verdict": "reject", "reason_code": "spam", "version": case["version"]}
    assert (await reviewers[0]("POST", f"/moderation/cases/{case['id']}/verdict", refusal)).status_code == 200
    app_state.pages.invalidate(None)
    own = (await author("GET", f"/posts/{post_id}")).json()
    assert (own["text"], own["state"]) == ("读书", "published")
    assert (own["review"]["reason_code"], own["review"]["text"], own["review"]["expected_at"]) == ("spam", WORD, None)
    assert "review" not in (await client.get(f"/posts/{post_id}")).json()
