"""Endpoints of the viewer's own profile and inbox."""

import httpx
import pytest

from feed.api.state import AppState
from feed.inbox import store
from feed.inbox.model import NewNotification, NotificationKind
from feed.postgres import transaction
from tests.support.api import Join, Person


async def notify(app_state: AppState, person: Person, count: int, kind: NotificationKind = "system") -> str:
    """Adds notifications to the inbox of a person; returns the account's id."""
    account_id = (await person("GET", "/me")).json()["id"]
    async with transaction(app_state.pool) as conn:
        await store.add_notifications(
            conn,
            [
                NewNotification(int(account_id), kind, "prize.codes", {"campaign": f"{kind} {n}"}, f"{kind}:{n}")
                for n in range(count)
            ],
        )
    return str(account_id)


async def test_the_own_profile_has_a_masked_phone(app_state: AppState, join: Join) -> None:
    me = (await join("小明", phone="+8613800138000")("GET", "/me")).json()
    assert (me["name"], me["phone_masked"], me["verified"]) == ("小明", "138****8000", True)
    assert (me["roles"], me["unread_count"]) == ([], 0)
    stranger = (await join("无号", phone=None)("GET", "/me")).json()
    assert (stranger["phone_masked"], stranger["verified"]) == (None, False)
    assert (await join("编辑", roles=("editor",))("GET", "/me")).json()["roles"] == ["editor"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/me"), ("GET", "/me/inbox"), ("POST", "/me/inbox/read")])
async def test_the_inbox_needs_authentication(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path, json={"until_id": "1"} if method == "POST" else None)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_the_inbox_is_paged_filtered_and_marked_as_read_up_to_an_id(app_state: AppState, join: Join) -> None:
    person, other = join("小明"), join("小红")
    await notify(app_state, person, 3)
    await notify(app_state, person, 2, "prize")
    await notify(app_state, other, 1)

    first = (await person("GET", "/me/inbox?limit=3")).json()
    rest = (await person("GET", f"/me/inbox?limit=3&cursor={first['next_cursor']}")).json()
    items = first["items"] + rest["items"]
    assert [each["kind"] for each in items] == ["prize"] * 2 + ["system"] * 3
    assert rest["next_cursor"] is None
    assert not any(each["read"] for each in items)
    assert len((await person("GET", "/me/inbox?kind=prize")).json()["items"]) == 2

    answer = await person("POST", "/me/inbox/read", {"until_id": items[1]["id"]})
    assert answer.json() == {"unread_count": 1}
    assert (await person("POST", "/me/inbox/read", {"until_id": items[1]["id"]})).json() == {"unread_count": 1}
    assert (await person("GET", "/me")).json()["unread_count"] == 1
    assert [each["read"] for each in (await person("GET", "/me/inbox")).json()["items"]] == [
        False,
        True,
        True,
        True,
        True,
    ]
    assert (await other("GET", "/me")).json()["unread_count"] == 1


async def test_invalid_inbox_requests_are_rejected(app_state: AppState, join: Join) -> None:
    person, other = join("小明"), join("小红")
    await notify(app_state, person, 2)
    cursor = (await person("GET", "/me/inbox?limit=1")).json()["next_cursor"]
    for path, status, code in (
        ("/me/inbox?kind=nonsense", 422, "invalid"),
        ("/me/inbox?limit=0", 422, "invalid"),
        (f"/me/inbox?cursor={cursor}x", 400, "cursor_invalid"),
        (f"/me/inbox?kind=prize&cursor={cursor}", 400, "cursor_invalid"),
    ):
        answer = await person("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
    assert (await other("GET", f"/me/inbox?cursor={cursor}")).status_code == 400
    for until_id in ("x", "", "0", "9" * 30):
        assert (await person("POST", "/me/inbox/read", {"until_id": until_id})).status_code == 422
    assert (await person("POST", "/me/inbox/read", {"until_id": 5})).status_code == 422


async def test_the_inbox_speaks_the_language_of_its_reader(app_state: AppState, join: Join) -> None:
    person = join("小明")
    await notify(app_state, person, 1, "prize")
    for header, language, title in (
        ("", "zh-CN", "你的奖品码可以查看了"),
        ("en", "en", "Your prize codes are ready"),
        ("fr, en;q=0.5", "en", "Your prize codes are ready"),
        ("zh-TW, en;q=0.9", "zh-CN", "你的奖品码可以查看了"),
    ):
        answer = await person("GET", "/me/inbox", headers={"accept-language": header})
        assert [each["title"] for each in answer.json()["items"]] == [title]
        assert answer.headers["content-language"] == language
        assert "accept-language" in answer.headers["vary"].lower()


async def test_notifications_of_an_earlier_version_keep_their_text(app_state: AppState, join: Join) -> None:
    person = join("小明")
    account_id = int((await person("GET", "/me")).json()["id"])
    gone = int((await join("小红")("GET", "/me")).json()["id"])
    stays = int((await join("小刚")("GET", "/me")).json()["id"])
    await app_state.pool.execute(
        """
        INSERT INTO inbox (account_id, kind, title, body, once_key, subject)
        VALUES ($1, 'system', '活动已取消', '原因：场地停用。', 'a', '{}'), ($1, 'like', '“小红”等 2 人赞了你的动态', '“小红”、“小刚”', 'b', $2)
        """,
        account_id,
        {"count": 2, "user_ids": [str(gone), str(stays)], "names": ["小红", "小刚"]},
    )

    async def texts(language: str) -> list[tuple[str, str]]:
        items = (await person("GET", "/me/inbox", headers={"accept-language": language})).json()["items"]
        return [(each["title"], each["body"]) for each in items]

    for language in ("zh-CN", "en"):
        assert await texts(language) == [
            ("“小红”等 2 人赞了你的动态", "“小红”、“小刚”"),
            ("活动已取消", "原因：场地停用。"),
        ]
    # A name that may not be shown any more takes the sentence with it.
    assert (await person("PUT", f"/users/{gone}/block")).status_code == 200
    assert (await texts("zh-CN"))[0] == ("“小刚”等2人赞了你的动态", "“小刚”等2人")
    assert (await texts("en"))[0][0] == "“小刚” and 1 other liked your post"
