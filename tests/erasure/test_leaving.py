"""The deletion of an account by its owner: hidden at once, taken back exactly, or carried out."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from feed.accounts import sign_in
from feed.api.state import AppState
from feed.erasure.actions import follow_next_departure
from feed.keys.store import Keys
from feed.postgres import Pool
from tests.support import erasing, make
from tests.support.api import Join, Person
from tests.support.app_events import outcome, send
from tests.support.notifications import Town
from tests.support.sms import newest_code

PHONE = "+8613900002222"


class Scene:
    """An author with posts and comments, and a reader."""

    def __init__(self, app_state: AppState, join: Join) -> None:
        self.pool, self.keys = app_state.pool, app_state.keys
        self.author, self.reader = join("作者甲"), join("读者乙")
        self.ids: dict[str, str] = {}

    async def begin(self) -> "Scene":
        self.ids["author"] = (await self.author("GET", "/me")).json()["id"]
        await self.author("PATCH", "/me", {"bio": "简介"})
        self.ids["post"] = (await self.author("POST", "/posts", {"text": "一篇 #读书#"})).json()["id"]
        self.ids["theirs"] = (await self.reader("POST", "/posts", {"text": "别人的"})).json()["id"]
        comment = await self.author("POST", f"/posts/{self.ids['theirs']}/comments", {"text": "评论"})
        self.ids["comment"] = comment.json()["id"]
        await self.reader("PUT", f"/posts/{self.ids['post']}/like")
        await self.author("PUT", f"/posts/{self.ids['theirs']}/like")
        return self

    async def seen(self) -> dict[str, Any]:
        """What the reader sees of the author."""
        ids = self.ids
        found: dict[str, Any] = {}
        for name, path in {
            "profile": f"/users/{ids['author']}",
            "their posts": f"/users/{ids['author']}/posts",
            "post": f"/posts/{ids['post']}",
            "topic": "/topics/读书",
            "comments": f"/posts/{ids['theirs']}/comments",
            "theirs": f"/posts/{ids['theirs']}",
        }.items():
            answer = await self.reader("GET", path)
            found[name] = (answer.status_code, answer.json())
        rows = await self.pool.fetch(
            "SELECT id, name, bio, avatar_url, badge, post_count, leaving_at FROM accounts ORDER BY id"
        )
        found["accounts"] = [tuple(row) for row in rows]
        found["stats"] = [
            tuple(row)
            for row in await self.pool.fetch(
                "SELECT post_id, like_count, own_like_count, comment_count, own_comment_count FROM post_stats ORDER BY post_id"
            )
        ]
        found["topics"] = await self.pool.fetchval("SELECT count(*) FROM topic_posts")
        return found

    async def work(self) -> None:
        """What the worker does, as if the time of grace were over."""
        for _ in range(2):
            while await follow_next_departure(self.pool, self.keys):
                pass
            await self.pool.execute("UPDATE departures SET asked_at = asked_at - interval '11 seconds'")
            await self.pool.execute("UPDATE departures SET next_at = now() WHERE step <> 'hidden' OR erase_at <= now()")


@pytest.fixture
async def scene(client: httpx.AsyncClient, app_state: AppState, join: Join) -> Scene:
    return await Scene(app_state, join).begin()


async def test_a_deletion_hides_everything_at_once_and_is_taken_back_exactly(scene: Scene) -> None:
    before = await scene.seen()
    asked = await scene.author("DELETE", "/me")
    assert asked.status_code == 202
    erased_at = datetime.fromisoformat(asked.json()["erased_at"])
    assert timedelta(days=15) - (erased_at - make.now()) < timedelta(minutes=1)
    assert {each["kind"] for each in asked.json()["kept"]} >= {"access_logs", "prize_records", "sanctions"}
    # No worker has run.
    hidden = await scene.seen()
    assert [hidden[name][0] for name in ("profile", "their posts", "post")] == [404, 404, 404]
    assert "作者甲" not in str(hidden)
    assert "评论" not in str(hidden["comments"])
    assert (hidden["comments"][1]["items"], hidden["theirs"][1]["comment_count"], hidden["topics"]) == ([], 0, 0)

    # The owner reads, and writes nothing.
    me = (await scene.author("GET", "/me")).json()
    assert (me["name"], me["bio"], datetime.fromisoformat(me["erased_at"])) == ("作者甲", "简介", erased_at)
    theirs = scene.ids["theirs"]
    for method, path, body in (
        ("POST", "/posts", {"text": "再写"}),
        ("POST", f"/posts/{theirs}/comments", {"text": "再写"}),
        ("PUT", f"/posts/{theirs}/like", None),
        ("DELETE", f"/posts/{theirs}/like", None),
        ("PATCH", f"/posts/{scene.ids['post']}", {"text": "改写"}),
        ("PATCH", f"/comments/{scene.ids['comment']}", {"text": "改写"}),
        ("POST", "/reports", {"target": {"kind": "post", "id": theirs}, "reason_code": "spam"}),
        ("PATCH", "/me", {"name": "新名"}),
    ):
        answer = await scene.author(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "account_leaving"), path

    await scene.work()
    restored = await scene.author("POST", "/me/restore")
    assert (restored.status_code, restored.json()["erased_at"], restored.json()["name"]) == (200, None, "作者甲")
    assert await scene.seen() == before
    await scene.work()
    assert await scene.seen() == before
    assert await scene.pool.fetchval("SELECT count(*) FROM departures") == 0
    assert (await scene.author("POST", "/posts", {"text": "又来了"})).status_code == 201


async def test_notices_of_others_do_not_name_an_account_that_leaves(scene: Scene) -> None:
    theirs = scene.ids["theirs"]
    await Town(scene.pool).follow()
    before = (await scene.reader("GET", "/me/inbox")).json()["items"]
    assert {each["kind"] for each in before} == {"like", "comment"}
    assert "作者甲" in str(before)
    await scene.author("DELETE", "/me")
    during = (await scene.reader("GET", "/me/inbox")).json()["items"]
    assert "作者甲" not in str(during)
    likers = (await scene.reader("GET", f"/posts/{theirs}/likes")).json()["items"]
    assert [each["user"]["name"] for each in likers] == ["已注销用户"]
    await scene.author("POST", "/me/restore")
    assert (await scene.reader("GET", "/me/inbox")).json()["items"] == before


async def test_a_repeated_deletion_and_a_repeated_return_change_nothing(scene: Scene) -> None:
    first = (await scene.author("DELETE", "/me")).json()
    again = await scene.author("DELETE", "/me")
    assert (again.status_code, again.json()) == (202, first)
    for _ in range(2):
        assert (await scene.author("POST", "/me/restore")).status_code == 200
    second = (await scene.author("DELETE", "/me")).json()
    assert second["erased_at"] > first["erased_at"]
    actions = await scene.pool.fetch("SELECT action FROM audit WHERE action LIKE 'account.%' ORDER BY id")
    assert [row["action"] for row in actions] == [
        "account.request_deletion",
        "account.take_back_deletion",
        "account.request_deletion",
    ]


async def test_what_something_else_has_hidden_stays_hidden_after_a_return(scene: Scene, join: Join) -> None:
    await scene.author("DELETE", "/me")
    await scene.pool.execute("UPDATE posts SET holds = holds | 2 WHERE id = $1", int(scene.ids["post"]))
    await scene.author("POST", "/me/restore")
    assert (await scene.reader("GET", f"/posts/{scene.ids['post']}")).status_code == 404
    assert (await scene.reader("GET", f"/users/{scene.ids['author']}")).status_code == 200


async def test_a_deletion_that_is_not_taken_back_erases_everything(scene: Scene) -> None:
    await scene.author("DELETE", "/me")
    await scene.work()
    await scene.pool.execute("UPDATE departures SET erase_at = now(), next_at = now()")
    await scene.work()
    assert (await scene.author("POST", "/me/restore")).status_code in (401, 404)
    await erasing.erase_rest(scene.pool, scene.keys)
    row = await scene.pool.fetchrow(
        "SELECT name, phone_sealed, erased_at IS NOT NULL, content_erased_at IS NOT NULL FROM accounts WHERE id = $1",
        int(scene.ids["author"]),
    )
    assert tuple(row or ()) == ("已注销用户", None, True, True)
    assert await scene.pool.fetchval("SELECT count(*) FROM departures") == 0
    assert await scene.pool.fetchval("SELECT text FROM comments WHERE id = $1", int(scene.ids["comment"])) == ""


async def test_the_app_may_erase_and_rename_an_account_that_leaves(client: httpx.AsyncClient, scene: Scene) -> None:
    await scene.author("DELETE", "/me")
    assert outcome(await send(client, "renamed", "test:作者甲", name="改名")) == "applied"
    assert (await scene.author("GET", "/me")).json()["name"] == "改名"
    assert await scene.pool.fetchval("SELECT count(*) FROM accounts WHERE name = '改名'") == 0
    assert outcome(await send(client, "erased", "test:作者甲")) == "applied"
    assert await scene.pool.fetchval("SELECT count(*) FROM departures") == 0
    await erasing.erase_rest(scene.pool, scene.keys)
    assert await scene.pool.fetchval(
        "SELECT content_erased_at IS NOT NULL FROM accounts WHERE id = $1", int(scene.ids["author"])
    )


async def test_staff_cannot_delete_their_account(scene: Scene) -> None:
    await make.staff(scene.pool, int(scene.ids["author"]), role="reviewer")
    answer = await scene.author("DELETE", "/me")
    assert (answer.status_code, answer.json()["code"]) == (409, "staff_cannot_leave")
    assert (await scene.reader("GET", f"/users/{scene.ids['author']}")).status_code == 200


async def test_signing_in_takes_a_deletion_back(pool: Pool, keys: Keys, client: httpx.AsyncClient) -> None:
    async def sign_in_by_phone() -> dict[str, Any]:
        await pool.execute("DELETE FROM sign_in_codes")
        assert (await client.post("/auth/codes", json={"phone": PHONE})).status_code == 202
        code = await newest_code(pool, keys)
        answer = await client.post("/auth/tokens", json={"phone": PHONE, "code": code})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    tokens = await sign_in_by_phone()
    person = Person(client, tokens["access_token"])
    assert (await person("DELETE", "/me")).status_code == 202
    # Neither a request nor new tokens are a sign-in.
    assert (await person("GET", "/me")).json()["erased_at"] is not None
    refreshed = await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert refreshed.status_code == 200
    assert (await person("GET", "/me")).json()["erased_at"] is not None
    again = await sign_in_by_phone()
    assert again["user"]["id"] == tokens["user"]["id"]
    assert (await Person(client, again["access_token"])("GET", "/me")).json()["erased_at"] is None
    assert again["expires_in"] == sign_in.ACCESS_SECONDS
