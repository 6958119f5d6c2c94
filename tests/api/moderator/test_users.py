"""Looking users up, their records, and the list of sanctions."""

from typing import Any

import pytest

from feed.api.state import AppState
from tests.support.api import Join, Person

TEXT = "今天读完一本书"


async def ids(person: Person, q: str, **more: Any) -> list[str]:
    answer = await person("GET", "/moderation/users", params={"q": q} | more)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


async def id_of(person: Person) -> str:
    return str((await person("GET", "/me")).json()["id"])


async def test_a_user_is_found_by_the_beginning_of_the_name_by_id_and_by_phone(join: Join) -> None:
    reviewer = join("审核", roles=("reviewer",))
    ming, second, hong = (
        join("小明一", phone="+8613900001111"),
        join("小明二", phone="+8613900001111"),
        join("Xiaohong", phone="+8613900002222"),
    )
    ming_id, second_id, hong_id = [await id_of(each) for each in (ming, second, hong)]
    assert sorted(await ids(reviewer, "小明")) == sorted([ming_id, second_id])
    assert await ids(reviewer, "xIAOH") == [hong_id]
    assert await ids(reviewer, "明") == []
    assert await ids(reviewer, "%") == await ids(reviewer, "_") == []
    assert await ids(reviewer, hong_id) == [hong_id]
    for phone in ("13900001111", "+8613900001111", "139 0000 1111", " +86 139-0000-1111 "):
        assert sorted(await ids(reviewer, phone)) == sorted([ming_id, second_id]), phone
    assert await ids(reviewer, "13900003333") == []


async def test_pages_of_names_follow_each_other(join: Join) -> None:
    reviewer = join("审核", roles=("reviewer",))
    made = {await id_of(join(f"读者{number}")) for number in range(5)}
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = (await reviewer("GET", "/moderation/users", params={"q": "读者", "limit": 2} | cursor)).json()
        seen += [each["id"] for each in page["items"]]
        cursor = {"cursor": page["next_cursor"] or ""}
    assert page["next_cursor"] is None
    assert (len(seen), set(seen)) == (5, made)


async def test_a_result_shows_no_phone_and_only_look_ups_by_phone_are_audited(join: Join, app_state: AppState) -> None:
    reviewer = join("审核", roles=("reviewer",))
    ming = join("小明", phone="+8613900001111")
    ming_id = await id_of(ming)
    answer = await reviewer("GET", "/moderation/users", params={"q": "13900001111"})
    assert "1390" not in answer.text
    assert "1111" not in answer.text.replace(ming_id, "").replace(answer.json()["items"][0]["created_at"], "")
    await ids(reviewer, "小明")
    await ids(reviewer, ming_id)
    await ids(reviewer, "13900009999")
    rows = await app_state.pool.fetch(
        "SELECT actor_id, subject_id, detail FROM audit WHERE action = 'account.look_up' ORDER BY id"
    )
    assert [(row["subject_id"], row["detail"]) for row in rows] == [
        (int(ming_id), {"by": "phone"}),
        (None, {"by": "phone"}),
    ]
    assert {row["actor_id"] for row in rows} == {int(await id_of(reviewer))}


async def test_editors_look_up_by_name_but_not_by_phone(join: Join) -> None:
    editor, admin = join("编辑", roles=("editor",)), join("管理", roles=("admin",))
    ming = await id_of(join("小明", phone="+8613900001111"))
    assert await ids(editor, "小明") == [ming]
    refused = await editor("GET", "/moderation/users", params={"q": "13900001111"})
    assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")
    assert await ids(admin, "13900001111") == [ming]


@pytest.mark.parametrize(
    ("q", "code"), [("", "required"), ("   ", "required"), ("名" * 41, "too_long"), ("名\x00", "invalid_value")]
)
async def test_an_empty_long_or_unstorable_query_is_an_error_of_its_field(join: Join, q: str, code: str) -> None:
    answer = await join("审核", roles=("reviewer",))("GET", "/moderation/users", params={"q": q})
    assert answer.status_code == 422
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [("q", code)]


async def test_a_record_is_that_of_the_person_with_all_accounts(join: Join) -> None:
    reviewer, ming, second = (
        join("审核", roles=("reviewer",)),
        join("小明", phone="+8613900001111"),
        join("马甲", phone="+8613900001111"),
    )
    kept = (await ming("POST", "/posts", {"text": TEXT})).json()
    removed = (await second("POST", "/posts", {"text": "广告"})).json()
    comment = (await second("POST", f"/posts/{kept['id']}/comments", {"text": "加我微信"})).json()
    for subject, verdict in ((removed, "remove"), (comment, "remove"), (kept, "approve")):
        (case,) = (await reviewer("GET", f"/moderation/cases?subject_id={subject['id']}")).json()["items"]
        body = {
            "version": case["version"],
            "verdict": verdict,
            "reason_code": "fine" if verdict == "approve" else "spam",
        }
        assert (await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", body)).status_code == 200
    other = (await join("小红")("POST", "/posts", {"text": "别人的动态"})).json()
    await ming("POST", "/reports", {"target": {"kind": "post", "id": other["id"]}, "reason_code": "spam"})
    path = f"/moderation/users/{await id_of(second)}"
    await reviewer("PUT", f"{path}/sanction", {"kind": "mute", "reason_code": "spam"})

    record = (await reviewer("GET", f"/moderation/users/{await id_of(ming)}")).json()
    assert [each["name"] for each in record["accounts"]] == ["小明", "马甲"]
    assert (record["user"]["muted"], record["user"]["banned"], record["roles"]) == (True, False, [])
    assert (record["post_count"], record["comment_count"]) == (2, 1)
    assert (record["verdicts"]["approve"], record["verdicts"]["remove"], record["verdicts"]["undone"]) == (1, 2, 0)
    assert record["reports_made"] == {"all": 1, "open": 1, "upheld": 0}
    assert record["reports"] == record["appeals"] == {"all": 0, "open": 0, "upheld": 0}
    assert [(each["kind"], each["id"], each["text"]) for each in record["hidden"]] == [
        ("comment", comment["id"], "加我微信"),
        ("post", removed["id"], "广告"),
    ]
    (sanction,) = record["sanctions"]
    assert (sanction["user"]["name"], sanction["state"], sanction["imposed_by"]["name"]) == ("马甲", "active", "审核")
    assert (await reviewer("GET", path)).json()["user"]["name"] == "马甲"
    unknown = await reviewer("GET", "/moderation/users/1")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "account_not_found")


async def test_sanctions_are_listed_while_in_force_and_afterwards(join: Join, app_state: AppState) -> None:
    reviewer = join("审核", roles=("reviewer",))
    muted, banned, freed = [await id_of(join(name)) for name in ("甲", "乙", "丙")]
    for user, kind in ((muted, "mute"), (banned, "ban"), (freed, "ban")):
        await reviewer("PUT", f"/moderation/users/{user}/sanction", {"kind": kind, "reason_code": "abuse"})
    await reviewer("DELETE", f"/moderation/users/{freed}/sanction")

    async def listed(**query: str) -> list[str]:
        items = (await reviewer("GET", "/moderation/sanctions", params=query)).json()["items"]
        return [each["user"]["id"] for each in items]

    assert await listed() == [banned, muted]
    assert await listed(kind="mute") == [muted]
    assert await listed(state="ended") == [freed]
    (ended,) = (await reviewer("GET", "/moderation/sanctions?state=ended")).json()["items"]
    assert (ended["lifted_by"]["name"], ended["state"]) == ("审核", "ended")
    await app_state.pool.execute(
        """
        UPDATE sanctions SET starts_at = now() - interval '2 hours', until = now() - interval '1 hour'
        WHERE account_id = $1
        """,
        int(muted),
    )
    assert await listed() == [banned]
    assert await listed(state="ended") == [freed, muted]
    page = (await reviewer("GET", "/moderation/sanctions?state=ended&limit=1")).json()
    rest = (
        await reviewer(
            "GET", "/moderation/sanctions", params={"state": "ended", "limit": 1, "cursor": page["next_cursor"]}
        )
    ).json()
    assert ([each["user"]["id"] for each in rest["items"]], rest["next_cursor"]) == ([muted], None)
