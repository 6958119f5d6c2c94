"""Endpoints of admins for roles."""

import asyncio

import httpx
import pytest

from feed.api.state import AppState
from tests.support.api import Join, Person


async def id_of(person: Person) -> str:
    user_id: str = (await person("GET", "/me")).json()["id"]
    return user_id


async def test_an_admin_grants_and_revokes_roles_and_their_intervals_are_kept(join: Join, app_state: AppState) -> None:
    admin, other = join("主管", roles=("admin",)), join("小红")
    user_id = await id_of(other)
    assert (await other("GET", "/admin/campaigns")).status_code == 403

    answer = await admin("PUT", f"/admin/staff/{user_id}", {"roles": ["editor", "reviewer", "editor"]})
    assert (answer.status_code, answer.json()) == (200, {"user_id": user_id, "roles": ["editor", "reviewer"]})
    assert (await other("GET", "/admin/campaigns")).status_code == 200
    answer = await admin("PUT", f"/admin/staff/{user_id}", {"roles": ["editor"]})
    assert answer.json()["roles"] == ["editor"]
    for _ in range(2):
        answer = await admin("DELETE", f"/admin/staff/{user_id}")
        assert (answer.status_code, answer.json()) == (200, {"user_id": user_id, "roles": []})
    assert (await other("GET", "/admin/campaigns")).status_code == 403

    me = int(await id_of(admin))
    rights = await app_state.pool.fetch(
        "SELECT role, granted_by, revoked_by FROM staff_rights WHERE account_id = $1 ORDER BY role", int(user_id)
    )
    assert [tuple(right) for right in rights] == [("editor", me, me), ("reviewer", me, me)]
    audit = await app_state.pool.fetch(
        "SELECT action, actor_id, detail FROM audit WHERE subject_kind = 'account' AND subject_id = $1 ORDER BY id",
        int(user_id),
    )
    assert [(row["action"], row["actor_id"], row["detail"]["role"]) for row in audit] == [
        ("staff.grant", me, "reviewer"),
        ("staff.grant", me, "editor"),
        ("staff.revoke", me, "reviewer"),
        ("staff.revoke", me, "editor"),
    ]


@pytest.mark.parametrize("roles", [(), ("reviewer",), ("editor",), ("reviewer", "editor")])
async def test_other_roles_cannot_change_roles(join: Join, roles: tuple[str, ...]) -> None:
    other = join("某人", roles=roles)
    user_id = await id_of(other)
    for method, body in (("PUT", {"roles": ["admin"]}), ("DELETE", None)):
        answer = await other(method, f"/admin/staff/{user_id}", body)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")


async def test_the_error_for_an_unknown_role_contains_its_index(join: Join) -> None:
    admin = join("主管", roles=("admin",))
    answer = await admin("PUT", f"/admin/staff/{await id_of(admin)}", {"roles": ["admin", "king", "queen"]})
    assert answer.status_code == 422
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [
        ("roles[1]", "unknown_value"),
        ("roles[2]", "unknown_value"),
    ]


@pytest.mark.parametrize("user_id", ["1", "x", "99999999999999999999"])
async def test_an_unknown_account_cannot_get_roles(join: Join, user_id: str) -> None:
    answer = await join("主管", roles=("admin",))("PUT", f"/admin/staff/{user_id}", {"roles": ["editor"]})
    assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found")


async def test_the_last_admin_cannot_be_removed(join: Join) -> None:
    first, second = join("一", roles=("admin",)), join("二")
    one, two = await id_of(first), await id_of(second)
    for method, body in (("PUT", {"roles": ["editor"]}), ("DELETE", None)):
        answer = await first(method, f"/admin/staff/{one}", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
    await first("PUT", f"/admin/staff/{two}", {"roles": ["admin"]})
    assert (await first("DELETE", f"/admin/staff/{one}")).status_code == 200
    assert (await second("DELETE", f"/admin/staff/{two}")).json()["code"] == "last_admin"


async def test_two_admins_who_remove_each_other_at_once_leave_one(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    first, second = join("一", roles=("admin",)), join("二", roles=("admin",))
    one, two = await id_of(first), await id_of(second)
    answers = await asyncio.gather(first("DELETE", f"/admin/staff/{two}"), second("DELETE", f"/admin/staff/{one}"))
    assert sorted(answer.status_code for answer in answers) == [200, 403]
    assert await app_state.pool.fetchval("SELECT count(*) FROM staff_rights WHERE revoked_at IS NULL") == 1
