"""Claims in the console: masked, revealed in one response only, checked, shipped, and codes of which only numbers are shown."""

from typing import NamedTuple

import pytest

from feed.accounts.model import AccountId
from feed.api.state import AppState
from feed.prizes.claims.access import grant_access
from feed.prizes.claims.actions import claim_prize
from feed.prizes.model import WinnerId
from tests.api.pages.editor.conftest import Staff
from tests.support import make, phases
from tests.support.pages import BrowserClient

SECRETS = ("吴秀兰", "13800100100", "+8613800100100", "红荔路2001号")
NO_STORE = "private, no-store"


class Claimed(NamedTuple):
    """A final campaign, and the prize that its best winner has claimed."""

    campaign_id: int
    prize_id: int

    @property
    def path(self) -> str:
        return f"/console/campaigns/{self.campaign_id}/winners/prizes/{self.prize_id}"


@pytest.fixture
async def claimed(app_state: AppState) -> Claimed:
    campaign = await phases.announced(app_state.pool, app_state.keys)
    winner = (await phases.winners_of(app_state.pool, campaign.id))[0]
    await claim_prize(
        app_state.pool, app_state.keys, AccountId(winner["account_id"]), WinnerId(winner["id"]), phases.FORM
    )
    await phases.finish(app_state.pool, campaign.id)
    return Claimed(campaign.id, winner["id"])


async def let_read(app_state: AppState, browser: BrowserClient, campaign_id: int) -> None:
    reader = int((await browser.get("/sign-in/state")).json()["user_id"])
    admin = await make.person(app_state.pool, role="admin")
    await grant_access(app_state.pool, campaign_id, reader, by=admin, days=1, reason="寄送")


async def test_details_are_masked_until_they_are_revealed_and_in_no_other_page(
    app_state: AppState, staff: Staff, claimed: Claimed
) -> None:
    editor = await staff("钱编辑")
    await let_read(app_state, editor, claimed.campaign_id)
    listed = await editor.get(f"/console/campaigns/{claimed.campaign_id}/winners")
    page = await editor.get(claimed.path)
    for each in (listed, page):
        assert each.headers["cache-control"] == NO_STORE
        assert "138****0100" in each.text
        assert not [secret for secret in SECRETS if secret in each.text]
    shown = await editor.send(page, f"{claimed.path}/reveal", {"reason": "核对地址"})
    assert (shown.status_code, shown.headers["cache-control"]) == (200, NO_STORE)
    assert "红荔路2001号" in shown.text
    assert "吴秀兰" in shown.text
    recorded = await app_state.pool.fetchval("SELECT detail ->> 'reason' FROM audit WHERE action = 'reveal_claim'")
    assert recorded == "核对地址"
    # The address of the response, opened again, shows nothing.
    again = await editor.get(f"{claimed.path}/reveal")
    assert (again.status_code, again.headers["location"]) == (303, claimed.path)
    assert not [secret for secret in SECRETS if secret in (await editor.get(claimed.path)).text]


async def test_revealing_needs_access_and_a_reason_and_says_so(
    app_state: AppState, staff: Staff, claimed: Claimed
) -> None:
    editor = await staff("钱编辑")
    refused = await editor.send(await editor.get(claimed.path), f"{claimed.path}/reveal", {"reason": "核对地址"})
    assert refused.status_code == 403
    assert "需由管理员授权后才能查看领奖信息" in refused.text
    assert 'value="核对地址"' in refused.text
    await let_read(app_state, editor, claimed.campaign_id)
    blank = await editor.send(await editor.get(claimed.path), f"{claimed.path}/reveal", {"reason": ""})
    assert blank.status_code == 422
    assert not [secret for secret in SECRETS if secret in refused.text + blank.text]


async def test_a_claim_is_verified_shipped_corrected_and_handed_over(staff: Staff, claimed: Claimed) -> None:
    editor = await staff("钱编辑")
    done = await editor.send(await editor.get(claimed.path), f"{claimed.path}/verify")
    assert done.headers["location"] == f"{claimed.path}?done=verified"
    page = await editor.get(claimed.path)
    blank = await editor.send(page, f"{claimed.path}/shipment", {"carrier": "", "tracking_no": "SF1"})
    assert blank.status_code == 422
    assert 'value="SF1"' in blank.text
    for number in ("SF1", "SF2"):
        done = await editor.send(page, f"{claimed.path}/shipment", {"carrier": "顺丰", "tracking_no": number})
        assert done.headers["location"].endswith("?done=shipped")
        page = await editor.get(claimed.path)
        assert number in page.text
    done = await editor.send(page, f"{claimed.path}/handed-over", {"handed_reason": "本人确认收到"})
    assert done.headers["location"].endswith("?done=handed_over")
    assert "已收到" in (await editor.get(claimed.path)).text


async def test_before_the_result_is_final_no_form_offers_to_send_a_prize(app_state: AppState, staff: Staff) -> None:
    campaign = await phases.announced(app_state.pool, app_state.keys)
    winner = (await phases.winners_of(app_state.pool, campaign.id))[0]
    ids = AccountId(winner["account_id"]), WinnerId(winner["id"])
    await claim_prize(app_state.pool, app_state.keys, *ids, phases.FORM)
    await app_state.pool.execute("UPDATE winners SET state = 'verified' WHERE id = $1", winner["id"])
    editor = await staff("钱编辑")
    list_path = f"/console/campaigns/{campaign.id}/winners/shipments"
    for path in (Claimed(campaign.id, winner["id"]).path, list_path):
        page = await editor.get(path)
        assert "结果最终确定后才能登记寄出" in page.text
        assert "tracking_no" not in page.text
        assert "handed_reason" not in page.text


async def test_many_shipments_are_recorded_at_once_and_those_that_fail_keep_what_was_typed(
    app_state: AppState, staff: Staff
) -> None:
    campaign = await phases.announced(app_state.pool, app_state.keys)
    editor = await staff("钱编辑")
    winners = await phases.winners_of(app_state.pool, campaign.id)
    for winner in winners:
        ids = AccountId(winner["account_id"]), WinnerId(winner["id"])
        await claim_prize(app_state.pool, app_state.keys, *ids, phases.FORM)
    await phases.finish(app_state.pool, campaign.id)
    await app_state.pool.execute("UPDATE winners SET state = 'verified' WHERE campaign_id = $1", campaign.id)
    path = f"/console/campaigns/{campaign.id}/winners/shipments"
    first, second = (winner["id"] for winner in winners)
    fields = {
        "carrier": "顺丰",
        f"tracking_no-{first}": "SF1",
        f"tracking_no-{second}": "SF\t2",
        "tracking_no-999": "",
    }
    page = await editor.get(path)
    assert f'name="tracking_no-{first}"' in page.text
    sent = await editor.send(page, path, fields)
    assert sent.status_code == 422
    assert "1 件已登记并通知" in sent.text
    assert f'id="error-{second}"' in sent.text
    assert 'value="顺丰"' in sent.text
    assert f'name="tracking_no-{first}"' not in sent.text
    sent = await editor.send(sent, path, {"carrier": "顺丰", f"tracking_no-{second}": "SF2"})
    assert sent.headers["location"].endswith("?done=all_shipped")
    assert "没有待寄出的奖品" in (await editor.get(path)).text


async def test_the_shipping_list_is_a_file_for_readers_with_a_reason(
    app_state: AppState, staff: Staff, claimed: Claimed
) -> None:
    editor = await staff("钱编辑")
    path = f"/console/campaigns/{claimed.campaign_id}/winners/export"
    refused = await editor.send(await editor.get(path), path, {"reason": "寄送"})
    assert refused.status_code == 403
    await let_read(app_state, editor, claimed.campaign_id)
    await app_state.pool.execute("UPDATE winners SET state = 'verified' WHERE id = $1", claimed.prize_id)
    table = await editor.send(await editor.get(path), path, {"reason": "寄送"})
    assert table.headers["content-type"].startswith("text/csv")
    assert table.headers["cache-control"] == NO_STORE
    assert "attachment" in table.headers["content-disposition"]
    assert "红荔路2001号" in table.text


async def test_codes_are_counted_and_never_shown(app_state: AppState, staff: Staff) -> None:
    code = {"name": "听书月卡", "kind": "code", "per_winner": 1, "value_cny": "30"}
    campaign = await phases.settled(app_state.pool, app_state.keys, prizes=[code])
    editor = await staff("钱编辑")
    path = f"/console/campaigns/{campaign.id}/winners/codes"
    # What a settled campaign lacks is among what waits for editors.
    start = (await editor.get("/console")).text
    assert f'href="/console/campaigns/{campaign.id}/winners">' in start[start.index('id="start-overdue"') :]
    page = await editor.get(path)
    assert "听书月卡" in page.text
    sent = await editor.send(page, path, {"prize": "1", "codes": "SECRET-A\r\n\r\n  SECRET-B  \r\nSECRET-A"})
    assert sent.status_code == 303
    assert "SECRET" not in sent.headers["location"]
    after = await editor.get(sent.headers["location"])
    assert "SECRET" not in after.text
    assert "现有 2" in after.text
    assert "足够" in after.text
    too_long = await editor.send(page, path, {"prize": "1", "codes": "SECRET-" + "x" * 5000})
    assert too_long.status_code == 422
    assert "SECRET" not in too_long.text
    unknown = await editor.send(page, path, {"prize": "9", "codes": "SECRET-C"})
    assert unknown.status_code in (404, 409)
    odd = await editor.send(page, path, {"prize": "x", "codes": "SECRET-C"})
    assert odd.status_code == 422


async def test_an_admin_grants_access_by_a_pasted_link_and_ends_it(app_state: AppState, staff: Staff) -> None:
    campaign = await phases.announced(app_state.pool, app_state.keys)
    admin, editor = await staff("管理员", role="admin"), await make.person(app_state.pool, role="editor")
    path = f"/console/campaigns/{campaign.id}/winners/access"
    fields = {"user_id": f"https://feed.test/users/{editor}", "days": "3", "reason": "寄送"}
    page = await admin.get(path)
    for wrong, status in (({"days": "99"}, 422), ({"reason": ""}, 422), ({"user_id": "x"}, 404), ({"days": ""}, 422)):
        refused = await admin.send(page, path, fields | wrong)
        assert refused.status_code == status, wrong
        assert "data-problem" in refused.text
    done = await admin.send(page, path, fields)
    assert done.headers["location"].endswith("?done=access_granted")
    listed = await admin.get(path)
    assert f'action="{path}/{editor}/end"' in listed.text
    await admin.send(listed, f"{path}/{editor}/end")
    assert f'action="{path}/{editor}/end"' not in (await admin.get(path)).text


@pytest.mark.parametrize("prize", ["1", "x", "0", "99999999999999999999"])
async def test_a_prize_of_another_campaign_has_no_page(staff: Staff, claimed: Claimed, prize: str) -> None:
    editor = await staff("钱编辑")
    assert (await editor.get(f"/console/campaigns/{claimed.campaign_id}/winners/prizes/{prize}")).status_code == 404


async def test_names_and_texts_with_markup_are_text_in_every_page(
    app_state: AppState, staff: Staff, claimed: Claimed
) -> None:
    markup = "<img src=x>"
    await app_state.pool.execute("UPDATE accounts SET name = $1", markup)
    await app_state.pool.execute("UPDATE post_revisions SET text = $1", markup)
    await app_state.pool.execute("UPDATE campaigns SET draft = jsonb_set(draft, '{title}', to_jsonb($1::text))", markup)
    await app_state.pool.execute(
        "UPDATE campaign_rules SET rules = jsonb_set(rules, '{title}', to_jsonb($1::text))", markup
    )
    editor = await staff(markup)
    base = f"/console/campaigns/{claimed.campaign_id}"
    pages = [
        f"{base}/settlement", f"{base}/settlement/sheet", f"{base}/winners", f"{base}/winners/announce",
        f"{base}/winners/places/2/replace", f"{base}/winners/shipments", f"{base}/objections", f"{base}/fairness",
        claimed.path, "/console/objections", "/console/hot", "/console/topics", "/console/editorial",
    ]  # fmt: skip
    for path in pages:
        page = await editor.get(path)
        assert page.status_code == 200, path
        assert "<img src" not in page.text, path
        assert "&lt;img src=x&gt;" in page.text, path


async def test_a_prize_is_sent_or_handed_over_once_the_objection_period_is_over(
    app_state: AppState, staff: Staff
) -> None:
    campaign = await phases.announced(app_state.pool, app_state.keys)
    winner = (await phases.winners_of(app_state.pool, campaign.id))[0]
    await claim_prize(
        app_state.pool, app_state.keys, AccountId(winner["account_id"]), WinnerId(winner["id"]), phases.FORM
    )
    prize = Claimed(campaign.id, winner["id"])
    editor = await staff("钱编辑")
    await editor.send(await editor.get(prize.path), f"{prize.path}/verify")
    shipments = f"/console/campaigns/{campaign.id}/winners/shipments"
    forms = ((prize.path, "/shipment"), (prize.path, "/handed-over"), (shipments, ""))
    for page, rest in forms:
        shown = (await editor.get(page)).text
        assert f'action="{page}{rest}"' not in shown, page
        assert "结果最终确定后才能登记寄出" in shown, page
    await phases.finish(app_state.pool, campaign.id)
    for page, rest in forms:
        assert f'action="{page}{rest}"' in (await editor.get(page)).text, page
