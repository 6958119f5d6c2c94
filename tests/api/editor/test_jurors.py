"""Endpoints of juries: marks, secrecy before the lock, recusals, progress and the replacement of jurors."""

from typing import Any

import httpx
import pytest

from feed.api.state import AppState
from tests.support.api import Join, Person
from tests.support.campaigns_api import close, my_id, post, publish

CRITERIA = [{"name": "立意", "weight": 0.6}, {"name": "文采", "weight": 0.4}]
# A score that appears in no other number of these pages.
SECRET = {"立意": 73.171717, "文采": 61.393939}


class JuryCampaign:
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
async def jury_campaign(join: Join) -> JuryCampaign:
    editor = join("编辑", roles=("editor",))
    campaign = await publish(editor, criteria=CRITERIA, quorum=2, shortlist_size=5)
    authors = [join(f"作者{number}") for number in range(2)]
    entries = [await post(author) for author in authors]
    jurors = [join(f"评委{number}") for number in range(3)]
    ids = [await my_id(juror) for juror in jurors]
    assert (await editor("PUT", f"/admin/campaigns/{campaign}/jurors", {"user_ids": ids})).status_code == 200
    for entry in entries:
        assert (await editor("PUT", f"/admin/campaigns/{campaign}/entries/{entry}/shortlist")).status_code < 300
    return JuryCampaign(editor, jurors, authors, campaign, entries)


async def test_criteria_make_the_mark_by_their_weights(jury_campaign: JuryCampaign) -> None:
    answer = await jury_campaign.mark(jury_campaign.jurors[0], jury_campaign.entries[0], {"立意": 80, "文采": 70})
    assert (answer.status_code, answer.json()["score"]) == (200, "76.000000")
    mine = (await jury_campaign.jurors[0]("GET", jury_campaign.path("/marks"))).json()["items"]
    assert [item["mark"] and item["mark"]["score"] for item in mine] == ["76.000000", None]
    for body, field in [
        ({"scores": {"立意": 80}}, "scores.文采"),
        ({"scores": {"立意": 80, "文采": 70, "字数": 1}}, "scores.字数"),
        ({"scores": {"立意": 101, "文采": 70}}, "scores.立意"),
        ({"score": 80}, "scores"),
    ]:
        refused = await jury_campaign.jurors[0](
            "PUT", jury_campaign.path(f"/entries/{jury_campaign.entries[0]}/mark"), body
        )
        assert refused.status_code == 422, body
        assert field.split(".")[0] in {error["field"].split(".")[0] for error in refused.json()["errors"]}, body


async def test_marks_of_others_are_in_no_response_before_the_lock(
    jury_campaign: JuryCampaign, join: Join, client: httpx.AsyncClient, app_state: AppState
) -> None:
    for entry in jury_campaign.entries:
        assert (await jury_campaign.mark(jury_campaign.jurors[0], entry)).status_code == 200
    document = (await client.get("http://feed.test/openapi.json")).json()
    admin = join("管理员", roles=("admin",))
    readers = [jury_campaign.editor, admin, jury_campaign.jurors[1], jury_campaign.authors[0]]
    names = {"campaign_id": jury_campaign.id, "post_id": jury_campaign.entries[0]}
    requests = 0
    for path, item in document["paths"].items():
        if "get" not in item or not path.startswith("/v1/"):
            continue
        filled = path.removeprefix("/v1").format_map({name: names.get(name, "1") for name in _holes(path)})
        for reader in readers:
            text = (await reader("GET", filled)).text
            requests += 1
            for secret in ("73.171717", "61.393939", "68.460606", "34.230303"):
                assert secret not in text, (filled, secret)
    assert requests > 100
    # After the lock the same endpoints return them.
    for juror in jury_campaign.jurors[:2]:
        for entry in jury_campaign.entries:
            await jury_campaign.mark(juror, entry)
    await close(app_state, jury_campaign.id)
    assert (await jury_campaign.editor("POST", jury_campaign.path("/lock-marks"))).status_code == 200
    given = (await jury_campaign.progress())["entries"][0]["given"]
    assert {each["score"] for each in given} == {"68.460606"}
    assert given[0]["scores"] == {"立意": "73.171717", "文采": "61.393939"}


def _holes(path: str) -> list[str]:
    return [part.split("}")[0] for part in path.split("{")[1:]]


async def test_the_progress_counts_marks_and_missing_ones(jury_campaign: JuryCampaign) -> None:
    await jury_campaign.mark(jury_campaign.jurors[0], jury_campaign.entries[0])
    await jury_campaign.mark(jury_campaign.jurors[1], jury_campaign.entries[0])
    await jury_campaign.mark(jury_campaign.jurors[1], jury_campaign.entries[1])
    answer = await jury_campaign.progress()
    assert [(each["marked"], each["needed"]) for each in answer["jurors"]] == [(1, 2), (2, 2), (0, 2)]
    entries = {each["post_id"]: (each["marks"], each["needed"], each["complete"]) for each in answer["entries"]}
    assert entries == {jury_campaign.entries[0]: (2, 2, True), jury_campaign.entries[1]: (1, 2, False)}
    assert (answer["complete"], answer["locked"], answer["quorum"]) == (False, False, 2)


async def test_a_recusal_excludes_all_entries_of_the_author(jury_campaign: JuryCampaign) -> None:
    path = jury_campaign.path(f"/entries/{jury_campaign.entries[0]}/recuse")
    empty = await jury_campaign.jurors[0]("PUT", path, {"reason": " "})
    assert (empty.status_code, empty.json()["errors"][0]["field"]) == (422, "reason")
    assert (await jury_campaign.jurors[0]("PUT", path, {"reason": "同事"})).status_code == 200
    refused = await jury_campaign.mark(jury_campaign.jurors[0], jury_campaign.entries[0])
    assert (refused.status_code, refused.json()["code"]) == (403, "juror_recused")
    stranger = await jury_campaign.authors[0]("PUT", path, {"reason": "无关"})
    assert (stranger.status_code, stranger.json()["code"]) == (403, "not_a_juror")
    assert [each["reason"] for each in (await jury_campaign.progress())["recusals"]] == ["同事"]


async def test_another_account_of_the_author_cannot_mark_the_entry(join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    campaign = await publish(editor)
    author, twin = join("作者", phone="+8613800100777"), join("小号", phone="+8613800100777")
    named = {"user_ids": [str((await twin("GET", "/me")).json()["id"])]}
    assert (await editor("PUT", f"/admin/campaigns/{campaign}/jurors", named)).status_code == 200
    entry = await post(author)
    refused = await twin("PUT", f"/admin/campaigns/{campaign}/entries/{entry}/mark", {"score": 100})
    assert (refused.status_code, refused.json()["code"]) == (403, "own_entry")


async def test_a_participant_is_not_put_on_the_jury_after_the_opening(join: Join) -> None:
    editor, author, fan = join("编辑", roles=("editor",)), join("作者"), join("读者")
    campaign = await publish(editor)
    entry = await post(author)
    assert (await fan("PUT", f"/posts/{entry}/like")).status_code == 200
    named = [str((await each("GET", "/me")).json()["id"]) for each in (join("专家"), author, fan)]
    refused = await editor("PUT", f"/admin/campaigns/{campaign}/jurors", {"user_ids": named})
    assert (refused.status_code, refused.json()["code"]) == (409, "juror_takes_part")
    assert [each["field"] for each in refused.json()["errors"]] == ["user_ids[1]", "user_ids[2]"]
    assert (await author("GET", f"/campaigns/{campaign}/me")).json()["eligible"] is True
    alone = await editor("PUT", f"/admin/campaigns/{campaign}/jurors", {"user_ids": named[:1]})
    assert (alone.status_code, len(alone.json()["items"])) == (200, 1)


async def test_a_juror_gives_up_the_seat_through_the_api(join: Join) -> None:
    editor, juror = join("编辑", roles=("editor",)), join("专家")
    campaign = await publish(editor)
    named = {"user_ids": [str((await juror("GET", "/me")).json()["id"])]}
    assert (await editor("PUT", f"/admin/campaigns/{campaign}/jurors", named)).status_code == 200
    assert len((await juror("GET", "/me/juries")).json()["items"]) == 1
    for _ in range(2):
        assert (await juror("DELETE", f"/me/juries/{campaign}")).status_code == 204
    assert (await juror("GET", "/me/juries")).json()["items"] == []
    for person, path, code in ((editor, campaign, "not_a_juror"), (juror, "1", "campaign_not_found")):
        assert (await person("DELETE", f"/me/juries/{path}")).json()["code"] == code


async def test_a_replaced_juror_needs_two_people_and_loses_the_marks(jury_campaign: JuryCampaign, join: Join) -> None:
    await jury_campaign.mark(jury_campaign.jurors[2], jury_campaign.entries[0])
    late = join("后来的评委")
    ids = [await my_id(juror) for juror in (*jury_campaign.jurors[:2], late)]
    refused = await jury_campaign.editor("PUT", jury_campaign.path("/jurors"), {"user_ids": ids})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "reason")
    change = {"user_ids": ids, "reason": "住院"}
    first = await jury_campaign.editor("PUT", jury_campaign.path("/jurors"), change)
    assert (first.status_code, [each["id"] for each in first.json()["items"]].count(ids[2])) == (202, 0)
    again = await jury_campaign.editor("PUT", jury_campaign.path("/jurors"), change)
    assert (again.status_code, again.json()["code"]) == (409, "second_person_required")
    second = await join("副主编", roles=["editor"])("PUT", jury_campaign.path("/jurors"), change)
    assert (second.status_code, {each["id"] for each in second.json()["items"]}) == (200, set(ids))
    dissolved = await jury_campaign.editor("PUT", jury_campaign.path("/jurors"), {"user_ids": [], "reason": "不需要了"})
    assert (dissolved.status_code, dissolved.json()["code"]) == (409, "jury_needed")
    refused = await jury_campaign.mark(jury_campaign.jurors[2], jury_campaign.entries[1])
    assert (refused.status_code, refused.json()["code"]) == (403, "not_a_juror")
    answer = await jury_campaign.progress()
    assert [each["marks"] for each in answer["entries"]] == [0, 0]
    assert (await jury_campaign.mark(late, jury_campaign.entries[0])).status_code == 200


async def test_a_juror_lists_own_juries_with_the_progress(jury_campaign: JuryCampaign, join: Join) -> None:
    juror, stranger = jury_campaign.jurors[0], jury_campaign.editor
    other = await publish(jury_campaign.editor, topic="第二个活动")
    ids = {"user_ids": [await my_id(juror)]}
    assert (await jury_campaign.editor("PUT", f"/admin/campaigns/{other}/jurors", ids)).status_code == 200
    await jury_campaign.mark(juror, jury_campaign.entries[0])
    recused = await juror(
        "PUT", jury_campaign.path(f"/entries/{jury_campaign.entries[1]}/recuse"), {"reason": "作者是我的学生"}
    )
    assert recused.status_code == 200
    first = (await juror("GET", "/me/juries?limit=1")).json()
    rest = (await juror("GET", f"/me/juries?limit=1&cursor={first['next_cursor']}")).json()
    assert [each["campaign_id"] for each in (*first["items"], *rest["items"])] == [other, jury_campaign.id]
    assert rest["next_cursor"] is None
    (seat,) = rest["items"]
    assert (seat["state"], seat["to_mark"], seat["marked"], seat["locked"]) == ("open", 1, 1, False)
    assert (await stranger("GET", "/me/juries")).json()["items"] == []
    titles = [each["title"] for each in (await juror("GET", "/me/inbox")).json()["items"]]
    assert sum("评委" in title for title in titles) == 2


async def test_a_mark_of_a_stale_revision_is_rejected(jury_campaign: JuryCampaign) -> None:
    path = f"/admin/campaigns/{jury_campaign.id}/entries/{jury_campaign.entries[0]}/mark"
    stale = await jury_campaign.jurors[0]("PUT", path, {"scores": SECRET, "revision": 7})
    assert (stale.status_code, stale.json()["code"]) == (409, "revision_stale")
    assert (await jury_campaign.jurors[0]("PUT", path, {"scores": SECRET, "revision": 1})).status_code == 200


async def test_the_settlement_is_blocked_until_the_quorum_with_the_missing_marks(
    jury_campaign: JuryCampaign, app_state: AppState
) -> None:
    await jury_campaign.mark(jury_campaign.jurors[0], jury_campaign.entries[0])
    # Moves all rows half an hour and the end a minute into the past.
    written = {
        "posts": ("created_at", "published_at"),
        "post_revisions": ("created_at",),
        "entries": ("entered_at",),
        "accounts": ("created_at", "phone_verified_at"),
    }
    for table, column in ((table, column) for table, columns in written.items() for column in columns):
        await app_state.pool.execute(f"UPDATE {table} SET {column} = {column} - interval '30 minutes'")
    await app_state.pool.execute(
        "UPDATE campaigns SET ends_at = clock_timestamp() - interval '1 minute' WHERE id = $1", int(jury_campaign.id)
    )
    refused = await jury_campaign.editor("POST", jury_campaign.path("/settle"), {})
    assert refused.status_code == 409, refused.text
    assert refused.json()["code"] == "settlement_blocked"
    waits = (await jury_campaign.editor("GET", jury_campaign.path())).json()["blocked_by"]
    assert {(each["kind"], each["post_id"]) for each in waits} == {
        ("mark_missing", entry) for entry in jury_campaign.entries
    }
    for juror in jury_campaign.jurors[:2]:
        for entry in jury_campaign.entries:
            await jury_campaign.mark(juror, entry)
    assert (await jury_campaign.editor("POST", jury_campaign.path("/settle"), {})).status_code == 200


async def test_a_disqualification_is_notified_with_its_reason_and_can_be_reversed(jury_campaign: JuryCampaign) -> None:
    author, entry = jury_campaign.authors[0], jury_campaign.entries[0]
    path = jury_campaign.path(f"/entries/{entry}")
    disqualification = {"reason_code": "plagiarism", "note": "与他人作品雷同"}
    assert (await jury_campaign.editor("POST", f"{path}/disqualify", disqualification)).status_code == 200
    mine = (await author("GET", f"/campaigns/{jury_campaign.id}/me")).json()["entries"][0]
    assert mine["state"] == "disqualified"
    repeated = await jury_campaign.editor("POST", f"{path}/disqualify", disqualification)
    assert (repeated.status_code, repeated.json()["code"]) == (409, "entry_disqualified")
    assert (
        await jury_campaign.editor("POST", f"{path}/reinstate", {"reason_code": "appeal", "note": "查证无误"})
    ).status_code == 200
    assert (await author("GET", f"/campaigns/{jury_campaign.id}/me")).json()["entries"][0]["state"] != "disqualified"
    nameless = await jury_campaign.editor("POST", f"{path}/reinstate", {})
    assert (nameless.status_code, nameless.json()["errors"][0]["field"]) == (422, "reason_code")
    notifications = [each for each in (await author("GET", "/me/inbox")).json()["items"] if each["kind"] == "system"]
    assert [("恢复" in each["title"], "抄袭或搬运他人内容" in each["body"]) for each in notifications] == [
        (True, False),
        (False, True),
    ]
    # The internal note is not sent to the author.
    assert not any("雷同" in each["body"] for each in notifications)
    assert (await jury_campaign.mark(jury_campaign.jurors[0], entry)).status_code == 200
