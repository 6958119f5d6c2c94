"""The page of a result as it is without script: what it says, about which entry, and to whom."""

import json
from pathlib import Path

import httpx
import pytest

from feed.api.state import AppState
from feed.keys.store import Keys
from feed.postgres import Pool
from tests.prizes import result as result_tests
from tests.support import entry_draws, make, phases

_FIRST_FORMAT = Path(result_tests.__file__).with_name("result_vector.json")


def _page(campaign_id: int) -> str:
    return f"http://feed.test/campaigns/{campaign_id}/result"


async def _shown(client: httpx.AsyncClient, campaign_id: int, entry: str | None = None) -> str:
    answer = await client.get(_page(campaign_id), params=None if entry is None else {"entry": entry})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"].startswith("public")
    return answer.text


async def test_a_result_page_shows_winners_counts_and_amendments(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys
) -> None:
    campaign = await phases.announced(app_state.pool, keys, entries=4)
    result = (await client.get(f"/campaigns/{campaign.id}/result")).json()
    text = await _shown(client, campaign.id)
    assert [f'data-entry="{each["post_id"]}"' in text for each in result["winners"]] == [True, True]
    assert result["campaign"]["rules_sha256"] in text
    assert result["signature"]["key_id"] in text
    assert "公示中" in text
    assert "4 件，4 件有名次，4 人" in text
    assert f"/v1/campaigns/{campaign.id}/result" in text


async def test_a_result_page_is_in_english_where_the_browser_is(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys
) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    answer = await client.get(_page(campaign.id), headers={"accept-language": "en"})
    assert "Checked by your browser" in answer.text
    assert not {each for each in answer.text if "一" <= each <= "鿿"} - set("中文深圳盒子读书月")


@pytest.mark.parametrize("entry_by", entry_draws.WAYS)
async def test_a_result_page_shows_a_draw(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, entry_by: str
) -> None:
    draw = await entry_draws.decided(app_state.pool, keys, entry_by)
    await entry_draws.announce(app_state.pool, keys, draw.id)
    result = (await client.get(f"/campaigns/{draw.id}/result")).json()
    text = await _shown(client, draw.id)
    assert result["draw"]["seed"] in text
    assert "公开值由主办方给出" in text
    row = result["sheet"][0]
    shown = await _shown(client, draw.id, row["person"])
    assert "在其中：第 1 名" in shown
    # A like is no entry with an id, so that its proof has no address.
    assert ('data-check="proof"' in shown) is (entry_by == "comment")


async def test_an_entry_is_found_by_its_id_its_address_and_its_pseudonym(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys
) -> None:
    campaign = await phases.announced(app_state.pool, keys, entries=4)
    row = (await client.get(f"/campaigns/{campaign.id}/result")).json()["sheet"][1]
    post_id = row["post_id"]
    for asked in (post_id, f" {post_id} ", f"https://news.example/p/{post_id}?from=app&day=20261129", row["person"]):
        text = await _shown(client, campaign.id, asked)
        assert "在其中：第 2 名" in text
        assert row["score"] in text
        assert f"/v1/campaigns/{campaign.id}/proof?post_id={post_id}" in text


@pytest.mark.parametrize(
    "asked", ["1", "0" * 32, "0", "9" * 19, "-1", "<script>alert(1)</script>", "无", "\x00", "mine ", "9" * 5000, "%"]
)
async def test_what_names_no_entry_is_said_not_to_be_in_it(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, asked: str
) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    answer = await client.get(_page(campaign.id), params={"entry": asked})
    assert answer.status_code == 200, answer.text
    assert "<script>alert" not in answer.text
    assert "这份结果里没有它" in answer.text


async def test_ones_own_entry_needs_a_sign_in(client: httpx.AsyncClient, app_state: AppState, keys: Keys) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    answer = await client.get(_page(campaign.id), params={"entry": "mine"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?back=/campaigns/")


@pytest.mark.parametrize("campaign_id", ["1", "x", "0", "-1", "9" * 30, "%2e%2e", "%E5%9C%B3"])
async def test_a_campaign_without_a_result_has_no_result_page(client: httpx.AsyncClient, campaign_id: str) -> None:
    answer = await client.get(f"http://feed.test/campaigns/{campaign_id}/result", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "text/html" in answer.headers["content-type"]


async def test_a_result_that_is_not_announced_has_no_page(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys
) -> None:
    campaign = await phases.settled(app_state.pool, keys)
    assert (await client.get(_page(campaign.id))).status_code == 404


async def test_a_result_without_winners_has_a_page(client: httpx.AsyncClient, app_state: AppState, keys: Keys) -> None:
    campaign = await phases.announced(app_state.pool, keys, entries=0)
    assert "没有人获奖" in await _shown(client, campaign.id)


async def _with_first_format(pool: Pool, keys: Keys) -> tuple[int, dict[str, object]]:
    vector = json.loads(_FIRST_FORMAT.read_text("utf-8"))
    campaign = await phases.announced(pool, keys)
    await pool.execute(
        "UPDATE settlements SET result = $2 WHERE campaign_id = $1", campaign.id, vector["document"].encode()
    )
    for table in ("result_rows", "result_hashes", "result_heads"):
        await pool.execute(f"DELETE FROM {table}")
    return campaign.id, json.loads(vector["document"])


async def test_a_result_of_the_first_format_has_a_page_without_proofs(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys
) -> None:
    campaign_id, document = await _with_first_format(app_state.pool, keys)
    row = document["sheet"][0]  # type: ignore[index]
    text = await _shown(client, campaign_id, row["post_id"])
    assert "在其中：第 1 名" in text
    assert 'data-check="proof"' not in text
    assert 'data-step="tree"' not in text


async def test_markup_in_a_campaign_stays_text(client: httpx.AsyncClient, app_state: AppState, keys: Keys) -> None:
    prize = phases.PRIZE | {"name": "<img src=x onerror=alert(1)>"}
    campaign = await phases.announced(app_state.pool, keys, title="<b>读书</b>", prizes=[prize])
    await make.person(app_state.pool)
    text = await _shown(client, campaign.id)
    assert "<img src=x" not in text
    assert "<b>读书" not in text
    assert "&lt;b&gt;读书" in text
