"""A jury through its doors: what each may do, what nobody may see before the lock, and how somebody absent is replaced."""

from typing import Any

import httpx
import pytest

from feed.api.state import AppState
from tests.support.api import Join, Person
from tests.support.campaigns_api import close, my_id, post, publish

CRITERIA = [{"name": "立意", "weight": 0.6}, {"name": "文采", "weight": 0.4}]
# A score that appears in no other number of these pages.
SECRET = {"立意": 73.171717, "文采": 61.393939}


class Court:
    """An open campaign with three jurors and two shortlisted entries."""

    def __init__(self, editor: Person, jurors: list[Person], authors: list[Person], id_: str, entries: list[str]):
        self.editor, self.jurors, self.authors, self.id, self.entries = editor, jurors, authors, id_, entries

    def path(self, rest: str = "") -> str:
        return f"/admin/campaigns/{self.id}{rest}"

    async def mark(self, juror: Person, entry: str, scores: dict[str, float] | None = None) -> httpx.Response:
        return await juror("PUT", self.path(f"/entries/{entry}/mark"), {"scores": scores or SECRET})

    async def progress(self) -> dict[str, Any]:
        answer = await self.editor("GET", self.path("/jury"))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def court(join: Join) -> Court:
    editor = join("编辑", roles=("editor",))
    campaign = await publish(editor, criteria=CRITERIA, quorum=2, shortlist_size=5)
    authors = [join(f"作者{number}") for number in range(2)]
    entries = [await post(author) for author in authors]
    jurors = [join(f"评委{number}") for number in range(3)]
    ids = [await my_id(juror) for juror in jurors]
    assert (await editor("PUT", f"/admin/campaigns/{campaign}/jurors", {"user_ids": ids})).status_code == 200
    for entry in entries:
        assert (await editor("PUT", f"/admin/campaigns/{campaign}/entries/{entry}/shortlist")).status_code < 300
    return Court(editor, jurors, authors, campaign, entries)


async def test_criteria_make_the_mark_by_their_weights(court: Court) -> None:
    said = await court.mark(court.jurors[0], court.entries[0], {"立意": 80, "文采": 70})
    assert (said.status_code, said.json()["score"]) == (200, "76.000000")
    mine = (await court.jurors[0]("GET", court.path("/marks"))).json()["items"]
    assert [item["mark"] and item["mark"]["score"] for item in mine] == ["76.000000", None]
    for body, field in [
        ({"scores": {"立意": 80}}, "scores.文采"),
        ({"scores": {"立意": 80, "文采": 70, "字数": 1}}, "scores.字数"),
        ({"scores": {"立意": 101, "文采": 70}}, "scores.立意"),
        ({"score": 80}, "scores"),
    ]:
        refused = await court.jurors[0]("PUT", court.path(f"/entries/{court.entries[0]}/mark"), body)
        assert refused.status_code == 422, body
        assert field.split(".")[0] in {error["field"].split(".")[0] for error in refused.json()["errors"]}, body


async def test_nobody_reads_anothers_mark_before_the_lock(
    court: Court, join: Join, client: httpx.AsyncClient, app_state: AppState
) -> None:
    for entry in court.entries:
        assert (await court.mark(court.jurors[0], entry)).status_code == 200
    document = (await client.get("http://feed.test/openapi.json")).json()
    admin = join("管理员", roles=("admin",))
    readers = [court.editor, admin, court.jurors[1], court.authors[0]]
    names = {"campaign_id": court.id, "post_id": court.entries[0]}
    asked = 0
    for path, item in document["paths"].items():
        if "get" not in item or not path.startswith("/v1/"):
            continue
        filled = path.removeprefix("/v1").format_map({name: names.get(name, "1") for name in _holes(path)})
        for reader in readers:
            text = (await reader("GET", filled)).text
            asked += 1
            for secret in ("73.171717", "61.393939", "68.460606", "34.230303"):
                assert secret not in text, (filled, secret)
    assert asked > 100
    # Once they are locked, the same pages tell.
    for juror in court.jurors[:2]:
        for entry in court.entries:
            await court.mark(juror, entry)
    await close(app_state, court.id)
    assert (await court.editor("POST", court.path("/lock-marks"))).status_code == 200
    given = (await court.progress())["entries"][0]["given"]
    assert {each["score"] for each in given} == {"68.460606"}
    assert given[0]["scores"] == {"立意": "73.171717", "文采": "61.393939"}


def _holes(path: str) -> list[str]:
    return [part.split("}")[0] for part in path.split("{")[1:]]


async def test_the_progress_counts_marks_and_tells_what_lacks(court: Court) -> None:
    await court.mark(court.jurors[0], court.entries[0])
    await court.mark(court.jurors[1], court.entries[0])
    await court.mark(court.jurors[1], court.entries[1])
    said = await court.progress()
    assert [(each["marked"], each["needed"]) for each in said["jurors"]] == [(1, 2), (2, 2), (0, 2)]
    entries = {each["post_id"]: (each["marks"], each["needed"], each["complete"]) for each in said["entries"]}
    assert entries == {court.entries[0]: (2, 2, True), court.entries[1]: (1, 2, False)}
    assert (said["complete"], said["locked"], said["quorum"]) == (False, False, 2)


async def test_a_declared_conflict_closes_every_entry_of_the_author(court: Court) -> None:
    path = court.path(f"/entries/{court.entries[0]}/recuse")
    empty = await court.jurors[0]("PUT", path, {"reason": " "})
    assert (empty.status_code, empty.json()["errors"][0]["field"]) == (422, "reason")
    assert (await court.jurors[0]("PUT", path, {"reason": "同事"})).status_code == 200
    refused = await court.mark(court.jurors[0], court.entries[0])
    assert (refused.status_code, refused.json()["code"]) == (403, "juror_recused")
    stranger = await court.authors[0]("PUT", path, {"reason": "无关"})
    assert (stranger.status_code, stranger.json()["code"]) == (403, "not_a_juror")
    assert [each["reason"] for each in (await court.progress())["recusals"]] == ["同事"]


async def test_an_account_of_the_author_is_the_author(join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    campaign = await publish(editor)
    author, twin = join("作者", phone="+8613800100777"), join("小号", phone="+8613800100777")
    entry = await post(author)
    await editor("PUT", f"/admin/campaigns/{campaign}/jurors", {"user_ids": [await my_id(twin)]})
    refused = await twin("PUT", f"/admin/campaigns/{campaign}/entries/{entry}/mark", {"score": 100})
    assert (refused.status_code, refused.json()["code"]) == (403, "own_entry")


async def test_who_is_absent_is_replaced_and_marks_of_who_left_count_no_more(court: Court, join: Join) -> None:
    await court.mark(court.jurors[2], court.entries[0])
    late = join("后来的评委")
    ids = [await my_id(juror) for juror in (*court.jurors[:2], late)]
    refused = await court.editor("PUT", court.path("/jurors"), {"user_ids": ids})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "reason")
    asked = {"user_ids": ids, "reason": "住院"}
    first = await court.editor("PUT", court.path("/jurors"), asked)
    assert (first.status_code, [each["id"] for each in first.json()["items"]].count(ids[2])) == (202, 0)
    again = await court.editor("PUT", court.path("/jurors"), asked)
    assert (again.status_code, again.json()["code"]) == (409, "second_person_required")
    second = await join("副主编", roles=["editor"])("PUT", court.path("/jurors"), asked)
    assert (second.status_code, {each["id"] for each in second.json()["items"]}) == (200, set(ids))
    dissolved = await court.editor("PUT", court.path("/jurors"), {"user_ids": [], "reason": "不需要了"})
    assert (dissolved.status_code, dissolved.json()["code"]) == (409, "jury_needed")
    refused = await court.mark(court.jurors[2], court.entries[1])
    assert (refused.status_code, refused.json()["code"]) == (403, "not_a_juror")
    said = await court.progress()
    assert [each["marks"] for each in said["entries"]] == [0, 0]
    assert (await court.mark(late, court.entries[0])).status_code == 200


async def test_a_juror_sees_on_which_juries_one_sits_and_how_far_one_is(court: Court, join: Join) -> None:
    juror, stranger = court.jurors[0], court.editor
    other = await publish(court.editor, topic="第二个活动")
    ids = {"user_ids": [await my_id(juror)]}
    assert (await court.editor("PUT", f"/admin/campaigns/{other}/jurors", ids)).status_code == 200
    await court.mark(juror, court.entries[0])
    recused = await juror("PUT", court.path(f"/entries/{court.entries[1]}/recuse"), {"reason": "作者是我的学生"})
    assert recused.status_code == 200
    first = (await juror("GET", "/me/juries?limit=1")).json()
    rest = (await juror("GET", f"/me/juries?limit=1&cursor={first['next_cursor']}")).json()
    assert [each["campaign_id"] for each in (*first["items"], *rest["items"])] == [other, court.id]
    assert rest["next_cursor"] is None
    (seat,) = rest["items"]
    assert (seat["state"], seat["to_mark"], seat["marked"], seat["locked"]) == ("open", 1, 1, False)
    assert (await stranger("GET", "/me/juries")).json()["items"] == []
    told = [each["title"] for each in (await juror("GET", "/me/inbox")).json()["items"]]
    assert sum("评委" in title for title in told) == 2


async def test_a_mark_names_the_revision_that_was_read(court: Court) -> None:
    path = f"/admin/campaigns/{court.id}/entries/{court.entries[0]}/mark"
    stale = await court.jurors[0]("PUT", path, {"scores": SECRET, "revision": 7})
    assert (stale.status_code, stale.json()["code"]) == (409, "revision_stale")
    assert (await court.jurors[0]("PUT", path, {"scores": SECRET, "revision": 1})).status_code == 200


async def test_the_settlement_waits_for_the_quorum_and_says_for_what(court: Court, app_state: AppState) -> None:
    await court.mark(court.jurors[0], court.entries[0])
    # As if everything had been written half an hour ago, and the end had come a minute ago.
    written = {
        "posts": ("created_at", "published_at"),
        "post_revisions": ("created_at",),
        "entries": ("entered_at",),
        "accounts": ("created_at", "phone_verified_at"),
    }
    for table, column in ((table, column) for table, columns in written.items() for column in columns):
        await app_state.pool.execute(f"UPDATE {table} SET {column} = {column} - interval '30 minutes'")
    await app_state.pool.execute(
        "UPDATE campaigns SET ends_at = clock_timestamp() - interval '1 minute' WHERE id = $1", int(court.id)
    )
    refused = await court.editor("POST", court.path("/settle"), {})
    assert refused.status_code == 409, refused.text
    assert refused.json()["code"] == "settlement_blocked"
    waits = (await court.editor("GET", court.path())).json()["blocked_by"]
    assert {(each["kind"], each["post_id"]) for each in waits} == {("mark_missing", entry) for entry in court.entries}
    for juror in court.jurors[:2]:
        for entry in court.entries:
            await court.mark(juror, entry)
    assert (await court.editor("POST", court.path("/settle"), {})).status_code == 200


async def test_a_disqualification_is_told_with_its_reason_and_taken_back(court: Court) -> None:
    author, entry = court.authors[0], court.entries[0]
    path = court.path(f"/entries/{entry}")
    said = {"reason_code": "plagiarism", "note": "与他人作品雷同"}
    assert (await court.editor("POST", f"{path}/disqualify", said)).status_code == 200
    mine = (await author("GET", f"/campaigns/{court.id}/me")).json()["entries"][0]
    assert mine["state"] == "disqualified"
    repeated = await court.editor("POST", f"{path}/disqualify", said)
    assert (repeated.status_code, repeated.json()["code"]) == (409, "entry_disqualified")
    assert (
        await court.editor("POST", f"{path}/reinstate", {"reason_code": "appeal", "note": "查证无误"})
    ).status_code == 200
    assert (await author("GET", f"/campaigns/{court.id}/me")).json()["entries"][0]["state"] != "disqualified"
    nameless = await court.editor("POST", f"{path}/reinstate", {})
    assert (nameless.status_code, nameless.json()["errors"][0]["field"]) == (422, "reason_code")
    told = [each for each in (await author("GET", "/me/inbox")).json()["items"] if each["kind"] == "system"]
    assert [("恢复" in each["title"], "抄袭或搬运他人作品" in each["body"]) for each in told] == [
        (True, False),
        (False, True),
    ]
    # What the editor noted for the colleagues is not the author's to read.
    assert not any("雷同" in each["body"] for each in told)
    assert (await court.mark(court.jurors[0], entry)).status_code == 200
