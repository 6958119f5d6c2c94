"""What a site sets: the addresses of posts and pages, and the privacy text that winners agree to."""

from typing import Any

import httpx
import msgspec
import pytest

from feed.api.state import AppState
from feed.keys.store import Keys
from feed.settings import Settings
from tests.support import phases
from tests.support.api import Join
from tests.support.prizes_api import become

FORM: dict[str, Any] = {
    "recipient_name": "吴秀兰",
    "phone": "13800100100",
    "address": "深圳市福田区红荔路2001号",
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(
        settings,
        share_url="https://h5.example.cn/{post_id}.html",
        deep_link="city://feed/{path}",
        privacy_version="2026-09",
        privacy_url="https://h5.example.cn/privacy",
    )


async def test_posts_and_notifications_have_the_addresses_of_the_site(join: Join) -> None:
    author, reader = join("小明"), join("小红")
    made = await author("POST", "/posts", {"text": "你好"})
    assert made.status_code == 201, made.text
    post = made.json()
    shared = f"https://h5.example.cn/{post['id']}.html"
    assert post["share_url"] == shared
    for path in (f"/posts/{post['id']}", f"/posts?ids={post['id']}", "/feeds/latest"):
        found = (await reader("GET", path)).json()
        assert [each["share_url"] for each in found.get("items", [found])] == [shared]
    reviewer = join("审核", roles=("reviewer",))
    case = (await reader_cases(reviewer))[0]
    verdict = {"verdict": "remove", "reason_code": "spam", "version": case["version"]}
    assert (await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", verdict)).status_code == 200
    (item,) = (await author("GET", "/me/inbox")).json()["items"]
    assert item["deep_link"] == f"city://feed/posts/{post['id']}"


async def reader_cases(reviewer: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await reviewer("GET", "/moderation/cases")).json()["items"]
    return items


async def test_a_claim_agrees_to_the_privacy_text_that_is_served(
    app_state: AppState, keys: Keys, join: Join, client: httpx.AsyncClient
) -> None:
    served = (await client.get("/config")).json()["privacy"]
    assert served == {"version": "2026-09", "url": "https://h5.example.cn/privacy"}
    campaign = await phases.announced(app_state.pool, keys)
    best, _ = await phases.winners_of(app_state.pool, campaign.id)
    winner = await become(app_state.pool, join, best["account_id"], "得主")
    path = f"/me/prizes/{best['id']}/claim"
    for version in ("1", "2026-10", "2026-09 "):
        answer = await winner("PUT", path, FORM | {"privacy_version": version})
        assert (answer.status_code, answer.json()["code"]) == (409, "privacy_version_stale")
    assert await app_state.pool.fetchval("SELECT count(*) FROM claims") == 0
    accepted = await winner("PUT", path, FORM | {"privacy_version": served["version"]})
    assert (accepted.status_code, accepted.json()["state"]) == (200, "claimed")
    # A change of the details agrees again.
    changed = await winner("PUT", path, FORM | {"privacy_version": "1", "address": "深圳市南山区学府路1号"})
    assert changed.status_code == 409
    assert await app_state.pool.fetchval("SELECT privacy_version FROM claims") == "2026-09"
