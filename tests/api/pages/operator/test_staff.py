"""The page of roles on the wire."""

from feed.api.state import AppState
from tests.api.pages.reviewer.browsing import browser_of, field
from tests.support import make
from tests.support.api import Join


async def test_an_admin_grants_changes_and_revokes_roles_by_forms(app_state: AppState, join: Join) -> None:
    browser = await browser_of(app_state, join("管理", roles=("admin",)))
    user_id = await make.person(app_state.pool)
    await app_state.pool.execute("UPDATE accounts SET name = '<script>x</script>' WHERE id = $1", user_id)

    async def held() -> list[str]:
        rows = await app_state.pool.fetch(
            "SELECT role FROM staff_rights WHERE account_id = $1 AND revoked_at IS NULL ORDER BY role", user_id
        )
        return [row["role"] for row in rows]

    after = await browser.send("/console/staff", {"user_id": f" {user_id} ", "role": ["editor", "reviewer"]})
    assert (after.status_code, await held()) == (200, ["editor", "reviewer"])
    assert "&lt;script&gt;x" in after.text
    assert "<script>x" not in after.text
    await browser.send(f"/console/staff/{user_id}", {"role": ["editor"], "byline": "老编"})
    assert await held() == ["editor"]
    assert 'value="老编"' in (await browser.open("/console/staff")).text
    await browser.send(f"/console/staff/{user_id}", {"byline": ""})
    assert await held() == []
    assert f'id="user-{user_id}"' not in (await browser.open("/console/staff")).text


async def test_what_another_admin_has_changed_meanwhile_stays(app_state: AppState, join: Join) -> None:
    browser = await browser_of(app_state, join("管理", roles=("admin",)))
    user_id = await make.person(app_state.pool, role="editor")
    path = f"/console/staff/{user_id}"

    async def held() -> set[str]:
        rows = await app_state.pool.fetch(
            "SELECT role FROM staff_rights WHERE account_id = $1 AND revoked_at IS NULL", user_id
        )
        return {row["role"] for row in rows}

    read = field(await browser.open("/console/staff"), "basis", within=path)
    # Another admin revokes the role, grants another one, and sets the byline.
    await browser.send(path, {"basis": read, "role": ["reviewer"], "byline": "老编"})
    assert await held() == {"reviewer"}
    # The page that still shows the editor changes only what is changed there.
    await browser.send(path, {"basis": read, "role": ["editor", "admin"], "byline": ""})
    assert await held() == {"reviewer", "admin"}
    assert 'value="老编"' in (await browser.open("/console/staff")).text
    # Granting one more takes none away.
    await browser.send("/console/staff", {"user_id": str(user_id), "role": "editor"})
    assert await held() == {"reviewer", "admin", "editor"}


async def test_what_cannot_be_granted_is_said_beside_the_form(app_state: AppState, join: Join) -> None:
    admin = join("管理", roles=("admin",))
    browser = await browser_of(app_state, admin)
    own = (await admin("GET", "/me")).json()["id"]
    for fields, status in (
        ({"user_id": "<b>", "role": "editor"}, 422),
        ({"user_id": own}, 422),
        ({"user_id": "1", "role": "editor"}, 404),
        ({"user_id": "1", "role": "king"}, 422),
    ):
        page = await browser.send("/console/staff", fields)
        assert (page.status_code, 'class="problem"' in page.text) == (status, True), fields
        assert "<b>" not in page.text
    last = await browser.send(f"/console/staff/{own}", {"role": "editor"})
    assert (last.status_code, "至少要保留一位管理员" in last.text) == (409, True)


async def test_staff_are_listed_page_by_page_with_their_roles(app_state: AppState, join: Join) -> None:
    admin = join("管理", roles=("admin",))
    await admin("GET", "/me")
    ids = [await make.person(app_state.pool, role="editor") for _ in range(2)]
    first = (await admin("GET", "/admin/staff?limit=1")).json()
    assert (first["items"][0]["user_id"], first["items"][0]["roles"]) == (str(max(ids)), ["editor"])
    rest = (await admin("GET", f"/admin/staff?limit=50&cursor={first['next_cursor']}")).json()
    assert str(min(ids)) in [each["user_id"] for each in rest["items"]]
    assert rest["next_cursor"] is None
