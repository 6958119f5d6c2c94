"""Roles that tokens name: which count, and that none returns which was revoked since the token was issued."""

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from feed.accounts import roles
from feed.accounts.model import AccountId, Role
from feed.api.state import AppState, build_app_state
from feed.auth.tokens import SKEW_SECONDS
from feed.postgres import transaction
from feed.settings import Settings
from tests.support.api import Join, Person
from tests.support.app import app_over
from tests.support.issuer import AUDIENCE, NAME, Issuer, issuing

PHONE: dict[str, Any] = {"phone_number": "+8613800138000", "phone_number_verified": True}


@pytest.fixture
async def other_process(app_state: AppState) -> AsyncIterator[httpx.AsyncClient]:
    """A process that has not seen any token yet."""
    fresh = build_app_state(app_state.settings, app_state.pool, app_state.redis, app_state.keys)
    transport = httpx.ASGITransport(app=app_over(fresh), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1") as opened:
        yield opened


async def roles_of(person: Person) -> list[str]:
    roles: list[str] = (await person("GET", "/me")).json()["roles"]
    return roles


async def id_of(person: Person) -> str:
    user_id: str = (await person("GET", "/me")).json()["id"]
    return user_id


async def changes_of(app_state: AppState, user_id: str) -> list[tuple[str, str, str | None]]:
    rows = await app_state.pool.fetch(
        "SELECT action, detail FROM audit WHERE subject_kind = 'account' AND subject_id = $1 ORDER BY id", int(user_id)
    )
    return [(row["action"], row["detail"]["role"], row["detail"].get("by")) for row in rows]


async def pass_time(app_state: AppState, seconds: int) -> None:
    """Dates what happened to rights back."""
    await app_state.pool.execute(
        """
        UPDATE staff_rights
        SET granted_at = granted_at - make_interval(secs => $1), revoked_at = revoked_at - make_interval(secs => $1)
        """,
        seconds,
    )


class TestOwnTokens:
    async def test_their_roles_count_in_embedded_mode_and_do_not_return(
        self, join: Join, app_state: AppState, other_process: httpx.AsyncClient
    ) -> None:
        admin, editor = join("主管", roles=("admin",)), join("编辑", roles=("editor",))
        user_id = await id_of(editor)
        assert (await editor("GET", "/admin/campaigns")).status_code == 200
        assert (await admin("DELETE", f"/admin/staff/{user_id}")).status_code == 200
        there = Person(other_process, editor.headers["authorization"].removeprefix("Bearer "))
        for person in (editor, there):
            assert (await person("GET", "/admin/campaigns")).status_code == 403
            assert await roles_of(person) == []
        assert await changes_of(app_state, user_id) == [
            ("staff.grant", "editor", "token"),
            ("staff.revoke", "editor", None),
        ]
        # A later token names it again.
        await pass_time(app_state, 10)
        later = join("编辑", roles=("editor",), phone=None)
        assert (await later("GET", "/admin/campaigns")).status_code == 200

    async def test_a_second_account_of_the_person_does_not_bring_it_back(self, join: Join, app_state: AppState) -> None:
        admin, editor = join("主管", roles=("admin",)), join("编辑", roles=("editor",), phone="+8613800138000")
        second = join("小号", roles=("editor",), phone="+8613800138000")
        await admin("DELETE", f"/admin/staff/{await id_of(editor)}")
        assert await roles_of(second) == []


class TestOutsideOfEmbeddedMode:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, embedded=False)

    @pytest.mark.parametrize("role", ["reviewer", "editor", "admin"])
    async def test_roles_in_own_tokens_count_for_nothing(self, join: Join, app_state: AppState, role: Role) -> None:
        person = join("自封", roles=(role,))
        assert await roles_of(person) == []
        assert (await person("GET", "/moderation/cases")).status_code == 403
        assert await app_state.pool.fetchval("SELECT count(*) FROM staff_rights") == 0
        # A right that was granted here is not ended by a token without roles.
        await app_state.pool.execute(
            "INSERT INTO staff_rights (account_id, role) VALUES ($1, $2)", int(await id_of(person)), role
        )
        assert await roles_of(join("自封", phone=None)) == [role]


class TestClaimOfTheApp:
    @pytest.fixture
    async def issuer(self) -> AsyncIterator[Issuer]:
        async with issuing("EC") as running:
            yield running

    @pytest.fixture
    def settings(self, settings: Settings, issuer: Issuer) -> Settings:
        return msgspec.structs.replace(
            settings, jwks_url=issuer.url, jwt_issuer=NAME, jwt_audience=AUDIENCE, roles_claim="community_roles"
        )

    @pytest.fixture
    def admin(self, join: Join) -> Person:
        return join("主管", roles=("admin",))

    def token(self, issuer: Issuer, *roles: str, sub: str = "u1", ago: float = 0, **more: Any) -> str:
        return issuer.token(sub, community_roles=list(roles), **{"iat": int(time.time() - ago)} | more)

    async def test_a_dismissed_editor_does_not_come_back_with_an_earlier_token(
        self,
        client: httpx.AsyncClient,
        other_process: httpx.AsyncClient,
        issuer: Issuer,
        admin: Person,
        app_state: AppState,
    ) -> None:
        token = self.token(issuer, "editor")
        editor, there = Person(client, token), Person(other_process, token)
        user_id = await id_of(editor)
        assert (await editor("GET", "/admin/campaigns")).status_code == 200
        await admin("DELETE", f"/admin/staff/{user_id}")
        for person in (editor, there):
            assert (await person("GET", "/admin/campaigns")).status_code == 403
        # Nor with one that the app's fast clock seems to have issued after it, or without a time, or with an impossible one.
        now = int(time.time())
        for issued_at in (now + SKEW_SECONDS - 5, None, now + 3600, now * 1000, True, "now", -5):
            again = Person(client, self.token(issuer, "editor", iat=issued_at))
            assert await roles_of(again) == [], issued_at
        # What the app says well after the dismissal counts.
        await pass_time(app_state, SKEW_SECONDS + 10)
        later = Person(client, self.token(issuer, "editor", exp=now + 700))
        assert (await later("GET", "/admin/campaigns")).status_code == 200
        assert await changes_of(app_state, user_id) == [
            ("staff.grant", "editor", "app"),
            ("staff.revoke", "editor", None),
            ("staff.grant", "editor", "app"),
        ]

    async def test_nor_with_another_role_of_an_earlier_token(
        self, client: httpx.AsyncClient, issuer: Issuer, admin: Person
    ) -> None:
        earlier = self.token(issuer, "admin", "editor", "reviewer")
        editor = Person(client, self.token(issuer, "editor", ago=5))
        assert await roles_of(editor) == ["editor"]
        await admin("DELETE", f"/admin/staff/{await id_of(editor)}")
        assert await roles_of(Person(client, earlier)) == []

    async def test_the_dismissal_holds_for_other_accounts_of_the_person(
        self, client: httpx.AsyncClient, issuer: Issuer, admin: Person
    ) -> None:
        editor = Person(client, self.token(issuer, "editor", **PHONE))
        await admin("DELETE", f"/admin/staff/{await id_of(editor)}")
        assert await roles_of(Person(client, self.token(issuer, "editor", sub="u2", **PHONE))) == []
        assert await roles_of(Person(client, self.token(issuer, "editor", sub="u3"))) == ["editor"]

    async def test_of_two_tokens_the_later_one_counts_in_any_order(
        self, client: httpx.AsyncClient, issuer: Issuer, app_state: AppState
    ) -> None:
        first, second = self.token(issuer, "editor", ago=300), self.token(issuer, "reviewer", ago=200)
        third = self.token(issuer, "editor", ago=100)
        without_time = self.token(issuer, iat=None)
        assert await roles_of(Person(client, first)) == ["editor"]
        assert await roles_of(Person(client, second)) == ["reviewer"]
        assert await roles_of(Person(client, first)) == ["reviewer"]
        assert await roles_of(Person(client, third)) == ["editor"]
        for late in (self.token(issuer, "editor", ago=301), self.token(issuer, "reviewer", ago=201), without_time):
            assert await roles_of(Person(client, late)) == ["editor"]
        user_id = await id_of(Person(client, third))
        assert await changes_of(app_state, user_id) == [
            ("staff.grant", "editor", "app"),
            ("staff.grant", "reviewer", "app"),
            ("staff.revoke", "editor", "app"),
            ("staff.grant", "editor", "app"),
            ("staff.revoke", "reviewer", "app"),
        ]

    async def test_without_times_a_role_counts_until_it_is_revoked(
        self, client: httpx.AsyncClient, issuer: Issuer, app_state: AppState
    ) -> None:
        named, later = self.token(issuer, "editor", iat=None), self.token(issuer, iat=None)
        assert await roles_of(Person(client, named)) == ["editor"]
        assert await roles_of(Person(client, later)) == []
        await pass_time(app_state, 3600)
        assert await roles_of(Person(client, self.token(issuer, "editor", iat=None, exp=int(time.time()) + 700))) == []


def test_only_the_module_that_audits_changes_of_roles_makes_them() -> None:
    changes = re.compile(r"\b(grant_role|grant_named_role|revoke_role|revoke_unnamed_roles|revoke_all_roles)\(")
    found = {str(path) for path in Path("feed").rglob("*.py") if changes.search(path.read_text("utf-8"))}
    assert found == {"feed/accounts/store.py", "feed/accounts/roles.py"}


async def test_operators_and_erasures_are_audited(app_state: AppState, join: Join) -> None:
    user_id = AccountId(int(await id_of(join("小林"))))
    async with transaction(app_state.pool) as conn:
        for revoke in (False, False, True, True):
            await roles.change_role_by_hand(conn, user_id, "editor", revoke=revoke)
        await roles.change_role_by_hand(conn, user_id, "reviewer", revoke=False)
        await roles.revoke_roles_of_erased(conn, user_id)
    assert await changes_of(app_state, str(user_id)) == [
        ("staff.grant", "editor", "operator"),
        ("staff.revoke", "editor", "operator"),
        ("staff.grant", "reviewer", "operator"),
        ("staff.revoke", "reviewer", "erasure"),
    ]
