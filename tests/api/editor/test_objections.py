"""Endpoints of objections and replacements, with each error."""

import httpx
import pytest

from feed.api.state import AppState
from feed.keys.store import Keys
from feed.prizes.objections.actions import object_to_result
from tests.support import phases
from tests.support.api import Join, Person
from tests.support.prizes_api import become, error_of


async def _author(app_state: AppState, join: Join, post_id: int, name: str) -> Person:
    account_id = await app_state.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", post_id)
    return await become(app_state.pool, join, account_id, name)


async def test_an_upheld_objection_leads_to_a_replacement(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join
) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    author = await _author(app_state, join, campaign.posts[3], "落选者")
    address = f"/campaigns/{campaign.id}/objections"
    key = {"idempotency-key": "keyed_request"}
    words = {"text": "第一名刷赞", "post_id": str(campaign.posts[0])}

    made = await author("POST", address, words, headers=key)

    assert made.status_code == 201
    assert (made.json()["state"], made.json()["answer"], made.json()["text"]) == ("open", None, "第一名刷赞")
    assert (await author("POST", address, words, headers=key)).json() == made.json()
    assert error_of(await author("POST", address, words)) == (409, "already_objected")

    third, fourth = join("丙", roles=("editor",)), join("丁", roles=("admin",))
    (listed,) = (await third("GET", "/admin/objections?state=open")).json()["items"]
    assert (listed["id"], listed["campaign"]["id"]) == (made.json()["id"], str(campaign.id))
    assert (await third("GET", "/admin/objections?state=answered")).json()["items"] == []
    answer = f"/admin/objections/{listed['id']}/answer"
    upheld = {"text": "属实", "remedy": "replace", "rank": 1}
    answered = (await third("POST", answer, upheld, headers=key)).json()
    assert (answered["state"], answered["rank"], answered["remedied_at"]) == ("upheld", 1, None)
    assert (await third("POST", answer, upheld, headers=key)).json() == answered
    assert error_of(await fourth("POST", answer, {"text": "属实"})) == (409, "objection_answered")

    replace = f"/admin/campaigns/{campaign.id}/winners/1/replace"
    # The upheld answer counts as the first of the two requests.
    assert (await app_state.pool.fetchval("SELECT asked_by FROM replacements")) == int(answered["answered_by"])
    assert error_of(await third("POST", replace, {"reason": "异议成立"})) == (409, "second_person_required")
    replaced = await fourth("POST", replace, {"reason": "异议成立"}, headers=key)
    assert replaced.status_code == 200
    assert (await fourth("POST", replace, {"reason": "异议成立"}, headers=key)).status_code == 200
    assert replaced.json()["objections_open"] == 0
    posts = [each["post_id"] for each in replaced.json()["winners"]]
    assert posts == [str(campaign.posts[2]), str(campaign.posts[1])]
    (inbox, *_) = (await author("GET", "/me/inbox")).json()["items"]
    assert (inbox["body"], "成立" in inbox["title"]) == ("属实", True)

    winners = await client.get(f"/campaigns/{campaign.id}/winners")
    assert winners.status_code == 200
    assert (winners.json()["state"], winners.json()["amendment_count"]) == ("announced", 1)
    assert [(each["post_id"], each["moved_up"]) for each in winners.json()["items"]] == [
        (posts[0], True),
        (posts[1], False),
    ]
    names = [row["name"] for row in await app_state.pool.fetch("SELECT name FROM accounts WHERE length(name) > 2")]
    assert not [name for name in names if f'"{name}"' in winners.text]
    assert len((await client.get(f"/campaigns/{campaign.id}/result")).json()["amendments"]) == 1


async def test_the_errors_of_an_objection(app_state: AppState, keys: Keys, join: Join) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    address = f"/campaigns/{campaign.id}/objections"
    author = await _author(app_state, join, campaign.posts[3], "落选者")
    assert error_of(await join("路人")("POST", address, {"text": "不公平"})) == (403, "not_a_participant")
    assert error_of(await author("POST", "/campaigns/1/objections", {"text": "不公平"})) == (404, "campaign_not_found")
    assert error_of(await author("POST", address, {"text": "不公平", "post_id": "1"})) == (404, "entry_not_found")
    for bad in ("", "长" * 1001):
        assert error_of(await author("POST", address, {"text": bad})) == (422, "invalid")
    assert error_of(await author("POST", address, {"text": 7})) == (422, "invalid")
    assert (await author("POST", address, {"text": "不公平", "kind": "gossip"})).status_code == 422
    without = await _author(app_state, join, campaign.posts[2], "没手机")
    await app_state.pool.execute(
        "UPDATE accounts SET person = NULL, phone_verified_at = NULL, phone_sealed = NULL"
        " WHERE id = (SELECT author_id FROM posts WHERE id = $1)",
        campaign.posts[2],
    )
    assert error_of(await without("POST", address, {"text": "不公平"})) == (403, "objection_needs_phone")
    await app_state.pool.execute("UPDATE campaigns SET objections_end_at = clock_timestamp()")
    assert error_of(await author("POST", address, {"text": "不公平"})) == (409, "objections_closed")


async def test_objections_of_a_kind_are_answered_together(app_state: AppState, keys: Keys, join: Join) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    for number, post in enumerate(campaign.posts):
        author = await _author(app_state, join, post, f"作者{number}")
        said = await author("POST", f"/campaigns/{campaign.id}/objections", {"text": "刷赞", "kind": "counts"})
        assert (said.status_code, said.json()["kind"]) == (201, "counts")
    third, answer = join("丙", roles=("editor",)), f"/admin/campaigns/{campaign.id}/objections/answer"
    listed = (await third("GET", "/admin/objections?state=open")).json()["items"]
    body = {"kind": "counts", "through_id": listed[0]["id"], "text": "计数无误"}
    key = {"idempotency-key": "all"}
    for _ in range(2):
        assert (await third("POST", answer, body, headers=key)).json() == {"answered": 4, "unanswered": 0}
    assert (await third("GET", "/admin/objections?state=open")).json()["items"] == []
    assert error_of(await third("POST", "/admin/campaigns/1/objections/answer", body)) == (404, "campaign_not_found")
    assert error_of(await third("POST", answer, body | {"through_id": "x"})) == (422, "invalid")
    author = await _author(app_state, join, campaign.posts[0], "作者")
    made = (await author("POST", f"/campaigns/{campaign.id}/objections", {"text": "刷赞", "kind": "counts"})).json()
    wrong = body | {"through_id": made["id"], "remedy": "replace", "rank": 9}
    assert error_of(await third("POST", answer, wrong)) == (404, "winner_not_found")
    assert error_of(await third("POST", answer, wrong | {"rank": None})) == (422, "invalid")


async def test_the_errors_of_an_answer(app_state: AppState, keys: Keys, join: Join) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    author = await _author(app_state, join, campaign.posts[3], "落选者")
    made = (await author("POST", f"/campaigns/{campaign.id}/objections", {"text": "不公平"})).json()
    organiser = await become(
        app_state.pool, join, await app_state.pool.fetchval("SELECT created_by FROM campaigns"), "主办方编辑"
    )
    await app_state.pool.execute(
        "INSERT INTO staff_rights (account_id, role) SELECT created_by, 'editor' FROM campaigns"
    )
    third, answer = join("丙", roles=("editor",)), f"/admin/objections/{made['id']}/answer"
    assert error_of(await organiser("POST", answer, {"text": "没有问题"})) == (403, "involved_in_campaign")
    assert error_of(await third("POST", "/admin/objections/1/answer", {"text": "无误"})) == (404, "objection_not_found")
    for bad in ({"text": ""}, {"text": "成立", "remedy": "replace"}, {"text": "成立", "rank": 1}):
        assert error_of(await third("POST", answer, bad)) == (422, "invalid")
    wrong = {"text": "成立", "remedy": "replace", "rank": 9}
    assert error_of(await third("POST", answer, wrong)) == (404, "winner_not_found")
    await app_state.pool.execute("UPDATE winners SET state = 'received' WHERE rank = 1")
    assert error_of(await third("POST", answer, wrong | {"rank": 1})) == (409, "prize_handed_over")
    assert error_of(await third("POST", answer, {"text": "成立", "remedy": "shred"})) == (422, "invalid")


@pytest.mark.parametrize("rank", ["0", "x", "-1", "9", "99999999999999999999"])
async def test_a_rank_without_a_winner_cannot_be_replaced(
    app_state: AppState, keys: Keys, join: Join, rank: str
) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    editor = join("丙", roles=("editor",))
    address = f"/admin/campaigns/{campaign.id}/winners/{rank}/replace"
    assert error_of(await editor("POST", address, {"reason": "刷赞"})) == (404, "winner_not_found")


async def test_the_errors_of_a_replacement(app_state: AppState, keys: Keys, join: Join) -> None:
    decided = await phases.settled(app_state.pool, keys)
    campaign = await phases.announced(app_state.pool, keys)
    third = join("丙", roles=("editor",))
    address = f"/admin/campaigns/{campaign.id}/winners/1/replace"
    early = f"/admin/campaigns/{decided.id}/winners/1/replace"
    assert error_of(await third("POST", early, {"reason": "刷赞"})) == (409, "not_announced")
    assert error_of(await third("POST", address, {"reason": " "})) == (422, "invalid")
    assert error_of(await third("POST", address, {"reason": "刷赞", "reason_code": "whim"})) == (422, "invalid")
    coded = await third("POST", address, {"reason": "刷赞", "reason_code": "cheating"})
    assert [each["replacement_reason_code"] for each in coded.json()["winners"]] == ["cheating", None]
    asked = await third("POST", address, {"reason": "刷赞"})
    assert asked.status_code == 202
    assert [each["replacement_asked_by"] is None for each in asked.json()["winners"]] == [False, True]
    assert error_of(await third("POST", address, {"reason": "刷赞"})) == (409, "second_person_required")
    await app_state.pool.execute("UPDATE winners SET state = 'shipped' WHERE rank = 1")
    assert error_of(await join("丁", roles=("editor",))("POST", address, {"reason": "刷赞"})) == (
        409,
        "prize_handed_over",
    )


async def test_an_announced_settlement_is_undone_for_an_upheld_objection_only(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join
) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    author = await _author(app_state, join, campaign.posts[3], "落选者")
    made = (await author("POST", f"/campaigns/{campaign.id}/objections", {"text": "计票有误"})).json()
    third, fourth = join("丙", roles=("editor",)), join("丁", roles=("editor",))
    undo = f"/admin/campaigns/{campaign.id}/undo-settle"
    assert error_of(await fourth("POST", undo, {"reason": "重新评选"})) == (409, "already_announced")
    answer = {"text": "属实", "remedy": "settle_again"}
    assert (await third("POST", f"/admin/objections/{made['id']}/answer", answer)).status_code == 200
    assert error_of(await third("POST", undo, {"reason": "重新评选"})) == (409, "second_person_required")
    undone = await fourth("POST", undo, {"reason": "重新评选"})
    assert (undone.status_code, undone.json()["state"], undone.json()["winners"]) == (200, "judging", [])
    for path in ("result", "winners"):
        assert error_of(await client.get(f"/campaigns/{campaign.id}/{path}")) == (404, "result_not_found")
    (listed,) = (await third("GET", "/admin/objections")).json()["items"]
    assert (listed["stands"], listed["remedied_at"] is not None) == (False, True)


async def test_names_are_masked_in_the_result_except_for_staff_and_the_viewers_own(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join
) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    path = f"/campaigns/{campaign.id}/result"
    author_id = await app_state.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[0])
    winner = await become(app_state.pool, join, author_id, "沈从文")
    await app_state.pool.execute("UPDATE accounts SET name = '巴金' WHERE id <> $1", author_id)
    await app_state.pool.execute("UPDATE accounts SET name = '沈从文' WHERE id = $1", author_id)

    public = await client.get(path)

    assert sorted(public.json()["people"].values()) == ["巴**", "沈**"]
    assert public.headers["cache-control"].startswith("public")
    assert "沈从文" not in public.text
    passer_by = await join("路人")("GET", path)
    assert passer_by.json()["people"] == public.json()["people"]
    own = await winner("GET", path)
    assert sorted(own.json()["people"].values()) == ["巴**", "沈从文"]
    assert own.headers["cache-control"].startswith("private")
    assert own.headers["etag"] != public.headers["etag"]
    for role in ("reviewer", "editor", "admin"):
        seen = await join(f"编务 {role}", roles=(role,))("GET", path)
        assert sorted(seen.json()["people"].values()) == ["巴金", "沈从文"]
    signed = {name: value for name, value in public.json().items() if name != "people"}
    assert signed == {name: value for name, value in own.json().items() if name != "people"}


async def test_editors_read_the_fairness_report_before_the_announcement(
    app_state: AppState, keys: Keys, join: Join
) -> None:
    campaign = await phases.settled(app_state.pool, keys)
    report = await join("丙", roles=("editor",))("GET", f"/admin/campaigns/{campaign.id}/fairness")
    assert report.status_code == 200
    assert report.headers["cache-control"] == "private, no-store"
    assert [each["post_id"] for each in report.json()["winners"]] == [str(each) for each in campaign.posts[:2]]
    assert {each["name"] for each in report.json()["other_ways"]} == {
        "without_voids",
        "without_top_likers",
        "half_caps",
        "double_caps",
    }


async def test_objections_are_listed_by_campaign(app_state: AppState, join: Join) -> None:
    editor = join("编辑", roles=("editor",))
    made = {}
    for _ in range(2):
        campaign = await phases.announced(app_state.pool, app_state.keys)
        author = await app_state.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[0])
        made[campaign.id] = await object_to_result(app_state.pool, campaign.id, by=author, text="有异议")
    for campaign_id, objection_id in made.items():
        listed = await editor("GET", f"/admin/objections?campaign_id={campaign_id}")
        assert [each["id"] for each in listed.json()["items"]] == [str(objection_id)]
    assert len((await editor("GET", "/admin/objections")).json()["items"]) == 2
    assert (await editor("GET", "/admin/objections?campaign_id=x")).status_code == 422
