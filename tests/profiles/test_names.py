"""Names at every door: the own profile, a first token, the app's event; who may carry what, and what stays reserved."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from feed.accounts.erasure_store import ERASED_NAME
from feed.api.state import AppState
from feed.profiles.actions import add_missing_name_keys
from feed.settings import Settings
from tests.support.api import Join, Person
from tests.support.app_events import outcome, send

NAMES = ["官方", "宫 方", "讀特", "Аdmin", "深圳特區報记者"]


async def name_of(person: Person) -> str:
    name: str = (await person("GET", "/me")).json()["name"]
    return name


def field_codes(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(each["field"], each["code"]) for each in answer.json()["errors"]]


@pytest.mark.parametrize("name", NAMES)
async def test_a_protected_name_is_given_at_no_door(client: httpx.AsyncClient, join: Join, name: str) -> None:
    first = join(name)
    assert (await name_of(first)).startswith("用户")
    other = join("小明")
    assert await name_of(other) == "小明"
    assert field_codes(await other("PATCH", "/me", {"name": name})) == [("name", "name_reserved")]
    assert outcome(await send(client, "renamed", name=name)) == "applied"
    assert await name_of(other) == "小明"


async def test_the_name_of_staff_is_theirs_in_every_spelling_and_on_all_accounts_of_the_person(join: Join) -> None:
    editor = join("林编辑", roles=("editor",), phone="+8613911110000")
    await editor("GET", "/me")
    stranger, second = join("小明"), join("阿林", phone="+8613911110000")
    for spelling in ("林编辑", "林 编 辑", "林編輯"):
        assert field_codes(await stranger("PATCH", "/me", {"name": spelling})) == [("name", "name_reserved")]
    assert (await second("PATCH", "/me", {"name": "林编辑"})).status_code == 200
    assert (await name_of(Person(stranger._client, token_of(join, "林编缉")))).startswith("用户")
    # Exactly the name: what contains it is another one.
    assert (await stranger("PATCH", "/me", {"name": "林编辑的读者"})).status_code == 200


def token_of(join: Join, name: str) -> str:
    token: str = join(name).headers["authorization"].removeprefix("Bearer ")
    return token


async def test_an_account_with_the_badge_carries_a_name_of_the_paper(join: Join, app_state: AppState) -> None:
    admin, desk, other = join("管", roles=("admin",)), join("读书栏目"), join("小明", roles=("editor",))
    id_ = (await desk("GET", "/me")).json()["id"]
    assert (await other("PUT", f"/admin/badges/{id_}", {})).status_code == 403
    given = await admin("PUT", f"/admin/badges/{id_}", {"badge": "官方"})
    assert given.json() == {"user_id": id_, "badge": "官方"}
    assert (await admin("PUT", f"/admin/badges/{id_}", {"badge": "官方"})).status_code == 200
    assert (await desk("PATCH", "/me", {"name": "深圳特区报编辑部"})).json()["name"] == "深圳特区报编辑部"
    assert (await other("GET", f"/users/{id_}")).json()["badge"] == "官方"
    assert (await admin("DELETE", f"/admin/badges/{id_}")).json() == {"user_id": id_, "badge": None}
    shown = (await other("GET", f"/users/{id_}")).json()
    assert shown["badge"] is None
    assert shown["name"].startswith("用户")
    actions = await app_state.pool.fetch("SELECT action FROM audit WHERE subject_id = $1 ORDER BY id", int(id_))
    assert [row["action"] for row in actions] == ["badge.give", "badge.take"]


async def test_admins_protect_names_and_set_others_free(join: Join, app_state: AppState) -> None:
    admin, user = join("管", roles=("admin",)), join("小明")
    put = (await admin("PUT", "/admin/names", {"name": "晚风读书会"})).json()
    assert (put["name"], put["scope"]) == ("晚风读书会", "contained")
    assert (await admin("PUT", "/admin/names", {"name": "晚风读书会"})).json() == put
    assert field_codes(await user("PATCH", "/me", {"name": "我爱晚 风读书會"})) == [("name", "name_reserved")]
    free = (await admin("PUT", "/admin/names", {"name": "图书管理员", "scope": "free"})).json()
    assert (await user("PATCH", "/me", {"name": "图书管理员小明"})).status_code == 200
    listed = await admin("GET", "/admin/names?limit=1")
    assert [each["id"] for each in listed.json()["items"]] == [free["id"]]
    rest = await admin("GET", f"/admin/names?cursor={listed.json()['next_cursor']}")
    assert [each["id"] for each in rest.json()["items"]] == [put["id"]]
    for _ in range(2):
        last = await admin("DELETE", f"/admin/names/{put['id']}")
    assert (last.status_code, last.json()["code"]) == (404, "reserved_name_not_found")
    assert (await user("PATCH", "/me", {"name": "晚风读书会"})).status_code == 200
    for name in ("官", "★☆", "·"):
        assert field_codes(await admin("PUT", "/admin/names", {"name": name})) == [("name", "too_short")]
    actions = await app_state.pool.fetch("SELECT action FROM audit WHERE subject_kind = 'reserved_name' ORDER BY id")
    assert [row["action"] for row in actions] == ["reserved_name.put"] * 2 + ["reserved_name.remove"]


async def test_the_list_of_names_has_a_bound(join: Join, app_state: AppState, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = join("管", roles=("admin",))
    monkeypatch.setattr("feed.profiles.actions.RESERVED_MOST", 1)
    assert (await admin("PUT", "/admin/names", {"name": "第一"})).status_code == 200
    full = await admin("PUT", "/admin/names", {"name": "第二"})
    assert (full.status_code, full.json()["code"]) == (409, "reserved_names_full")
    assert await app_state.pool.fetchval("SELECT count(*) FROM reserved_names") == 1


async def test_names_need_not_be_unique_by_default(join: Join) -> None:
    first, second = join("小明"), join("小红")
    await first("GET", "/me")
    assert (await second("PATCH", "/me", {"name": "小明"})).json()["name"] == "小明"


class TestUniqueNames:
    """With FEED_UNIQUE_NAMES."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, unique_names=True)

    async def test_a_name_is_one_accounts_at_every_door(self, client: httpx.AsyncClient, join: Join) -> None:
        first, second = join("小明"), join("小红")
        assert [await name_of(first), await name_of(second)] == ["小明", "小红"]
        assert field_codes(await second("PATCH", "/me", {"name": "小 明"})) == [("name", "name_taken")]
        assert outcome(await send(client, "renamed", sub="test:小红", name="小明")) == "applied"
        assert await name_of(second) == "小红"
        assert (await name_of(Person(client, token_of(join, "小·明")))).startswith("用户")

    async def test_two_who_ask_for_a_name_at_once_do_not_both_get_it(self, join: Join) -> None:
        people = [join(f"市民{n}") for n in range(4)]
        for person in people:
            await person("GET", "/me")
        answers = await asyncio.gather(*(person("PATCH", "/me", {"name": "海风"}) for person in people))
        assert sorted(each.status_code for each in answers) == [200, 422, 422, 422]

    async def test_two_first_requests_with_one_name_give_it_once(self, join: Join, app_state: AppState) -> None:
        people = [Person(join("甲")._client, token_of(join, name)) for name in ("海风", "海 风", "海.风", "海-风")]
        names = await asyncio.gather(*map(name_of, people))
        assert sum(not name.startswith("用户") for name in names) == 1
        assert await app_state.pool.fetchval("SELECT count(*) FROM accounts WHERE unique_name_key IS NOT NULL") == 1

    async def test_a_name_that_was_given_up_stays_reserved_for_others(
        self, client: httpx.AsyncClient, join: Join, app_state: AppState
    ) -> None:
        first, second = join("小明"), join("小红")
        await first("GET", "/me")
        await first("PATCH", "/me", {"name": "大明"})
        assert field_codes(await second("PATCH", "/me", {"name": "小明"})) == [("name", "name_taken")]
        assert (await first("PATCH", "/me", {"name": "小明"})).json()["name"] == "小明"
        assert outcome(await send(client, "erased")) == "applied"
        assert field_codes(await second("PATCH", "/me", {"name": "小明"})) == [("name", "name_taken")]
        await app_state.pool.execute("UPDATE former_names SET left_at = left_at - interval '181 days'")
        assert (await second("PATCH", "/me", {"name": "小明"})).json()["name"] == "小明"

    async def test_a_name_from_before_counts_once_its_key_is_there(self, join: Join, app_state: AppState) -> None:
        first, second = join("小明"), join("小红")
        await first("GET", "/me")
        await app_state.pool.execute("UPDATE accounts SET name_key = NULL, unique_name_key = NULL")
        while await add_missing_name_keys(app_state.pool, app_state.keys):
            pass
        assert field_codes(await second("PATCH", "/me", {"name": "小明"})) == [("name", "name_taken")]

    async def test_the_accounts_of_a_person_may_share_a_name(self, join: Join) -> None:
        first, second = join("小明", phone="+8613922220000"), join("小红", phone="+8613922220000")
        await first("GET", "/me")
        await second("GET", "/me")
        answer = await second("PATCH", "/me", {"name": "小明"})
        assert (answer.status_code, answer.json()["name"]) == (200, "小明")


async def test_an_erased_account_leaves_no_name_behind(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    me = join("小明")
    await me("GET", "/me")
    await me("PATCH", "/me", {"name": "夜航船客", "bio": "夜航的船"})
    assert outcome(await send(client, "erased")) == "applied"
    left: list[Any] = []
    for table in ("accounts", "profile_changes", "former_names", "cases", "audit"):
        rows = await app_state.pool.fetch(f"SELECT t::text AS row FROM {table} AS t")
        left += [row["row"] for row in rows if "夜航" in row["row"]]
    assert left == []
    assert await app_state.pool.fetchval("SELECT name FROM accounts WHERE erased_at IS NOT NULL") == ERASED_NAME
    assert await app_state.pool.fetchval("SELECT count(*) FROM cases WHERE state = 'open' AND kind = 'name'") == 0
