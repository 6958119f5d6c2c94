"""Events of the app's server about its accounts."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from feed.api.state import AppState
from feed.erasure.jobs import erase_next
from feed.settings import Settings
from feed.webhooks import sign
from tests.support import erasing, make
from tests.support.api import HOOK_SECRET, Join, Person
from tests.support.app_events import deliver, outcome, send
from tests.support.waiting import becomes

NOW = datetime.now(UTC)


async def name_of(person: Person) -> str:
    name: str = (await person("GET", "/me")).json()["name"]
    return name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\u202e明小\n已中奖，点此领取", "明小 已中奖，点此领取"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("\u3164", "读者"),
        ("\u200b\u2800", "读者"),
        ("a" + "\u0316" * 9_000, "a" + "\u0316" * 19),
        ("𠮷\U00031350\U0001fabf", "𠮷\U00031350\U0001fabf"),
        ("", "读者"),
        (" \n", "读者"),
        (None, "读者"),
        ("长" * 50_000, "长" * 20),
        ("明\ufffd", "明"),
    ],
)
async def test_a_name_of_the_app_is_made_to_fit(
    client: httpx.AsyncClient, join: Join, name: str | None, shown: str
) -> None:
    person = join("小明")
    await person("GET", "/me")
    assert outcome(await send(client, "renamed", name=name)) == "applied"
    assert await name_of(person) == shown


async def test_a_name_that_was_cut_within_a_character_is_made_to_fit(client: httpx.AsyncClient, join: Join) -> None:
    person = join("小明")
    await person("GET", "/me")
    event = {
        "type": "account.renamed",
        "timestamp": NOW.isoformat(),
        "data": {"sub": "test:小明", "name": "大明\ud83d"},
    }
    assert outcome(await deliver(client, json.dumps(event).encode())) == "applied"
    assert await name_of(person) == "大明"
    # A `sub` is compared: what is left of it names no account.
    event["data"] = {"sub": "test:小明\ud83d", "name": "x"}
    assert outcome(await deliver(client, json.dumps(event).encode())) == "unknown"


async def test_a_new_name_is_applied_and_a_late_older_one_is_not(client: httpx.AsyncClient, join: Join) -> None:
    person = join("小明")
    await person("GET", "/me")
    assert outcome(await send(client, "renamed", name="大明", at=NOW)) == "applied"
    assert outcome(await send(client, "renamed", name="中明", at=NOW - timedelta(seconds=1))) == "outdated"
    assert await name_of(person) == "大明"
    assert outcome(await send(client, "renamed", name="很" * 30, at=NOW + timedelta(seconds=1))) == "applied"
    assert await name_of(person) == "很" * 20


async def test_an_event_that_is_sent_concurrently_applies_once(client: httpx.AsyncClient, join: Join) -> None:
    await join("小明")("GET", "/me")
    answers = await asyncio.gather(*(send(client, "renamed", name="大明", event_id="m1", at=NOW) for _ in range(5)))
    assert sorted(outcome(answer) for answer in answers) == ["applied", *["repeated"] * 4]


async def test_a_ban_of_the_app_forbids_writing_and_ends(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    person = join("小明")
    await person("GET", "/me")
    until = (NOW + timedelta(days=1)).isoformat()
    assert outcome(await send(client, "banned", until=until, reason_code="spam", at=NOW)) == "applied"
    assert (await person("POST", "/posts", {"text": "你好"})).json()["code"] == "banned"
    assert [item["title"] for item in (await person("GET", "/me/inbox")).json()["items"]] == ["你的账号已被封禁"]
    row = await app_state.pool.fetchrow("SELECT kind, reason_code, until, imposed_by FROM sanctions")
    assert tuple(row or ()) == ("ban", "spam", datetime.fromisoformat(until), None)

    assert outcome(await send(client, "unbanned", at=NOW - timedelta(seconds=5))) == "outdated"
    assert (await person("POST", "/posts", {"text": "你好"})).status_code == 403
    assert outcome(await send(client, "unbanned", at=NOW + timedelta(seconds=5))) == "applied"
    assert (await person("POST", "/posts", {"text": "你好"})).status_code == 201
    assert outcome(await send(client, "banned", at=NOW + timedelta(seconds=2))) == "outdated"
    assert (await person("POST", "/posts", {"text": "你好"})).status_code == 201
    actions = await app_state.pool.fetch("SELECT action FROM audit WHERE subject_kind = 'account' ORDER BY id")
    assert [row["action"] for row in actions] == ["sanction.impose", "sanction.lift"]


@pytest.mark.parametrize("absent", [{}, {"until": None, "reason_code": None}, {"reason_code": ""}])
async def test_a_ban_without_an_end_and_a_reason_is_applied(
    client: httpx.AsyncClient, join: Join, app_state: AppState, absent: dict[str, Any]
) -> None:
    await join("小明")("GET", "/me")
    assert outcome(await send(client, "banned", **absent)) == "applied"
    row = await app_state.pool.fetchrow("SELECT kind, reason_code, until FROM sanctions")
    assert tuple(row or ()) == ("ban", "other", None)


async def test_a_ban_that_has_ended_already_ends_the_previous_one(client: httpx.AsyncClient, join: Join) -> None:
    person = join("小明")
    await person("GET", "/me")
    await send(client, "banned", at=NOW)
    past = (NOW - timedelta(days=1)).isoformat()
    assert outcome(await send(client, "banned", until=past, at=NOW + timedelta(seconds=1))) == "applied"
    assert (await person("POST", "/posts", {"text": "你好"})).status_code == 201


async def test_the_app_does_not_lift_or_shorten_a_ban_of_a_moderator(client: httpx.AsyncClient, join: Join) -> None:
    person, reviewer = join("小明"), join("审", roles=("reviewer",))
    user_id = (await person("GET", "/me")).json()["id"]
    await reviewer("PUT", f"/moderation/users/{user_id}/sanction", {"kind": "ban", "reason_code": "fraud"})
    await send(client, "banned", until=(NOW + timedelta(days=1)).isoformat(), at=NOW)
    assert outcome(await send(client, "unbanned", at=NOW + timedelta(seconds=1))) == "applied"
    assert (await person("POST", "/posts", {"text": "你好"})).json()["code"] == "banned"
    assert len((await person("GET", "/me/inbox")).json()["items"]) == 1


async def test_each_account_of_the_app_is_unbanned_by_itself(client: httpx.AsyncClient, join: Join) -> None:
    phone = "+8613900000001"
    one, other = join("小明", phone=phone), join("明明", phone=phone)
    for person in (one, other):
        await person("GET", "/me")
    for sub in ("test:小明", "test:明明"):
        await send(client, "banned", sub, at=NOW)
    # Another account of the person is still banned by the app.
    assert outcome(await send(client, "unbanned", "test:小明", at=NOW + timedelta(seconds=1))) == "applied"
    for person in (one, other):
        assert (await person("POST", "/posts", {"text": "你好"})).json()["code"] == "banned"
    assert outcome(await send(client, "unbanned", "test:明明", at=NOW + timedelta(seconds=1))) == "applied"
    for person in (one, other):
        assert (await person("POST", "/posts", {"text": "你好"})).status_code == 201


async def test_a_ban_moves_the_boards_of_what_the_person_adds_to(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    person = join("小明")
    post_id = int((await person("POST", "/posts", {"text": "你好"})).json()["id"])
    campaign_id = await make.campaign(app_state.pool)
    account_id = await app_state.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", post_id)
    await app_state.pool.execute(
        "INSERT INTO entries (campaign_id, post_id, author_id, entered_at) VALUES ($1, $2, $3, now())",
        campaign_id,
        post_id,
        account_id,
    )
    version = "SELECT version FROM post_stats WHERE post_id = $1"
    before = await app_state.pool.fetchval(version, post_id)
    await send(client, "banned", at=NOW)
    assert await app_state.pool.fetchval(version, post_id) == before + 1


async def test_events_of_unknown_accounts_are_ignored(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    for kind in ("renamed", "banned", "unbanned"):
        assert outcome(await send(client, kind, name="x")) == "unknown"
    assert await app_state.pool.fetchval("SELECT count(*) FROM accounts") == 0
    assert (await join("小明")("POST", "/posts", {"text": "你好"})).status_code == 201


async def test_an_erased_account_is_gone_with_its_posts(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    person, reader = join("小明", roles=("editor",)), join("读者")
    user_id = (await person("GET", "/me")).json()["id"]
    posts = [(await person("POST", "/posts", {"text": f"第{number} #爱读书#"})).json()["id"] for number in range(60)]
    other_post = (await reader("POST", "/posts", {"text": "我的 #爱读书#"})).json()["id"]
    comment = await person("POST", f"/posts/{other_post}/comments", {"text": "好"})
    assert comment.status_code == 201

    assert outcome(await send(client, "erased")) == "applied"
    assert outcome(await send(client, "erased")) == "repeated"
    assert (await person("POST", "/posts", {"text": "还在"})).status_code in (401, 403)
    assert (await person("PUT", f"/posts/{other_post}/like")).status_code in (401, 403)

    async def refused() -> bool:
        return bool((await person("GET", "/feeds/latest")).json().get("code") == "token_invalid")

    # Ended sign-ins are read again in the background.
    await becomes(refused)
    # Signed in anew, it is another account.
    assert (await join("小明")("GET", "/me")).json()["id"] != user_id

    pool, keys = app_state.pool, app_state.keys
    while await erase_next(pool, keys):
        pass
    row = await app_state.pool.fetchrow(
        "SELECT name, phone_sealed, person IS NULL, post_count, content_erased_at FROM accounts WHERE id = $1",
        int(user_id),
    )
    assert tuple(row or ()) == ("已注销用户", None, False, 0, None)
    assert await app_state.pool.fetchval("SELECT count(*) FROM posts WHERE state = 'published'") == 1
    assert await app_state.pool.fetchval("SELECT count(*) FROM topic_posts") == 1
    assert await app_state.pool.fetchval("SELECT count(*) FROM staff_rights WHERE revoked_at IS NULL") == 0
    assert await app_state.pool.fetchval("SELECT count(*) FROM cases WHERE state = 'open' AND kind = 'post'") == 1
    assert (await reader("GET", f"/posts/{posts[0]}")).status_code == 404
    assert (await reader("GET", f"/users/{user_id}")).status_code == 404

    # A post that was being written at that moment is erased as well.
    await make.post(app_state.pool, int(user_id))
    await app_state.pool.execute("UPDATE accounts SET post_count = 1 WHERE id = $1", int(user_id))
    await erasing.erase_rest(pool, keys)
    assert await pool.fetchval("SELECT count(*) FROM posts WHERE state = 'published'") == 1
    assert await pool.fetchval("SELECT content_erased_at IS NOT NULL FROM accounts WHERE id = $1", int(user_id))


async def test_an_erasure_applies_to_an_account_that_signs_in_later(client: httpx.AsyncClient, join: Join) -> None:
    assert outcome(await send(client, "erased")) == "applied"
    assert outcome(await send(client, "renamed", name="又来")) == "unknown"
    answer = await join("小明")("GET", "/feeds/latest")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,é".encode()},
        {"webhook-id": "another"},
        {"webhook-id": ""},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "9" * 4000},
    ],
)
async def test_an_event_without_a_valid_signature_is_rejected(
    client: httpx.AsyncClient, app_state: AppState, headers: dict[str, Any]
) -> None:
    answer = await deliver(client, b"{}", **headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "hook_signature_invalid")


@pytest.mark.parametrize("ago", [301, -302])
async def test_a_replayed_event_is_rejected(client: httpx.AsyncClient, ago: float) -> None:
    assert (await send(client, "renamed", name="x", ago=ago)).json()["code"] == "hook_signature_invalid"
    assert (await send(client, "renamed", name="x", ago=ago / 2)).status_code == 200


async def test_a_modified_body_is_rejected_and_one_valid_signature_suffices(client: httpx.AsyncClient) -> None:
    stamp, body = (
        int(time.time()),
        b'{"type": "account.unbanned", "timestamp": "2026-01-01T00:00:00Z", "data": {"sub": "x"}}',
    )
    good = sign(HOOK_SECRET.encode(), "m", stamp, body)
    headers = {"content-type": "application/json", "webhook-id": "m", "webhook-timestamp": str(stamp)}
    both = headers | {"webhook-signature": f"v1,AAAA {good} v1a,xyz"}
    assert (await client.post("/hooks/accounts", content=body + b" ", headers=both)).status_code == 401
    assert (await client.post("/hooks/accounts", content=body, headers=both)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "data", "fields"),
    [
        ("promoted", {}, {"type"}),
        ("renamed", {}, {"data.name"}),
        ("banned", {"reason_code": "x", "until": "9999-12-31T00:00:00Z"}, {"data.until", "data.reason_code"}),
        ("erased", {"sub": ""}, {"data.sub"}),
        ("erased", {"sub": "a\0"}, {"data.sub"}),
    ],
)
async def test_every_wrong_field_is_named(
    client: httpx.AsyncClient, kind: str, data: dict[str, Any], fields: set[str]
) -> None:
    answer = await send(client, kind, **{"sub": "x", **data})
    assert answer.status_code == 422
    assert {each["field"] for each in answer.json()["errors"]} == fields


async def test_an_event_from_the_future_is_rejected(client: httpx.AsyncClient) -> None:
    answer = await send(client, "unbanned", at=datetime.now(UTC) + timedelta(hours=1))
    assert [each["field"] for each in answer.json()["errors"]] == ["timestamp"]


async def test_a_body_that_is_no_event_is_malformed(client: httpx.AsyncClient) -> None:
    for body in (b"", b"[]", b"{", b"\xff"):
        answer = await deliver(client, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")
    answer = await deliver(client, b'{"type": 1}')
    assert {each["field"] for each in answer.json()["errors"]} == {"type", "timestamp", "data"}


class TestNoSecret:
    """Without a secret the webhook does not exist."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, account_hook_secret="")

    async def test_the_endpoint_does_not_exist(self, client: httpx.AsyncClient) -> None:
        answer = await send(client, "unbanned")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
