"""A draw of three days among those who like the announcement, from the draft to the claimed prize, over the API."""

from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from feed.api.state import AppState
from feed.campaigns.model import rules_sha256, time_text
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.announcement.announce import finish_next_objections
from feed.prizes.draw.actions import list_drand_rounds, publish_next_list, record_drand_value
from feed.prizes.result.proof import verify_proof
from feed.prizes.result.verify import verify_result
from feed.prizes.settlement.actions import freeze_next_campaign, settle_next_campaign
from feed.settings import Settings
from tests.support import make, phases
from tests.support.api import Join, Person
from tests.support.campaign_drafts import CONCERT_TICKET
from tests.support.campaigns_api import my_id
from tests.support.drand_relay import TEST_CHAIN, signature_of
from tests.support.make import DAY, HOUR
from tests.support.prizes_api import error_of


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """People without a phone may write here: what is tested is how they count."""
    return msgspec.structs.replace(settings, require_phone=False)


DATES = ("starts_at", "ends_at", "settle_at")


def weekend(post_id: str, entry_by: str) -> dict[str, Any]:
    """Open since an hour, for three days; decided a minute after its end, within an hour."""
    ends_at = make.now() + 3 * DAY
    return {
        "title": "周末音乐会抽奖",
        "topic": "音乐会",
        "body": "为公告点赞或者评论，抽取门票",
        "method": "draw",
        "entry_by": entry_by,
        "announcement_post_id": post_id,
        "starts_at": time_text(make.now() - HOUR),
        "ends_at": time_text(ends_at),
        "settle_at": time_text(ends_at + timedelta(minutes=1)),
        "winner_count": 1,
        "reserve_count": 1,
        "prizes": [CONCERT_TICKET | {"valid_until": time_text(ends_at + 2 * DAY)}],
        "objection_days": 1,
        "claim_days": 1,
        "delivery": {"within_days": 1, "place": "音乐厅"},
        "beacon_order": ["drand"],
        "beacon_wait_hours": 1,
        "organiser": "读特",
        "contact": "0755-12345678",
    }


async def end(pool: Pool, campaign_id: int, post_id: int) -> None:
    """Ages everything by three days and ten minutes, as if they had passed."""
    by = 3 * DAY + timedelta(minutes=10)
    document = await pool.fetchval("SELECT rules FROM campaign_rules WHERE campaign_id = $1", campaign_id)
    for name in DATES:
        document[name] = time_text(
            await pool.fetchval("SELECT ($1::text)::timestamptz - $2::interval", document[name], by)
        )
    for statement in (
        "UPDATE campaigns SET starts_at = starts_at - $2::interval, ends_at = ends_at - $2::interval, settle_at = settle_at - $2::interval, "
        "published_at = published_at - $2::interval WHERE id = $1",
        "UPDATE comments SET created_at = created_at - $2::interval WHERE post_id <> $1",
        "UPDATE likes SET liked_at = liked_at - $2::interval WHERE post_id <> $1",
        "UPDATE accounts SET created_at = created_at - $2::interval, phone_verified_at = phone_verified_at - $2::interval WHERE id <> $1",
        "UPDATE staff_rights SET granted_at = granted_at - $2::interval WHERE account_id <> $1",
    ):
        await pool.execute(statement, campaign_id, by)
    await pool.execute(
        "UPDATE campaign_rules SET rules = $2, rules_sha256 = $3 WHERE campaign_id = $1",
        campaign_id,
        document,
        rules_sha256(document),
    )
    await pool.execute("UPDATE campaigns SET draft = $2 WHERE id = $1", campaign_id, document)


async def enter(person: Person, post_id: str, entry_by: str) -> str | None:
    """Enters the draw; returns the comment's id."""
    if entry_by == "like":
        assert (await person("PUT", f"/posts/{post_id}/like")).status_code == 200
        return None
    said = await person("POST", f"/posts/{post_id}/comments", {"text": "想去听"})
    assert said.status_code == 201
    comment_id: str = said.json()["id"]
    return comment_id


@pytest.mark.parametrize("entry_by", ["comment", "like"])
async def test_a_draw_of_three_days_ends_with_a_claimed_prize(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join, entry_by: str
) -> None:
    pool = app_state.pool
    editor, second = join("编辑", roles=("editor",)), join("副编辑", roles=("editor",))
    post_id = (await editor("POST", "/posts", {"text": "周末音乐会，来抽票"})).json()["id"]
    made = await editor("POST", "/admin/campaigns", weekend(post_id, entry_by))
    assert made.status_code == 201, made.text
    campaign = made.json()["id"]
    published = await editor("POST", f"/admin/campaigns/{campaign}/publish")
    assert published.status_code == 200, published.text
    assert error_of(await editor("DELETE", f"/posts/{post_id}")) == (409, "post_announces_draw")
    assert error_of(await editor("PATCH", f"/posts/{post_id}", {"text": "改期"})) == (409, "post_announces_draw")

    fan, again, unverified = (
        join("乐迷", phone="+8613700137000"),
        join("乐迷小号", phone="+8613700137000"),
        join("路人", phone=None),
    )
    comments = {
        name: await enter(each, post_id, entry_by)
        for name, each in (("fan", fan), ("again", again), ("路人", unverified))
    }
    await enter(editor, post_id, entry_by)
    await enter(second, post_id, entry_by)
    mine = (await fan("GET", f"/campaigns/{campaign}/me")).json()
    assert (mine["tickets"], mine["eligible"], mine["reasons"]) == (1, True, [])
    (entry,) = mine["entries"]
    assert (entry["post_id"], entry["comment_id"], entry["state"]) == (None, comments["fan"], "entered")
    theirs = (await editor("GET", f"/campaigns/{campaign}/me")).json()
    assert (theirs["tickets"], theirs["reasons"]) == (0, ["own", "staff"])
    assert (await unverified("GET", f"/campaigns/{campaign}/me")).json()["reasons"] == ["not_verified"]
    assert (await join("没参加")("GET", f"/campaigns/{campaign}/me")).json()["entries"] == []
    card = (await client.get(f"/campaigns/{campaign}")).json()
    assert (card["entry_by"], card["announcement_post_id"], card["entry_count"]) == (entry_by, post_id, 5)
    assert (await client.get(f"/campaigns/{campaign}/posts")).json()["items"] == []

    await end(pool, int(campaign), int(post_id))
    assert await freeze_next_campaign(pool)
    # What happens after the end changes nothing.
    if entry_by == "like":
        await fan("DELETE", f"/posts/{post_id}/like")
        await enter(join("来晚了"), post_id, entry_by)
    assert await publish_next_list(pool)
    await phases.age_list(pool, int(campaign), timedelta(minutes=2))
    ((_, round_),) = await list_drand_rounds(pool, TEST_CHAIN)
    assert await record_drand_value(pool, TEST_CHAIN, int(campaign), round_, signature_of(round_))
    assert await settle_next_campaign(pool, keys)
    sheet = (await editor("GET", f"/admin/campaigns/{campaign}/sheet")).json()["items"]
    assert sorted(line["reason_code"] or "" for line in sheet) == ["", "not_verified", "own", "staff"]
    assert (
        await editor("GET", f"/admin/campaigns/{campaign}/sheet", headers={"accept": "text/csv"})
    ).status_code == 200
    assert (await editor("GET", f"/admin/campaigns/{campaign}/fairness")).json()["entries"] == 4

    for by in (editor, second):
        announced = await by("POST", f"/admin/campaigns/{campaign}/announce", {})
        assert announced.status_code in (200, 202), announced.text
        assert announced.json()["winners"][0]["comment_id"] == comments["fan"]
    result = await phases.result_of(pool, int(campaign))
    assert result is not None
    assert verify_result(result, keys.public_keys().keys, (TEST_CHAIN,)).is_valid
    (winner,) = (await client.get(f"/campaigns/{campaign}/winners")).json()["items"]
    assert (winner["post_id"], winner["comment_id"]) == (None, comments["fan"])
    mine = (await fan("GET", f"/campaigns/{campaign}/me")).json()
    assert (mine["tickets"], mine["entries"][0]["rank"], mine["prize"]["rank"]) == (1, 1, 1)
    assert (await client.get(f"/campaigns/{campaign}")).json()["entry_count"] == 1
    for query, by in (
        ("", fan),
        *((f"?comment_id={comments['fan']}", unverified) for _ in range(entry_by == "comment")),
    ):
        proof = verify_proof((await by("GET", f"/campaigns/{campaign}/proof{query}")).content, keys.public_keys().keys)
        assert (proof.place, proof.signed) == (1, "authentic"), proof.problems
    (prize,) = (await fan("GET", "/me/prizes")).json()["items"]
    claim = {name: {"recipient_name": "吴秀兰", "phone": "13800100100"}.get(name, "4403") for name in prize["needs"]}
    claimed = await fan("PUT", f"/me/prizes/{prize['id']}/claim", claim | {"privacy_version": "1"})
    assert claimed.status_code == 200, claimed.text

    objection = f"/campaigns/{campaign}/objections"
    assert error_of(await join("没参加")("POST", objection, {"text": "不服"})) == (403, "not_a_participant")
    unknown = {"text": "有误", "comment_id": post_id}
    assert error_of(await again("POST", objection, unknown)) == (404, "entry_not_found")
    named = {} if entry_by == "like" else {"comment_id": comments["again"]}
    said = await again("POST", objection, {"text": "有误"} | named)
    assert said.status_code == 201, said.text
    assert said.json()["comment_id"] == comments["again"]
    third = join("丙", roles=("editor",))
    await third("POST", f"/admin/objections/{said.json()['id']}/answer", {"text": "无误"})
    await pool.execute("UPDATE campaigns SET objections_end_at = clock_timestamp() WHERE id = $1", int(campaign))
    assert await finish_next_objections(pool)
    assert (await client.get(f"/campaigns/{campaign}")).json()["state"] == "final"


async def test_a_void_takes_a_ticket_away(app_state: AppState, join: Join) -> None:
    editor, fan = join("编辑", roles=("editor",)), join("乐迷")
    post_id = (await editor("POST", "/posts", {"text": "周末音乐会，来抽票"})).json()["id"]
    campaign = (await editor("POST", "/admin/campaigns", weekend(post_id, "like"))).json()["id"]
    assert (await editor("POST", f"/admin/campaigns/{campaign}/publish")).status_code == 200
    await enter(fan, post_id, "like")
    voids = f"/admin/campaigns/{campaign}/voids"
    reason = {"user_ids": [str(await my_id(fan))], "reason_code": "bought"}
    assert (await editor("POST", voids, reason | {"kinds": ["comment"]})).status_code == 201
    assert (await fan("GET", f"/campaigns/{campaign}/me")).json()["tickets"] == 1
    assert (await editor("POST", voids, reason | {"kinds": ["like"]})).status_code == 201
    mine = (await fan("GET", f"/campaigns/{campaign}/me")).json()
    assert (mine["tickets"], mine["eligible"], mine["reasons"]) == (0, False, ["voided"])
