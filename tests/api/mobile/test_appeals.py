"""Appeals: once for each decision, to another person, with everything restored that the decision has hidden."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from feed.accounts.model import AccountId
from feed.api.state import AppState
from feed.comments.actions import NewComment, add_comments
from feed.posts.actions import Draft, publish_posts
from feed.posts.model import NewPost, PostId
from feed.screening.model import Label, MachineResult
from tests.support.api import Join, Person
from tests.support.reporting import appeal, cases_of, hide, inbox_titles, judge, publish, report_by, say, undo, user_id

PHONE = "+8613900000001"


async def decisions(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await person("GET", "/me/decisions")).json()["items"]
    return found


async def sanction(reviewer: Person, id_: str, kind: str, **more: Any) -> None:
    answer = await reviewer("PUT", f"/moderation/users/{id_}/sanction", {"kind": kind, "reason_code": "abuse", **more})
    assert answer.status_code == 200, answer.text


async def test_an_author_reads_the_removed_text_with_its_reason_and_appeals_once(
    client: httpx.AsyncClient, join: Join
) -> None:
    ming, reviewer = join("小明"), join("审", roles=("reviewer",))
    post_id = await publish(ming, "今天读完一本书")
    await hide(reviewer, "post", post_id)
    (decision,) = await decisions(ming)
    assert decision["target"] == {
        "kind": "post",
        "id": post_id,
        "text": "今天读完一本书",
        "media": [],
        "removed_media": [],
    }
    assert (decision["effect"], decision["reason_code"], decision["in_force"]) == ("remove", "spam", True)
    assert (decision["appeal"], decision["appealable_until"] is not None) == (None, True)

    made = await appeal(ming, "post", post_id)
    assert made.status_code == 201, made.text
    assert (made.json()["state"], made.json()["decision"]["id"]) == ("open", decision["id"])
    for kind, id_ in (("post", post_id), ("decision", decision["id"])):
        assert (await appeal(ming, kind, id_)).json()["code"] == "already_appealed"
    (after,) = await decisions(ming)
    assert (after["appeal"]["state"], after["appealable_until"]) == ("open", None)
    assert [item["id"] for item in (await ming("GET", "/me/appeals")).json()["items"]] == [made.json()["id"]]
    # Of no interest to others.
    hong = join("小红")
    for kind, id_ in (("post", post_id), ("decision", decision["id"])):
        assert (await appeal(hong, kind, id_)).json()["code"] == "decision_not_found"
    assert await decisions(hong) == []


async def test_an_appeal_is_decided_by_another_person_who_sees_it_in_the_queue(
    client: httpx.AsyncClient, join: Join
) -> None:
    ming, first, again = join("小明"), join("审", roles=("reviewer",)), join("审二", roles=("reviewer",), phone=PHONE)
    other, twin = join("复", roles=("reviewer",)), join("审三", roles=("reviewer",), phone=PHONE)
    post_id = await publish(ming)
    # Removed, restored and removed again, by two accounts of which one is a third reviewer's too.
    batch = await hide(first, "post", post_id)
    assert await undo(first, batch) == ["done"]
    await hide(again, "post", post_id)
    assert (await appeal(ming, "post", post_id)).status_code == 201
    (case,) = await cases_of(other, "appeal")
    assert (case["subject"]["id"], case["subject"]["state"]) == (post_id, "removed")
    assert case["appeal"]["text"] == "请再看一遍，这是我自己写的"
    assert (case["appeal"]["effect"], case["appeal"]["reason_code"]) == ("remove", "spam")
    for person in (first, again, twin):
        assert (await judge(person, case, "restore")).json()["code"] == "already_judged"
        leased = await person("POST", "/moderation/cases/lease", {"kind": "appeal", "count": 5})
        assert leased.json()["items"] == []
    assert (await judge(other, case, "remove", reason_code="spam")).json()["code"] == "verdict_not_applicable"
    judged = await judge(other, case, "restore")
    assert judged.json()["subject"]["state"] == "published"
    assert (await client.get(f"/posts/{post_id}")).status_code == 200
    assert (await inbox_titles(ming))[0] == "你的申诉成立"
    (mine,) = (await ming("GET", "/me/appeals")).json()["items"]
    assert (mine["state"], mine["decision"]["in_force"]) == ("upheld", False)
    # Decided for good.
    (closed,) = await cases_of(other, "appeal", state="closed")
    assert (await judge(other, closed, "dismiss")).json()["code"] == "case_stale"


@pytest.mark.parametrize("reason_code", [None, "fraud"])
async def test_a_rejected_appeal_says_why(client: httpx.AsyncClient, join: Join, reason_code: str | None) -> None:
    ming, first, other = join("小明"), join("审", roles=("reviewer",)), join("复", roles=("reviewer",))
    post_id = await publish(ming)
    comment_id = await say(ming, post_id)
    await hide(first, "comment", comment_id)
    assert (await appeal(ming, "comment", comment_id)).status_code == 201
    (case,) = await cases_of(other, "appeal")
    more = {} if reason_code is None else {"reason_code": reason_code}
    assert (await judge(other, case, "dismiss", **more)).status_code == 200
    (mine,) = (await ming("GET", "/me/appeals")).json()["items"]
    # Without a reason of its own the decision stands for the reason that was given first.
    assert (mine["state"], mine["reason_code"]) == ("rejected", reason_code or "spam")
    assert (await inbox_titles(ming))[0] == "你的申诉未成立"
    assert (await appeal(ming, "comment", comment_id)).json()["code"] == "already_appealed"
    assert (await client.get(f"/posts/{post_id}")).json()["comment_count"] == 0


@pytest.mark.parametrize("kind", ["mute", "ban"])
async def test_a_restricted_person_appeals_with_any_account_and_only_that_sanction_ends(
    client: httpx.AsyncClient, join: Join, kind: str
) -> None:
    one, other_account = join("小明", phone=PHONE), join("明明", phone=PHONE)
    admin, second = join("管", roles=("admin",)), join("复", roles=("reviewer",))
    ids = [await user_id(person) for person in (one, other_account)]
    await sanction(admin, ids[0], kind)
    assert (await one("POST", "/posts", {"text": "你好"})).status_code == 403
    assert (await appeal(other_account, "user", ids[0])).json()["code"] == "decision_not_found"
    made = await appeal(other_account, "user", ids[1])
    assert made.status_code == 201, made.text
    assert made.json()["decision"]["effect"] == kind
    (case,) = await cases_of(second, "appeal")
    assert (await judge(admin, case, "restore")).json()["code"] == "already_judged"
    # A later one for another reason is not what the appeal is about.
    other = {"mute": "ban", "ban": "mute"}[kind]
    await sanction(admin, ids[0], other)
    assert (await judge(second, case, "restore")).status_code == 200
    code = {"mute": "muted", "ban": "banned"}[other]
    assert (await one("POST", "/posts", {"text": "你好"})).json()["code"] == code
    assert [each["effect"] for each in await decisions(one) if each["in_force"]] == [other]
    assert (await appeal(one, "user", ids[0])).status_code == 201


async def test_only_what_holds_against_oneself_can_be_appealed_and_in_time(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming, reviewer = join("小明"), join("审", roles=("reviewer",))
    post_id = await publish(ming)
    own = await user_id(ming)
    for kind, id_ in (("post", post_id), ("post", "1"), ("comment", post_id), ("user", own), ("decision", "1")):
        assert (await appeal(ming, kind, id_)).json()["code"] == "decision_not_found"
    assert (await appeal(ming, "post", "x")).status_code == 422
    assert (await appeal(ming, "campaign", "1")).status_code == 422
    batch = await hide(reviewer, "post", post_id)
    for text in ("", "\u200b", "字" * 1001):
        assert (await appeal(ming, "post", post_id, text)).status_code == 422
    await app_state.pool.execute("UPDATE verdicts SET made_at = now() - interval '31 days'")
    assert (await appeal(ming, "post", post_id)).json()["code"] == "appeal_closed"
    assert [each["appealable_until"] for each in await decisions(ming)] == [None]
    await app_state.pool.execute("UPDATE verdicts SET made_at = now() - interval '29 days'")
    assert await undo(reviewer, batch) == ["done"]
    assert (await appeal(ming, "post", post_id)).json()["code"] == "decision_not_found"
    again = await hide(reviewer, "post", post_id)
    assert again["items"]
    await ming("DELETE", f"/posts/{post_id}")
    assert (await appeal(ming, "post", post_id)).json()["code"] == "decision_not_found"


async def test_appeals_at_once_are_one(client: httpx.AsyncClient, join: Join, app_state: AppState) -> None:
    ming, reviewer = join("小明"), join("审", roles=("reviewer",))
    post_id = await publish(ming)
    await hide(reviewer, "post", post_id)
    answers = await asyncio.gather(*(appeal(ming, "post", post_id) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert await app_state.pool.fetchval("SELECT count(*) FROM cases WHERE kind = 'appeal'") == 1


async def test_a_retried_appeal_is_one(client: httpx.AsyncClient, join: Join, app_state: AppState) -> None:
    ming, reviewer = join("小明"), join("审", roles=("reviewer",))
    post_id = await publish(ming)
    await hide(reviewer, "post", post_id)
    sent = [await appeal(ming, "post", post_id, headers={"Idempotency-Key": "a"})]
    await app_state.pool.execute("UPDATE idempotency_keys SET status = NULL, answer = NULL WHERE route LIKE '%appeals'")
    sent.append(await appeal(ming, "post", post_id, headers={"Idempotency-Key": "a"}))
    assert [each.status_code for each in sent] == [201, 201]
    assert sent[0].json() == sent[1].json()


async def test_an_appealed_post_that_its_author_deletes_can_be_decided(client: httpx.AsyncClient, join: Join) -> None:
    ming, first, other = join("小明"), join("审", roles=("reviewer",)), join("复", roles=("reviewer",))
    post_id = await publish(ming)
    await hide(first, "post", post_id)
    await appeal(ming, "post", post_id)
    await ming("DELETE", f"/posts/{post_id}")
    (case,) = await cases_of(other, "appeal")
    judged = await judge(other, case, "restore")
    assert judged.status_code == 200, judged.text
    assert judged.json()["subject"]["state"] == "deleted"
    assert (await client.get(f"/posts/{post_id}")).status_code == 404
    assert (await inbox_titles(ming))[0] == "你的申诉成立"


@pytest.mark.parametrize("how", ["undone", "restored"])
async def test_an_appeal_is_upheld_with_the_end_of_its_decision(
    client: httpx.AsyncClient, join: Join, how: str
) -> None:
    ming, first, other = join("小明"), join("审", roles=("reviewer",)), join("复", roles=("reviewer",))
    post_id = await publish(ming)
    batch = await hide(first, "post", post_id)
    await appeal(ming, "post", post_id)
    if how == "undone":
        assert await undo(first, batch) == ["done"]
    else:
        (case,) = await cases_of(first, "post", state="closed")
        assert (await judge(first, case, "restore", reason_code="mistaken")).status_code == 200
    assert await cases_of(other, "appeal") == []
    (mine,) = (await ming("GET", "/me/appeals")).json()["items"]
    assert mine["state"] == "upheld"
    assert "你的申诉成立" in await inbox_titles(ming)


@pytest.mark.parametrize("verdict", ["restore", "dismiss"])
async def test_undoing_a_verdict_on_an_appeal_opens_it_again(
    client: httpx.AsyncClient, join: Join, verdict: str
) -> None:
    ming, first, other = join("小明"), join("审", roles=("reviewer",)), join("复", roles=("reviewer",))
    post_id = await publish(ming)
    await hide(first, "post", post_id)
    await appeal(ming, "post", post_id)
    before = await inbox_titles(ming)
    (case,) = await cases_of(other, "appeal")
    seen = {"cases": [{"id": case["id"], "version": case["version"]}], "verdict": verdict}
    batch = (await other("POST", "/moderation/verdicts", seen)).json()
    assert [item["outcome"] for item in batch["items"]] == ["done"]
    assert await undo(other, batch) == ["done"]
    assert (await client.get(f"/posts/{post_id}")).status_code == 404
    (mine,) = (await ming("GET", "/me/appeals")).json()["items"]
    assert (mine["state"], mine["decided_at"], mine["decision"]["in_force"]) == ("open", None, True)
    assert await inbox_titles(ming) == before
    (case,) = await cases_of(other, "appeal")
    assert (await judge(other, case, "restore")).status_code == 200
    assert (await client.get(f"/posts/{post_id}")).status_code == 200


async def test_an_upheld_appeal_against_a_sanction_is_not_undone(client: httpx.AsyncClient, join: Join) -> None:
    ming, first, other = join("小明"), join("审", roles=("reviewer",)), join("复", roles=("reviewer",))
    await sanction(first, await user_id(ming), "ban")
    await appeal(ming, "user", await user_id(ming))
    (case,) = await cases_of(other, "appeal")
    seen = {"cases": [{"id": case["id"], "version": case["version"]}], "verdict": "restore"}
    batch = (await other("POST", "/moderation/verdicts", seen)).json()
    assert await undo(other, batch) == ["verdict_not_applicable"]
    assert (await ming("POST", "/posts", {"text": "你好"})).status_code == 201


async def test_a_removal_after_reports_is_appealed_to_a_third_person_and_says_nothing_of_the_reporters(
    client: httpx.AsyncClient, join: Join
) -> None:
    ming, first, other = join("小明"), join("审", roles=("reviewer",)), join("复", roles=("reviewer",))
    post_id = await publish(ming)
    assert await report_by(join, "甲乙丙丁戊", "post", post_id) == [201] * 5
    (case,) = await cases_of(first, "report")
    assert (await judge(first, case, "remove", reason_code="abuse")).status_code == 200
    assert (await appeal(ming, "post", post_id)).status_code == 201
    (case,) = await cases_of(other, "appeal")
    assert (await judge(first, case, "restore")).json()["code"] == "already_judged"
    assert (await judge(other, case, "restore")).status_code == 200
    # Visible again, though five persons have reported it.
    assert (await client.get(f"/posts/{post_id}")).status_code == 200


async def test_the_reported_person_learns_nothing_of_the_reporters(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    """Also a member of staff, who finds the case about the own post in the queue."""
    boss, other = join("主编", roles=("editor",)), join("复", roles=("reviewer",))
    reporter = join("举报的人")
    post_id = await publish(boss)
    body = {"target": {"kind": "post", "id": post_id}, "reason_code": "abuse", "note": "我是被他骂的那个人"}
    assert (await reporter("POST", "/reports", body)).status_code == 201
    (own,) = await cases_of(boss, "report")
    assert own["report"] is None
    (case,) = await cases_of(other, "report")
    assert case["report"]["notes"][0]["note"] == "我是被他骂的那个人"
    assert (await judge(other, case, "remove", reason_code="abuse")).status_code == 200
    await appeal(boss, "post", post_id)
    secrets = ("举报的人", await user_id(reporter), "被他骂的")
    paths = (
        "/me/inbox",
        "/me/decisions",
        "/me/appeals",
        f"/posts/{post_id}",
        "/me/posts",
        "/moderation/cases?kind=report",
    )
    for path in (*paths, "/moderation/cases?kind=report&state=closed", "/moderation/cases?kind=appeal"):
        answer = await boss("GET", path)
        assert answer.status_code == 200, path
        assert not [secret for secret in secrets if secret in answer.text], path
    # Neither do reviewers: they decide about what was reported.
    for query in ({}, {"state": "closed"}):
        answer = await other("GET", "/moderation/cases", params=query)
        assert secrets[0] not in answer.text
        assert secrets[1] not in answer.text
    detail = await app_state.pool.fetchval("SELECT string_agg(detail::text, ' ') FROM audit")
    assert not [secret for secret in secrets if secret in detail]


async def take_down(reviewer: Person, kind: str, id_: str) -> None:
    body = {"target": {"kind": kind, "id": id_}, "reason_code": "illegal"}
    answer = await reviewer("POST", "/moderation/takedowns", body)
    assert answer.status_code in (200, 201), answer.text


async def test_an_upheld_appeal_against_a_takedown_leaves_what_else_hides_the_item(
    client: httpx.AsyncClient, join: Join
) -> None:
    ming, first, other = join("小明"), join("审", roles=("reviewer",)), join("复", roles=("reviewer",))
    third = join("审三", roles=("reviewer",))
    post_id = await publish(ming)
    comment_id = await say(ming, post_id)
    for kind, id_ in (("post", post_id), ("comment", comment_id)):
        await take_down(first, kind, id_)
        made = await appeal(ming, kind, id_)
        assert made.status_code == 201, made.text
        assert made.json()["decision"]["effect"] == "takedown"
        (case,) = await cases_of(other, "appeal")
        assert (await judge(first, case, "restore")).json()["code"] == "already_judged"
        if kind == "post":
            # Removed too, by another person and for another reason.
            await hide(third, "post", post_id, reason_code="spam")
            (case,) = await cases_of(other, "appeal")
        assert (await judge(other, case, "restore")).status_code == 200
        assert (await inbox_titles(ming))[0] == "你的申诉成立"
    # The verdict of the third person is another decision.
    assert (await client.get(f"/posts/{post_id}")).status_code == 404
    assert (await appeal(ming, "post", post_id)).status_code == 201
    (case,) = await cases_of(other, "appeal")
    last = join("审四", roles=("reviewer",))
    assert (await judge(other, case, "restore")).json()["code"] == "already_judged"
    assert (await judge(last, case, "restore")).status_code == 200
    assert (await client.get(f"/posts/{post_id}")).status_code == 200
    assert [item["id"] for item in (await client.get(f"/posts/{post_id}/comments")).json()["items"]] == [comment_id]


async def test_a_person_who_is_taken_down_appeals_with_any_account(client: httpx.AsyncClient, join: Join) -> None:
    one, twin = join("小明", phone=PHONE), join("明明", phone=PHONE)
    first, other = join("审", roles=("reviewer",)), join("复", roles=("reviewer",))
    post_id = await publish(one)
    await take_down(first, "user", await user_id(one))
    assert (await client.get(f"/posts/{post_id}")).status_code == 404
    assert (await appeal(twin, "user", await user_id(twin))).status_code == 201
    (case,) = await cases_of(other, "appeal")
    assert (await judge(first, case, "restore")).json()["code"] == "already_judged"
    assert (await judge(other, case, "restore")).status_code == 200
    assert (await client.get(f"/users/{await user_id(one)}")).status_code == 200


async def test_a_refused_name_is_appealed_and_shown_again(client: httpx.AsyncClient, join: Join) -> None:
    ming, first, other = join("小明"), join("审", roles=("reviewer",)), join("复", roles=("reviewer",))
    own = await user_id(ming)
    assert (await ming("PATCH", "/me", {"name": "爱读书的人"})).status_code == 200
    (case,) = await cases_of(first, "name")
    assert (await judge(first, case, "reject", reason_code="abuse")).status_code == 200
    assert (await client.get(f"/users/{own}")).json()["name"] != "爱读书的人"
    (decision,) = await decisions(ming)
    assert decision["target"] == {"kind": "name", "id": own, "text": "爱读书的人", "media": [], "removed_media": []}
    assert (await appeal(ming, "name", own)).status_code == 201
    (case,) = await cases_of(other, "appeal")
    assert (await judge(first, case, "restore")).json()["code"] == "already_judged"
    assert (await judge(other, case, "restore")).status_code == 200
    assert (await client.get(f"/users/{own}")).json()["name"] == "爱读书的人"
    assert (await inbox_titles(ming))[0] == "你的申诉成立"
    assert [each["in_force"] for each in await decisions(ming)] == [False]


async def test_an_appeal_against_a_refusal_is_one_approval_of_the_chain(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming, first = join("小明"), join("审", roles=("reviewer",))
    second, third = join("复", roles=("reviewer",)), join("终", roles=("reviewer",))
    await publish(ming, "第一条 #要审两次的话题#")
    await app_state.pool.execute("UPDATE topics SET review_stages = 2")
    post_id = await publish(ming, "第二条 #要审两次的话题#")
    assert (await ming("GET", f"/posts/{post_id}")).json()["state"] == "pending"
    await hide(first, "post", post_id, verdict="reject")
    assert (await ming("GET", f"/posts/{post_id}")).json()["state"] == "rejected"
    assert (await appeal(ming, "post", post_id)).status_code == 201
    (case,) = await cases_of(second, "appeal")
    assert (await judge(second, case, "restore")).status_code == 200
    # Another person has to approve it before others see it.
    assert (await ming("GET", f"/posts/{post_id}")).json()["state"] == "pending"
    assert (await client.get(f"/posts/{post_id}")).status_code == 404
    assert "你的申诉成立" in await inbox_titles(ming)
    (case,) = [case for case in await cases_of(third, "post") if case["subject"]["id"] == post_id]
    assert (await judge(second, case, "approve")).json()["code"] == "already_judged"
    assert (await judge(third, case, "approve")).status_code == 200
    assert (await client.get(f"/posts/{post_id}")).status_code == 200


async def test_a_refused_edit_is_appealed_while_the_approved_text_stays(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming, first, second = join("小明"), join("审", roles=("reviewer",)), join("复", roles=("reviewer",))
    post_id = await publish(ming, "原来的文字 #要审的话题#")
    await app_state.pool.execute("UPDATE topics SET review_stages = 1")
    assert (await ming("PATCH", f"/posts/{post_id}", {"text": "改过的文字 #要审的话题#"})).status_code == 200
    await hide(first, "post", post_id, verdict="reject")
    assert (await client.get(f"/posts/{post_id}")).json()["text"] == "原来的文字 #要审的话题#"
    (decision,) = await decisions(ming)
    assert decision["target"]["text"] == "改过的文字 #要审的话题#"
    assert (await appeal(ming, "post", post_id)).status_code == 201
    (case,) = await cases_of(second, "appeal")
    assert (await judge(second, case, "restore")).status_code == 200
    assert (await client.get(f"/posts/{post_id}")).json()["text"] == "改过的文字 #要审的话题#"


async def test_an_appeal_about_an_edit_that_was_replaced_can_be_decided(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    ming, first, second = join("小明"), join("审", roles=("reviewer",)), join("复", roles=("reviewer",))
    post_id = await publish(ming, "原来的文字 #要审的话题#")
    await app_state.pool.execute("UPDATE topics SET review_stages = 1")
    await ming("PATCH", f"/posts/{post_id}", {"text": "改过的文字 #要审的话题#"})
    await hide(first, "post", post_id, verdict="reject")
    await appeal(ming, "post", post_id)
    await ming("PATCH", f"/posts/{post_id}", {"text": "又改过的文字 #要审的话题#"})
    (case,) = await cases_of(second, "appeal")
    assert (await judge(second, case, "dismiss")).status_code == 200
    assert (await client.get(f"/posts/{post_id}")).json()["text"] == "原来的文字 #要审的话题#"


@pytest.mark.parametrize("kind", ["post", "comment"])
async def test_what_the_machine_has_blocked_is_appealed_to_a_person(
    client: httpx.AsyncClient, join: Join, app_state: AppState, kind: str
) -> None:
    ming, reviewer = join("小明"), join("审", roles=("reviewer",))
    post_id = await publish(ming)
    machine = MachineResult("block", 90, [Label("fraud", "block", "代开发票", 0, 4, "words")])
    author = AccountId(int(await user_id(ming)))
    if kind == "post":
        draft = Draft.checked(author, NewPost(text="代开发票"))
        (id_,) = await publish_posts(app_state.pool, [msgspec.structs.replace(draft, machine=machine)])
    else:
        comment = NewComment.checked(author, PostId(int(post_id)), "代开发票")
        (id_,) = await add_comments(app_state.pool, [msgspec.structs.replace(comment, machine=machine)])
    (decision,) = await decisions(ming)
    assert (decision["kind"], decision["target"]["text"], decision["reason_code"]) == ("machine", "代开发票", "fraud")
    assert (await appeal(ming, kind, str(id_))).status_code == 201
    (case,) = await cases_of(reviewer, "appeal")
    judged = await judge(reviewer, case, "restore")
    assert judged.json()["subject"]["state"] == "published", judged.text
    assert (await inbox_titles(ming))[0] == "你的申诉成立"
    assert [each["in_force"] for each in await decisions(ming)] == [False]
