"""Users on the pages of reviewers: the look-up, the record, and sanctions."""

from datetime import UTC, datetime

from feed.api.state import AppState
from tests.api.pages.reviewer.browsing import browser_of
from tests.support.api import Join
from tests.support.reporting import cases_of, judge, publish, user_id

USERS = "/console/users"


async def test_a_user_is_found_muted_until_a_time_of_shanghai_and_lifted(app_state: AppState, join: Join) -> None:
    author, reviewer = join("林小满"), join("阿雅", roles=("reviewer",))
    id_ = await user_id(author)
    browser = await browser_of(app_state, reviewer)
    page = await browser.open(f"{USERS}?q=林小")
    assert f'href="{USERS}/{id_}"' in page.text
    page = await browser.send(
        f"{USERS}/{id_}/sanction", kind="mute", days="7", until="2099-01-02T08:30", reason_code="abuse"
    )
    assert "禁言中" in page.text
    assert "2099年1月2日 08:30" in page.text
    (sanction,) = (await reviewer("GET", "/moderation/sanctions")).json()["items"]
    assert datetime.fromisoformat(sanction["until"]) == datetime(2099, 1, 2, 0, 30, tzinfo=UTC)
    assert "林小满" in (await browser.open(USERS)).text
    page = await browser.send(f"{USERS}/{id_}/lift", kind="mute")
    assert "禁言中" not in page.text


async def test_a_record_shows_what_was_decided_about_the_person(app_state: AppState, join: Join) -> None:
    author, reviewer = join("林小满"), join("阿雅", roles=("reviewer",))
    await publish(author, "被移除的一条")
    (case,) = await cases_of(reviewer, "post")
    await judge(reviewer, case, "remove", reason_code="fraud")
    browser = await browser_of(app_state, reviewer)
    page = await browser.open(f"{USERS}/{await user_id(author)}")
    assert "被移除的一条" in page.text
    assert "诈骗或诱导" in page.text


async def test_a_sanction_that_fails_keeps_what_was_typed(app_state: AppState, join: Join) -> None:
    author, reviewer = join("林小满"), join("阿雅", roles=("reviewer",))
    id_ = await user_id(author)
    browser = await browser_of(app_state, reviewer)
    page = await browser.send(f"{USERS}/{id_}/sanction", kind="ban", days="30", reason_code="")
    assert page.status_code == 422
    assert '<option value="ban" selected' in page.text
    staff = await user_id(join("老周", roles=("editor",)))
    assert (
        await browser.send(f"{USERS}/{staff}/sanction", kind="ban", days="1", reason_code="spam")
    ).status_code == 403
    for fields in (
        {"days": "0"},
        {"days": "99999999"},
        {"days": "x"},
        {"until": "2026-02-30T00:00"},
        {"until": "<b>"},
        {"kind": "x"},
    ):
        given = {"kind": "mute", "days": "1", "reason_code": "spam"} | fields
        assert (await browser.send(f"{USERS}/{id_}/sanction", given)).status_code == 422, fields
    for path in ("/x", "/0", "/999", "/%3Cb%3E"):
        assert (await browser.open(USERS + path)).status_code == 404, path
    for query in ("?q=" + "长" * 41, "?q=a&cursor=x", "?state=x"):
        assert (await browser.open(USERS + query)).status_code < 500, query


async def test_approvals_are_opened_again_by_admins(app_state: AppState, join: Join) -> None:
    author, reviewer, admin = join("阿珍"), join("阿雅", roles=("reviewer",)), join("总编", roles=("admin",))
    await publish(author, "看漏的一条")
    (case,) = await cases_of(reviewer, "post")
    await judge(reviewer, case, "approve")
    id_ = await user_id(reviewer)
    since = {"since": "2020-01-01T00:00", "reason_code": "careless"}
    assert (await (await browser_of(app_state, reviewer)).send(f"{USERS}/{id_}/requeue", since)).status_code == 403
    page = await (await browser_of(app_state, admin)).send(f"{USERS}/{id_}/requeue", since)
    assert page.status_code == 200
    assert [each["id"] for each in await cases_of(reviewer, "post")] == [case["id"]]
