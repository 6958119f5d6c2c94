"""Sessions of browsers: what ends them, at once, and what a browser is told to forget."""

import time
from pathlib import Path

import pytest

from feed.accounts import authentication, session_store
from feed.accounts.web_sessions import secret_hash
from feed.api.pages.account.device import device_cookie
from feed.api.pages.sessions import ended_cookie, session_cookie
from feed.settings import Settings
from feed.sms.file_provider import FileProvider
from feed.worker.retention import remove_old_keys_and_codes
from feed.worker.state import WorkerState
from tests.api.pages.account.conftest import Visit
from tests.support.api import Join
from tests.support.erasing import erase_rest, erase_row
from tests.support.pages import BrowserClient


async def is_signed_in(browser: BrowserClient) -> bool:
    return (await browser.get("/sign-in/state")).json()["user_id"] is not None


async def test_signing_out_ends_this_browser_only(join: Join, visit: Visit) -> None:
    person = join("小明")
    here, there = await visit(person), await visit(person)
    secret = here.secret
    page = await here.get("/me/sessions")
    assert page.headers["cache-control"] == "private, no-store"
    done = await here.send(page, "/sign-out")
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert done.headers["clear-site-data"] == '"cache", "storage"'
    here.http.cookies.set("feed_session", secret or "", domain="feed.test")
    assert not await is_signed_in(here)
    assert await is_signed_in(there)


async def test_signing_out_everywhere_ends_every_browser_and_app(join: Join, visit: Visit) -> None:
    person, other = join("小明"), join("小红")
    here, there, hers = await visit(person), await visit(person), await visit(other)
    await here.send(await here.get("/me/sessions"), "/sign-out", {"everywhere": "1"})
    assert not await is_signed_in(there)
    assert await is_signed_in(hers)


async def test_a_device_that_is_signed_out_elsewhere_is_out_at_its_next_request(join: Join, visit: Visit) -> None:
    person = join("小明")
    here, there = await visit(person), await visit(person)
    page = await here.get("/me/sessions")
    listed = (await person("GET", "/me/sessions")).json()["items"]
    actions = [f"/me/sessions/{each['id']}/end" for each in listed if f"/me/sessions/{each['id']}/end" in page.text]
    assert len(actions) == 1, "this browser's own session has no such button"
    assert (await here.send(page, actions[0])).headers["location"] == "/me/sessions"
    assert not await is_signed_in(there)
    assert await is_signed_in(here)
    left = await there.get("/me/sessions")
    assert (left.status_code, left.headers["location"]) == (303, "/sign-in?back=/me/sessions")


async def test_nobody_ends_the_session_of_another_user(join: Join, visit: Visit) -> None:
    person, other = join("小明"), join("小红")
    here, hers = await visit(person), await visit(other)
    theirs = (await other("GET", "/me/sessions")).json()["items"][0]["id"]
    token = {"session_token": ""}
    answer = await here.post(f"/me/sessions/{theirs}/end", token)
    assert answer.status_code == 404
    assert await is_signed_in(hers)


async def test_ending_a_sign_in_ends_its_page_and_its_form(join: Join, visit: Visit) -> None:
    person = join("小明")
    here = await visit(person)
    page = await here.get("/me/sessions")
    family = (await person("GET", "/me/sessions")).json()["items"][0]["id"]
    assert (await person("DELETE", f"/me/sessions/{family}")).status_code == 204
    sent = await here.send(page, "/sign-out")
    assert sent.status_code == 303
    assert not await is_signed_in(here)


async def test_a_session_of_an_ended_month_is_out(join: Join, visit: Visit) -> None:
    here = await visit(join("小明"))
    await here.app_state.pool.execute("UPDATE web_sessions SET expires_at = now()")
    assert not await is_signed_in(here)


def test_cookies_of_a_site_over_https_are_bound_to_its_host() -> None:
    settings = Settings(database_url="", redis_url="", keys_dir=Path(), public_url="https://city.example.cn")
    for cookie in (session_cookie(settings, "x"), ended_cookie(settings), device_cookie(settings, "x")):
        assert cookie.key.startswith("__Host-")
        assert (cookie.secure, cookie.httponly, cookie.path, cookie.domain, cookie.samesite) == (
            True,
            True,
            "/",
            None,
            "lax",
        )


async def test_retention_removes_ended_sessions_and_used_tickets(join: Join, visit: Visit, tmp_path: Path) -> None:
    here, there = await visit(join("小明")), await visit(join("小红"))
    pool = here.app_state.pool
    await pool.execute(
        "UPDATE web_sessions SET expires_at = now() - interval '25 hours' WHERE secret_hash = $1",
        secret_hash(here.secret or ""),
    )
    await pool.execute("UPDATE web_tickets SET expires_at = now() - interval '61 minutes'")
    state = WorkerState(pool, here.app_state.redis, here.app_state.keys, FileProvider(tmp_path / "outbox.jsonl"), None)
    await remove_old_keys_and_codes(state)
    assert await pool.fetchval("SELECT count(*) FROM web_sessions") == 1
    assert await pool.fetchval("SELECT count(*) FROM web_tickets") == 0
    assert await is_signed_in(there)


async def test_an_erasure_ends_the_browsers_of_the_account_and_leaves_nothing_of_them(join: Join, visit: Visit) -> None:
    person, other = join("小明"), join("小红")
    here, hers = await visit(person), await visit(other)
    app_state = here.app_state
    await person("POST", "/auth/web-tickets", {"path": "/me"})
    await erase_row(app_state.pool, app_state.keys, int((await person("GET", "/me")).json()["id"]))
    await erase_rest(app_state.pool, app_state.keys)
    assert await app_state.pool.fetchval("SELECT count(*) FROM web_sessions") == 1
    assert await app_state.pool.fetchval("SELECT count(*) FROM web_tickets WHERE used_at IS NULL") == 0
    left = await here.get("/me")
    assert (left.status_code, left.headers["location"]) == (303, "/sign-in?back=/me")
    assert await is_signed_in(hers)


async def end_elsewhere(browser: BrowserClient, person_id: int) -> None:
    """Ends the sign-in of the browser as another process does, which this one does not notice."""
    async with browser.app_state.pool.acquire() as conn:
        family = await conn.fetchval(
            "SELECT family FROM web_sessions WHERE secret_hash = $1", secret_hash(browser.secret or "")
        )
        assert await session_store.end_sign_in(conn, person_id, family)


async def knows(browser: BrowserClient) -> bool:
    """Whether a page is that of a signed-in reader."""
    return "/sign-in?back=" not in (await browser.get("/")).text


async def test_a_remembered_session_needs_no_statement(join: Join, visit: Visit) -> None:
    here = await visit(join("小明"))
    assert await knows(here)
    # As if it had never been: only what is remembered can still say whose browser it is.
    await here.app_state.pool.execute("DELETE FROM web_sessions")
    assert await knows(here)
    assert not await is_signed_in(here), "what asks for now reads"
    assert not await knows(here), "and what was read counts from then on"


async def test_a_session_that_another_process_has_ended_acts_no_more(join: Join, visit: Visit) -> None:
    person = join("小明")
    here = await visit(person)
    form = await here.get("/me/settings")
    assert await knows(here)
    await end_elsewhere(here, int((await person("GET", "/me")).json()["id"]))
    sent = await here.send(form, "/me/settings")
    assert (sent.status_code, sent.headers["location"].partition("?")[0]) == (307, "/sign-in/form")
    assert not await knows(here)


async def test_a_session_that_another_process_has_ended_is_out_with_the_next_read_of_what_has_ended(
    join: Join, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, other = join("小明"), join("小红")
    here, hers = await visit(person), await visit(other)
    assert await knows(here)
    assert await knows(hers)
    await end_elsewhere(here, int((await person("GET", "/me")).json()["id"]))
    # Each request waits for the read, as the first one after a pause does.
    monkeypatch.setattr(authentication, "_ENDED_MAX_AGE_SECONDS", 0.0)
    monkeypatch.setattr(authentication, "_ENDED_LONGEST_AGE_SECONDS", 0.0)
    assert not await knows(here)
    assert await knows(hers)


async def test_a_remembered_session_expires(join: Join, visit: Visit) -> None:
    here = await visit(join("小明"))
    await here.app_state.pool.execute("UPDATE web_sessions SET expires_at = clock_timestamp() + interval '1 minute'")
    assert await knows(here)
    (known,) = [value for value, _, _ in here.app_state.authenticator._browsers._entries.values()]
    assert known.until < time.monotonic() + 61
    here.app_state.authenticator._browsers.put(here.secret or "", known._replace(until=0.0))
    await here.app_state.pool.execute("UPDATE web_sessions SET expires_at = now()")
    assert not await knows(here)


async def test_an_erased_account_is_out_of_its_remembered_browser(
    join: Join, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = join("小明")
    here = await visit(person)
    assert await knows(here)
    await erase_row(here.app_state.pool, here.app_state.keys, int((await person("GET", "/me")).json()["id"]))
    # Before the read of what has ended: a reader without an account.
    assert not await knows(here)
    monkeypatch.setattr(authentication, "_ENDED_MAX_AGE_SECONDS", 0.0)
    monkeypatch.setattr(authentication, "_ENDED_LONGEST_AGE_SECONDS", 0.0)
    assert not await knows(here)
