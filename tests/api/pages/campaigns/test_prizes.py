"""The pages of prizes: claimed once and correctly, seen by their winners alone, and kept by no cache."""

from typing import Any

import pytest

from feed.accounts.model import AccountId
from feed.api.state import AppState
from feed.keys.store import Keys
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.claims.codes import add_codes
from feed.prizes.claims.fulfilment import ship_prize, verify_claim
from feed.prizes.model import WinnerId
from tests.api.pages.campaigns.support import browser_of, words, words_of
from tests.support import make, phases
from tests.support.pages import BrowserClient, hidden_fields

DETAILS = {"recipient_name": "吴秀兰", "phone": "13800100100", "address": "深圳市福田区红荔路2001号"}
CODE = {"name": "听书月卡", "kind": "code", "per_winner": 1, "value_cny": "30"}
TICKET = {"name": "音乐会门票", "kind": "ticket", "per_winner": 1, "value_cny": "80"}
EVIL = "<script>alert(1)</script>"


async def won(app_state: AppState, keys: Keys, **rules: Any) -> tuple[phases.Played, WinnerId, BrowserClient]:
    """An announced campaign, its first prize, and the browser of the winner."""
    campaign = await phases.announced(app_state.pool, keys, **rules)
    winner = (await phases.winners_of(app_state.pool, campaign.id))[0]
    return campaign, WinnerId(winner["id"]), await browser_of(app_state, winner["account_id"])


async def state_of(app_state: AppState, prize: int) -> str:
    return str(await app_state.pool.fetchval("SELECT state FROM winners WHERE id = $1", prize))


async def claim(browser: BrowserClient, prize: int, **changed: str) -> Any:
    page = await browser.get(f"/prizes/{prize}")
    return await browser.send(page, f"/prizes/{prize}", DETAILS | {"privacy_version": "1"} | changed)


async def test_a_prize_is_claimed_shipped_and_received(app_state: AppState, keys: Keys) -> None:
    pool = app_state.pool
    campaign, prize, browser = await won(app_state, keys)
    assert "待领取" in await words(browser, "/prizes")
    assert await state_of(app_state, prize) == "notified"
    assert "领取截止" in await words(browser, f"/prizes/{prize}")
    assert await state_of(app_state, prize) == "viewed"
    answer = await claim(browser, prize)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/prizes/{prize}")
    said = await words(browser, f"/prizes/{prize}")
    assert "已填写，待核实" in said
    assert "吴**" in said
    assert "公示期满" in said
    editor = await make.person(pool, role="editor")
    await phases.finish(pool, campaign.id, days=3)
    await verify_claim(pool, campaign.id, prize, by=editor)
    await ship_prize(pool, campaign.id, prize, by=editor, carrier="顺丰", tracking_no="SF1")
    page = await browser.get(f"/prizes/{prize}")
    assert "运单号SF1" in words_of(page)
    assert (await browser.send(page, f"/prizes/{prize}/received")).status_code == 303
    assert await state_of(app_state, prize) == "received"
    assert "已收到" in await words(browser, f"/prizes/{prize}")


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"phone": "12"}, "phone"), ({"recipient_name": ""}, "recipient_name"), ({"address": "长" * 201}, "address")],
)
async def test_a_claim_with_a_wrong_field_keeps_the_others(
    app_state: AppState, keys: Keys, changed: dict[str, str], field: str
) -> None:
    _, prize, browser = await won(app_state, keys)
    answer = await claim(browser, prize, **changed)
    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.text
    assert f'aria-describedby="error-{field}"' in answer.text
    for name, value in (DETAILS | changed).items():
        assert value in answer.text, name
    assert 'value="1" required checked' in answer.text
    assert await state_of(app_state, prize) == "viewed"


async def test_an_outdated_privacy_text_is_agreed_to_again(app_state: AppState, keys: Keys) -> None:
    _, prize, browser = await won(app_state, keys)
    answer = await claim(browser, prize, privacy_version="0")
    assert answer.status_code == 409
    assert DETAILS["address"] in answer.text
    assert 'value="1" required>' in answer.text
    assert (await claim(browser, prize, privacy_version="")).status_code == 422


async def test_a_claim_after_its_deadline_says_so_and_what_was_typed_is_not_lost(
    app_state: AppState, keys: Keys
) -> None:
    _, prize, browser = await won(app_state, keys)
    page = await browser.get(f"/prizes/{prize}")
    await app_state.pool.execute("UPDATE winners SET claim_ends_at = now() WHERE id = $1", prize)
    answer = await browser.send(page, f"/prizes/{prize}", DETAILS | {"privacy_version": "1"})
    assert answer.status_code == 409
    assert "领取期限已过" in words_of(answer)


async def test_a_claim_sent_twice_is_one_claim(app_state: AppState, keys: Keys) -> None:
    _, prize, browser = await won(app_state, keys)
    page = await browser.get(f"/prizes/{prize}")
    for _ in range(2):
        sent = await browser.send(page, f"/prizes/{prize}", DETAILS | {"privacy_version": "1"})
        assert sent.status_code == 303
    assert await app_state.pool.fetchval("SELECT count(*) FROM claims") == 1


async def test_details_are_on_no_page_and_in_no_address_after_the_claim(app_state: AppState, keys: Keys) -> None:
    campaign, prize, browser = await won(app_state, keys)
    answer = await claim(browser, prize)
    assert answer.content == b""
    for path in (f"/prizes/{prize}", "/prizes", f"/campaigns/{campaign.id}", f"/prizes/{prize}/decline"):
        page = await browser.get(path)
        assert not any(value in page.text for value in DETAILS.values()), path
        if path.startswith("/prizes"):
            assert page.headers["cache-control"] == "private, no-store"


async def test_fields_follow_the_kinds_of_the_prizes(app_state: AppState, keys: Keys) -> None:
    _, prize, browser = await won(app_state, keys, prizes=[TICKET], delivery={"within_days": 30, "place": "音乐厅"})
    page = await browser.get(f"/prizes/{prize}")
    assert 'autocomplete="name"' in page.text
    assert 'autocomplete="tel"' in page.text
    assert 'name="address"' not in page.text
    assert "领取地点：音乐厅" in words_of(page)
    assert "寄出" not in words_of(page)


async def test_codes_are_shown_by_a_form_alone_once_the_result_is_final(app_state: AppState, keys: Keys) -> None:
    pool = app_state.pool
    campaign = await phases.settled(pool, keys, prizes=[CODE])
    editor = AccountId(await make.person(pool, role="editor"))
    await add_codes(pool, keys, campaign.id, 1, ["A-1", "B-2"], by=editor)
    for _ in range(2):
        await announce_winners(
            pool, keys, campaign.id, by=AccountId(await make.person(pool, role="editor")), request=None
        )
    winner = (await phases.winners_of(pool, campaign.id))[0]
    browser, path = await browser_of(app_state, winner["account_id"]), f"/prizes/{winner['id']}"
    page = await browser.get(path)
    assert "recipient_name" not in page.text
    assert "查看兑换码 之后" in words_of(page)
    assert (await browser.send(page, path, {"privacy_version": "1"})).status_code == 303
    # Not final yet: there is no form, and the operation refuses one that was made up.
    assert f"{path}/codes" not in (await browser.get(path)).text
    refused = await browser.post(f"{path}/codes", hidden_fields(page.text, path))
    assert refused.status_code == 409
    await phases.finish(pool, campaign.id, days=3)
    page = await browser.get(path)
    assert "A-1" not in page.text
    shown = await browser.send(page, f"{path}/codes")
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "private, no-store"
    assert ("A-1" in shown.text) is not ("B-2" in shown.text)
    for address in (path, "/prizes"):
        shown = await browser.get(address)
        assert "A-1" not in shown.text
        assert "B-2" not in shown.text
    again = await browser.get(f"{path}/codes")
    assert (again.status_code, again.headers["location"]) == (303, path)
    assert await state_of(app_state, winner["id"]) == "received"


async def test_a_prize_is_declined_after_a_question(app_state: AppState, keys: Keys) -> None:
    _, prize, browser = await won(app_state, keys)
    assert f'href="/prizes/{prize}/decline"' in (await browser.get(f"/prizes/{prize}")).text
    page = await browser.get(f"/prizes/{prize}/decline")
    assert "放弃之后不能恢复" in words_of(page)
    assert await state_of(app_state, prize) == "viewed"
    assert (await browser.send(page, f"/prizes/{prize}/decline")).status_code == 303
    assert await state_of(app_state, prize) == "declined"
    said = await words(browser, f"/prizes/{prize}")
    assert "你放弃了这件奖品" in said
    assert "领取截止" not in said


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        ("lapsed", "not_claimed", "领取期限已过，按规则视为放弃"),
        ("forfeited", "post_removed", "获奖作品已被移除"),
        ("forfeited", "replaced", "理由见消息"),
        ("forfeited", "a reason of a later version", "理由见消息"),
    ],
)
async def test_a_lost_prize_says_why(app_state: AppState, keys: Keys, state: str, reason: str, said: str) -> None:
    _, prize, browser = await won(app_state, keys)
    await app_state.pool.execute(
        "UPDATE winners SET state = $2, state_reason = $3, ended_at = now() WHERE id = $1", prize, state, reason
    )
    page = await browser.get(f"/prizes/{prize}")
    assert said in words_of(page)
    assert "<form" not in page.text.partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize("given", ["x", "0", "9" * 30, "1%2Fclaim", "%00"])
async def test_what_is_no_prize_has_no_page(app_state: AppState, given: str) -> None:
    browser = await browser_of(app_state, await make.person(app_state.pool))
    for path in (f"/prizes/{given}", f"/prizes/{given}/decline"):
        assert (await browser.get(path)).status_code == 404


async def test_a_prize_of_another_user_stays_unseen(app_state: AppState, keys: Keys) -> None:
    _, prize, _ = await won(app_state, keys)
    other = await browser_of(app_state, await make.person(app_state.pool))
    fields = {"session_token": (await session_token_of(other)), **DETAILS, "privacy_version": "1"}
    for path in ("", "/decline"):
        assert (await other.get(f"/prizes/{prize}{path}")).status_code == 403
    for path in ("", "/decline", "/received", "/codes"):
        assert (await other.post(f"/prizes/{prize}{path}", fields)).status_code == 403
    assert await state_of(app_state, prize) == "notified"


async def session_token_of(browser: BrowserClient) -> str:
    """The token of the session, from a page with a form."""
    return (await browser.get("/campaigns")).text.partition('name="session_token" value="')[2].partition('"')[0]


async def test_without_a_session_prizes_lead_to_the_sign_in(app_state: AppState, keys: Keys) -> None:
    _, prize, _ = await won(app_state, keys)
    browser = await browser_of(app_state)
    for path in ("/prizes", f"/prizes/{prize}", f"/prizes/{prize}/decline"):
        answer = await browser.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in?back=/prizes")


@pytest.mark.parametrize("how", [{"sec-purpose": "prefetch;prerender"}, {"purpose": "prefetch"}, {"x-moz": "prefetch"}])
async def test_a_prize_that_was_fetched_ahead_is_not_seen(app_state: AppState, keys: Keys, how: dict[str, str]) -> None:
    _, prize, browser = await won(app_state, keys)
    assert (await browser.get(f"/prizes/{prize}", headers=how)).status_code == 200
    assert (await browser.http.head(f"/prizes/{prize}")).status_code in (200, 405)
    assert await state_of(app_state, prize) == "notified"


async def test_markup_in_a_claim_stays_text(app_state: AppState, keys: Keys) -> None:
    _, prize, browser = await won(app_state, keys)
    answer = await claim(browser, prize, recipient_name=EVIL, address=EVIL, phone=EVIL)
    assert answer.status_code == 422
    assert EVIL not in answer.text
    assert "&lt;script&gt;" in answer.text
