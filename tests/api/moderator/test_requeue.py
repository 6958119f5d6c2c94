"""Opening the cases again that a reviewer has approved."""

from datetime import UTC, datetime, timedelta

import httpx

from tests.support.api import Join, Person
from tests.support.campaigns_api import wire

TEXT = "今天读完一本书"


async def judge(person: Person, subject_id: str, **body: object) -> None:
    (case,) = (await person("GET", f"/moderation/cases?subject_id={subject_id}")).json()["items"]
    answer = await person("POST", f"/moderation/cases/{case['id']}/verdict", {"version": case["version"]} | body)
    assert answer.status_code == 200, answer.text


async def test_what_a_reviewer_has_approved_is_queued_for_others_and_stays_visible(
    join: Join, client: httpx.AsyncClient
) -> None:
    admin, author = join("管理", roles=("admin",)), join("小明")
    careless, second_account = (join(name, roles=("reviewer",), phone="+8613900000001") for name in ("甲", "乙"))
    other = join("丙", roles=("reviewer",))
    posts = [(await author("POST", "/posts", {"text": f"{TEXT} {n}"})).json()["id"] for n in range(4)]
    comment = (await author("POST", f"/posts/{posts[0]}/comments", {"text": "好"})).json()["id"]
    await judge(careless, posts[0], verdict="approve")
    await judge(second_account, comment, verdict="approve")
    await judge(careless, posts[1], verdict="remove", reason_code="spam")
    await judge(other, posts[2], verdict="approve")
    await judge(careless, posts[3], verdict="approve")
    await author("DELETE", f"/posts/{posts[3]}")
    careless_id = (await careless("GET", "/me")).json()["id"]
    body = {"since": wire(datetime.now(UTC) - timedelta(hours=1)), "reason_code": "careless"}
    path = f"/moderation/reviewers/{careless_id}/requeue"

    assert (await admin("POST", path, body | {"since": wire(datetime.now(UTC))})).json() == {
        "requeued": 0,
        "more": False,
    }
    assert (await admin("POST", path, body)).json() == {"requeued": 2, "more": False}
    assert (await admin("POST", path, body)).json() == {"requeued": 0, "more": False}
    queue = (await other("GET", "/moderation/cases")).json()["items"]
    assert {case["subject"]["id"] for case in queue} == {posts[0], comment}
    assert (await client.get(f"/posts/{posts[0]}")).status_code == 200
    assert len((await client.get(f"/posts/{posts[0]}/comments")).json()["items"]) == 1
    for person in (careless, second_account):
        assert (await person("POST", "/moderation/cases/lease", {"count": 5})).json()["items"] == []
    for subject in (posts[0], comment):
        await judge(other, subject, verdict="approve")
    assert (await client.get(f"/posts/{posts[0]}")).status_code == 200
    (case,) = (await other("GET", f"/moderation/cases?state=closed&subject_id={posts[0]}")).json()["items"]
    history = (await other("GET", f"/moderation/cases/{case['id']}/history")).json()
    assert [each["user"]["name"] for each in history["verdicts"]] == ["丙", "甲"]


async def test_only_admins_requeue_and_only_of_users_that_exist(join: Join) -> None:
    body = {"since": wire(datetime.now(UTC)), "reason_code": "role_lost"}
    for role in ("reviewer", "editor"):
        refused = await join(role, roles=(role,))("POST", "/moderation/reviewers/1/requeue", body)
        assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")
    admin = join("管理", roles=("admin",))
    unknown = await admin("POST", "/moderation/reviewers/1/requeue", body)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "account_not_found")
    wrong = await admin("POST", "/moderation/reviewers/1/requeue", body | {"reason_code": "spam"})
    assert wrong.status_code == 422
