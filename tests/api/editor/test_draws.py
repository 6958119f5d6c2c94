"""Endpoints of draws: the public state at each step, and the number that two people enter."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from asyncpg import Record

from feed.api.state import AppState
from feed.campaigns.text_parts import local_time
from feed.keys.store import Keys
from feed.prizes.draw.actions import give_up_next_beacon, publish_next_list
from feed.prizes.result.verify import verify_result
from feed.prizes.settlement.actions import freeze_next_campaign, settle_next_campaign
from tests.support import make, phases
from tests.support.api import Join
from tests.support.campaigns_api import publish, terms, wire
from tests.support.javascript import in_javascript

NUMBER = {"round": "２０２６１３７", "value": "03、07、12+09"}


def number(**other: Any) -> dict[str, Any]:
    return {**NUMBER, "appeared_at": wire(make.now() - timedelta(seconds=30))} | other


async def draw_of(client: httpx.AsyncClient, campaign_id: int) -> dict[str, Any]:
    answer = await client.get(f"/campaigns/{campaign_id}/draw")
    assert answer.status_code == 200, answer.text
    assert "public" in answer.headers["cache-control"]
    found: dict[str, Any] = answer.json()
    return found


async def test_a_draw_is_published_with_the_hash_of_its_nonce(join: Join, client: httpx.AsyncClient) -> None:
    editor = join("编辑", roles=("editor",))
    campaign = await publish(editor, method="draw", beacon=phases.NUMBER_NAME)
    body = await draw_of(client, int(campaign))
    text = (await client.get(f"/campaigns/{campaign}/rules")).json()["text"]
    assert body["nonce_sha256"] in text
    assert phases.NUMBER_NAME in text
    assert {name: body[name] for name in ("list_sha256", "tickets", "list_published_at", "awaits", "beacon")} == {
        "list_sha256": None,
        "tickets": None,
        "list_published_at": None,
        "awaits": None,
        "beacon": None,
    }


async def test_the_nonce_is_in_no_response_before_the_result(
    join: Join, client: httpx.AsyncClient, app_state: AppState, keys: Keys
) -> None:
    campaign = await phases.listed(app_state.pool, keys)
    editor = join("编辑", roles=("editor",))
    for response in [
        await client.get(f"/campaigns/{campaign.id}/draw"),
        await client.get(f"/campaigns/{campaign.id}"),
        await editor("GET", f"/admin/campaigns/{campaign.id}"),
        await editor("GET", f"/admin/campaigns/{campaign.id}/sheet"),
    ]:
        assert '"nonce"' not in response.text


async def test_two_people_enter_the_number(
    join: Join, client: httpx.AsyncClient, app_state: AppState, keys: Keys
) -> None:
    campaign = await phases.due_draw(app_state.pool, keys)
    assert await freeze_next_campaign(app_state.pool)
    frozen = await draw_of(client, campaign.id)
    assert (frozen["tickets"], frozen["list_published_at"]) == (5, None)
    assert await publish_next_list(app_state.pool)
    await phases.age_list(app_state.pool, campaign.id, timedelta(minutes=2))
    awaited = await draw_of(client, campaign.id)
    assert awaited["list_sha256"] == frozen["list_sha256"]
    assert (awaited["awaits"]["source"], awaited["awaits"]["name"]) == ("public_number", phases.NUMBER_NAME)

    one, other = join("编辑甲", roles=("editor",)), join("编辑乙", roles=("editor",))
    path = f"/admin/campaigns/{campaign.id}/draw/number"
    body = number()
    first = await one("PUT", path, body)
    assert (first.status_code, first.json()["beacon"]) == (202, None), first.text
    again = await one("PUT", path, body)
    assert (again.status_code, again.json()["code"]) == (409, "second_person_required")
    differs = await other("PUT", path, body | {"value": "03 07 12 10"})
    assert (differs.status_code, differs.json()["code"]) == (409, "beacon_mismatch")
    assert [(each["field"], each["code"]) for each in differs.json()["errors"]] == [("value", "differs")]
    assert "03" not in differs.text
    second = await other("PUT", path, body)
    assert second.status_code == 200, second.text
    assert second.json()["beacon"]["value"] == "03 07 12 09"
    assert second.json()["beacon"]["round"] == "2026137"
    assert second.json()["publicly_verifiable"] is True
    assert (await other("PUT", path, body)).status_code == 200
    third = await join("编辑丙", roles=("editor",))("PUT", path, number(value="1 2"))
    assert (third.status_code, third.json()["code"]) == (409, "no_number_wanted")
    assert await settle_next_campaign(app_state.pool, keys)
    assert (await draw_of(client, campaign.id))["beacon"] == second.json()["beacon"]


async def test_editors_see_who_has_entered_a_number_but_not_the_value(
    join: Join, app_state: AppState, keys: Keys
) -> None:
    campaign = await phases.listed(app_state.pool, keys)
    one, other = join("编辑甲", roles=("editor",)), join("编辑乙", roles=("editor",))
    path = f"/admin/campaigns/{campaign.id}/draw/number"
    assert (await other("GET", path)).json() == {"wanted": "number", "entered": []}
    assert (await one("PUT", path, number())).status_code == 202
    seen = await other("GET", path)
    assert seen.json()["wanted"] == "number"
    (entered,) = seen.json()["entered"]
    assert entered["user_id"] == (await one("GET", "/me")).json()["id"]
    assert "03" not in seen.text.replace(entered["entered_at"], "").replace(entered["user_id"], "")
    assert (await other("GET", "/admin/campaigns/1/draw/number")).status_code == 404


async def test_the_error_for_a_too_early_number_contains_the_earliest_time(
    join: Join, app_state: AppState, keys: Keys
) -> None:
    campaign = await phases.listed(app_state.pool, keys)
    editor = join("编辑", roles=("editor",))
    refused = await editor(
        "PUT", f"/admin/campaigns/{campaign.id}/draw/number", number(appeared_at="2026-09-20T00:00:00Z")
    )
    published_at = await app_state.pool.fetchval("SELECT list_published_at FROM draws")
    (error,) = refused.json()["errors"]
    assert local_time(published_at + timedelta(seconds=60)) in error["message"]


async def test_a_wrong_number_is_corrected_by_two_people_and_stays_public(
    join: Join, client: httpx.AsyncClient, app_state: AppState, keys: Keys
) -> None:
    campaign = await phases.listed(app_state.pool, keys)
    one, other, third = [join(name, roles=("editor",)) for name in ("编辑甲", "编辑乙", "编辑丙")]
    wrong = number(value="03 07 12 90")
    for editor in (one, other):
        await editor("PUT", f"/admin/campaigns/{campaign.id}/draw/number", wrong)
    assert await settle_next_campaign(app_state.pool, keys)
    path = f"/admin/campaigns/{campaign.id}/draw/correction"
    body = wrong | {"value": NUMBER["value"], "reason_code": "misread", "reason": "末尾两位录反"}
    refused = await one("PUT", path, body)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_number_to_correct")
    drawn = await draw_of(client, campaign.id)
    undone = await one("POST", f"/admin/campaigns/{campaign.id}/undo-settle", {"reason": "录错了"})
    assert undone.status_code == 200, undone.text
    # The draw stays public while the settlement is undone.
    assert await draw_of(client, campaign.id) == drawn
    first = await one("PUT", path, body)
    assert (first.status_code, first.json()["corrected"]) == (202, []), first.text
    waiting = (await third("GET", f"/admin/campaigns/{campaign.id}/draw/number")).json()
    assert (waiting["wanted"], len(waiting["entered"])) == ("correction", 1)
    mistaken = await other("PUT", path, body)
    assert (mistaken.status_code, mistaken.json()["code"]) == (409, "third_person_required")
    differs = await third("PUT", path, body | {"reason_code": "publisher_corrected"})
    assert [error["field"] for error in differs.json()["errors"]] == ["reason_code"]
    assert (await third("PUT", path, body | {"reason_code": "else"})).status_code == 422
    second = await third("PUT", path, body)
    assert second.status_code == 200, second.text
    assert (await one("POST", f"/admin/campaigns/{campaign.id}/settle", {})).status_code == 200
    shown = await draw_of(client, campaign.id)
    assert shown["beacon"]["value"] == "03 07 12 09"
    assert shown["corrected"] == second.json()["corrected"]
    assert [(each["value"], each["reason_code"]) for each in shown["corrected"]] == [("03 07 12 90", "misread")]
    assert shown["list_sha256"] == drawn["list_sha256"]


async def test_two_accounts_of_one_person_count_as_one_editor(join: Join, app_state: AppState, keys: Keys) -> None:
    campaign = await phases.listed(app_state.pool, keys)
    one = join("编辑甲", roles=("editor",), phone="+8613800100999")
    other = join("编辑乙", roles=("editor",), phone="+8613800100999")
    path, body = f"/admin/campaigns/{campaign.id}/draw/number", number()
    assert (await one("PUT", path, body)).status_code == 202
    refused = await other("PUT", path, body)
    assert (refused.status_code, refused.json()["code"]) == (409, "second_person_required")


async def test_the_announced_result_of_a_draw_can_be_recomputed_from_public_data(
    join: Join, client: httpx.AsyncClient, app_state: AppState, keys: Keys, tmp_path: Path
) -> None:
    campaign = await phases.listed(app_state.pool, keys)
    one, other = join("编辑甲", roles=("editor",)), join("编辑乙", roles=("editor",))
    body = number()
    for editor in (one, other):
        assert (await editor("PUT", f"/admin/campaigns/{campaign.id}/draw/number", body)).status_code in (200, 202)
    assert await settle_next_campaign(app_state.pool, keys)
    committed = await draw_of(client, campaign.id)
    assert (await client.get(f"/campaigns/{campaign.id}/result")).status_code == 404
    for editor, status in ((one, 202), (other, 200)):
        answer = await editor("POST", f"/admin/campaigns/{campaign.id}/announce")
        assert answer.status_code == status, answer.text
    published = await client.get(f"/campaigns/{campaign.id}/result")
    assert published.status_code == 200, published.text
    assert verify_result(published.content, keys.public_keys().keys).is_valid
    # Lots have no scores, wherever winners are served.
    admin = f"/admin/campaigns/{campaign.id}"
    winners = (await client.get(f"/campaigns/{campaign.id}/winners")).json()["items"]
    decision = (await one("GET", f"{admin}/announcement")).json()
    claims = (await one("GET", f"{admin}/claims")).json()["items"]
    for served in (winners, decision["winners"], decision["reserves"], claims):
        assert served
        assert {each["score"] for each in served} == {None}
    result = published.json()
    for name in ("list_sha256", "nonce_sha256", "tickets"):
        assert result["draw"][name] == committed[name]
    path = tmp_path / "result.json"
    path.write_bytes(published.content)
    computed = in_javascript(path)
    assert computed["winners"] == [winner["person"] for winner in result["winners"]]
    assert computed["seed"] == result["draw"]["seed"]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"round": "第137期"}, "round", "invalid_value"),
        ({"value": "3,7,x"}, "value", "invalid_value"),
        ({"value": ""}, "value", "invalid_value"),
        ({"appeared_at": "2026-09-20T00:00:00"}, "appeared_at", "no_time_zone"),
        ({"appeared_at": "2026-09-20T00:00:00Z"}, "appeared_at", "too_early"),
        ({"appeared_at": "2099-09-20T00:00:00Z"}, "appeared_at", "in_the_future"),
    ],
)
async def test_an_invalid_number_is_rejected_with_its_field(
    join: Join, app_state: AppState, keys: Keys, change: dict[str, Any], field: str, code: str
) -> None:
    campaign = await phases.listed(app_state.pool, keys)
    editor = join("编辑", roles=("editor",))
    refused = await editor("PUT", f"/admin/campaigns/{campaign.id}/draw/number", number(**change))
    assert refused.status_code == 422, refused.text
    assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [(field, code)]


async def test_an_own_beacon_is_marked_as_not_publicly_verifiable(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys
) -> None:
    campaign = await phases.listed(app_state.pool, keys, beacon_order=[])
    assert (await draw_of(client, campaign.id))["awaits"] is None
    assert await give_up_next_beacon(app_state.pool)
    body = await draw_of(client, campaign.id)
    assert (body["beacon"]["source"], body["publicly_verifiable"]) == ("own", False)


async def test_campaigns_without_a_published_draw_have_none(
    join: Join, client: httpx.AsyncClient, app_state: AppState, keys: Keys
) -> None:
    editor = join("编辑", roles=("editor",))
    ranked = await publish(editor)
    draft = (await editor("POST", "/admin/campaigns", terms(method="draw", beacon=phases.NUMBER_NAME))).json()["id"]
    for campaign in (ranked, draft, "1", "x"):
        refused = await client.get(f"/campaigns/{campaign}/draw")
        assert (refused.status_code, refused.json()["code"]) == (404, "draw_not_found")
    refused = await editor("PUT", f"/admin/campaigns/{ranked}/draw/number", number())
    assert (refused.status_code, refused.json()["code"]) == (409, "no_number_wanted")
    unknown = await editor("PUT", "/admin/campaigns/1/draw/number", number())
    assert (unknown.status_code, unknown.json()["code"]) == (404, "campaign_not_found")


async def test_a_draw_cannot_be_forced_before_its_beacon(join: Join, app_state: AppState, keys: Keys) -> None:
    campaign = await phases.listed(app_state.pool, keys)
    editor = join("编辑", roles=("editor",))
    refused = await editor("POST", f"/admin/campaigns/{campaign.id}/settle", {"reason": "等不及了"})
    assert (refused.status_code, refused.json()["code"]) == (409, "awaiting_beacon")
    states: list[Record] = await app_state.pool.fetch("SELECT state FROM campaigns WHERE id = $1", campaign.id)
    assert states[0]["state"] == "judging"


async def test_a_draw_has_no_ranks_before_the_result_and_those_of_the_lots_after_it(
    join: Join, client: httpx.AsyncClient, app_state: AppState, keys: Keys
) -> None:
    editor, author = join("编辑", roles=("editor",)), join("小明")
    me = int((await author("GET", "/me")).json()["id"])
    campaign = await phases.due_draw(app_state.pool, keys, beacon_order=[], winner_count=5)
    # Two competing posts of one person and a third that is disqualified.
    mine = [campaign.posts[0], campaign.posts[3]]
    for post_id in (*mine, campaign.posts[4]):
        await app_state.pool.execute("UPDATE posts SET author_id = $2 WHERE id = $1", post_id, me)
        await app_state.pool.execute("UPDATE entries SET author_id = $2 WHERE post_id = $1", post_id, me)
    admin = f"/admin/campaigns/{campaign.id}"
    out = await editor("POST", f"{admin}/entries/{campaign.posts[4]}/disqualify", {"reason_code": "copied"})
    assert out.status_code == 200, out.text
    await app_state.pool.execute(
        "UPDATE accounts SET created_at = created_at - interval '99 days', "
        "phone_verified_at = created_at - interval '90 days' WHERE id = $1",
        me,
    )

    async def part() -> dict[str, Any]:
        return dict((await author("GET", f"/campaigns/{campaign.id}/me")).json())

    async def unranked() -> None:
        body = await part()
        assert body["reasons"] == []
        assert [(each["score"], each["rank"]) for each in body["entries"]] == [(None, None)] * 3
        assert body["tickets"] == 1
        board = await client.get(f"/campaigns/{campaign.id}/leaderboard")
        assert (board.status_code, board.json()["code"]) == (404, "board_hidden")
        assert (await client.get(f"/campaigns/{campaign.id}")).json()["board"] == "hidden"
        listed = (await editor("GET", f"{admin}/entries?sort=score")).json()["items"]
        assert {(each["score"], each["rank"]) for each in listed} == {(None, None)}

    await unranked()
    assert await freeze_next_campaign(app_state.pool)
    assert await publish_next_list(app_state.pool)
    await unranked()
    assert await give_up_next_beacon(app_state.pool)
    assert await settle_next_campaign(app_state.pool, keys)
    await unranked()
    for second in (editor, join("编辑乙", roles=("editor",))):
        assert (await second("POST", f"{admin}/announce")).status_code in (200, 202)
    result = (await client.get(f"/campaigns/{campaign.id}/result")).json()
    ranks = {row["post_id"]: row["rank"] for row in result["sheet"]}
    body = await part()
    assert {each["post_id"]: each["rank"] for each in body["entries"]} == {
        str(post_id): ranks[str(post_id)] for post_id in (*mine, campaign.posts[4])
    }
    assert ranks[str(mine[0])] == ranks[str(mine[1])] == body["prize"]["rank"]
    assert ranks[str(campaign.posts[4])] is None
    assert body["tickets"] == 1
