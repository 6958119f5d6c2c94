"""The access log: what it holds of each request, where it is, and how long."""

import json
import os
import resource
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from feed.access_log import writer
from feed.access_log.files import SHANGHAI, file_name, remove_old
from feed.access_log.writer import AccessLog, Entry
from feed.api.state import AppState
from feed.app import build
from feed.settings import Settings
from tests.support import make
from tests.support.api import Join
from tests.support.pages import SESSION_COOKIE, SITE, BrowserClient
from tests.support.waiting import until

ENTRY = Entry(1_790_000_000.5, "GET", "/v1/posts", 200, 7, "203.0.113.9", 40_000, "city/1")


def lines(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in sorted(directory.iterdir()) for line in file.read_text("utf-8").splitlines()]


def test_an_entry_becomes_a_line_that_only_its_owner_reads(tmp_path: Path) -> None:
    log = AccessLog(tmp_path / "access", days=183)
    log.add(ENTRY)
    log.add(ENTRY._replace(account_id=None, port=None, path="/v1/topics/读书\n", user_agent="x" * 5_000))
    log.close()
    first, second = lines(tmp_path / "access")
    assert first == {
        "at": "2026-09-21T14:13:20.500000Z",
        "method": "GET",
        "path": "/v1/posts",
        "status": 200,
        "account_id": "7",
        "address": "203.0.113.9",
        "port": 40_000,
        "user_agent": "city/1",
    }
    assert (second["account_id"], second["port"], second["path"]) == (None, None, "/v1/topics/读书\n")
    assert len(second["user_agent"]) == 200
    (file,) = (tmp_path / "access").iterdir()
    assert (file.stat().st_mode & 0o777, (tmp_path / "access").stat().st_mode & 0o777) == (0o600, 0o700)


def test_two_writers_do_not_mix_and_a_second_one_goes_on(tmp_path: Path) -> None:
    for _ in range(2):
        log = AccessLog(tmp_path, days=183)
        log.add(ENTRY)
        log.close()
    assert len(lines(tmp_path)) == 2


def test_a_file_that_was_taken_away_is_made_again(tmp_path: Path) -> None:
    log = AccessLog(tmp_path, days=183)
    log.add(ENTRY)
    log.flush()
    for file in tmp_path.iterdir():
        file.unlink()
    log.add(ENTRY)
    log.close()
    assert len(lines(tmp_path)) == 1


def test_what_cannot_be_written_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = AccessLog(tmp_path, days=183)
    with monkeypatch.context() as broken:

        def full(*_: Any) -> int:
            raise OSError(28, "No space left on device")

        broken.setattr(os, "open", full)
        log.add(ENTRY)
        log.flush()
        log.flush()
    log.add(ENTRY._replace(status=404))
    log.close()
    assert [each["status"] for each in lines(tmp_path)] == [200, 404]


def test_a_disk_that_is_almost_full_tears_no_line_and_loses_none(tmp_path: Path) -> None:
    log = AccessLog(tmp_path, days=183)
    log.add(ENTRY)
    log.flush()
    (file,) = tmp_path.iterdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Room for two lines and a half of ten.
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size * 7 // 2, before[1]))
    try:
        for status in range(201, 211):
            log.add(ENTRY._replace(status=status))
        log.flush()
        log.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not file.read_bytes().endswith(b"\n")
    log.add(ENTRY._replace(status=404))
    log.close()
    assert [each["status"] for each in lines(tmp_path)] == [*range(200, 211), 404]


def test_a_line_that_a_killed_process_has_not_ended_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / file_name(datetime.now(SHANGHAI), os.getpid())).write_text('{"at":"2026')
    log = AccessLog(tmp_path, days=183)
    log.add(ENTRY)
    log.close()
    (file,) = tmp_path.iterdir()
    torn, whole = file.read_text().splitlines()
    assert (torn, json.loads(whole)["status"]) == ('{"at":"2026', 200)


def test_of_more_than_there_is_room_for_the_latest_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_QUEUE_MOST", 3)
    log = AccessLog(tmp_path, days=183)
    log.add(ENTRY)
    with monkeypatch.context() as broken:

        def full(*_: Any) -> int:
            # Requests come while the disk is asked.
            for status in range(501, 504):
                log.add(ENTRY._replace(status=status))
            raise OSError(28, "No space left on device")

        broken.setattr(os, "open", full)
        log.flush()
    log.close()
    assert [each["status"] for each in lines(tmp_path)] == [501, 502, 503]


def test_what_is_no_text_and_what_cannot_be_removed_stop_no_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = threading.Event()

    def refused(*_: Any, **__: Any) -> int:
        tried.set()
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(writer, "remove_old", refused)
    monkeypatch.setattr(writer, "_FLUSH_SECONDS", 0.01)
    log = AccessLog(tmp_path, days=183)
    log.start()
    assert tried.wait(30)
    log.add(ENTRY._replace(path="/v1/\udcff"))
    log.add(ENTRY)
    # By the thread, not by the end.
    until(lambda: bool(list(tmp_path.iterdir())) and len(lines(tmp_path)) == 2)
    log.close()
    assert [each["path"] for each in lines(tmp_path)] == ["/v1/?", "/v1/posts"]


def test_files_are_removed_after_their_days_and_nothing_else(tmp_path: Path) -> None:
    now = datetime(2026, 11, 29, 0, 30, tzinfo=SHANGHAI)
    for days in (0, 1, 183, 184, 400):
        (tmp_path / file_name(now - timedelta(days=days), days)).write_text("{}\n")
    (tmp_path / "access-notes.txt").write_text("kept")
    (tmp_path / "access-2026-99-99-host-1.jsonl").write_text("kept")
    assert remove_old(tmp_path, days=183, now=now) == 2
    assert remove_old(tmp_path, days=183, now=now) == 0
    assert len(list(tmp_path.iterdir())) == 5


PROXIED = [
    ({}, 0, ("198.51.100.7", 50_123)),
    ({"x-forwarded-for": "203.0.113.9"}, 0, ("198.51.100.7", 50_123)),
    ({"x-forwarded-for": "203.0.113.9"}, 1, ("203.0.113.9", None)),
    ({"x-forwarded-for": "203.0.113.9:4711"}, 1, ("203.0.113.9", 4711)),
    ({"x-forwarded-for": "[2001:db8::9]:4711"}, 1, ("2001:db8::9", 4711)),
    ({"x-forwarded-for": "2001:db8::9"}, 1, ("2001:db8::9", None)),
    ({"x-forwarded-for": "203.0.113.9", "x-real-port": "4711"}, 1, ("203.0.113.9", 4711)),
    ({"x-forwarded-for": "203.0.113.9", "x-real-port": "470000"}, 1, ("203.0.113.9", None)),
    ({"x-forwarded-for": "6.6.6.6:1, 203.0.113.9:4711, 192.0.2.1"}, 2, ("203.0.113.9", 4711)),
]


@pytest.mark.parametrize(("headers", "proxies", "source"), PROXIED)
async def test_each_request_is_noted_with_its_source(
    app_state: AppState,
    settings: Settings,
    join: Join,
    tmp_path: Path,
    headers: dict[str, str],
    proxies: int,
    source: tuple[str, int | None],
) -> None:
    noted = msgspec.structs.replace(settings, access_log_dir=str(tmp_path / "access"), trusted_proxies=proxies)
    app = build(msgspec.structs.replace(app_state, settings=noted))
    transport = httpx.ASGITransport(app=app, client=("198.51.100.7", 50_123))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1") as client:
        signed_in = join("小明").headers
        me = (await client.get("/me", headers=signed_in | headers)).json()
        await client.get("/topics?q=13800138000", headers=headers)
        await client.post("/posts", json={"text": "读书"}, headers=signed_in | headers)
        await client.get("/posts/1", headers=headers)
        await client.get("/unknown//path", headers=headers)
        await client.get("/me", headers={"authorization": "Bearer x"} | headers)
        for path in ("/hooks/sms/aliyun/token-of-reports", "/hooks//SMS/aliyun/token-of-reports"):
            await client.post(path, json=[], headers=headers)
    app.state.access_log.close()
    found = lines(tmp_path / "access")
    assert [(each["method"], each["path"], each["status"], each["account_id"]) for each in found] == [
        ("GET", "/v1/me", 200, me["id"]),
        # Without the query, which may name a person.
        ("GET", "/v1/topics", 200, None),
        ("POST", "/v1/posts", 201, me["id"]),
        ("GET", "/v1/posts/1", 404, None),
        ("GET", "/v1/unknown//path", 404, None),
        ("GET", "/v1/me", 401, None),
        # Without the secret that lets a provider send reports.
        ("POST", "/v1/hooks/sms/aliyun/", 404, None),
        ("POST", "/v1/hooks//SMS/aliyun/", 404, None),
    ]
    assert {(each["address"], each["port"]) for each in found} == {source}


async def test_a_request_of_a_page_is_logged_with_the_account_of_its_session(
    app_state: AppState, tmp_path: Path
) -> None:
    noted = msgspec.structs.replace(app_state.settings, access_log_dir=str(tmp_path / "access"))
    app = build(msgspec.structs.replace(app_state, settings=noted))
    account_id = await make.person(app_state.pool)
    browser = BrowserClient(app_state)
    await browser.sign_in_as(account_id)
    assert browser.secret is not None
    cookie = {"cookie": f"{SESSION_COOKIE}={browser.secret}", "sec-fetch-site": "same-origin"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=SITE) as opened:  # type: ignore[arg-type]
        await opened.get("/me/settings", headers=cookie)
        await opened.post("/posts/1/like", headers=cookie, data={"back": "/"})
        await opened.get("/campaigns")
        await opened.get("/sign-in/ticket?ticket=secret")
    app.state.access_log.close()
    assert [(each["path"], each["account_id"]) for each in lines(tmp_path / "access")] == [
        ("/me/settings", str(account_id)),
        ("/posts/1/like", str(account_id)),
        ("/campaigns", None),
        ("/sign-in/ticket", None),
    ]


def test_noting_a_request_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    log = AccessLog(tmp_path, days=183)
    before = time.process_time()
    for _ in range(120_000):
        log.add(ENTRY)
    assert time.process_time() - before < 30
    assert list(tmp_path.iterdir()) == []
    log.close()
    # More than can wait: the latest ones.
    assert len(lines(tmp_path)) == 100_000
