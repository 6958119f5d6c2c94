"""Why a post is or was visible: the intervals agree with what others saw at each time, and every decision is listed."""

import random
from datetime import UTC, datetime

import pytest

from feed.api.state import AppState
from feed.cases.holds import Hold
from feed.postgres import transaction
from feed.posts.hide_show import change_holds, hide_post, show_post
from tests.support.api import Join


async def published(join: Join) -> str:
    return str((await join("作者")("POST", "/posts", {"text": "一条"})).json()["id"])


@pytest.mark.parametrize("seed", range(4))
async def test_the_intervals_agree_with_what_others_saw_at_each_time(
    join: Join, app_state: AppState, seed: int
) -> None:
    pool, chance = app_state.pool, random.Random(seed)
    post_id = int(await published(join))
    seen: list[tuple[datetime, bool]] = []
    for _ in range(12):
        async with transaction(pool) as conn:
            match chance.randrange(4):
                case 0:
                    await hide_post(conn, post_id, state=chance.choice(["removed", "rejected", "pending"]))
                case 1:
                    await show_post(conn, post_id)
                case 2:
                    await change_holds(conn, post_id, add=chance.choice(list(Hold)))
                case _:
                    await change_holds(conn, post_id, remove=Hold(chance.randrange(512)))
        row = await pool.fetchrow(
            "SELECT clock_timestamp() AS at, EXISTS (SELECT FROM visible_posts WHERE id = $1) AS visible", post_id
        )
        assert row is not None
        seen.append((row["at"], row["visible"]))
    reviewer = join("审读", roles=("reviewer",))
    assert {visible for _, visible in seen} == {True, False}
    for at, visible in seen:
        why = (await reviewer("GET", f"/posts/{post_id}/why", params={"at": at.isoformat()})).json()
        assert why["visible"] is visible
    now = (await reviewer("GET", f"/posts/{post_id}/why")).json()
    assert now["visible"] is seen[-1][1]
    for one, other in zip(now["intervals"], now["intervals"][1:], strict=False):
        assert one["until"] == other["since"]


async def test_every_decision_is_listed_in_its_order(join: Join) -> None:
    author, reviewer = join("作者"), join("审读", roles=("reviewer",))
    post = (await author("POST", "/posts", {"text": "一条"})).json()["id"]
    body = {"target": {"kind": "post", "id": post}, "reason_code": "spam"}
    await reviewer("POST", "/moderation/takedowns", body)
    between = datetime.now(UTC)
    await reviewer("DELETE", "/moderation/takedowns", body)
    (case,) = (await reviewer("GET", f"/moderation/cases?subject_id={post}")).json()["items"]
    verdict = {"verdict": "remove", "reason_code": "fraud", "version": case["version"]}
    assert (await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", verdict)).status_code == 200
    why = (await reviewer("GET", f"/posts/{post}/why")).json()
    kinds = [each["kind"] for each in why["decisions"]]
    assert sorted(kinds[:3]) == ["machine", "revision", "revision_approved"]
    assert kinds[3:] == ["takedown", "takedown_lifted", "verdict"]
    assert [each["because"] for each in why["decisions"][3:]] == ["spam", "mistaken", "fraud"]
    assert [(each["visible"], each["state"], each["holds"]) for each in why["intervals"]] == [
        (True, "published", []),
        (False, "removed", ["subject"]),
        (True, "published", []),
        (False, "removed", []),
    ]
    then = (await reviewer("GET", f"/posts/{post}/why", params={"at": between.isoformat()})).json()
    assert (then["visible"], then["holds"], then["revision"]) == (False, ["subject"], 1)
    assert [each["kind"] for each in then["decisions"]][3:] == ["takedown"]


async def test_it_is_for_staff_and_for_posts_that_existed(join: Join) -> None:
    post = await published(join)
    reviewer = join("审读", roles=("reviewer",))
    assert (await join("别人")("GET", f"/posts/{post}/why")).status_code == 403
    for path in ("/posts/1/why", "/posts/x/why", f"/posts/{post}/why?at=2020-01-01T00:00:00Z"):
        assert (await reviewer("GET", path)).json()["code"] == "post_not_found"
    invalid = await reviewer("GET", f"/posts/{post}/why?at=yesterday")
    assert (invalid.status_code, invalid.json()["errors"][0]["field"]) == (422, "at")
