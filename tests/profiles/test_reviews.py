"""The case of a changed name or bio: what is shown before and after each verdict."""

import asyncio
from typing import Any

import msgspec
import pytest

from feed.api.state import AppState
from feed.errors import FeedError
from feed.profiles.actions import change_profile
from feed.profiles.model import ProfileChange
from feed.screening.model import Label, MachineResult, TextKind
from feed.settings import Settings
from tests.support.api import Join, Person


async def cases_of(reviewer: Person, kind: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await reviewer("GET", f"/moderation/cases?kind={kind}")).json()["items"]
    return items


async def judge(reviewer: Person, case: dict[str, Any], verdict: str, **more: Any) -> tuple[int, Any]:
    body = {"verdict": verdict, "version": case["version"], **more}
    answer = await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", body)
    return answer.status_code, answer.json()


async def profile(person: Person) -> dict[str, Any]:
    me: dict[str, Any] = (await person("GET", "/me")).json()
    return me


FIELDS = [("name", "小明", "大明", "海风"), ("bio", "", "爱读书", "爱跑步")]


@pytest.mark.parametrize(("field", "former", "new", "newer"), FIELDS)
async def test_a_change_is_shown_at_once_and_looked_at(
    join: Join, field: str, former: str, new: str, newer: str
) -> None:
    author, reviewer = join("小明"), join("审", roles=("reviewer",))
    assert (await author("PATCH", "/me", {field: new})).json()[field] == new
    case = (await cases_of(reviewer, field))[0]
    subject = case["subject"]
    assert (subject["kind"], subject["text"], subject["former_text"], subject["state"]) == (
        "user",
        new,
        former,
        "published",
    )
    # A further change is put into the same case, whose former version nobody may judge.
    await author("PATCH", "/me", {field: newer})
    assert (await judge(reviewer, case, "approve"))[1]["code"] == "case_stale"
    (case,) = await cases_of(reviewer, field)
    assert (case["subject"]["text"], case["subject"]["former_text"]) == (newer, former)
    status, judged = await judge(reviewer, case, "approve")
    assert (status, judged["state"]) == (200, "closed")
    assert (await profile(author))[field] == newer
    assert await cases_of(reviewer, field) == []


@pytest.mark.parametrize(("field", "former", "new", "newer"), FIELDS)
@pytest.mark.parametrize("verdict", ["reject", "remove"])
async def test_a_rejected_change_gives_way_to_the_former_value_and_can_be_restored(
    join: Join, field: str, former: str, new: str, newer: str, verdict: str
) -> None:
    author, reviewer = join("小明"), join("审", roles=("reviewer",))
    await author("PATCH", "/me", {field: new})
    (case,) = await cases_of(reviewer, field)
    status, judged = await judge(reviewer, case, verdict, reason_code="abuse")
    assert status == 200, judged
    assert (await profile(author))[field] == former
    (notice,) = (await author("GET", "/me/inbox")).json()["items"]
    assert notice["title"] == {"name": "你的昵称未通过审核", "bio": "你的简介未通过审核"}[field]
    assert notice["subject"]["reason_code"] == "abuse"
    status, restored = await judge(reviewer, judged, "restore", reason_code="mistaken")
    assert status == 200, restored
    assert (await profile(author))[field] == new
    # A decision about a former value changes nothing of a later one.
    await author("PATCH", "/me", {field: newer})
    assert (await judge(reviewer, restored, "remove", reason_code="abuse"))[1]["code"] == "case_stale"
    assert (await profile(author))[field] == newer


async def test_a_name_that_was_changed_back_and_rejected_becomes_a_neutral_one(join: Join) -> None:
    author, reviewer = join("小明"), join("审", roles=("reviewer",))
    await author("PATCH", "/me", {"name": "大明"})
    await author("PATCH", "/me", {"name": "小明"})
    (case,) = await cases_of(reviewer, "name")
    assert (await judge(reviewer, case, "reject", reason_code="abuse"))[0] == 200
    assert (await profile(author))["name"].startswith("用户")


async def test_a_removed_bio_needs_no_review(join: Join) -> None:
    author, reviewer = join("小明"), join("审", roles=("reviewer",))
    await author("PATCH", "/me", {"bio": "爱读书"})
    assert (await author("PATCH", "/me", {"bio": None})).json()["bio"] == ""
    assert await cases_of(reviewer, "bio") == []


async def test_what_stays_the_same_opens_no_case(join: Join) -> None:
    author, reviewer = join("小明"), join("审", roles=("reviewer",))
    await author("PATCH", "/me", {"name": "小明", "bio": ""})
    assert await cases_of(reviewer, "name") + await cases_of(reviewer, "bio") == []


async def test_an_undone_verdict_shows_the_change_again(join: Join) -> None:
    author, reviewer = join("小明"), join("审", roles=("reviewer",))
    await author("PATCH", "/me", {"name": "大明"})
    (case,) = await cases_of(reviewer, "name")
    batch = {"cases": [{"id": case["id"], "version": case["version"]}], "verdict": "reject", "reason_code": "spam"}
    batch_id = (await reviewer("POST", "/moderation/verdicts", batch)).json()["batch_id"]
    assert (await profile(author))["name"] == "小明"
    undone = await reviewer("POST", f"/moderation/verdicts/{batch_id}/undo")
    assert undone.json()["items"][0]["outcome"] == "done"
    assert (await profile(author))["name"] == "大明"


async def test_no_person_judges_the_own_name_with_any_account(join: Join) -> None:
    author = join("小明", phone="+8613933330000")
    reviewer = join("审", roles=("reviewer",), phone="+8613933330000")
    await author("PATCH", "/me", {"name": "大明"})
    (case,) = await cases_of(reviewer, "name")
    assert (await judge(reviewer, case, "approve"))[1]["code"] == "own_subject"


async def test_a_protected_name_of_a_first_token_waits_and_takes_a_badge(join: Join) -> None:
    desk, reviewer, admin = join("深圳特区报"), join("审", roles=("reviewer",)), join("管", roles=("admin",))
    me = await profile(desk)
    assert me["name"].startswith("用户")
    (pending,) = me["pending"]
    assert (pending["kind"], pending["value"]) == ("name", "深圳特区报")
    (case,) = await cases_of(reviewer, "name")
    assert case["subject"]["former_text"] == me["name"]
    assert (await judge(reviewer, case, "approve"))[1]["code"] == "verdict_not_applicable"
    await admin("PUT", f"/admin/badges/{me['id']}", {})
    assert (await judge(reviewer, case, "approve"))[0] == 200
    me = await profile(desk)
    assert (me["name"], me["badge"], me["pending"]) == ("深圳特区报", "官方", [])


class TestHeld:
    """With FEED_REVIEW_PROFILES=held."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, review_profiles="held")

    @pytest.mark.parametrize(("field", "former", "new", "newer"), FIELDS)
    async def test_a_change_is_shown_once_it_is_approved(
        self, join: Join, field: str, former: str, new: str, newer: str
    ) -> None:
        author, reviewer, other = join("小明"), join("审", roles=("reviewer",)), join("小红")
        me = (await author("PATCH", "/me", {field: new})).json()
        assert (me[field], [(each["kind"], each["value"]) for each in me["pending"]]) == (former, [(field, new)])
        seen = (await other("GET", f"/users/{me['id']}")).json()
        assert seen[field] == former
        assert "pending" not in seen
        (case,) = await cases_of(reviewer, field)
        assert case["subject"]["state"] == "pending"
        assert (await judge(reviewer, case, "approve"))[0] == 200
        assert ((await profile(author))[field], (await profile(author))["pending"]) == (new, [])
        await author("PATCH", "/me", {field: newer})
        (case,) = await cases_of(reviewer, field)
        assert (await judge(reviewer, case, "reject", reason_code="spam"))[0] == 200
        assert ((await profile(author))[field], (await profile(author))["pending"]) == (new, [])


def result(verdict: Any) -> MachineResult:
    return MachineResult(verdict, 80, [Label("abuse", verdict, "坏词", 0, 2, "words")])


@pytest.mark.parametrize("field", ["name", "bio"])
@pytest.mark.parametrize("verdict", ["block", "review"])
async def test_banned_words_pass_in_no_field_of_a_profile(
    join: Join, app_state: AppState, field: str, verdict: str
) -> None:
    def check(text: str, kind: TextKind) -> MachineResult:
        return result(verdict) if "坏词" in text else MachineResult("pass")

    author, reviewer = join("小明"), join("审", roles=("reviewer",))
    me = await profile(author)
    change = ProfileChange(**{field: "坏词"})
    naming = app_state.naming._replace(check=check)
    if verdict == "block":
        with pytest.raises(FeedError) as raised:
            await change_profile(app_state.pool, naming, int(me["id"]), change)  # type: ignore[arg-type]
        assert [(each.field, each.code) for each in raised.value.errors] == [(field, "text_blocked")]
        assert await cases_of(reviewer, field) == []
    else:
        await change_profile(app_state.pool, naming, int(me["id"]), change)  # type: ignore[arg-type]
        (case,) = await cases_of(reviewer, field)
        assert case["machine"]["labels"][0]["term"] == "坏词"
    assert (await profile(author))[field] == me[field]


async def test_changes_and_verdicts_at_once_leave_one_open_case_or_none_and_what_was_decided(join: Join) -> None:
    author, reviewers = join("小明"), [join(f"审{n}", roles=("reviewer",)) for n in range(3)]
    await author("PATCH", "/me", {"name": "大明"})
    (case,) = await cases_of(reviewers[0], "name")
    asked: list[Any] = [judge(each, case, "reject", reason_code="spam") for each in reviewers]
    asked += [author("PATCH", "/me", {"name": f"大明{n}"}) for n in range(3)]
    answers = await asyncio.gather(*asked)
    assert all(answer.status_code == 200 for answer in answers[3:])
    assert sum(status == 200 for status, _ in answers[:3]) <= 1
    (open_case,) = await cases_of(reviewers[0], "name")
    assert open_case["subject"]["text"] == (await profile(author))["name"]


async def test_a_restored_name_whose_verdict_is_undone_is_hidden_again(join: Join) -> None:
    author, reviewer, second = join("小明"), join("审", roles=("reviewer",)), join("审二", roles=("reviewer",))
    await author("PATCH", "/me", {"name": "大明"})
    (case,) = await cases_of(reviewer, "name")
    _, rejected = await judge(reviewer, case, "reject", reason_code="spam")
    seen = {"cases": [{"id": rejected["id"], "version": rejected["version"]}], "verdict": "restore"}
    batch = (await second("POST", "/moderation/verdicts", seen)).json()
    assert batch["items"][0]["outcome"] == "done"
    assert (await profile(author))["name"] == "大明"
    undone = await second("POST", f"/moderation/verdicts/{batch['batch_id']}/undo")
    assert undone.json()["items"][0]["outcome"] == "done"
    assert (await profile(author))["name"] == "小明"


@pytest.mark.parametrize(("field", "former", "new", "newer"), FIELDS)
async def test_an_upheld_appeal_shows_the_change_again(
    join: Join, field: str, former: str, new: str, newer: str
) -> None:
    author, reviewer, second = join("小明"), join("审", roles=("reviewer",)), join("审二", roles=("reviewer",))
    me = (await author("PATCH", "/me", {field: new})).json()
    (case,) = await cases_of(reviewer, field)
    assert (await judge(reviewer, case, "reject", reason_code="abuse"))[0] == 200
    asked = await author("POST", "/appeals", {"target": {"kind": field, "id": me["id"]}, "text": "没有不妥"})
    assert asked.status_code == 201, asked.text
    (appeal,) = await cases_of(second, "appeal")
    assert (await judge(reviewer, appeal, "restore"))[1]["code"] == "already_judged"
    status, judged = await judge(second, appeal, "restore", reason_code="mistaken")
    assert status == 200, judged
    assert (await profile(author))[field] == new
