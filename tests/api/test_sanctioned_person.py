"""A sanction is imposed on one account and applies to all accounts of the person, in every operation."""

from typing import Any

import httpx
import msgspec
import pytest

from feed.api.state import AppState
from feed.screens.staff.pushes import list_bodies
from feed.settings import Settings
from tests.support import make, make_media
from tests.support.api import Join, Person


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """People without a phone may write here: what is tested is how they count."""
    return msgspec.structs.replace(settings, require_phone=False)


PHONE, OTHER_PHONE = "+8613900000001", "+8613900000002"
KINDS = ("ban", "mute")
# The error codes under a ban and under a mute; None if the operation is allowed.
WRITES = ("banned", "muted")
LIKES = ("banned", None)
OPERATIONS: dict[str, tuple[str, str, dict[str, Any] | None, tuple[str, str | None]]] = {
    "publish_post": ("POST", "/posts", {"text": "读书"}, WRITES),
    "edit_post": ("PATCH", "/posts/{own}", {"text": "改过"}, WRITES),
    "add_comment": ("POST", "/posts/{post}/comments", {"text": "好"}, WRITES),
    "like_post": ("PUT", "/posts/{post}/like", None, LIKES),
    "unlike_post": ("DELETE", "/posts/{post}/like", None, LIKES),
    "like_comment": ("PUT", "/comments/{comment}/like", None, LIKES),
    "unlike_comment": ("DELETE", "/comments/{comment}/like", None, LIKES),
    "edit_comment": ("PATCH", "/comments/{own_comment}", {"text": "改过"}, WRITES),
    # Of a muted person a report is accepted, and hides nothing.
    "report_target": ("POST", "/reports", None, LIKES),
    "change_me": ("PATCH", "/me", {"bio": "爱读书"}, WRITES),
    "upload_media": ("POST", "/media", None, WRITES),
    "begin_upload": (
        "POST",
        "/media/uploads",
        {"kind": "image", "content_type": "image/jpeg", "bytes": 1000, "sha256": "00" * 32},
        WRITES,
    ),
    "change_media": ("PATCH", "/media/{photo}", {"alt": "一本书"}, WRITES),
}
# A form with a photo: its type, and its bytes.
_FORM = (
    "multipart/form-data; boundary=edge",
    b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n\xff\xd8\xff\xe0\x00\x10JFIF\x00\r\n--edge--\r\n',
)
# What only the two accounts of the scene can do: they have something to edit.
EDITS = ("edit_post", "edit_comment")


class Scene:
    """A person with two accounts, and a post and a comment of another."""

    def __init__(self, app_state: AppState, join: Join) -> None:
        self.app_state = app_state
        self.join = join
        self.first = join("小明", phone=PHONE)
        self.second = join("明明", phone=PHONE)
        self.reviewer = join("审核", roles=("reviewer",))

    async def begin(self) -> "Scene":
        other = self.join("小红")
        self.post = (await other("POST", "/posts", {"text": "一条"})).json()["id"]
        self.comment = (await other("POST", f"/posts/{self.post}/comments", {"text": "好"})).json()["id"]
        self.own = {
            person: (await person("POST", "/posts", {"text": "自己的"})).json()["id"]
            for person in (self.first, self.second)
        }
        self.own_comments = {
            person: (await person("POST", f"/posts/{self.post}/comments", {"text": "自己的"})).json()["id"]
            for person in (self.first, self.second)
        }
        self.other = int((await other("GET", "/me")).json()["id"])
        return self

    async def unreported(self) -> str:
        """A post that no person has reported: a second report of one is another error."""
        return str(await make.post(self.app_state.pool, self.other))

    async def codes(self, person: Person) -> dict[str, str | None]:
        """The error code of each operation, or None."""
        found: dict[str, str | None] = {}
        own = self.own.get(person, self.post)
        for operation, (method, path, body, _) in OPERATIONS.items():
            if operation in EDITS and person not in self.own:
                continue
            if operation == "report_target":
                body = {"target": {"kind": "post", "id": await self.unreported()}, "reason_code": "spam"}
            mine = self.own_comments.get(person, self.comment)
            photo = await make_media.medium(self.app_state.pool, await id_of(person)) if "{photo}" in path else None
            url = path.format(post=self.post, comment=self.comment, own=own, own_comment=mine, photo=photo)
            if operation == "upload_media":
                content_type, form = _FORM
                answer = await person(method, url, headers={"content-type": content_type}, content=form)
            else:
                answer = await person(method, url, body)
            found[operation] = None if answer.status_code < 300 else answer.json()["code"]
        return found

    async def sanction(self, person: Person, kind: str) -> None:
        answer = await self.reviewer("PUT", await self.path(person), {"kind": kind, "reason_code": "spam"})
        assert answer.status_code == 200, answer.text

    async def lift(self, person: Person) -> None:
        assert (await self.reviewer("DELETE", await self.path(person))).status_code == 204

    async def path(self, person: Person) -> str:
        return f"/moderation/users/{await id_of(person)}/sanction"


async def id_of(person: Person) -> int:
    return int((await person("GET", "/me")).json()["id"])


@pytest.fixture
async def scene(app_state: AppState, join: Join) -> Scene:
    return await Scene(app_state, join).begin()


def expected(kind: str) -> dict[str, str | None]:
    return {operation: codes[KINDS.index(kind)] for operation, (*_, codes) in OPERATIONS.items()}


async def test_every_operation_with_a_sanction_error_is_covered(client: httpx.AsyncClient) -> None:
    document = (await client.get("http://feed.test/openapi.json")).json()
    knows = {
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
        and {"banned", "muted"} & (codes := set(operation["responses"].get("403", {}).get("x-codes", ())))
        # Staff operations: tests/api/test_guards.py.
        and "role_missing" not in codes
    }
    assert knows == OPERATIONS.keys()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_sanction_applies_to_each_account_of_the_person(scene: Scene, kind: str) -> None:
    assert set((await scene.codes(scene.second)).values()) == {None}
    await scene.sanction(scene.first, kind)
    assert await scene.codes(scene.first) == expected(kind)
    assert await scene.codes(scene.second) == expected(kind)
    for person in (scene.first, scene.second):
        own = (await person("GET", f"/posts/{scene.own[person]}")).json()["viewer"]
        assert own == {"can_edit": False, "can_delete": True, "can_comment": False}
        page = (await person("GET", "/feeds/latest")).json()["items"]
        assert {card["viewer"]["can_comment"] for card in page} == {False}


@pytest.mark.parametrize("kind", KINDS)
async def test_another_account_does_not_circumvent_a_sanction(scene: Scene, kind: str) -> None:
    await scene.sanction(scene.first, kind)
    wanted = expected(kind) | dict.fromkeys(EDITS)
    # An account that is new, and one whose phone is verified later.
    new = scene.join("新来的", phone=PHONE)
    assert await scene.codes(new) | dict.fromkeys(EDITS) == wanted
    unverified = scene.join("没手机", phone=None)
    assert set((await scene.codes(unverified)).values()) == {None}
    verified = scene.join("没手机", phone=PHONE)
    assert await scene.codes(verified) | dict.fromkeys(EDITS) == wanted


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("through", ["first", "second"])
async def test_lifting_through_any_account_ends_the_sanction_of_the_person(
    scene: Scene, kind: str, through: str
) -> None:
    await scene.sanction(scene.first, kind)
    await scene.sanction(scene.second, kind)
    await scene.lift(getattr(scene, through))
    for person in (scene.first, scene.second):
        assert set((await scene.codes(person)).values()) == {None}
    assert await scene.app_state.pool.fetchval("SELECT count(*) FROM sanctions WHERE lifted_at IS NULL") == 0


async def test_the_sanction_of_an_erased_account_holds_and_is_lifted_through_another(scene: Scene) -> None:
    first = await id_of(scene.first)
    await scene.sanction(scene.first, "ban")
    await scene.app_state.pool.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", first)
    assert await scene.codes(scene.second) == expected("ban")
    messages = "SELECT count(*) FROM inbox WHERE account_id = $1"
    before = await scene.app_state.pool.fetchval(messages, first)
    await scene.lift(scene.second)
    assert set((await scene.codes(scene.second)).values()) == {None}
    assert await scene.app_state.pool.fetchval(messages, first) == before


async def test_an_erased_account_is_no_sanction(scene: Scene) -> None:
    await scene.app_state.pool.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", await id_of(scene.first))
    assert set((await scene.codes(scene.second)).values()) == {None}


async def test_people_without_a_phone_are_not_one_person(scene: Scene) -> None:
    one, other = scene.join("甲", phone=None), scene.join("乙", phone=None)
    await scene.sanction(one, "ban")
    assert (await scene.codes(one))["like_post"] == "banned"
    assert set((await scene.codes(other)).values()) == {None}


async def test_a_banned_person_gets_no_push_on_any_account(scene: Scene) -> None:
    pool = scene.app_state.pool
    second = await id_of(scene.second)
    message = await pool.fetchval(
        """
        INSERT INTO inbox (account_id, kind, title, body, once_key) VALUES ($1, 'system', 't', 'b', 'k') RETURNING id
        """,
        second,
    )
    async with pool.acquire() as conn:
        assert list(await list_bodies(conn, [message])) == [message]
        await make.ban(conn, await id_of(scene.first))
        assert await list_bodies(conn, [message]) == {}


async def test_who_may_impose_a_sanction_is_decided_by_person(scene: Scene, join: Join) -> None:
    """A second account of the reviewer is an own subject, and a second account of staff is protected."""
    mine = join("审核小号", phone=OTHER_PHONE)
    reviewer = join("审核二", roles=("reviewer",), phone=OTHER_PHONE)
    body = {"kind": "ban", "reason_code": "spam"}
    await id_of(mine), await id_of(reviewer)
    own = await reviewer("PUT", await scene.path(mine), body)
    assert (own.status_code, own.json()["code"]) == (403, "own_subject")
    protected = await scene.reviewer("PUT", await scene.path(mine), body)
    assert (protected.status_code, protected.json()["code"]) == (403, "staff_protected")
    admin = join("管理员", roles=("admin",))
    assert (await admin("PUT", await scene.path(mine), body)).status_code == 200
