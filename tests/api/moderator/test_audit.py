"""`GET /v1/audit` and the public checkpoint: who may read, what is found, and that reading is on the log."""

import csv
import io

import httpx
import pytest

from feed.api.state import AppState
from feed.audit import store as audit
from feed.audit.checkpoint import is_authentic, read_checkpoint
from feed.audit.sealing import seal_audit
from tests.support.api import Join
from tests.support.audit_log import verify

CHECKPOINT = "http://feed.test/.well-known/feed-audit-checkpoint.json"


async def test_the_timeline_of_a_subject_has_each_act_once_and_the_reading_itself(
    app_state: AppState, join: Join
) -> None:
    admin, reviewer, reader = (
        join("主编", roles=("admin",)),
        join("审核", roles=("reviewer",)),
        join("小明"),
    )
    user_id = (await reader("GET", "/me")).json()["id"]
    body = {"kind": "mute", "reason_code": "spam"}
    assert (await reviewer("PUT", f"/moderation/users/{user_id}/sanction", json=body)).status_code == 200
    assert (await reviewer("DELETE", f"/moderation/users/{user_id}/sanction")).status_code in (200, 204)

    first = (await admin("GET", "/audit", params={"subject": f"account:{user_id}"})).json()

    assert [each["action"] for each in first["items"]] == ["audit.read", "sanction.lift", "sanction.impose"]
    lift = first["items"][1]
    assert lift["title"] == "解除禁言或封禁"
    assert lift["actor"]["name"] == "审核"
    assert lift["subject"] == {"kind": "account", "id": user_id}
    assert lift["batch"] is None
    reading = first["items"][0]
    assert (reading["actor"]["name"], reading["detail"]) == ("主编", {})
    await seal_audit(app_state.pool, app_state.keys)
    by_actor = await admin(
        "GET",
        "/audit",
        params={"actor": lift["actor"]["id"], "action": "sanction.lift"},
        headers={"accept-language": "en"},
    )
    (only,) = by_actor.json()["items"]
    assert (only["id"], only["title"], only["batch"]) == (lift["id"], "Sanction lifted", 1)
    assert by_actor.headers["content-language"] == "en"
    assert by_actor.headers["cache-control"] == "private, no-store"
    # A reading of one subject is on that subject, any other on the log itself.
    readings = (await admin("GET", "/audit", params={"action": "audit.read"})).json()["items"]
    assert [each["subject"]["kind"] for each in readings] == ["audit", "audit", "account"]
    assert readings[1]["detail"] == {"actor_id": lift["actor"]["id"], "action": "sanction.lift"}
    assert (await verify(app_state.pool, app_state.keys)).is_intact


async def test_pages_of_every_filter_have_each_row_once(app_state: AppState, join: Join) -> None:
    admin = join("主编", roles=("admin",))
    admin_id = (await admin("GET", "/me")).json()["id"]
    async with app_state.pool.acquire() as conn:
        for number in range(7):
            await audit.add(conn, int(admin_id), "topic.change", "topic", 5, {"n": number})
            await audit.add(conn, None, "freeze", "campaign", 6, {"n": number})
    for params, expected in (
        ({"subject": "topic:5"}, 7),
        ({"subject": "topic:5", "actor": admin_id, "action": "topic.change"}, 7),
        ({"subject": "campaign:6", "actor": admin_id}, 0),
        ({"action": "freeze"}, 7),
        ({"actor": admin_id, "action": "topic.change"}, 7),
        ({"subject": "campaign:5"}, 0),
        ({"action": "no.such_action"}, 0),
    ):
        found, cursor = [], None
        while True:
            page = (
                await admin("GET", "/audit", params=params | {"limit": 3} | ({"cursor": cursor} if cursor else {}))
            ).json()
            found += [each["id"] for each in page["items"] if each["action"] != "audit.read"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert len(found) == len(set(found)) == expected, params
        assert found == sorted(found, reverse=True, key=int)
    other = (await admin("GET", "/audit", params={"action": "freeze", "limit": 3})).json()["next_cursor"]
    assert (await admin("GET", "/audit", params={"subject": "topic:5", "cursor": other})).status_code == 400


@pytest.mark.parametrize(
    "params",
    [
        {"subject": "post"},
        {"subject": "post:"},
        {"subject": "post:x"},
        {"subject": ":1"},
        {"subject": "Post:1"},
        {"subject": "post:01"},
        {"subject": f"post:{2**63}"},
        {"actor": "me"},
        {"action": "A B"},
        {"action": ""},
        {"limit": 0},
        {"what": "all"},
    ],
)
async def test_a_filter_that_cannot_be_read_is_named(join: Join, params: dict[str, str]) -> None:
    admin = join("主编", roles=("admin",))
    answer = await admin("GET", "/audit", params=params)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == next(iter(params))


async def test_a_table_is_inert_and_leads_to_the_next_page(app_state: AppState, join: Join) -> None:
    admin = join("=cmd|' /C calc'!A0", roles=("admin",))
    admin_id = (await admin("GET", "/me")).json()["id"]
    async with app_state.pool.acquire() as conn:
        for formula in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", "＝1"):
            await audit.add(conn, int(admin_id), "topic.change", "topic", 5, {"reason": formula})
    headers = {"accept": "text/csv"}
    seen: list[list[str]] = []
    url = "/audit?action=topic.change&limit=3"
    while url:
        answer = await admin("GET", url, headers=headers)
        assert answer.headers["content-type"].startswith("text/csv")
        head, *rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert head[0] == "编号 id"
        seen += rows
        link = answer.headers.get("link", "")
        url = "/audit" + link.removeprefix("<").partition(">")[0] if link else ""
    assert len(seen) == 7
    for row in seen:
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "＝")), row
            assert "\n" not in cell
            assert not cell.startswith("\t") or cell[1:].isdecimal()
    assert all(row[3].startswith("'=cmd") for row in seen)


async def test_the_checkpoint_is_public_and_says_nothing_of_people(
    app_state: AppState, client: httpx.AsyncClient, join: Join
) -> None:
    missing = await client.get(CHECKPOINT)
    assert (missing.status_code, missing.json()["code"]) == (404, "audit_checkpoint_not_found")
    async with app_state.pool.acquire() as conn:
        await audit.add(conn, 7, "topic.change", "topic", 5, {})
    await seal_audit(app_state.pool, app_state.keys)
    answer = await client.get(CHECKPOINT)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=10"
    checkpoint = read_checkpoint(answer.content)
    keys = (await client.get("http://feed.test/.well-known/feed-keys.json")).json()["keys"]
    assert checkpoint.signature.key_id == keys[0]["key_id"]
    assert is_authentic(checkpoint, app_state.keys.public_keys().keys)
    assert set(answer.json()) == {
        "kind", "format", "number", "first_seq", "last_seq", "former_root", "root", "sealed_at", "unsealed_from", "signature",
    }  # fmt: skip
    report = await verify(app_state.pool, app_state.keys, checkpoint)
    assert (report.findings, report.compared) == ([], [1])


async def test_the_actor_of_an_erased_account_has_no_name(app_state: AppState, join: Join) -> None:
    admin, editor = join("主编", roles=("admin",)), join("编辑小王", roles=("editor",))
    editor_id = (await editor("GET", "/me")).json()["id"]
    async with app_state.pool.acquire() as conn:
        await audit.add(conn, int(editor_id), "topic.change", "topic", 5, {})
        await conn.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", int(editor_id))
    (row,) = (await admin("GET", "/audit", params={"actor": editor_id, "action": "topic.change"})).json()["items"]
    assert row["actor"] == {"id": editor_id, "name": None}
