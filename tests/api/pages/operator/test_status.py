"""The console of operators on the wire: the state of the site, what was given up, and another attempt."""

import re

from feed.api.state import AppState
from feed.boards.drift import repair_drift
from tests.api.pages.reviewer.browsing import browser_of
from tests.support.api import Join
from tests.support.pushes import pushes

_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


async def _job(app_state: AppState, status: str = "queued") -> int:
    job_id: int = await app_state.pool.fetchval(
        """
        INSERT INTO jobs.pgqueuer (entrypoint, payload, priority, execute_after, status, attempts)
        VALUES ('<script>alert(1)</script>', '7', 0, now() + interval '1 hour', $1::text::jobs.pgqueuer_status, 3) RETURNING id
        """,
        status,
    )
    return job_id


async def test_the_status_shows_what_waits_and_what_the_doctor_says(app_state: AppState, join: Join) -> None:
    await pushes(app_state, "dead", "waiting")
    browser = await browser_of(app_state, join("管理", roles=("admin",)))
    page = await browser.open("/console/status")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "private, no-store"
    for words in ("运行状态", "待处理", "流量与错误", "change log", "redis", "个人信息的保留与销毁"):
        assert words in page.text, words
    assert 'href="/console/status/pushes?state=dead">1</a>' in page.text
    assert "仅为回答本次请求的这一个进程" in page.text


async def test_the_numbers_are_for_admins_and_count_work_by_kind(app_state: AppState, join: Join) -> None:
    await pushes(app_state, "dead", "waiting", "waiting")
    admin = join("管理", roles=("admin",))
    found = (await admin("GET", "/admin/status")).json()
    work = {each["kind"]: each for each in found["work"]}
    assert set(work) == {"changes", "jobs", "messages", "pushes", "media_purges", "media", "cases"}
    assert (work["pushes"]["waiting"], work["pushes"]["dead"]) == (2, 1)
    assert found["processes"] == "one"
    assert found["board_drift"] is None
    # Known wherever the worker runs.
    await repair_drift(app_state.pool, app_state.redis)
    assert (await admin("GET", "/admin/status")).json()["board_drift"] == 0
    assert [each["name"] for each in found["classes"]] == ["readers", "staff", "pages", "other"]
    checks = (await admin("GET", "/admin/checks")).json()
    assert {"postgres", "redis", "jobs", "messages"} <= {each["about"] for each in checks["findings"]}


async def test_pages_of_operators_refuse_other_roles_and_lead_to_the_sign_in(app_state: AppState, join: Join) -> None:
    job_id = await _job(app_state)
    for roles in ((), ("reviewer",), ("editor",)):
        browser = await browser_of(app_state, join(f"别人{roles}", roles=roles))
        for path in ("/console/status", "/console/status/pushes", "/console/status/jobs", "/console/staff"):
            assert (await browser.open(path)).status_code == 403, (roles, path)
        assert (await browser.send(f"/console/status/jobs/{job_id}/retry")).status_code == 403
        assert (await browser.send("/console/staff/1", {"role": "admin"})).status_code == 403
    assert await app_state.pool.fetchval("SELECT attempts FROM jobs.pgqueuer WHERE id = $1", job_id) == 3


async def test_a_dead_push_is_retried_by_its_form_once(app_state: AppState, join: Join) -> None:
    (push_id,) = await pushes(app_state, "dead")
    browser = await browser_of(app_state, join("管理", roles=("admin",)))
    page = await browser.open("/console/status/pushes")
    token = _TOKEN.findall(page.text)[0]
    for _ in range(2):
        after = await browser.send(f"/console/status/pushes/{push_id}/retry", {"form_token": token})
        assert (after.status_code, "已重新安排" in after.text) == (200, True)
    assert await app_state.pool.fetchval("SELECT state FROM pushes WHERE inbox_id = $1", push_id) == "waiting"
    assert await app_state.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'push.retry'") == 1
    refused = await browser.send(f"/console/status/pushes/{push_id}/retry", {"form_token": "another"})
    assert (refused.status_code, "只有已放弃的推送可以重发" in refused.text) == (409, True)


async def test_a_job_that_is_put_off_or_dead_is_made_due_and_audited(app_state: AppState, join: Join) -> None:
    admin = join("管理", roles=("admin",))
    browser = await browser_of(app_state, admin)
    for status in ("queued", "failed"):
        job_id = await _job(app_state, status)
        page = await browser.open(f"/console/status/jobs?state={'waiting' if status == 'queued' else 'dead'}")
        assert "&lt;script&gt;alert(1)" in page.text
        assert "<script>alert(1)" not in page.text
        after = await browser.send(f"/console/status/jobs/{job_id}/retry", {"form_token": f"t{status}"})
        assert after.status_code == 200
        row = await app_state.pool.fetchrow(
            "SELECT status::text, attempts, execute_after <= now() AS due FROM jobs.pgqueuer WHERE id = $1", job_id
        )
        assert row is not None
        assert tuple(row) == ("queued", 0, True)
    assert await app_state.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'job.retry'") == 2
    running = await _job(app_state, "picked")
    for id_, expected, code in (
        (running, 409, "job_running"),
        (running + 1, 404, "job_not_found"),
        ("x", 404, "job_not_found"),
    ):
        answer = await admin("POST", f"/admin/jobs/{id_}/retry", headers={"idempotency-key": f"k{id_}"})
        assert (answer.status_code, answer.json()["code"]) == (expected, code)


async def test_jobs_are_listed_page_by_page(app_state: AppState, join: Join) -> None:
    ids = [await _job(app_state) for _ in range(3)]
    admin = join("管理", roles=("admin",))
    first = (await admin("GET", "/admin/jobs?state=waiting&limit=2")).json()
    rest = (await admin("GET", f"/admin/jobs?state=waiting&limit=2&cursor={first['next_cursor']}")).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == [str(each) for each in reversed(ids)]
    assert rest["next_cursor"] is None
    assert (await admin("GET", "/admin/jobs?state=nonsense")).status_code == 422


async def test_bad_addresses_are_errors_of_the_client(app_state: AppState, join: Join) -> None:
    browser = await browser_of(app_state, join("管理", roles=("admin",)))
    for path, expected in (
        ("/console/status/nothing", 404),
        ("/console/status/pushes?cursor=%00", 400),
        ("/console/status/pushes?state=%3Cscript%3E&done=%3Cscript%3E", 200),
        ("/console/staff?cursor=x", 400),
        # The addresses of forms, which lead to their lists.
        ("/console/staff/x", 200),
        ("/console/status/jobs/x/retry", 200),
    ):
        assert (await browser.open(path)).status_code == expected, path
    for path in ("/console/status/pushes/1/retry", "/console/status/nothing/1/retry", "/console/status/jobs/x/retry"):
        assert (await browser.send(path, {"form_token": "t"})).status_code == 404, path
    after = await browser.open("/console/status/pushes/1/retry")
    assert after.url.path == "/console/status/pushes"
