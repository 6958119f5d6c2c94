"""Signing in by phone in a browser: a number, a code, and back to where it was asked for."""

import base64
import json
import re
from html import unescape

import altcha
import httpx
import msgspec
import pytest

from feed.accounts import otp_guard
from feed.accounts.otp_guard import CODES_WITHOUT_CHALLENGE_PER_PHONE
from feed.settings import Settings
from tests.support.pages import BrowserClient, hidden_fields, newest_code

PHONE = "13700000001"


@pytest.fixture(autouse=True)
def _easy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otp_guard, "_COST", 1)


async def sign_in(browser: BrowserClient, phone: str = PHONE, *, back: str = "/") -> httpx.Response:
    asked = await browser.get("/sign-in", params={"back": back})
    sent = await browser.send(asked, "/sign-in", {"phone": phone})
    assert sent.status_code == 200
    return await browser.send(sent, "/sign-in/code", {"code": await newest_code(browser.app_state)})


async def test_a_code_signs_in_and_leads_back(browser: BrowserClient) -> None:
    done = await sign_in(browser, back="/topics/%E8%AF%BB%E4%B9%A6?sort=hot")
    assert (done.status_code, done.headers["location"]) == (303, "/topics/%E8%AF%BB%E4%B9%A6?sort=hot")
    cookie = next(each for each in done.headers.get_list("set-cookie") if each.startswith("feed_session="))
    assert all(part in cookie.lower() for part in ("httponly", "samesite=lax", "path=/", "max-age=2592000"))
    state = (await browser.get("/sign-in/state")).json()
    assert state["user_id"] is not None
    assert "读者" in (await browser.get("/")).text


async def test_no_token_of_the_sign_in_reaches_the_browser(browser: BrowserClient) -> None:
    done = await sign_in(browser)
    assert done.text == ""
    assert re.findall(r"^(\w+)=", "\n".join(done.headers.get_list("set-cookie")), re.M) == [
        "feed_session",
        "feed_device",
    ]


async def test_each_sign_in_has_a_secret_of_its_own_and_ends_the_former(browser: BrowserClient) -> None:
    await sign_in(browser)
    first = browser.secret
    await sign_in(browser)
    assert browser.secret != first
    old = BrowserClient(browser.app_state)
    old.http.cookies.set("feed_session", first or "", domain="feed.test")
    assert (await old.get("/sign-in/state")).json() == {"user_id": None}


async def test_a_secret_that_another_has_planted_is_not_taken_over(browser: BrowserClient) -> None:
    browser.http.cookies.set("feed_session", "planted", domain="feed.test")
    await sign_in(browser)
    secrets = browser.http.cookies.get("feed_session", domain="feed.test")
    assert secrets != "planted"
    planted = BrowserClient(browser.app_state)
    planted.http.cookies.set("feed_session", "planted", domain="feed.test")
    assert (await planted.get("/sign-in/state")).json() == {"user_id": None}


async def test_a_wrong_code_is_said_at_its_field_and_the_right_one_still_works(browser: BrowserClient) -> None:
    sent = await browser.send(await browser.get("/sign-in"), "/sign-in", {"phone": PHONE})
    code = await newest_code(browser.app_state)
    wrong = await browser.send(sent, "/sign-in/code", {"code": "000000" if code != "000000" else "111111"})
    assert wrong.status_code == 422
    assert "验证码错误或已失效" in wrong.text
    assert 'aria-invalid="true"' in wrong.text
    malformed = await browser.send(wrong, "/sign-in/code", {"code": "12"})
    assert "请输入短信中的 6 位数字" in malformed.text
    assert (await browser.send(malformed, "/sign-in/code", {"code": code})).status_code == 303


async def test_an_invalid_phone_is_said_at_its_field(browser: BrowserClient) -> None:
    for phone in ("", "123", "<script>alert(1)</script>", "1" * 500):
        answer = await browser.send(await browser.get("/sign-in"), "/sign-in", {"phone": phone})
        assert answer.status_code == 422, phone
        assert 'id="error-phone"' in answer.text
        assert "<script>alert" not in answer.text


async def test_a_required_challenge_is_in_the_page_and_its_solution_sends_the_code(browser: BrowserClient) -> None:
    for _ in range(CODES_WITHOUT_CHALLENGE_PER_PHONE):
        await browser.send(await browser.get("/sign-in"), "/sign-in", {"phone": PHONE})
        await browser.app_state.pool.execute("UPDATE sign_in_codes SET created_at = created_at - interval '2 hours'")
    challenged = await browser.send(await browser.get("/sign-in"), "/sign-in", {"phone": PHONE})
    assert "<noscript>" in challenged.text
    found = re.search(r'data-challenge="([^"]*)"', challenged.text)
    assert found
    challenge = json.loads(unescape(found[1]))
    solution = altcha.solve_challenge(altcha.Challenge.from_dict(challenge))
    assert solution is not None
    payload = {"challenge": challenge, "solution": {"counter": solution.counter, "derivedKey": solution.derived_key}}
    encoded = base64.b64encode(json.dumps(payload).encode()).decode()
    sent = await browser.send(challenged, "/sign-in", {"phone": PHONE, "challenge": encoded})
    assert 'action="/sign-in/code"' in sent.text


@pytest.mark.parametrize(
    "back", ["//evil.test/", "https://evil.test/", "/\\evil.test", "javascript:alert(1)", "/sign-in", ""]
)
async def test_the_sign_in_leads_to_pages_of_this_site_only(browser: BrowserClient, back: str) -> None:
    assert (await sign_in(browser, back=back)).headers["location"] == "/"


async def test_what_was_sent_without_a_session_is_back_after_the_sign_in(browser: BrowserClient) -> None:
    await sign_in(browser)
    user_id = (await browser.get("/sign-in/state")).json()["user_id"]
    await browser.app_state.pool.execute("UPDATE sign_ins SET ended_at = now()")
    text = '一段很长的文字\r\n<b>第二行</b> "引号" & 🀄'
    written = {"text": text, "reply_to_id": "7", "form_token": "abc", "session_token": "old", "form_account": user_id}
    referer = {"referer": "http://feed.test/posts/1?x=1"}
    sent_on = await browser.post("/posts/1/like", written, headers=referer)
    assert sent_on.status_code == 307
    assert sent_on.headers["location"] == "/sign-in/form?back=/posts/1%3Fx%3D1&action=/posts/1/like"
    asked = await browser.post(sent_on.headers["location"], written)
    assert "你刚才写的内容还在" in asked.text
    await browser.app_state.pool.execute("UPDATE sign_in_codes SET created_at = created_at - interval '2 hours'")
    code = await browser.send(asked, "/sign-in", {"phone": PHONE})
    back = await browser.send(code, "/sign-in/code", {"code": await newest_code(browser.app_state)})
    assert back.status_code == 200
    fields = hidden_fields(back.text, "/posts/1/like")
    assert fields["reply_to_id"] == "7"
    assert fields["form_token"] == "abc"
    assert fields["session_token"] not in ("", "old")
    assert "&lt;b&gt;第二行&lt;/b&gt;" in back.text
    assert "<b>" not in back.text


async def test_what_was_sent_is_never_shown_to_another_user(browser: BrowserClient) -> None:
    await sign_in(browser, "13700000009")
    others = (await browser.get("/sign-in/state")).json()["user_id"]
    await browser.app_state.pool.execute("UPDATE sign_ins SET ended_at = now()")
    written = {"text": "只给我自己看", "form_account": others}
    asked = await browser.post("/sign-in/form?back=/posts/1&action=/posts/1/comments", written)
    code = await browser.send(asked, "/sign-in", {"phone": PHONE})
    done = await browser.send(code, "/sign-in/code", {"code": await newest_code(browser.app_state)})
    assert (done.status_code, done.headers["location"], done.text) == (303, "/posts/1", "")


async def test_what_belongs_to_no_account_is_not_kept(browser: BrowserClient) -> None:
    asked = await browser.post("/sign-in/form?back=/&action=/posts/1/comments", {"text": "谁写的？"})
    assert "kept" not in hidden_fields(asked.text, "/sign-in")


@pytest.mark.parametrize("action", ["/prizes/7", "/prizes/7/codes", "/console/campaigns/1/winners/prizes/7/shipment"])
async def test_details_of_claims_are_kept_nowhere(browser: BrowserClient, action: str) -> None:
    written = {"text": "红荔路2001号", "note": "13800138000", "form_account": "1"}
    asked = await browser.post(f"/sign-in/form?back=/&action={action}", written)
    assert asked.status_code == 200
    assert "红荔路" not in asked.text
    assert "13800138000" not in asked.text


async def test_another_site_cannot_put_a_text_into_the_sign_in(browser: BrowserClient) -> None:
    answer = await browser.post(
        "/sign-in/form?back=/&action=/posts/1/comments",
        {"text": "广告", "form_account": "1"},
        headers={"sec-fetch-site": "cross-site"},
    )
    assert answer.status_code == 403


class TestWhereTheAppHasASignInOfItsOwn:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(
            settings, jwks_url="https://app.test/keys", jwt_issuer="https://app.test", jwt_audience="feed"
        )

    async def test_the_page_says_where_to_sign_in(self, browser: BrowserClient) -> None:
        answer = await browser.get("/sign-in?back=/me")
        assert answer.status_code == 200
        assert "请在 App 中登录" in answer.text
        assert "field-phone" not in answer.text

    async def test_no_code_is_sent(self, browser: BrowserClient) -> None:
        assert (await browser.post("/sign-in", {"phone": PHONE})).status_code == 404


class TestWithoutChallenges:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, sign_in_challenge="never")

    async def test_too_many_codes_say_how_long_to_wait(self, browser: BrowserClient) -> None:
        again = await browser.send(await browser.get("/sign-in"), "/sign-in", {"phone": PHONE})
        while again.status_code == 200:
            again = await browser.post("/sign-in", hidden_fields(again.text, "/sign-in/code") | {"again": "1"})
        assert again.status_code == 429
        assert 'action="/sign-in/code"' in again.text
        assert re.search(r"请等\s+\d+\s+(秒|分钟|小时)\s*再试", again.text)
        assert int(again.headers["retry-after"]) > 0
