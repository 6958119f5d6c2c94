"""How long cases had waited, cases at hand, and single cases."""

from feed.api.state import AppState
from tests.support.api import Join
from tests.support.reporting import cases_of, judge, publish


async def test_waiting_times_count_verdicts_in_force_by_hour_and_stage(app_state: AppState, join: Join) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    other, third = join("老周", roles=("reviewer",)), join("小何", roles=("reviewer",))
    for number in range(3):
        await publish(author, f"第{number}条")
    async with app_state.pool.acquire() as conn:
        await conn.execute("UPDATE cases SET created_at = created_at - interval '100 seconds', due_at = created_at")
    first, second, third_case = await cases_of(reviewer, "post")
    await judge(reviewer, first, "approve")
    await judge(reviewer, second, "escalate")
    (escalated,) = await cases_of(other, "post", stage=2)
    await judge(other, escalated, "approve")
    made = await third(
        "POST",
        "/moderation/verdicts",
        {"cases": [{"id": third_case["id"], "version": third_case["version"]}], "verdict": "approve"},
    )
    await third("POST", f"/moderation/verdicts/{made.json()['batch_id']}/undo")
    found = (await reviewer("GET", "/moderation/queue/waiting?hours=2")).json()
    assert [(each["stage"], each["decided"], each["late"]) for each in found["hours"]] == [(1, 2, 2), (2, 1, 1)]
    one, two = found["hours"]
    assert 100 <= one["median_seconds"] <= one["longest_seconds"] < 200
    # The second stage waits since the verdict of the first.
    assert two["longest_seconds"] < 60
    assert (await reviewer("GET", "/moderation/queue/waiting?hours=73")).status_code == 422


async def test_a_case_is_read_by_its_id_with_the_verdicts_that_apply(join: Join) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    post_id = await publish(author, "一条动态")
    (case,) = await cases_of(reviewer, "post")
    assert case["verdicts"] == ["approve", "reject", "remove", "escalate"]
    await judge(reviewer, case, "remove", reason_code="spam")
    closed = (await reviewer("GET", f"/moderation/cases/{case['id']}")).json()
    assert (closed["state"], closed["verdicts"]) == ("closed", ["restore"])
    await author("POST", "/appeals", {"target": {"kind": "post", "id": post_id}, "text": "我没有做广告"})
    (appeal,) = await cases_of(reviewer, "appeal")
    assert appeal["verdicts"] == ["restore", "dismiss", "escalate"]
    assert (await reviewer("GET", "/moderation/cases/1")).status_code == 404
    assert (await reviewer("GET", "/moderation/cases/x")).status_code == 404


async def test_leased_cases_are_those_at_hand(join: Join) -> None:
    author, reviewer, other = join("阿珍"), join("阿雅", roles=("reviewer",)), join("老周", roles=("reviewer",))
    for number in range(3):
        await publish(author, f"第{number}条")
    leased = (await reviewer("POST", "/moderation/cases/lease", {"count": 2})).json()["items"]
    await other("POST", "/moderation/cases/lease", {"count": 1})
    at_hand = (await reviewer("GET", "/moderation/cases/leased")).json()["items"]
    assert [each["id"] for each in at_hand] == [each["id"] for each in leased]


async def test_a_text_is_checked_by_the_list_and_stored_nowhere(join: Join) -> None:
    editor, reviewer = join("老周", roles=("editor",)), join("阿雅", roles=("reviewer",))
    await editor("PUT", "/moderation/words", {"words": [{"term": "代开发票", "level": "block", "label": "fraud"}]})
    found = (await reviewer("POST", "/moderation/words/check", {"text": "这里代开发票"})).json()
    assert found["verdict"] == "block"
    assert [(each["term"], each["start"], each["length"]) for each in found["labels"]] == [("代开发票", 2, 4)]
    assert (await reviewer("POST", "/moderation/words/check", {"text": ""})).status_code == 422
    assert await cases_of(reviewer, "post") == []


async def test_open_cases_are_counted_by_topic(join: Join) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    await publish(author, "第一条 #读书#")
    await publish(author, "第二条 #读书# #深圳#")
    await publish(author, "第三条")
    found = (await reviewer("GET", "/moderation/queue/subjects")).json()
    assert (found["counted"], found["with_media"], found["campaigns"]) == (3, 0, [])
    assert [(each["name"], each["open"]) for each in found["topics"]] == [("读书", 2), ("深圳", 1)]
