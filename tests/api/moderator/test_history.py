"""The history of a case, the state of the queue, and the catalogue of reasons."""

import httpx

from tests.support.api import Join, Person

TEXT = "今天读完一本书 #读书#"


async def judge(reviewer: Person, case: dict[str, object], **body: object) -> httpx.Response:
    return await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", {"version": case["version"]} | body)


async def test_a_history_has_revisions_machine_checks_leases_and_verdicts_also_undone_ones(join: Join) -> None:
    ming, first, second = join("小明"), join("一审", roles=("reviewer",)), join("二审", roles=("reviewer",))
    post = (await ming("POST", "/posts", {"text": TEXT})).json()
    await ming("PATCH", f"/posts/{post['id']}", {"text": TEXT + "，很好"})
    (case,) = (await first("POST", "/moderation/cases/lease", {"count": 5})).json()["items"]
    await first("POST", f"/moderation/cases/{case['id']}/release")
    await second("POST", "/moderation/cases/lease", {"count": 5})
    seen = {"cases": [{"id": case["id"], "version": case["version"]}], "verdict": "remove", "reason_code": "spam"}
    batch = (await second("POST", "/moderation/verdicts", seen | {"note": "广告"})).json()
    await second("POST", f"/moderation/verdicts/{batch['batch_id']}/undo")
    case = (await first("GET", f"/moderation/cases?subject_id={post['id']}")).json()["items"][0]
    assert (await judge(first, case, verdict="approve")).status_code == 200

    history = (await first("GET", f"/moderation/cases/{case['id']}/history")).json()
    assert [(each["revision"], each["text"]) for each in history["revisions"]] == [(2, TEXT + "，很好"), (1, TEXT)]
    assert {each["author"]["name"] for each in history["revisions"]} == {"小明"}
    assert [(each["revision"], each["state"]) for each in history["cases"]] == [(2, "closed"), (1, "closed")]
    assert all(each["machine"]["verdict"] == "pass" for each in history["cases"])
    leases = [(each["user"]["name"], each["ended_at"] is None) for each in history["leases"]]
    assert leases == [("二审", True), ("一审", False)]
    verdicts = [
        (each["user"]["name"], each["verdict"], each["note"], each["batch_id"], each["undone_at"] is None)
        for each in history["verdicts"]
    ]
    assert verdicts == [("一审", "approve", None, None, True), ("二审", "remove", "广告", batch["batch_id"], False)]


async def test_the_history_of_a_comment_has_its_text_and_its_own_cases_only(join: Join) -> None:
    ming, reviewer = join("小明"), join("审核", roles=("reviewer",))
    post = (await ming("POST", "/posts", {"text": TEXT})).json()
    comments = [(await ming("POST", f"/posts/{post['id']}/comments", {"text": text})).json() for text in ("一", "二")]
    (case,) = (await reviewer("GET", f"/moderation/cases?subject_id={comments[0]['id']}")).json()["items"]
    history = (await reviewer("GET", f"/moderation/cases/{case['id']}/history")).json()
    assert [each["text"] for each in history["revisions"]] == ["一"]
    assert [each["id"] for each in history["cases"]] == [case["id"]]


async def test_the_history_of_an_unknown_case_is_not_found(join: Join) -> None:
    reviewer = join("审核", roles=("reviewer",))
    for case_id in ("1", "x"):
        answer = await reviewer("GET", f"/moderation/cases/{case_id}/history")
        assert (answer.status_code, answer.json()["code"]) == (404, "case_not_found")


async def test_the_queue_says_how_much_waits_and_who_is_on_duty(join: Join) -> None:
    reviewer, second_account = (join(name, roles=("reviewer",), phone="+8613900000002") for name in ("甲", "乙"))
    empty = (await reviewer("GET", "/moderation/queue")).json()
    assert (empty["open"], empty["parts"], empty["oldest_at"]) == (0, [], None)
    ming = join("小明")
    post = (await ming("POST", "/posts", {"text": TEXT})).json()
    await ming("POST", "/posts", {"text": TEXT})
    await ming("POST", f"/posts/{post['id']}/comments", {"text": "好"})
    assert (await second_account("GET", "/moderation/queue")).json()["on_duty"] == {"persons": 1, "active": 0}
    leased = (await reviewer("POST", "/moderation/cases/lease", {"count": 2})).json()["items"]
    await judge(reviewer, leased[0], verdict="approve")
    await judge(reviewer, leased[1], verdict="escalate")
    queue = (await reviewer("GET", "/moderation/queue")).json()
    assert queue["on_duty"] == {"persons": 1, "active": 1}
    assert (queue["open"], queue["overdue"]) == (2, 0)
    assert [(part["kind"], part["stage"], part["open"], part["leased"]) for part in queue["parts"]] == [
        ("comment", 1, 1, 0),
        ("post", 2, 1, 0),
    ]
    assert queue["last_day"] == [{"kind": "post", "decided": 1, "in_time": 1}]
    assert queue["oldest_at"] == min(part["oldest_at"] for part in queue["parts"])


async def test_each_reason_says_for_which_verdicts_it_is(join: Join) -> None:
    reviewer = join("审核", roles=("reviewer",))
    reasons = {each["code"]: each for each in (await reviewer("GET", "/reason-codes")).json()["items"]}
    ming = join("小明")
    for code, reason in reasons.items():
        assert reason["zh"]
        assert reason["en"]
        assert reason["verdicts"]
        assert reason["subjects"]
        await ming("POST", "/posts", {"text": TEXT})
        (case,) = (await reviewer("POST", "/moderation/cases/lease", {"count": 1})).json()["items"]
        answer = await judge(reviewer, case, verdict="remove", reason_code=code)
        assert (answer.status_code == 200) == ("remove" in reason["verdicts"]), code
        if answer.status_code != 200:
            assert (await judge(reviewer, case, verdict="approve", reason_code=code)).status_code == 200
