"""Endpoints of admins for dead pushes."""

from feed.api.state import AppState
from tests.support.api import Join
from tests.support.pushes import pushes


async def test_dead_pushes_are_listed_for_admins_only(app_state: AppState, join: Join) -> None:
    ids = await pushes(app_state, "dead", "waiting", "dead", "delivered")
    admin = join("管理", roles=("admin",))
    page = (await admin("GET", "/admin/push?state=dead&limit=1")).json()
    rest = (await admin("GET", f"/admin/push?state=dead&limit=1&cursor={page['next_cursor']}")).json()
    assert [item["id"] for item in page["items"] + rest["items"]] == [str(ids[2]), str(ids[0])]
    assert rest["next_cursor"] is None
    item = page["items"][0]
    assert (item["state"], item["kind"], item["tries"], item["error_code"]) == ("dead", "prize", 12, "status_410")
    assert "title" not in item
    assert len((await admin("GET", "/admin/push")).json()["items"]) == 4
    assert (await admin("GET", "/admin/push?state=nonsense")).status_code == 422
    for roles in ((), ("reviewer",), ("editor",)):
        assert (await join(f"别人{roles}", roles=roles)("GET", "/admin/push")).status_code == 403


async def test_a_dead_push_is_retried_once_and_audited(app_state: AppState, join: Join) -> None:
    dead, waiting = await pushes(app_state, "dead", "waiting")
    admin = join("管理", roles=("admin",))
    for _ in range(2):
        answer = await admin("POST", f"/admin/push/{dead}/retry", headers={"idempotency-key": "k"})
        assert (answer.status_code, answer.json()["state"]) == (200, "waiting")
    row = await app_state.pool.fetchrow("SELECT state, tries FROM pushes WHERE inbox_id = $1", dead)
    assert row is not None
    assert tuple(row) == ("waiting", 0)
    assert await app_state.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'push.retry'") == 1
    for push_id, status, code in (
        (dead, 409, "push_not_dead"),
        (waiting, 409, "push_not_dead"),
        (1, 404, "push_not_found"),
        ("x", 404, "push_not_found"),
    ):
        answer = await admin("POST", f"/admin/push/{push_id}/retry")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
