"""Taking a verdict back shows what others saw before it, and approves no text."""

from typing import Any

import msgspec
import pytest

from feed.settings import Settings
from tests.support.api import Join, Person
from tests.support.reporting import publish, say


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, review_chain="1", review_chain_comments="1")


async def newest_case(reviewer: Person, id_: str, state: str = "open") -> dict[str, Any]:
    found = await reviewer("GET", f"/moderation/cases?subject_id={id_}&state={state}")
    newest: dict[str, Any] = max(found.json()["items"], key=lambda case: case["subject"]["revision"] or 0)
    return newest


async def decide(reviewer: Person, case: dict[str, Any], verdict: str, reason_code: str) -> str:
    """Judges a case as a batch, whose id it returns."""
    seen = {"cases": [{"id": case["id"], "version": case["version"]}], "verdict": verdict, "reason_code": reason_code}
    batch: dict[str, Any] = (await reviewer("POST", "/moderation/verdicts", seen)).json()
    assert [item["outcome"] for item in batch["items"]] == ["done"]
    batch_id: str = batch["batch_id"]
    return batch_id


@pytest.mark.parametrize("kind", ["post", "comment"])
async def test_a_removal_through_the_case_of_an_edit_is_undone_without_publishing_the_edit(
    join: Join, kind: str
) -> None:
    author, reviewer, other = join("小明"), join("审核", roles=("reviewer",)), join("路人")
    post = await publish(author, "第一版")
    await decide(reviewer, await newest_case(reviewer, post), "approve", "fine")
    item, path = post, f"/posts/{post}"
    if kind == "comment":
        item = await say(author, post, "第一版")
        path = f"/posts/{post}/comments"
        await decide(reviewer, await newest_case(reviewer, item), "approve", "fine")
    assert (await author("PATCH", f"/{kind}s/{item}", {"text": "没人批准的第二版"})).status_code == 200
    removed = await decide(reviewer, await newest_case(reviewer, item), "remove", "spam")
    assert "版" not in (await other("GET", path)).text
    undone = await reviewer("POST", f"/moderation/verdicts/{removed}/undo")
    assert [each["outcome"] for each in undone.json()["items"]] == ["done"]
    shown = (await other("GET", path)).text
    assert ("第一版" in shown, "第二版" in shown) == (True, False)
    # The edit waits for its approval as before.
    await decide(reviewer, await newest_case(reviewer, item), "approve", "fine")
    assert "第二版" in (await other("GET", path)).text


async def test_a_text_that_waits_has_one_state_while_its_topic_is_taken_down(join: Join) -> None:
    author, reviewer = join("小明"), join("审核", roles=("reviewer",))
    post = await publish(author, "等着审核 #读书#")
    body = {"target": {"kind": "topic", "id": "读书"}, "reason_code": "spam"}
    assert (await reviewer("POST", "/moderation/takedowns", body)).status_code == 201
    state = (await author("GET", f"/posts/{post}")).json()["state"]
    assert state == "pending"
    listed = (await author("GET", f"/me/posts?state={state}")).json()["items"]
    assert [(each["id"], each["state"]) for each in listed] == [(post, state)]
