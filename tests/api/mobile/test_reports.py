"""Reports: who may report what, what hides it until a reviewer has decided, and who learns of the outcome."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from feed.api.state import AppState
from feed.settings import Settings
from feed.worker.schedule import SCHEDULE
from tests.support import erasing
from tests.support.api import Join, Person
from tests.support.reporting import (
    cases_of,
    decide,
    inbox_titles,
    judge,
    publish,
    report,
    report_by,
    say,
    user_id,
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """People without a phone may write here: what is tested is how they count."""
    return msgspec.structs.replace(settings, require_phone=False)


PHONE = "+8613900000001"


async def is_visible(client: httpx.AsyncClient, post_id: str) -> bool:
    return (await client.get(f"/posts/{post_id}")).status_code == 200


async def shown_comments(client: httpx.AsyncClient, post_id: str) -> list[str]:
    return [item["id"] for item in (await client.get(f"/posts/{post_id}/comments")).json()["items"]]


async def targets(ming: Person, client: httpx.AsyncClient) -> dict[str, str]:
    """A target of each kind, all by one person."""
    post_id = await publish(ming, "今天去了图书馆 #爱读书的深圳人#")
    topic = (await client.get("/topics/爱读书的深圳人")).json()["id"]
    return {"post": post_id, "comment": await say(ming, post_id), "user": await user_id(ming), "topic": topic}


@pytest.mark.parametrize("kind", ["post", "comment", "user", "topic"])
async def test_each_kind_of_target_is_reported_once_by_a_person_and_waits_in_one_case(
    client: httpx.AsyncClient, join: Join, kind: str
) -> None:
    ids = await targets(join("小明"), client)
    one, other, hong = join("甲", phone=PHONE), join("乙", phone=PHONE), join("小红")
    made = await report(one, kind, ids[kind], note="请看第二句")
    assert made.status_code == 201
    card = made.json()
    assert (card["target"], card["reason_code"], card["note"]) == (
        {"kind": kind, "id": ids[kind]},
        "spam",
        "请看第二句",
    )
    assert (card["state"], card["decided_at"]) == ("open", None)
    for again in (one, other):
        assert (await report(again, kind, ids[kind], "abuse")).json()["code"] == "already_reported"
    assert (await report(hong, kind, ids[kind], "fraud")).status_code == 201
    (case,) = await cases_of(join("审", roles=("reviewer",)), "report")
    assert (case["subject"]["kind"], case["subject"]["id"]) == (kind, ids[kind])
    assert [item["id"] for item in (await one("GET", "/me/reports")).json()["items"]] == [card["id"]]


async def test_a_retried_report_is_one(client: httpx.AsyncClient, join: Join, app_state: AppState) -> None:
    post_id = await publish(join("小明"))
    hong, key = join("小红"), {"Idempotency-Key": "a"}
    first = await report(hong, "post", post_id)
    assert first.status_code == 201
    # The response was lost: the effect stays, and the response is built again.
    body = {"target": {"kind": "post", "id": await publish(join("小明"))}, "reason_code": "spam"}
    sent = [await hong("POST", "/reports", body, headers=key)]
    await app_state.pool.execute("UPDATE idempotency_keys SET status = NULL, answer = NULL")
    sent.append(await hong("POST", "/reports", body, headers=key))
    assert [each.status_code for each in sent] == [201, 201]
    assert sent[0].json() == sent[1].json()
    assert await app_state.pool.fetchval("SELECT count(*) FROM reports") == 2


async def test_what_is_own_or_not_visible_is_not_reported(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming, second = join("小明", phone=PHONE), join("明明", phone=PHONE)
    ids = await targets(ming, client)
    for kind in ("post", "comment", "user"):
        for person in (ming, second):
            assert (await report(person, kind, ids[kind])).json()["code"] == "own_target", kind
    hong, reviewer = join("小红"), join("审", roles=("reviewer",))
    for kind, code in (("post", "post"), ("comment", "comment"), ("user", "account"), ("topic", "topic")):
        assert (await report(hong, kind, "1")).json()["code"] == f"{code}_not_found"
    assert (await report(hong, "post", "x")).status_code == 422
    assert (await report(hong, "post", ids["user"])).json()["code"] == "post_not_found"
    case = next(case for case in await cases_of(reviewer, "post") if case["subject"]["id"] == ids["post"])
    assert (await judge(reviewer, case, "remove", reason_code="spam")).status_code == 200
    assert (await report(hong, "post", ids["post"])).json()["code"] == "post_not_found"
    assert (await report(hong, "comment", ids["comment"])).json()["code"] == "comment_not_found"
    assert (await ming("DELETE", f"/posts/{ids['post']}")).status_code == 204
    assert (await report(hong, "post", ids["post"])).json()["code"] == "post_not_found"
    assert await app_state.pool.fetchval("SELECT count(*) FROM reports") == 0
    assert await app_state.pool.fetchval("SELECT count(*) FROM cases WHERE kind = 'report'") == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"target": {"kind": "campaign", "id": "1"}, "reason_code": "spam"},
        {"target": {"kind": "post", "id": "1"}},
        {"target": {"kind": "post", "id": "1"}, "reason_code": "fine"},
        {"target": {"kind": "post", "id": "1"}, "reason_code": "spam", "note": "字" * 501},
        {"target": {"kind": "post", "id": "1"}, "reason_code": "spam", "note": "\u200b"},
    ],
)
async def test_a_report_that_says_nothing_useful_is_rejected(
    client: httpx.AsyncClient, join: Join, body: dict[str, Any]
) -> None:
    assert (await join("小红")("POST", "/reports", body)).status_code == 422


async def test_the_reports_of_enough_persons_hide_a_post_until_a_reviewer_has_decided(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming = join("小明")
    post_id = await publish(ming)
    assert await report_by(join, "甲乙丙丁", "post", post_id) == [201] * 4
    assert await is_visible(client, post_id)
    # Another account of a person that has reported adds nothing, nor does one without a phone.
    assert (await report(join("无号", phone=None), "post", post_id)).status_code == 201
    assert await is_visible(client, post_id)
    assert await report_by(join, "戊", "post", post_id) == [201]
    assert not await is_visible(client, post_id)
    own = (await ming("GET", f"/posts/{post_id}")).json()
    assert own["state"] == "pending"
    assert (await ming("GET", "/me")).json()["post_count"] == 0
    assert await inbox_titles(ming) == ["你的动态正在复核"]
    assert (await report(join("己"), "post", post_id)).json()["code"] == "post_not_found"
    acts = await app_state.pool.fetch("SELECT actor_id, subject_id FROM audit WHERE action = 'report.hide'")
    assert [tuple(row) for row in acts] == [(None, int(post_id))]

    await decide(join("审", roles=("reviewer",)), "report", "dismiss")
    assert await is_visible(client, post_id)
    assert (await ming("GET", "/me")).json()["post_count"] == 1
    assert await inbox_titles(ming) == ["你的动态已通过复核", "你的动态正在复核"]
    assert await inbox_titles(join("甲")) == ["你的举报已核实"]
    (own_report,) = (await join("甲")("GET", "/me/reports")).json()["items"]
    assert own_report["state"] == "dismissed"
    assert own_report["decided_at"] is not None


async def test_the_reports_of_enough_persons_hide_a_comment(client: httpx.AsyncClient, join: Join) -> None:
    ming, hong = join("小明"), join("小红")
    post_id = await publish(ming)
    comment_id = await say(hong, post_id)
    assert await report_by(join, "甲乙", "comment", comment_id) == [201] * 2
    assert await shown_comments(client, post_id) == [comment_id]
    assert await report_by(join, "丙", "comment", comment_id) == [201]
    assert await shown_comments(client, post_id) == []
    assert (await client.get(f"/posts/{post_id}")).json()["comment_count"] == 0
    after = await decide(join("审", roles=("reviewer",)), "report", "remove", reason_code="abuse")
    assert after["subject"]["state"] == "removed"
    assert await inbox_titles(hong) == ["你的评论已被移除", "你的评论正在复核"]
    assert [await inbox_titles(join(name)) for name in "甲乙丙"] == [["你的举报已处理"]] * 3


async def test_reports_of_users_and_topics_hide_nothing(client: httpx.AsyncClient, join: Join) -> None:
    ming = join("小明")
    ids = await targets(ming, client)
    for kind in ("user", "topic"):
        assert await report_by(join, "甲乙丙丁戊己", kind, ids[kind]) == [201] * 6
    assert (await client.get(f"/users/{ids['user']}")).status_code == 200
    assert (await client.get("/topics/爱读书的深圳人")).status_code == 200
    reviewer = join("审", roles=("reviewer",))
    found = {case["subject"]["kind"]: case for case in await cases_of(reviewer, "report")}
    assert (await judge(reviewer, found["user"], "remove", reason_code="abuse")).status_code == 200
    assert (await judge(reviewer, found["topic"], "dismiss")).status_code == 200
    assert sorted(await inbox_titles(join("甲"))) == ["你的举报已处理", "你的举报已核实"]
    # Nothing was done to the user by that, so the user is not told either.
    assert await inbox_titles(ming) == []
    # After the decision there may be a reason for another report.
    assert await report_by(join, "甲", "user", ids["user"]) == [201]


async def test_what_a_reviewer_has_approved_is_not_hidden_by_older_reports(
    client: httpx.AsyncClient, join: Join
) -> None:
    ming, reviewer = join("小明"), join("审", roles=("reviewer",))
    post_id = await publish(ming)
    await report_by(join, "甲乙丙丁", "post", post_id)
    (case,) = await cases_of(reviewer, "post")
    assert (await judge(reviewer, case, "approve")).status_code == 200
    # The fifth report, but the first one since.
    await report_by(join, "戊己庚辛", "post", post_id)
    assert await is_visible(client, post_id)
    # The reports still wait for their own decision, all in one case.
    assert len(await cases_of(reviewer, "report")) == 1
    # Three times as many as otherwise.
    await report_by(join, "子丑寅卯辰巳午未申酉", "post", post_id)
    assert await is_visible(client, post_id)
    await report_by(join, "戌", "post", post_id)
    assert not await is_visible(client, post_id)


async def test_an_approval_shows_what_reports_have_hidden(client: httpx.AsyncClient, join: Join) -> None:
    ming, reviewer = join("小明"), join("审", roles=("reviewer",))
    post_id = await publish(ming)
    await report_by(join, "甲乙丙丁戊", "post", post_id)
    assert not await is_visible(client, post_id)
    (case,) = await cases_of(reviewer, "post")
    assert (await judge(reviewer, case, "approve")).status_code == 200
    assert await is_visible(client, post_id)
    assert len(await cases_of(reviewer, "report")) == 1


async def test_a_removal_in_another_case_answers_the_reports_and_undoing_it_opens_them_again(
    client: httpx.AsyncClient, join: Join
) -> None:
    ming, reviewer, jia = join("小明"), join("审", roles=("reviewer",)), join("甲")
    post_id = await publish(ming)
    await report_by(join, "甲乙丙丁戊", "post", post_id)
    (case,) = await cases_of(reviewer, "post")
    seen = {"cases": [{"id": case["id"], "version": case["version"]}], "verdict": "remove", "reason_code": "spam"}
    batch = (await reviewer("POST", "/moderation/verdicts", seen)).json()
    assert await cases_of(reviewer, "report") == []
    assert await inbox_titles(jia) == ["你的举报已处理"]
    await jia("POST", "/me/inbox/read", {"until_id": (await jia("GET", "/me/inbox")).json()["items"][0]["id"]})

    undone = await reviewer("POST", f"/moderation/verdicts/{batch['batch_id']}/undo")
    assert [item["outcome"] for item in undone.json()["items"]] == ["done"]
    # As before the verdict: hidden by the reports, which wait.
    assert not await is_visible(client, post_id)
    assert (await ming("GET", f"/posts/{post_id}")).json()["state"] == "pending"
    assert await inbox_titles(jia) == ["你的举报重新核实", "你的举报已处理"]
    assert await inbox_titles(join("乙")) == []
    await decide(reviewer, "report", "dismiss")
    assert await is_visible(client, post_id)
    assert (await inbox_titles(jia))[0] == "你的举报已核实"


@pytest.mark.parametrize("verdict", ["dismiss", "remove"])
async def test_undoing_a_verdict_on_reports_returns_to_the_state_before(
    client: httpx.AsyncClient, join: Join, verdict: str
) -> None:
    ming, reviewer = join("小明"), join("审", roles=("reviewer",))
    post_id = await publish(ming)
    await report_by(join, "甲乙丙丁戊", "post", post_id)
    (case,) = await cases_of(reviewer, "report")
    seen = {"cases": [{"id": case["id"], "version": case["version"]}], "verdict": verdict, "reason_code": "spam"}
    batch = (await reviewer("POST", "/moderation/verdicts", seen)).json()
    assert [item["outcome"] for item in batch["items"]] == ["done"]
    assert await is_visible(client, post_id) is (verdict == "dismiss")
    await reviewer("POST", f"/moderation/verdicts/{batch['batch_id']}/undo")
    assert not await is_visible(client, post_id)
    assert (await ming("GET", f"/posts/{post_id}")).json()["state"] == "pending"
    assert [await inbox_titles(join(name)) for name in "甲乙"] == [[], []]
    await decide(reviewer, "report", "dismiss")
    assert await is_visible(client, post_id)


async def test_undoing_joins_the_case_of_newer_reports(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    reviewer, ming, jia = join("审", roles=("reviewer",)), join("小明"), join("甲")
    id_ = await user_id(ming)
    assert (await report(jia, "user", id_)).status_code == 201
    (case,) = await cases_of(reviewer, "report")
    seen = {"cases": [{"id": case["id"], "version": case["version"]}], "verdict": "dismiss"}
    batch = (await reviewer("POST", "/moderation/verdicts", seen)).json()
    assert [(await report(each, "user", id_)).status_code for each in (jia, join("乙"))] == [201, 201]
    await reviewer("POST", f"/moderation/verdicts/{batch['batch_id']}/undo")
    assert len(await cases_of(reviewer, "report")) == 1
    await decide(reviewer, "report", "remove", reason_code="abuse")
    states = await app_state.pool.fetch("SELECT state, count(*) FROM reports GROUP BY state ORDER BY state")
    # The older report of the person that has reported anew stays decided.
    assert [tuple(row) for row in states] == [("dismissed", 1), ("upheld", 2)]


@pytest.mark.parametrize("change", ["edit", "delete"])
async def test_a_report_can_be_decided_after_the_author_has_changed_what_was_reported(
    client: httpx.AsyncClient, join: Join, app_state: AppState, change: str
) -> None:
    ming, reviewer = join("小明"), join("审", roles=("reviewer",))
    post_id = await publish(ming, "这是别人的文章")
    comment_id = await say(ming, post_id, "骂人的话")
    for kind, id_ in (("post", post_id), ("comment", comment_id)):
        assert await report_by(join, "甲", kind, id_) == [201]
    if change == "edit":
        assert (await ming("PATCH", f"/posts/{post_id}", {"text": "今天天气好"})).status_code == 200
    else:
        assert (await ming("DELETE", f"/comments/{comment_id}")).status_code == 204
        assert (await ming("DELETE", f"/posts/{post_id}")).status_code == 204
        assert not await is_visible(client, post_id)
    kept = await app_state.pool.fetch("SELECT content ->> 'text' AS text FROM report_evidence")
    assert {row["text"] for row in kept} == {"这是别人的文章", "骂人的话"}
    for case in await cases_of(reviewer, "report"):
        judged = await judge(reviewer, case, "remove", reason_code="fraud")
        assert judged.status_code == 200, judged.text
        if change == "delete":
            assert judged.json()["subject"]["state"] == "deleted"
    assert await inbox_titles(join("甲")) == ["你的举报已处理"] * 2
    assert not await is_visible(client, post_id)


async def test_reports_of_restricted_and_of_unreliable_people_hide_nothing(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming, reviewer = join("小明"), join("审", roles=("reviewer",))
    muted, banned = join("甲"), join("乙")
    for person, kind in ((muted, "mute"), (banned, "ban")):
        body = {"kind": kind, "reason_code": "spam"}
        await reviewer("PUT", f"/moderation/users/{await user_id(person)}/sanction", body)
    post_id = await publish(ming)
    assert (await report(banned, "post", post_id)).json()["code"] == "banned"
    assert (await report(muted, "post", post_id)).status_code == 201
    await report_by(join, "丙丁戊己", "post", post_id)
    assert await is_visible(client, post_id)
    await decide(reviewer, "report", "dismiss")

    # Four more dismissed reports make five, and none was right.
    for _ in range(4):
        other = await publish(ming)
        assert await report_by(join, "丙", "post", other) == [201]
        await decide(reviewer, "report", "dismiss")
    last = await publish(ming)
    await report_by(join, "丙丁戊己庚", "post", last)
    assert await is_visible(client, last)
    await report_by(join, "辛", "post", last)
    assert not await is_visible(client, last)


async def test_what_staff_has_written_is_not_hidden_by_reports(client: httpx.AsyncClient, join: Join) -> None:
    post_id = await publish(join("编", roles=("editor",)))
    await report_by(join, "甲乙丙丁戊己", "post", post_id)
    assert await is_visible(client, post_id)
    assert len(await cases_of(join("审", roles=("reviewer",)), "report")) == 1


async def test_reports_at_once_hide_once_and_join_one_case(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming = join("小明")
    post_id = await publish(ming)
    people = [join(name) for name in "甲乙丙丁戊"]
    await asyncio.gather(*(user_id(person) for person in people))
    answers = await asyncio.gather(*(report(person, "post", post_id) for person in people))
    assert [answer.status_code for answer in answers] == [201] * 5
    assert not await is_visible(client, post_id)
    assert len(await cases_of(join("审", roles=("reviewer",)), "report")) == 1
    assert await app_state.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'report.hide'") == 1
    assert await inbox_titles(ming) == ["你的动态正在复核"]


async def test_a_report_beside_an_approval_leaves_a_decided_state(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming, reviewer = join("小明"), join("审", roles=("reviewer",))
    for _ in range(5):
        post_id = await publish(ming)
        await report_by(join, "甲乙丙丁", "post", post_id)
        case = next(case for case in await cases_of(reviewer, "report") if case["subject"]["id"] == post_id)
        reported, judged = await asyncio.gather(report(join("戊"), "post", post_id), judge(reviewer, case, "dismiss"))
        assert (reported.status_code, judged.status_code) == (201, 200)
        # Hidden before the verdict, which shows it; or reported after it, alone.
        assert await is_visible(client, post_id)
        left = [each for each in await cases_of(reviewer, "report") if each["subject"]["id"] == post_id]
        waiting = "SELECT count(*) FROM reports WHERE target_id = $1 AND state = 'open'"
        assert await app_state.pool.fetchval(waiting, int(post_id)) == len(left)
        for case in left:
            await judge(reviewer, case, "dismiss")


async def test_many_reporters_are_notified_by_the_worker(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    """A verdict notifies some at once; the others follow, each once."""
    ming, reviewer = join("小明"), join("审", roles=("reviewer",))
    topic_id = (await targets(ming, client))["topic"]
    assert await report_by(join, "甲", "topic", topic_id) == [201]
    await app_state.pool.execute(
        """
        WITH people AS (
            INSERT INTO accounts (iss, sub, name, person, phone_verified_at)
            SELECT 'test', 'r' || n, 'r' || n, ('r' || n)::bytea, now() FROM generate_series(1, 120) AS n
            RETURNING id, person
        )
        INSERT INTO reports (case_id, target_kind, target_id, revision, reporter_id, reporter_person, reason_code, counts)
        SELECT reports.case_id, 'topic', reports.target_id, 0, people.id, people.person, 'spam', true FROM reports, people
        """
    )
    await decide(reviewer, "report", "remove", reason_code="spam")
    notified = "SELECT count(*) FROM inbox WHERE kind = 'report_result'"
    assert 0 < await app_state.pool.fetchval(notified) < 121
    job = next(entry for entry in SCHEDULE if entry.name == "notify_reporters")
    state: Any = app_state
    await asyncio.gather(*(job.work(state) for _ in range(3)))
    assert await job.work(state) is False
    assert await app_state.pool.fetchval(notified) == 121


async def test_who_deletes_the_account_after_a_report_is_judged_and_banned_all_the_same(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming, hong, reviewer = join("小明", phone=PHONE), join("小红"), join("审", roles=("reviewer",))
    post_id, own = await publish(ming, "骗人的话"), await user_id(ming)
    for kind, id_ in (("post", post_id), ("user", own)):
        assert (await report(hong, kind, id_, "fraud")).status_code == 201
    assert (await ming("DELETE", "/me")).status_code == 202
    body = {"kind": "ban", "reason_code": "fraud"}
    assert (await reviewer("PUT", f"/moderation/users/{own}/sanction", body)).status_code == 200
    assert (await reviewer("DELETE", f"/moderation/users/{own}/sanction")).status_code == 204
    await erasing.erase_row(app_state.pool, app_state.keys, int(own))
    await erasing.erase_rest(app_state.pool, app_state.keys)
    assert not await is_visible(client, post_id)
    cases = await cases_of(reviewer, "report")
    assert {case["report"]["changed"] for case in cases} == {True}
    assert {case["report"]["evidence"][0]["text"] for case in cases} == {"骗人的话", None}
    for case in cases:
        assert (await judge(reviewer, case, "remove", reason_code="fraud")).status_code == 200
    assert await inbox_titles(hong) == ["你的举报已处理"] * 2
    # The person, not the account, is banned: also with the next account of the same phone.
    assert (await reviewer("PUT", f"/moderation/users/{own}/sanction", body)).status_code == 200
    again = join("又是我", phone=PHONE)
    assert (await again("POST", "/posts", {"text": "又来了"})).json()["code"] == "banned"
