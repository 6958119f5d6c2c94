"""Endpoints from the settlement to the fulfilment of prizes, with each error."""

import csv
import hashlib
import re
from pathlib import Path

import httpx
import msgspec
import pytest

from feed.api.state import AppState
from feed.keys.signatures import read_public_keys
from feed.keys.store import Keys
from feed.keys.vault import Vault
from feed.prizes.result.verify import verify_result
from feed.prizes.settlement.actions import freeze_next_campaign, settle_next_campaign
from tests.support import make, phases
from tests.support.api import Join
from tests.support.campaigns_api import my_id
from tests.support.fake_vault import TOKEN, vaulting
from tests.support.prizes_api import become, error_of, grant_access

FORM = msgspec.to_builtins(phases.FORM)
# A rank, a place or a result that a response names.
RANKED = re.compile(r'"(rank|place|winners)":(?!null|\[\])')


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/settle", {}),
        ("POST", "/undo-settle", {"reason": "复核"}),
        ("POST", "/announce", None),
        ("GET", "/sheet", None),
        ("GET", "/claims", None),
        ("POST", "/claims/1/verify", None),
        ("PUT", "/claims/1/shipment", {"carrier": "顺丰", "tracking_no": "1"}),
        ("GET", "/shredding", None),
    ],
)
async def test_the_endpoints_are_for_editors_only(
    client: httpx.AsyncClient, app_state: AppState, join: Join, method: str, path: str, body: object
) -> None:
    campaign = await phases.settled(app_state.pool, app_state.keys)
    address = f"/admin/campaigns/{campaign.id}{path}"
    for person in (join("市民"), join("审核", roles=("reviewer",))):
        assert error_of(await person(method, address, body)) == (403, "role_missing")
    assert error_of(await client.request(method, address, json=body)) == (401, "unauthenticated")
    assert await app_state.pool.fetchval("SELECT state FROM campaigns WHERE id = $1", campaign.id) == "decided"
    editor = join("编辑", roles=("editor",))
    for unknown in ("1", "x", str(2**63 - 1)):
        assert (await editor(method, f"/admin/campaigns/{unknown}{path}", body)).status_code == 404


async def test_a_campaign_that_runs_is_not_settled(app_state: AppState, join: Join) -> None:
    campaign_id = await make.campaign(app_state.pool)
    editor = join("编辑", roles=("editor",))
    assert error_of(await editor("POST", f"/admin/campaigns/{campaign_id}/settle", {})) == (409, "not_over_yet")
    assert error_of(await editor("POST", f"/admin/campaigns/{campaign_id}/announce")) == (409, "not_settled")
    undo = await editor("POST", f"/admin/campaigns/{campaign_id}/undo-settle", {"reason": "复核"})
    assert error_of(undo) == (409, "not_settled")
    assert error_of(await editor("GET", f"/admin/campaigns/{campaign_id}/sheet")) == (404, "sheet_not_found")


async def test_a_blocked_settlement_needs_a_reason(app_state: AppState, join: Join) -> None:
    campaign = await phases.due(app_state.pool)
    await app_state.pool.execute("UPDATE entries SET shortlisted_at = now() WHERE post_id = $1", campaign.posts[0])
    editor = join("编辑", roles=("editor",))
    address = f"/admin/campaigns/{campaign.id}"

    assert error_of(await editor("POST", f"{address}/settle", {})) == (409, "settlement_blocked")
    shown = (await editor("GET", address)).json()
    assert shown["state"] == "judging"
    assert [each["post_id"] for each in shown["blocked_by"]] == [str(campaign.posts[0])]

    for reason in (" ", "\x00", "长" * 501):
        bad = await editor("POST", f"{address}/settle", {"reason": reason})
        assert error_of(bad) == (422, "invalid")
        assert bad.json()["errors"][0]["field"] == "reason"
    decision = (await editor("POST", f"{address}/settle", {"reason": "评委出差"})).json()
    assert decision["state"] == "decided"
    assert [each["post_id"] for each in decision["winners"]] == [str(each) for each in campaign.posts[:2]]
    assert error_of(await editor("POST", f"{address}/settle", {})) == (409, "already_settled")


async def test_a_retried_settlement_returns_the_same_response(app_state: AppState, join: Join) -> None:
    campaign = await phases.due(app_state.pool)
    editor = join("编辑", roles=("editor",))
    address = f"/admin/campaigns/{campaign.id}/settle"
    first = await editor("POST", address, {}, headers={"idempotency-key": "a"})
    again = await editor("POST", address, {}, headers={"idempotency-key": "a"})
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    reused = await editor("POST", address, {"reason": "别的"}, headers={"idempotency-key": "a"})
    assert error_of(reused) == (409, "idempotency_key_reused")


async def test_two_people_announce_and_then_the_result_is_public(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join
) -> None:
    campaign = await phases.settled(app_state.pool, keys)
    address = f"/admin/campaigns/{campaign.id}"
    result = f"/campaigns/{campaign.id}/result"
    first, second = join("甲", roles=("editor",)), join("乙", roles=("editor",))
    assert error_of(await client.get(result)) == (404, "result_not_found")

    assert (await first("POST", f"{address}/announce")).status_code == 202
    assert error_of(await first("POST", f"{address}/announce")) == (409, "second_person_required")
    assert error_of(await client.get(result)) == (404, "result_not_found")
    assert (await second("POST", f"{address}/announce")).status_code == 200

    assert error_of(await second("POST", f"{address}/announce")) == (409, "already_announced")
    undo = await second("POST", f"{address}/undo-settle", {"reason": "复核"})
    assert error_of(undo) == (409, "already_announced")
    published = await client.get(result)
    assert published.status_code == 200
    site_keys = (await client.get("http://feed.test/.well-known/feed-keys.json")).text
    assert verify_result(published.content, read_public_keys(site_keys)).signed == "authentic"
    assert len(published.json()["people"]) == 2


async def test_two_accounts_of_one_person_cannot_announce(app_state: AppState, keys: Keys, join: Join) -> None:
    campaign = await phases.settled(app_state.pool, keys)
    phone = "+8613700137000"
    one, other = (join(name, roles=("editor",), phone=phone) for name in ("甲", "甲的小号"))
    assert (await one("POST", f"/admin/campaigns/{campaign.id}/announce")).status_code == 202
    again = await other("POST", f"/admin/campaigns/{campaign.id}/announce")
    assert error_of(again) == (409, "second_person_required")


async def test_a_winner_whose_post_is_removed_is_replaced_and_both_editors_see_it(
    app_state: AppState, keys: Keys, join: Join
) -> None:
    campaign = await phases.settled(app_state.pool, keys)
    address = f"/admin/campaigns/{campaign.id}"
    first, second = join("甲", roles=("editor",)), join("乙", roles=("editor",))
    assert (await first("POST", f"{address}/announce")).status_code == 202
    await app_state.pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", campaign.posts[0])
    seen = await second("POST", f"{address}/announce")
    moved = [str(campaign.posts[2]), str(campaign.posts[1])]
    assert (seen.status_code, [each["post_id"] for each in seen.json()["winners"]]) == (202, moved)
    announced = await first("POST", f"{address}/announce")
    assert (announced.status_code, [each["post_id"] for each in announced.json()["winners"]]) == (200, moved)


async def test_a_winner_who_was_banned_is_not_announced(app_state: AppState, keys: Keys, join: Join) -> None:
    campaign = await phases.settled(app_state.pool, keys)
    author = (await phases.winners_of(app_state.pool, campaign.id))[0]["account_id"]
    await make.ban(app_state.pool, author, since=make.now())
    address = f"/admin/campaigns/{campaign.id}"
    editor, other = join("甲", roles=("editor",)), join("乙", roles=("editor",))
    assert (await other("POST", f"{address}/announce")).status_code == 202
    assert error_of(await editor("POST", f"{address}/announce")) == (409, "winner_not_visible")

    assert error_of(await editor("POST", f"{address}/undo-settle", {"reason": ""})) == (422, "invalid")
    undone = await editor("POST", f"{address}/undo-settle", {"reason": "获奖者被封禁"})
    assert (undone.json()["state"], undone.json()["winners"]) == ("judging", [])
    given = {"reason_code": "cheating", "note": None}
    assert (await editor("POST", f"{address}/entries/{campaign.posts[0]}/disqualify", given)).status_code < 300
    decision = (await editor("POST", f"{address}/settle", {})).json()
    assert [each["post_id"] for each in decision["winners"]] == [str(each) for each in campaign.posts[1:3]]


async def test_a_prize_is_for_its_winner_only(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join
) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    best, other = await phases.winners_of(app_state.pool, campaign.id)
    winner = await become(app_state.pool, join, best["account_id"], "得主")
    prize, foreign = f"/me/prizes/{best['id']}", f"/me/prizes/{other['id']}"

    # A client may fetch the list in advance: only opening a prize is viewing it.
    for _ in range(2):
        page = (await winner("GET", "/me/prizes")).json()
        assert [(each["id"], each["state"]) for each in page["items"]] == [(str(best["id"]), "notified")]
        await winner("GET", f"/campaigns/{campaign.id}/me")
        assert (await winner("HEAD", prize)).status_code == 200
        for header, purpose in (
            ("sec-purpose", "prefetch;prerender"),
            ("purpose", "prefetch"),
            ("x-moz", "prefetch"),
            ("x-purpose", "preview"),
        ):
            fetched = await winner("GET", prize, headers={header: purpose})
            assert fetched.json()["state"] == "notified"
    opened = (await winner("GET", prize)).json()
    assert (opened["state"], opened["needs"]) == ("viewed", ["recipient_name", "phone", "address"])
    page = (await winner("GET", "/me/prizes")).json()
    assert [each["state"] for each in page["items"]] == ["viewed"]
    for method, path, body in (("GET", "", None), ("PUT", "/claim", FORM)):
        assert error_of(await winner(method, foreign + path, body)) == (403, "not_your_prize")
        assert error_of(await winner(method, f"/me/prizes/1{path}", body)) == (404, "prize_not_found")
        assert error_of(await winner(method, f"/me/prizes/x{path}", body)) == (404, "prize_not_found")
        assert error_of(await client.request(method, prize + path, json=body)) == (401, "unauthenticated")
    assert await app_state.pool.fetchval("SELECT count(*) FROM claims") == 0

    claimed = await winner("PUT", f"{prize}/claim", FORM)
    assert (claimed.status_code, claimed.json()["state"]) == (200, "claimed")
    assert "红荔路" not in claimed.text
    changed = await winner("PUT", f"{prize}/claim", FORM | {"recipient_name": "吴秀"})
    assert changed.json()["claim"]["recipient_name"].startswith("吴")


async def test_a_prize_is_not_found_before_the_announcement(app_state: AppState, keys: Keys, join: Join) -> None:
    campaign = await phases.settled(app_state.pool, keys)
    best, _ = await phases.winners_of(app_state.pool, campaign.id)
    winner = await become(app_state.pool, join, best["account_id"], "得主")
    assert (await winner("GET", "/me/prizes")).json()["items"] == []
    assert error_of(await winner("GET", f"/me/prizes/{best['id']}")) == (404, "prize_not_found")
    assert error_of(await winner("PUT", f"/me/prizes/{best['id']}/claim", FORM)) == (404, "prize_not_found")


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"recipient_name": ""}, "recipient_name", "required"),
        ({"recipient_name": "名" * 41}, "recipient_name", "too_long"),
        ({"address": "  "}, "address", "required"),
        ({"address": "a\x00b"}, "address", "forbidden_character"),
        ({"phone": "12"}, "phone", "invalid_phone"),
        ({"privacy_version": ""}, "privacy_version", "required"),
    ],
)
async def test_an_invalid_claim_is_rejected_with_its_field(
    app_state: AppState, keys: Keys, join: Join, change: dict[str, str], field: str, code: str
) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    best, _ = await phases.winners_of(app_state.pool, campaign.id)
    winner = await become(app_state.pool, join, best["account_id"], "得主")
    answer = await winner("PUT", f"/me/prizes/{best['id']}/claim", FORM | change)
    assert error_of(answer) == (422, "invalid")
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [(field, code)]
    assert all(each["message"] for each in answer.json()["errors"])


async def test_a_prize_from_the_claim_to_the_receipt(app_state: AppState, keys: Keys, join: Join) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    best, other = await phases.winners_of(app_state.pool, campaign.id)
    winner = await become(app_state.pool, join, best["account_id"], "得主")
    second = await become(app_state.pool, join, other["account_id"], "次席")
    editor = await grant_access(join, campaign.id)
    prize, claim = f"/me/prizes/{best['id']}", f"/admin/campaigns/{campaign.id}/claims/{best['id']}"
    early = await winner("POST", f"{prize}/received")
    assert error_of(early) == (409, "prize_not_final")
    await phases.finish(app_state.pool, campaign.id)
    for person, method, path, body in (
        (editor, "POST", f"{claim}/verify", None),
        (editor, "POST", f"{claim}/handed-over", {"reason": "现场领取"}),
        (editor, "PUT", f"{claim}/shipment", {"carrier": "顺丰", "tracking_no": "SF1"}),
        (winner, "POST", f"{prize}/received", None),
        (winner, "POST", f"{prize}/codes", None),
    ):
        assert error_of(await person(method, path, body)) == (409, "wrong_prize_state"), path
    assert (await winner("PUT", f"{prize}/claim", FORM)).status_code == 200
    assert (await editor("POST", f"{claim}/verify")).json()["state"] == "verified"
    table = await editor("POST", f"/admin/campaigns/{campaign.id}/claims/export", {"reason": "寄送"})
    assert (table.status_code, table.headers["cache-control"]) == (200, "no-store")
    assert FORM["address"] in table.text
    sent = await editor("PUT", f"{claim}/shipment", {"carrier": "顺丰", "tracking_no": "SF1"})
    assert (sent.json()["state"], sent.json()["shipment"]["carrier"]) == ("shipped", "顺丰")
    assert (await winner("GET", prize)).json()["shipment"]["tracking_no"] == "SF1"
    assert (await winner("POST", f"{prize}/received")).json()["state"] == "received"
    declined = await second("POST", f"/me/prizes/{other['id']}/decline")
    assert declined.json()["state"] == "declined"
    assert error_of(await winner("POST", f"/me/prizes/{other['id']}/decline")) == (403, "not_your_prize")
    assert error_of(await editor("GET", f"/admin/campaigns/{campaign.id}/shredding")) == (404, "receipt_not_found")
    assert (await editor("GET", "/admin/prizes/stuck")).json()["items"] == []


async def test_voucher_codes_are_added_by_editors_and_shown_to_winners(
    app_state: AppState, keys: Keys, join: Join
) -> None:
    code = {"name": "月卡", "kind": "code", "per_winner": 1, "value_cny": "30"}
    campaign = await phases.settled(app_state.pool, keys, prizes=[code])
    editors = [join(f"编辑{n}", roles=("editor",)) for n in range(2)]
    announce, stock = f"/admin/campaigns/{campaign.id}/announce", f"/admin/campaigns/{campaign.id}/prizes/1/codes"
    assert (await editors[0]("POST", announce)).status_code == 202
    assert error_of(await editors[1]("POST", announce)) == (409, "codes_missing")
    waits = (await editors[0]("GET", "/admin/prizes/stuck")).json()["items"]
    english = (await editors[0]("GET", "/admin/prizes/stuck", headers={"accept-language": "en"})).json()["items"]
    assert all(each["what"].isascii() for each in english)
    assert not any(each["what"].isascii() for each in waits)
    assert [(each["kind"], each["count"]) for each in waits] == [("codes_missing", 2)]
    brought = await editors[0]("POST", stock, {"codes": ["CARD-A1", "CARD-B2"]})
    assert (brought.status_code, brought.json()["added"]) == (200, 2)
    assert error_of(await editors[0]("POST", stock.replace("/1/codes", "/2/codes"), {"codes": ["X"]})) == (
        404,
        "prize_not_found",
    )
    assert (await editors[1]("POST", announce)).status_code == 200
    best, _ = await phases.winners_of(app_state.pool, campaign.id)
    winner = await become(app_state.pool, join, best["account_id"], "得主")
    prize = f"/me/prizes/{best['id']}"
    assert (await winner("PUT", f"{prize}/claim", {"privacy_version": "1"})).status_code == 200
    assert error_of(await winner("POST", f"{prize}/codes")) == (409, "prize_not_final")
    await phases.finish(app_state.pool, campaign.id)
    shown = await winner("POST", f"{prize}/codes")
    assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")
    assert shown.json()["items"][0]["code"] in ("CARD-A1", "CARD-B2")
    assert (await winner("GET", prize)).json()["state"] == "received"


async def test_a_claim_is_closed_after_its_deadline_and_after_the_shredding(
    app_state: AppState, keys: Keys, join: Join
) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    best, other = await phases.winners_of(app_state.pool, campaign.id)
    late = await become(app_state.pool, join, best["account_id"], "迟到")
    await app_state.pool.execute("UPDATE winners SET claim_ends_at = clock_timestamp() WHERE id = $1", best["id"])
    assert error_of(await late("PUT", f"/me/prizes/{best['id']}/claim", FORM)) == (409, "claim_closed")

    in_time = await become(app_state.pool, join, other["account_id"], "及时")
    assert (await in_time("PUT", f"/me/prizes/{other['id']}/claim", FORM)).status_code == 200
    keys.destroy_campaign_key(campaign.id)
    assert error_of(await in_time("PUT", f"/me/prizes/{other['id']}/claim", FORM)) == (409, "claim_closed")
    reveal = f"/admin/campaigns/{campaign.id}/claims/{other['id']}/reveal"
    editor = await grant_access(join, campaign.id)
    gone = await editor("POST", reveal, {"reason": "寄送"})
    assert error_of(gone) == (404, "claim_not_found")


async def test_revealing_a_claim_needs_access_and_a_reason_and_is_audited(
    app_state: AppState, keys: Keys, join: Join
) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    best, other = await phases.winners_of(app_state.pool, campaign.id)
    winner = await become(app_state.pool, join, best["account_id"], "得主")
    await winner("PUT", f"/me/prizes/{best['id']}/claim", FORM)
    claims = f"/admin/campaigns/{campaign.id}/claims"
    refused = await join("编辑", roles=("editor",))("POST", f"{claims}/{best['id']}/reveal", {"reason": "寄送"})
    assert error_of(refused) == (403, "claim_access_required")
    editor = await grant_access(join, campaign.id)

    listed = await editor("GET", claims)
    assert [each["state"] for each in listed.json()["items"]] == ["claimed", "notified"]
    assert FORM["address"] not in listed.text
    assert FORM["phone"] not in listed.text
    reveal = f"{claims}/{best['id']}/reveal"
    for reason in ("", " ", "\x00", "长" * 501):
        assert error_of(await editor("POST", reveal, {"reason": reason})) == (422, "invalid")
    assert await app_state.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'reveal_claim'") == 0

    shown = await editor("POST", reveal, {"reason": "寄送奖品"})
    assert shown.json()["address"] == FORM["address"]
    assert shown.headers["cache-control"] == "no-store"
    assert await app_state.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'reveal_claim'") == 1
    for absent in (other["id"], 1, "x"):
        answer = await editor("POST", f"{claims}/{absent}/reveal", {"reason": "寄送"})
        assert error_of(answer) == (404, "claim_not_found")
    elsewhere = (await phases.due(app_state.pool)).id
    await grant_access(join, elsewhere)
    strange = f"/admin/campaigns/{elsewhere}/claims/{best['id']}/reveal"
    assert error_of(await editor("POST", strange, {"reason": "寄送"})) == (404, "claim_not_found")


async def test_the_result_that_is_served_is_the_one_that_was_signed(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys
) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    signed = await phases.result_of(app_state.pool, campaign.id)
    assert signed is not None
    served = (await client.get(f"/campaigns/{campaign.id}/result")).content
    assert served.startswith(signed[:-1])
    sha256 = await app_state.pool.fetchval("SELECT result_sha256 FROM settlements WHERE campaign_id = $1", campaign.id)
    assert hashlib.sha256(signed).hexdigest() == sha256


async def test_the_sheet_is_json_or_csv(app_state: AppState, keys: Keys, join: Join) -> None:
    campaign = await phases.settled(app_state.pool, keys)
    await app_state.pool.execute(
        "UPDATE accounts SET name = E'\\n＝1+1,\"a\"\\r\\n=2' WHERE id = (SELECT author_id FROM posts WHERE id = $1)",
        campaign.posts[0],
    )
    editor = join("编辑", roles=("editor",))
    address = f"/admin/campaigns/{campaign.id}/sheet"

    sheet = (await editor("GET", address)).json()
    assert [(each["rank"], each["post_id"]) for each in sheet["items"]] == [
        (rank, str(post_id)) for rank, post_id in enumerate(campaign.posts, 1)
    ]
    assert [each["likes_counted"] for each in sheet["items"]] == [3, 2, 1, 0]

    answer = await editor("GET", address, headers={"accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="sheet-{campaign.id}.csv"'
    head, best, *others = csv.reader(answer.content.decode("utf-8-sig").splitlines())
    assert len(others) == len(campaign.posts) - 1
    row = dict(zip(head, best, strict=True))
    assert row["作品 post_id"] == f"#{campaign.posts[0]}"
    assert row["昵称 name"] == '\'＝1+1,"a" =2'
    assert row["得分 score"] == sheet["items"][0]["score"]


async def test_a_sheet_without_winners_yet_has_no_scores(app_state: AppState, join: Join) -> None:
    campaign = await phases.frozen(app_state.pool)
    sheet = (await join("编辑", roles=("editor",))("GET", f"/admin/campaigns/{campaign.id}/sheet")).json()
    assert sheet["settled_at"] is None
    assert {each["score"] for each in sheet["items"]} == {None}


async def test_ended_claim_access_no_longer_reveals_claims(app_state: AppState, keys: Keys, join: Join) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    best, _ = await phases.winners_of(app_state.pool, campaign.id)
    winner = await become(app_state.pool, join, best["account_id"], "得主")
    await winner("PUT", f"/me/prizes/{best['id']}/claim", FORM)
    editor, admin = await grant_access(join, campaign.id), join("另一管理员", roles=("admin",))
    access = f"/admin/campaigns/{campaign.id}/claim-access"
    user = await my_id(editor)
    [listed] = (await admin("GET", access)).json()["items"]
    assert (listed["user_id"], listed["name"], listed["reason"]) == (user, "编辑", "寄送")
    for _ in range(2):
        ended = await admin("DELETE", f"{access}/{user}")
        assert (ended.status_code, ended.json()) == (200, {"user_id": user})
    assert (await admin("GET", access)).json()["items"] == []
    reveal = f"/admin/campaigns/{campaign.id}/claims/{best['id']}/reveal"
    assert error_of(await editor("POST", reveal, {"reason": "寄送"})) == (403, "claim_access_required")
    assert await app_state.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'end_claim_access'") == 1
    assert error_of(await admin("DELETE", f"{access}/1")) == (404, "account_not_found")
    for method, path in (("GET", ""), ("DELETE", f"/{user}")):
        refused = await admin(method, f"/admin/campaigns/1/claim-access{path}")
        assert error_of(refused) == (404, "campaign_not_found")


async def test_after_the_announcement_the_leaderboard_is_that_of_the_sheet(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join
) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    board, entries = f"/campaigns/{campaign.id}/leaderboard", f"/admin/campaigns/{campaign.id}/entries"
    await make.change_rules(app_state.pool, campaign.id, board="public")
    # Removes everything that the counts could be computed from.
    for table in ("likes", "past_likes", "comments", "marks"):
        await app_state.pool.execute(f"TRUNCATE {table} CASCADE")
    items = (await client.get(board)).json()["items"]
    author = await app_state.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[0])
    [mine] = (await (await become(app_state.pool, join, author, "作者"))("GET", f"/campaigns/{campaign.id}/me")).json()[
        "entries"
    ]
    assert (mine["likes_counted"], mine["likes_shown"], mine["rank"], mine["score"]) == (3, 3, 1, items[0]["score"])
    result = msgspec.json.decode(await phases.result_of(app_state.pool, campaign.id) or b"")
    assert [(item["post"]["id"], item["rank"], item["score"]) for item in items[:2]] == [
        (winner["post_id"], winner["rank"], winner["score"]) for winner in result["winners"]
    ]
    assert len({item["score"] for item in items}) > 1
    listed = (await join("编辑", roles=("editor",))("GET", entries)).json()["items"]
    assert [(each["post_id"], each["score"]) for each in listed] == [
        (each["post"]["id"], each["score"]) for each in items
    ]


@pytest.mark.parametrize("board", ["public", "after_close"])
async def test_between_freeze_and_announcement_no_participant_sees_the_standing(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join, board: str
) -> None:
    campaign = await phases.due(app_state.pool, keys, board=board)
    author = await app_state.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[0])
    own = await become(app_state.pool, join, author, "作者")
    document = (await client.get("http://feed.test/openapi.json")).json()
    paths = [
        path.removeprefix("/v1").replace("{campaign_id}", str(campaign.id)).replace("{post_id}", str(campaign.posts[0]))
        for path, item in document["paths"].items()
        # Every GET that participants have, those of campaigns that are added later too.
        if "get" in item and "/admin/" not in path and ("{campaign_id}" in path or "/hot/" in path or "/me/" in path)
    ]
    leaderboard = f"/campaigns/{campaign.id}/leaderboard"
    assert {leaderboard, f"/campaigns/{campaign.id}/me", f"/feeds/hot/{campaign.posts[0]}/why"} <= set(paths)

    async def ranked() -> list[str]:
        """The paths of responses that tell ranks of the campaign or its result."""
        # As any change of a post does: what was read in the last second is not of interest here.
        app_state.pages.invalidate(campaign.posts)
        found = []
        for path in paths:
            for caller in (own, None):
                said = await (client.get(path) if caller is None else caller("GET", path))
                told = said.status_code == 200 and RANKED.search(said.text)
                if told and "/hot/" not in path:
                    found.append(path)
        return found

    assert leaderboard in await ranked()
    assert await freeze_next_campaign(app_state.pool)
    assert await ranked() == []
    assert await settle_next_campaign(app_state.pool, keys)
    assert await ranked() == []
    assert error_of(await client.get(leaderboard)) == (404, "board_hidden")
    for number in range(2):
        editor = join(f"编辑{number}", roles=("editor",))
        assert (await editor("POST", f"/admin/campaigns/{campaign.id}/announce")).status_code in (200, 202)
    assert {leaderboard, f"/campaigns/{campaign.id}/winners", f"/campaigns/{campaign.id}/result"} <= set(await ranked())


async def test_while_the_kms_is_down_claims_return_503_and_can_be_retried(
    app_state: AppState, keys: Keys, join: Join, tmp_path: Path
) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    best, _ = await phases.winners_of(app_state.pool, campaign.id)
    winner = await become(app_state.pool, join, best["account_id"], "得主")
    claim = f"/me/prizes/{best['id']}/claim"
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    with vaulting() as fake:
        keys._kms = Vault(fake.url, token_file=token)
        fake.trouble = ["sealed"]
        away = await winner("PUT", claim, FORM)
        assert error_of(away) == (503, "kms_away")
        assert away.headers["retry-after"] == "30"
        assert await app_state.pool.fetchval("SELECT count(*) FROM claims") == 0
        assert (await winner("PUT", claim, FORM)).status_code == 200
        editor = await grant_access(join, campaign.id)
        reveal = f"/admin/campaigns/{campaign.id}/claims/{best['id']}/reveal"
        keys._unwrapped.clear()
        fake.trouble = ["broken"]
        assert error_of(await editor("POST", reveal, {"reason": "寄送"})) == (503, "kms_away")
        shown = await editor("POST", reveal, {"reason": "寄送"})
        assert shown.json()["address"] == FORM["address"]
