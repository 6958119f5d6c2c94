"""Endpoints of campaigns: public ones, and those of editors and jurors."""

from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from feed.api.state import AppState
from tests.support import make
from tests.support.api import Join
from tests.support.campaigns_api import HOUR, close, engaged, leaderboard_of, my_id, post, publish, terms, wire


async def test_a_draft_is_for_editors_and_a_published_campaign_is_public(client: httpx.AsyncClient, join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    draft = (await editor("POST", "/admin/campaigns", {"title": "读书月"})).json()
    assert (draft["state"], draft["starts_at"], draft["jurors"]) == ("draft", None, [])
    for path in ("", "/rules", "/posts", "/leaderboard"):
        assert (await client.get(f"/campaigns/{draft['id']}{path}")).status_code == 404
    assert (await client.get("/campaigns")).json() == {"items": [], "next_cursor": None}

    refused = await editor("POST", f"/admin/campaigns/{draft['id']}/publish")
    assert refused.status_code == 409
    assert refused.json()["code"] == "campaign_incomplete"
    assert {"topic", "organiser", "prizes"} <= {error["field"] for error in refused.json()["errors"]}
    assert all(error["message"] for error in refused.json()["errors"])

    assert (await editor("PATCH", f"/admin/campaigns/{draft['id']}", terms())).status_code == 200
    assert (await editor("POST", f"/admin/campaigns/{draft['id']}/publish")).status_code == 200
    campaign = (await client.get(f"/campaigns/{draft['id']}")).json()
    assert (campaign["state"], campaign["rules_version"], campaign["entry_count"]) == ("open", 1, 0)
    assert campaign["weights"] == {"quality": "0.5", "likes": "0.3", "comments": "0.2"}
    assert campaign["prizes"][0]["value_cny"] == "59.9"
    assert "blocked_by" not in campaign
    rules = (await client.get(f"/campaigns/{draft['id']}/rules")).json()
    assert rules["rules_sha256"] == campaign["rules_sha256"]
    assert "好书" in rules["text"]
    assert (await client.get(f"/campaigns/{draft['id']}/rules?version=2")).status_code == 404
    again = await editor("POST", f"/admin/campaigns/{draft['id']}/publish")
    assert (again.status_code, again.json()["code"]) == (409, "campaign_not_draft")


async def test_campaigns_are_filtered_by_their_computed_state(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    editor = join("编辑", roles=("editor",))
    later = {"starts_at": wire(datetime.now(UTC) + 2 * HOUR), "ends_at": wire(datetime.now(UTC) + 3 * HOUR)}
    scheduled, opened, closed = (
        await publish(editor, **later),
        await publish(editor),
        await publish(editor, topic="音乐"),
    )
    await close(app_state, closed)
    for state, campaign in (("scheduled", scheduled), ("open", opened), ("closed", closed)):
        for person, path in ((client.request, "/campaigns"), (editor, "/admin/campaigns")):
            page = (await person("GET", f"{path}?state={state}")).json()
            assert [item["id"] for item in page["items"]] == [campaign]
            assert page["items"][0]["state"] == state
    first = (await client.get("/campaigns?limit=2")).json()
    rest = (await client.get(f"/campaigns?limit=2&cursor={first['next_cursor']}")).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == [closed, opened, scheduled]
    assert rest["next_cursor"] is None
    assert (await client.get("/campaigns?state=nonsense")).status_code == 422
    assert (await client.get(f"/campaigns?cursor={first['next_cursor']}x")).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "", {}, 422),
        ("POST", "", {"title": 5}, 422),
        ("POST", "", {"title": "x", "winner_count": "three"}, 422),
        ("POST", "", {"title": "x", "starts_at": "tomorrow"}, 422),
        ("POST", "", {"title": "x" * 61}, 422),
        ("POST", "", {"title": "x", "starts_at": "2026-09-01T00:00:00"}, 422),
        ("PATCH", "/1", {"title": "x"}, 404),
        ("PATCH", "/x", {"title": "x"}, 404),
        ("GET", f"/{2**63 - 1}", None, 404),
        ("POST", "/1/copy", None, 404),
        ("POST", "/1/publish", None, 404),
        ("PUT", "/1/jurors", {"user_ids": ["x"]}, 422),
        ("PUT", "/1/jurors", {}, 422),
        ("PUT", "/1/entries/1/mark", {"score": 50}, 404),
        ("PUT", "/1/entries/1/mark", {"score": "fifty"}, 422),
        ("PUT", "/1/entries/1/mark", {"score": 101}, 422),
        ("PUT", "/1/entries/1/mark", {}, 422),
        ("POST", "/1/entries/1/disqualify", {}, 422),
        ("POST", "/1/entries/1/disqualify", {"reason_code": "copied"}, 404),
        ("POST", "/1/voids", {"kinds": ["share"]}, 422),
        ("POST", "/1/voids", {}, 422),
        ("DELETE", "/1/voids/1", None, 404),
        ("GET", "/1/entries?sort=best", None, 422),
    ],
)
async def test_invalid_input_gets_its_status_and_code(
    join: Join, method: str, path: str, body: Any, status: int
) -> None:
    refused = await join("编辑", roles=("editor",))(method, f"/admin/campaigns{path}", body)
    assert refused.status_code == status, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"]


async def test_the_end_of_an_open_campaign_cannot_be_moved(join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    campaign = await publish(editor)
    refused = await editor("PATCH", f"/admin/campaigns/{campaign}", {"ends_at": wire(datetime.now(UTC) + 5 * HOUR)})
    assert refused.status_code == 409
    assert refused.json()["code"] == "campaign_running"
    assert [error["field"] for error in refused.json()["errors"]] == ["ends_at"]
    changed = await editor("PATCH", f"/admin/campaigns/{campaign}", {"winner_count": 5})
    assert (changed.status_code, changed.json()["rules_version"]) == (200, 2)


async def test_jurors_need_no_role_and_cannot_mark_their_own_post(app_state: AppState, join: Join) -> None:
    editor, juror, citizen = join("编辑", roles=("editor",)), join("评委"), join("小明")
    campaign = await publish(editor)
    named = await editor("PUT", f"/admin/campaigns/{campaign}/jurors", {"user_ids": [await my_id(juror)]})
    entry, own = await post(citizen), await post(juror)
    assert [item["name"] for item in named.json()["items"]] == ["评委"]
    mark = f"/admin/campaigns/{campaign}/entries/{entry}/mark"
    raw = await juror("PUT", mark, content=b'{"score": 33.333333}', headers={"content-type": "application/json"})
    assert raw.json() == {"post_id": entry, "score": "33.333333"}
    for person in (editor, citizen):
        assert (await person("PUT", mark, {"score": 100})).json()["code"] == "not_a_juror"
    refused = await juror("PUT", f"/admin/campaigns/{campaign}/entries/{own}/mark", {"score": 100})
    assert (refused.status_code, refused.json()["code"]) == (403, "own_entry")
    outside = await juror("PUT", f"/admin/campaigns/{campaign}/entries/{await post(citizen, '无')}/mark", {"score": 1})
    assert outside.json()["code"] == "entry_not_found"


async def test_the_leaderboard_is_the_same_from_redis_and_postgres(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    editor, campaign, entries, _ = await engaged(app_state, join)
    board = await leaderboard_of(app_state, campaign)
    assert [str(entry.post_id) for entry in board.entries] == entries
    served = (await client.get(f"/campaigns/{campaign}/leaderboard?limit=2")).json()
    assert (served["basis"], served["provisional"]) == ("engagement", True)
    assert [(item["rank"], item["post"]["id"]) for item in served["items"]] == [(1, entries[0]), (2, entries[1])]
    assert [item["parts"]["quality"] for item in served["items"]] == [None, None]
    # 30 · ln(3) / ln(1001) for two likers, no comment.
    assert served["items"][1]["score"] == served["items"][1]["parts"]["likes"] == "4.770522"

    await close(app_state, campaign)
    await editor("PUT", f"/admin/campaigns/{campaign}/entries/{entries[2]}/mark", {"score": 100})
    assert [str(entry.post_id) for entry in (await leaderboard_of(app_state, campaign)).entries] == entries
    assert (await editor("POST", f"/admin/campaigns/{campaign}/lock-marks")).status_code == 200
    board = await leaderboard_of(app_state, campaign)
    assert [str(entry.post_id) for entry in board.entries] == [entries[2], entries[0], entries[1]]
    served = (await client.get(f"/campaigns/{campaign}/leaderboard")).json()
    assert served["basis"] == "full"
    assert [item["parts"]["quality"] for item in served["items"]] == ["50.000000", "0.000000", "0.000000"]


async def test_voids_and_disqualifications_change_the_leaderboard_and_can_be_reversed(
    app_state: AppState, join: Join
) -> None:
    editor, campaign, entries, _ = await engaged(app_state, join)
    admin = f"/admin/campaigns/{campaign}"

    async def ranking() -> list[str]:
        return [str(entry.post_id) for entry in (await leaderboard_of(app_state, campaign)).entries]

    assert await ranking() == entries
    void = await editor(
        "POST", f"{admin}/voids", {"post_id": entries[0], "kinds": ["like", "comment"], "reason_code": "bought"}
    )
    assert void.status_code == 201
    assert await ranking() == [entries[1], entries[2], entries[0]]
    assert (await editor("GET", f"{admin}/voids")).json() == void.json()
    assert (await editor("DELETE", f"{admin}/voids/{void.json()['items'][0]['id']}")).status_code == 204
    assert await ranking() == entries
    out = await editor("POST", f"{admin}/entries/{entries[0]}/disqualify", {"reason_code": "copied", "note": "抄袭"})
    assert out.json() == {"post_id": entries[0], "disqualified": True}
    assert await ranking() == entries[1:]
    listed = (await editor("GET", f"{admin}/entries")).json()["items"]
    assert [item["post_id"] for item in listed] == [*entries[1:], entries[0]]
    assert listed[2]["disqualified"]["reason_code"] == "copied"
    assert (
        await editor("POST", f"{admin}/entries/{entries[0]}/reinstate", {"reason_code": "checked"})
    ).status_code == 200
    assert await ranking() == entries


async def test_the_own_participation_sums_what_is_excluded_for_few_likers(app_state: AppState, join: Join) -> None:
    editor, campaign, entries, author = await engaged(app_state, join)
    second = f"+86{13_900_000_000}"
    for name in ("双号一", "双号二"):
        await join(name, phone=second)("PUT", f"/posts/{entries[0]}/like")
    await join("没验证", phone=None)("PUT", f"/posts/{entries[0]}/like")
    await author("PUT", f"/posts/{entries[0]}/like")
    await editor("PUT", f"/posts/{entries[0]}/like")
    mine = (await author("GET", f"/campaigns/{campaign}/me")).json()
    assert (mine["eligible"], mine["reasons"], mine["prize"]) == (True, [], None)
    (entry,) = mine["entries"]
    assert entry["post_id"] == entries[0]
    assert (entry["likes_shown"], entry["likes_counted"]) == (8, 4)
    # The own like, one without a phone, one of staff, one of the same person.
    assert entry["excluded"] == [{"kind": "like", "reason_code": "other", "count": 4}]
    assert entry["likes_counted"] + sum(each["count"] for each in entry["excluded"]) == entry["likes_shown"]
    assert (entry["comments_shown"], entry["commenters_counted"], entry["rank"]) == (1, 1, 1)
    board = (await author("GET", f"/campaigns/{campaign}/leaderboard")).json()
    assert board["items"][0]["score"] == entry["score"]

    for _ in range(10):
        await make.like(app_state.pool, int(entries[0]), await make.account(app_state.pool, verified=False))
    again = (await author("GET", f"/campaigns/{campaign}/me")).json()["entries"][0]["excluded"]
    assert [(each["reason_code"], each["count"]) for each in again] == [("not_verified", 11), ("other", 3)]

    theirs = (await editor("GET", f"/campaigns/{campaign}/me")).json()
    assert (theirs["eligible"], theirs["reasons"], theirs["entries"]) == (False, ["staff"], [])
    unverified = (await join("没验证", phone=None)("GET", f"/campaigns/{campaign}/me")).json()
    assert unverified["reasons"] == ["not_verified"]


async def test_a_draft_that_differs_from_the_published_rules_changes_nothing(app_state: AppState, join: Join) -> None:
    editor, author = join("编辑", roles=("editor",)), join("小明")
    campaign = await publish(editor)
    entry = await post(author)
    await join("小红")("PUT", f"/posts/{entry}/like")
    before = (await author("GET", f"/campaigns/{campaign}/me")).json()
    assert (before["eligible"], before["entries"][0]["likes_counted"]) == (True, 1)
    draft = {"eligibility": {"min_account_age_days": 300}, "weights": {"quality": "0", "likes": "0", "comments": "1"}}
    await app_state.pool.execute("UPDATE campaigns SET draft = draft || $2 WHERE id = $1", int(campaign), draft)
    assert (await author("GET", f"/campaigns/{campaign}/me")).json() == before


async def test_an_entry_has_the_state_that_excludes_it(app_state: AppState, join: Join) -> None:
    editor, author = join("编辑", roles=("editor",)), join("小明")
    campaign = await publish(editor)
    entered, edited, deleted, out = [await post(author) for _ in range(4)]
    await author("PATCH", f"/posts/{edited}", {"text": "没有话题"})
    await author("DELETE", f"/posts/{deleted}")
    await editor("POST", f"/admin/campaigns/{campaign}/entries/{out}/disqualify", {"reason_code": "copied"})
    mine = (await author("GET", f"/campaigns/{campaign}/me")).json()
    assert {entry["post_id"]: entry["state"] for entry in mine["entries"]} == {
        entered: "entered",
        edited: "topic_edited_out",
        deleted: "withdrawn",
        out: "disqualified",
    }


@pytest.mark.parametrize(
    ("board", "opened", "closed"), [("public", 200, 200), ("after_close", 404, 200), ("hidden", 404, 404)]
)
async def test_the_leaderboard_is_visible_as_configured(
    client: httpx.AsyncClient, app_state: AppState, join: Join, board: str, opened: int, closed: int
) -> None:
    campaign = await publish(join("编辑", roles=("editor",)), board=board)
    assert (await client.get(f"/campaigns/{campaign}/leaderboard")).status_code == opened
    await close(app_state, campaign)
    assert (await client.get(f"/campaigns/{campaign}/leaderboard")).status_code == closed


async def test_the_posts_of_a_campaign_are_listed_by_time_and_by_hot_score(
    client: httpx.AsyncClient, join: Join
) -> None:
    campaign = await publish(join("编辑", roles=("editor",)))
    entries = [await post(join(f"作者{number}")) for number in range(3)]
    await post(join("路人"), "没有话题")
    for fan in ("甲", "乙"):
        await join(fan)("PUT", f"/posts/{entries[0]}/like")

    async def read(sort: str) -> list[str]:
        seen: list[str] = []
        cursor = ""
        while True:
            page = (await client.get(f"/campaigns/{campaign}/posts?sort={sort}&limit=2{cursor}")).json()
            seen += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                return seen
            cursor = f"&cursor={page['next_cursor']}"

    assert await read("latest") == entries[::-1]
    assert await read("hot") == [entries[0], entries[2], entries[1]]
    first = (await client.get(f"/campaigns/{campaign}/posts?limit=2")).json()
    assert first["items"][0]["campaigns"] == [{"id": campaign, "title": "读书月"}]
    assert (await client.get(f"/campaigns/{campaign}/posts?sort=hot&cursor={first['next_cursor']}")).status_code == 400


async def test_editors_see_entries_without_the_marks_of_others(join: Join) -> None:
    editor, other = join("编辑", roles=("editor",)), join("同事", roles=("editor",))
    campaign = await publish(editor)
    entries = [await post(join(f"作者{number}")) for number in range(3)]
    admin = f"/admin/campaigns/{campaign}"
    await other("PUT", f"{admin}/entries/{entries[0]}/mark", {"score": 90})
    assert (await editor("PUT", f"{admin}/entries/{entries[0]}/shortlist")).json()["shortlisted"] is True
    page = (await editor("GET", f"{admin}/entries?sort=newest")).json()
    assert [item["post_id"] for item in page["items"]] == entries[::-1]
    marked = page["items"][2]
    assert (marked["mark_count"], marked["my_mark"], marked["quality"]) == (1, None, None)
    assert "90" not in msgspec.json.encode({**marked, "post": None, "post_id": "", "entered_at": ""}).decode()
    short = (await editor("GET", f"{admin}/entries?shortlist=true")).json()
    assert [item["post_id"] for item in short["items"]] == entries[:1]
    first = (await editor("GET", f"{admin}/entries?limit=2&sort=newest")).json()
    rest = (await editor("GET", f"{admin}/entries?limit=2&sort=newest&cursor={first['next_cursor']}")).json()
    assert [item["post_id"] for item in first["items"] + rest["items"]] == entries[::-1]
    assert (await editor("DELETE", f"{admin}/entries/{entries[0]}/shortlist")).json()["shortlisted"] is False


async def test_cancelling_an_open_campaign_needs_two_people_and_a_reason(client: httpx.AsyncClient, join: Join) -> None:
    first, second, author = join("编辑", roles=("editor",)), join("主编", roles=("admin",)), join("小明")
    campaign = await publish(first)
    await post(author)
    path = f"/admin/campaigns/{campaign}/cancel"
    for body in ({}, {"reason": "\u200b"}, {"reason": "停办\n1. 另有活动"}):
        refused = await first("POST", path, body)
        assert (refused.status_code, [error["field"] for error in refused.json()["errors"]]) == (422, ["reason"])
    asked = await first("POST", path, {"reason": "场地停用"})
    assert (asked.status_code, asked.json()["state"]) == (202, "open")
    assert asked.json()["cancel_asked_reason"] == "场地停用"
    again = await first("POST", path, {"reason": "场地停用"})
    assert (again.status_code, again.json()["code"]) == (409, "second_person_required")
    assert (await client.get(f"/campaigns/{campaign}")).json()["cancel_reason"] is None
    assert (await author("GET", "/me/inbox")).json()["items"] == []
    agreed = await second("POST", path)
    assert (agreed.status_code, agreed.json()["state"]) == (200, "cancelled")
    assert (await client.get(f"/campaigns/{campaign}")).json()["cancel_reason"] == "场地停用"
    (news,) = (await author("GET", "/me/inbox")).json()["items"]
    assert news["title"] == "“读书月”活动已取消"
    assert "场地停用" in news["body"]


async def test_a_campaign_that_has_not_opened_is_cancelled_by_one_person(join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    draft = (await editor("POST", "/admin/campaigns", {"title": "读书月"})).json()["id"]
    coming = await publish(editor, starts_at=wire(datetime.now(UTC) + HOUR / 2))
    for campaign in (draft, coming):
        done = await editor("POST", f"/admin/campaigns/{campaign}/cancel")
        assert (done.status_code, done.json()["state"]) == (200, "cancelled")
