"""Proofs of single entries: who gets which, when, and that they verify without the sheet."""

import json

import httpx
import pytest

from feed.api.state import AppState
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.result.document import juror_pseudonym
from feed.prizes.result.proof import ProofVerification, verify_proof
from feed.prizes.settlement.actions import freeze_next_campaign, settle_next_campaign
from feed.prizes.winners.expiry import lapse_next_claim
from tests.support import make, phases
from tests.support.api import Join
from tests.support.prizes_api import error_of


def _verified(response: httpx.Response, keys: Keys) -> ProofVerification:
    assert response.status_code == 200, response.text
    found = verify_proof(response.content, keys.public_keys().keys)
    assert found.problems == []
    assert found.signed == "authentic"
    return found


@pytest.mark.parametrize("entries", [1, 2, 3, 7, 8, 9])
async def test_every_row_of_a_result_has_a_proof(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, entries: int
) -> None:
    campaign = await phases.announced(app_state.pool, keys, entries=entries, winner_count=2)
    result = (await client.get(f"/campaigns/{campaign.id}/result")).json()
    for index, row in enumerate(result["sheet"]):
        served = await client.get(f"/campaigns/{campaign.id}/proof", params={"post_id": row["post_id"]})
        found = _verified(served, keys)
        proof = served.json()
        assert (proof["index"], proof["row"]) == (index, row)
        signed_part = proof["result"]
        assert signed_part == {name: result[name] for name in signed_part}
        assert set(result) - set(signed_part) == {"sheet", "amendments", "people"}
        place = next((each["place"] for each in result["winners"] if each["post_id"] == row["post_id"]), None)
        assert found.place == place


async def test_before_the_announcement_there_is_no_proof(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join
) -> None:
    campaign = await phases.settled(app_state.pool, keys)
    path = f"/campaigns/{campaign.id}/proof?post_id={campaign.posts[0]}"
    editor = join("编辑", roles=("editor",))
    for headers in ({}, editor.headers):
        assert error_of(await client.get(path, headers=headers)) == (404, "result_not_found")


async def test_no_operation_shows_single_marks_before_the_announcement(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join
) -> None:
    pool = app_state.pool
    campaign = await phases.due(pool)
    juror = await make.account(pool)
    await make.juror(pool, campaign.id, juror)
    for post_id in campaign.posts:
        await make.mark(pool, campaign.id, post_id, juror, "83.217")
    assert await freeze_next_campaign(pool)
    assert await settle_next_campaign(pool, keys)
    salt = await pool.fetchval("SELECT result_salt FROM campaigns WHERE id = $1", campaign.id)
    editor, admin = join("编辑", roles=("editor",)), join("管理员", roles=("admin",))
    address = f"/admin/campaigns/{campaign.id}"
    paths = [f"{address}/{name}" for name in ("sheet", "announcement", "fairness", "entries", "jury", "marks")]
    paths += [
        f"/campaigns/{campaign.id}/{name}" for name in ("result", "leaderboard", f"proof?post_id={campaign.posts[0]}")
    ]
    for path in (*paths, address, f"/campaigns/{campaign.id}/me"):
        for caller in (editor, admin):
            assert juror_pseudonym(salt, juror) not in (await caller("GET", path)).text, path

    for _ in range(2):
        await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor"))

    assert juror_pseudonym(salt, juror) in (await client.get(f"/campaigns/{campaign.id}/result")).text


async def test_what_has_no_row_has_no_proof(client: httpx.AsyncClient, app_state: AppState, keys: Keys) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    other = await phases.announced(app_state.pool, keys)
    path = f"/campaigns/{campaign.id}/proof"
    author = await app_state.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[0])
    for params in (
        {"post_id": other.posts[0]},
        {"post_id": "x"},
        {"post_id": ""},
        {"post_id": 1},
        {"comment_id": campaign.posts[0]},
        {"post_id": author},
        {"comment_id": author},
    ):
        assert error_of(await client.get(path, params=params)) == (404, "proof_not_found"), params
    assert error_of(await client.get("/campaigns/1/proof?post_id=1")) == (404, "result_not_found")
    assert error_of(await client.get("/campaigns/x/proof?post_id=1")) == (404, "campaign_not_found")
    both = await client.get(path, params={"post_id": campaign.posts[0], "comment_id": 1})
    assert error_of(both) == (422, "invalid")
    assert error_of(await client.get(path)) == (422, "invalid")


async def test_the_row_of_a_like_is_not_found_by_the_account(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys
) -> None:
    """Its row names neither post nor comment, and would tell the pseudonym of any account."""
    pool = app_state.pool
    campaign = await phases.announced(pool, keys)
    post_id = campaign.posts[0]
    account_id = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", post_id)
    await pool.execute("UPDATE sheet_rows SET post_id = NULL WHERE post_id = $1", post_id)
    await pool.execute("UPDATE result_rows SET entry_id = $2 WHERE entry_id = $1", post_id, account_id)
    for name in ("post_id", "comment_id"):
        for id_ in (account_id, post_id):
            found = await client.get(f"/campaigns/{campaign.id}/proof", params={name: id_})
            assert error_of(found) == (404, "proof_not_found")


async def test_a_result_of_the_first_format_has_no_proof(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys
) -> None:
    campaign_id, _ = await phases.frozen(app_state.pool)
    await app_state.pool.execute("UPDATE settlements SET format = 1")
    await _announce(app_state.pool, keys, campaign_id)
    result = (await client.get(f"/campaigns/{campaign_id}/result")).json()
    assert result["format"] == "feed-result-1"
    post_id = result["sheet"][0]["post_id"]
    assert error_of(await client.get(f"/campaigns/{campaign_id}/proof?post_id={post_id}")) == (404, "proof_not_found")


async def test_without_an_id_it_is_the_best_entry_of_the_callers_person(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join
) -> None:
    pool, phone = app_state.pool, "+8613700137000"
    one, other, stranger = join("小明", phone=phone), join("小明的另一个账号", phone=phone), join("小红")
    for each in (one, other, stranger):
        assert (await each("GET", "/me")).status_code == 200
    campaign = await phases.frozen(pool)
    account_id = await pool.fetchval("SELECT id FROM accounts WHERE name = '小明'")
    for post_id in campaign.posts[1:3]:
        await pool.execute("UPDATE sheet_rows SET account_id = $2 WHERE post_id = $1", post_id, account_id)
    await _announce(pool, keys, campaign.id)

    for each in (one, other):
        served = await each("GET", f"/campaigns/{campaign.id}/proof")
        assert served.json()["row"]["post_id"] == str(campaign.posts[1])
        assert served.headers["cache-control"] == "private, no-cache"
        _verified(served, keys)
    assert error_of(await stranger("GET", f"/campaigns/{campaign.id}/proof")) == (404, "proof_not_found")


async def test_a_proof_has_the_amendments_and_a_tag_that_changes_with_them(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys
) -> None:
    campaign = await phases.announced(app_state.pool, keys, entries=6, reserve_count=2)
    path = f"/campaigns/{campaign.id}/proof?post_id={campaign.posts[2]}"
    first = await client.get(path)
    assert _verified(first, keys).place is None
    assert "public" in first.headers["cache-control"]
    known = {"if-none-match": first.headers["etag"]}
    assert (await client.get(path, headers=known)).status_code == 304
    other = await client.get(f"/campaigns/{campaign.id}/proof?post_id={campaign.posts[1]}", headers=known)
    assert other.status_code == 200

    await app_state.pool.execute("UPDATE winners SET claim_ends_at = clock_timestamp() WHERE place = 1")
    assert await lapse_next_claim(app_state.pool, keys)

    amended = await client.get(path, headers=known)
    assert _verified(amended, keys).place == 1
    assert json.loads(amended.content)["amendments"][0]["format"] == "feed-amendment-2"


async def _announce(pool: Pool, keys: Keys, campaign_id: int) -> None:
    assert await settle_next_campaign(pool, keys)
    for _ in range(2):
        await announce_winners(pool, keys, campaign_id, by=await make.person(pool, role="editor"))
