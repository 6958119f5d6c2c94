"""A copy of everything that is stored about an account: complete, for its owner, once, for its stated time."""

import hashlib
import io
import secrets
import zipfile
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from feed.accounts.personal_data.register import PERSONAL_TABLES
from feed.api.state import AppState
from feed.exports import model
from feed.exports.jobs import make_next_export, remove_ended_exports
from feed.exports.queries import QUERIES
from feed.keys.store import Keys
from feed.media.removal_store import mark_removed
from feed.postgres import Pool, transaction
from feed.storage.absent import AbsentStorage
from feed.storage.protocol import StorageUnavailable
from tests.support import erasing, make, phases, writing
from tests.support.api import Join, Person
from tests.support.make_media import medium


async def made(person: Person, app_state: AppState) -> dict[str, Any]:
    """An export that is ready."""
    asked = await person("POST", "/me/export")
    assert (asked.status_code, asked.json()["state"]) == (202, "preparing")
    assert await make_next_export(app_state.pool, app_state.keys)
    card: dict[str, Any] = (await person("GET", "/me/export")).json()
    return card


def path_of(card: dict[str, Any]) -> str:
    path: str = card["url"].partition("/v1")[2]
    return path


def opened(answer: httpx.Response) -> dict[str, Any]:
    """The files of a downloaded ZIP by name; what the manifest says of each is checked."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        raw = {name: archive.read(name) for name in archive.namelist()}
    manifest = msgspec.json.decode(raw["manifest.json"])
    found = {"manifest": manifest}
    for entry in manifest["tables"]:
        content = raw[entry["file"]]
        found[entry["table"]] = msgspec.json.decode(content)
        assert (len(found[entry["table"]]), hashlib.sha256(content).hexdigest()) == (entry["rows"], entry["sha256"])
    return found


def test_every_table_of_the_register_is_exported_or_left_out_with_a_reason() -> None:
    exported = [query.table for query in QUERIES]
    assert len(exported) == len(set(exported))
    assert set(exported) == {table.name for table in PERSONAL_TABLES if not table.not_exported}


async def test_an_export_holds_everything_and_is_downloaded_once(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    person, stranger, reviewer = join("小明"), join("别人"), join("审核员甲", roles=("reviewer",))
    assert (await person("GET", "/me/export")).json()["state"] == "none"
    user_id = (await person("GET", "/me")).json()["id"]
    theirs = (await stranger("POST", "/posts", {"text": "别人的"})).json()["id"]
    post = (await person("POST", "/posts", {"text": "我的 #读书#"})).json()["id"]
    await person("PATCH", f"/posts/{post}", {"text": "改了 #读书#"})
    await person("POST", f"/posts/{theirs}/comments", {"text": "我的评论"})
    await person("PUT", f"/posts/{theirs}/like")
    await stranger("PUT", f"/posts/{post}/like")
    (case,) = await app_state.pool.fetch("SELECT id FROM cases WHERE post_id = $1 AND state = 'open'", int(post))
    reviewer_id = (await reviewer("GET", "/me")).json()["id"]
    await app_state.pool.execute(
        "INSERT INTO verdicts (case_id, stage, post_id, revision, author_id, reviewer_id, verdict, reason_code, note) "
        "VALUES ($1, 1, $2, 2, $3, $4, 'remove', 'spam', '内部备注')",
        case["id"],
        int(post),
        int(user_id),
        int(reviewer_id),
    )
    # Banned, and about to be erased: the copy is still the person's right.
    await make.ban(app_state.pool, int(user_id))
    assert (await person("DELETE", "/me")).status_code == 202

    card = await made(person, app_state)
    expires_at = datetime.fromisoformat(card["expires_at"])
    assert abs(expires_at - make.now() - timedelta(hours=model.KEPT_HOURS)) < timedelta(minutes=1)
    for other in (await stranger("GET", path_of(card)), await client.get(path_of(card))):
        assert other.status_code in (401, 404)
    assert (await person("HEAD", path_of(card))).status_code == 200
    assert (await person("GET", path_of(card), headers={"sec-purpose": "prefetch"})).content == b""

    answer = await person("GET", path_of(card))
    found = opened(answer)
    assert [each["name"] for each in found["accounts"]] == ["小明"]
    assert [each["text"] for each in found["post_revisions"]] == ["我的 #读书#", "改了 #读书#"]
    assert [each["text"] for each in found["comments"]] == ["我的评论"]
    assert [each["post_id"] for each in found["likes"]] == [theirs]
    assert [(each["verdict"], each["reason_code"]) for each in found["verdicts"]] == [("remove", "spam")]
    assert [each["kind"] for each in found["sanctions"]] == ["ban"]
    assert {each["table"] for each in found["manifest"]["left_out"]} >= {
        "audit",
        "refresh_tokens",
        "web_sessions",
        "web_tickets",
    }
    whole = str(found)
    assert reviewer_id not in whole
    assert "内部备注" not in whole

    assert (await person("GET", "/me/export")).json()["state"] == "downloaded"
    again = await person("GET", path_of(card))
    assert (again.status_code, again.json()["code"]) == (409, "export_gone")
    assert await app_state.pool.fetchval("SELECT count(*) FROM export_parts") == 0
    actions = await app_state.pool.fetch("SELECT action FROM audit WHERE action LIKE 'export.%' ORDER BY id")
    assert [row["action"] for row in actions] == ["export.request", "export.download"]


async def test_an_export_is_never_cut_off_and_comes_in_parts(
    pool: Pool, keys: Keys, app_state: AppState, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = join("小明")
    account_id = int((await person("GET", "/me")).json()["id"])
    # Several batches of rows, and several parts.
    await pool.execute(
        "INSERT INTO inbox (account_id, kind, title, body, once_key) "
        "SELECT $1, 'system', '', md5(n::text), 'k' || n FROM generate_series(1, 12345) AS n",
        account_id,
    )
    monkeypatch.setattr("feed.exports.jobs.PART_BYTES", 10_000)
    card = await made(person, app_state)
    assert await pool.fetchval("SELECT count(*) FROM export_parts") > 5
    found = opened(await person("GET", path_of(card)))
    assert len({each["body"] for each in found["inbox"]}) == 12_345


async def test_photos_and_videos_are_in_the_export_in_pieces(
    pool: Pool, app_state: AppState, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, other = join("小明"), join("别人")
    account_id, other_id = [int((await each("GET", "/me")).json()["id"]) for each in (person, other)]
    post = int((await person("POST", "/posts", {"text": "有图"})).json()["id"])
    shown, unused = await medium(pool, account_id, post_id=post, alt="一本书"), await medium(pool, account_id)
    gone, missing = await medium(pool, account_id), await medium(pool, account_id)
    await medium(pool, account_id, state="processing")
    theirs = await medium(pool, other_id)
    # Kept for reviewers after its author has deleted the post.
    evidence = await medium(pool, account_id, post_id=await make.post(pool, account_id, state="deleted"))
    # Twenty parts, none of which holds more than a piece of the photo.
    content = {each: secrets.token_bytes(100_000) for each in (shown, unused, gone, theirs, evidence)}
    for media_id, data in content.items():
        key = await pool.fetchval("SELECT key FROM media WHERE id = $1", media_id)
        await app_state.storage.put(f"media/{key}/full.webp", data, content_type="image/webp")
    async with transaction(pool) as conn:
        await mark_removed(conn, [gone], "deleted")
    monkeypatch.setattr("feed.exports.jobs.PART_BYTES", 10_000)
    assert (await person("POST", "/me/export")).status_code == 202
    assert await make_next_export(pool, app_state.keys, app_state.storage)
    card = (await person("GET", "/me/export")).json()
    assert card["state"] == "ready"
    answer = await person("GET", path_of(card))
    found = opened(answer)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name.startswith("media/")}
    assert files == {f"media/{each}/full.webp": content[each] for each in (shown, unused)}
    assert [(each["file"], each["bytes"], each["sha256"]) for each in found["manifest"]["files"]] == [
        (name, len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()
    ]
    assert found["manifest"]["missing"] == [f"media/{missing}/full.webp"]
    assert (found["media"][0]["id"], found["media"][0]["alt"]) == (str(shown), "一本书")


async def test_an_export_waits_for_the_object_storage(pool: Pool, app_state: AppState, join: Join) -> None:
    person = join("小明")
    await medium(pool, int((await person("GET", "/me")).json()["id"]))
    await app_state.storage.put("media/other/full.webp", b"RIFF", content_type="image/webp")
    await person("POST", "/me/export")
    with pytest.raises(StorageUnavailable):
        await make_next_export(pool, app_state.keys, AbsentStorage())
    await pool.execute("UPDATE exports SET alive_at = now() - interval '1 hour'")
    assert await make_next_export(pool, app_state.keys, app_state.storage)
    assert (await person("GET", "/me/export")).json()["state"] == "ready"


async def test_one_export_runs_at_a_time_and_a_ready_one_is_kept(app_state: AppState, join: Join) -> None:
    person = join("小明")
    for _ in range(2):
        assert (await person("POST", "/me/export")).json()["state"] == "preparing"
    assert await make_next_export(app_state.pool, app_state.keys)
    assert not await make_next_export(app_state.pool, app_state.keys)
    first = (await person("POST", "/me/export")).json()
    assert first["state"] == "ready"
    titles = [each["title"] for each in (await person("GET", "/me/inbox")).json()["items"]]
    assert titles == ["你的个人信息副本已生成"]


async def test_an_export_of_another_account_and_one_that_never_was_are_not_found(
    app_state: AppState, join: Join
) -> None:
    card = await made(join("小明"), app_state)
    stranger = join("别人")
    for path in (path_of(card), "/me/export/1/file", "/me/export/x/file"):
        for method in ("GET", "HEAD"):
            assert (await stranger(method, path)).status_code == 404, (method, path)
        assert (await stranger("GET", path)).json()["code"] == "export_not_found"
    assert await app_state.pool.fetchval("SELECT state FROM exports") == "ready"


async def test_an_export_ends_at_its_stated_time(app_state: AppState, join: Join) -> None:
    person = join("小明")
    card = await made(person, app_state)
    await app_state.pool.execute("UPDATE exports SET expires_at = clock_timestamp()")
    assert (await person("GET", "/me/export")).json()["state"] == "expired"
    for method in ("GET", "HEAD"):
        assert (await person(method, path_of(card))).status_code == 409
    await remove_ended_exports(app_state.pool)
    assert await app_state.pool.fetchval("SELECT count(*) FROM export_parts") == 0
    assert (await person("POST", "/me/export")).json()["state"] == "preparing"


async def test_an_abandoned_attempt_is_followed_by_another_and_at_last_the_export_fails(
    pool: Pool, keys: Keys, app_state: AppState, join: Join
) -> None:
    person = join("小明")
    await person("POST", "/me/export")
    for _ in range(model.ATTEMPTS_MOST):
        # As a killed worker leaves it.
        await pool.execute("UPDATE exports SET attempt = attempt + 1, alive_at = clock_timestamp()")
        assert not await make_next_export(pool, keys)
        await pool.execute("UPDATE exports SET alive_at = alive_at - interval '1 hour'")
    assert await make_next_export(pool, keys)
    assert (await person("GET", "/me/export")).json()["state"] == "failed"
    assert [each["title"] for each in (await person("GET", "/me/inbox")).json()["items"]] == [
        "你的个人信息副本未能生成"
    ]
    assert (await person("POST", "/me/export")).json()["state"] == "preparing"
    assert await make_next_export(pool, keys)
    assert (await person("GET", "/me/export")).json()["state"] == "ready"


async def test_an_erasure_removes_exports(pool: Pool, keys: Keys) -> None:
    account_id = await make.account(pool)
    await writing.publish(pool, account_id, "一句话")
    await pool.execute("INSERT INTO exports (account_id) VALUES ($1)", account_id)
    assert await make_next_export(pool, keys)
    await erasing.erase_row(pool, keys, account_id)
    await erasing.erase_rest(pool, keys)
    assert await pool.fetchval("SELECT (SELECT count(*) FROM exports) + (SELECT count(*) FROM export_parts)") == 0


async def test_what_is_not_announced_is_not_in_an_export(pool: Pool, keys: Keys, app_state: AppState) -> None:
    campaign = await phases.settled(pool, keys)
    best = (await phases.winners_of(pool, campaign.id))[0]["account_id"]
    for query in QUERIES:
        if query.table in ("sheet_rows", "winners", "reserves"):
            assert await pool.fetch(query.sql, best) == []
    assert await pool.fetchval("SELECT count(*) FROM sheet_rows WHERE account_id = $1", best) == 1
