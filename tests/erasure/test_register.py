"""After an erasure every table holds of the account what the register of personal data says, and nothing more."""

from typing import Any

import httpx
from redis.asyncio import Redis

from feed.accounts.personal_data.register import PERSONAL_TABLES
from feed.api.state import AppState
from feed.exports.jobs import make_next_export
from tests.support import erasing, make
from tests.support.api import Join
from tests.support.app_events import outcome, send
from tests.support.notifications import Town

# What stands for nothing in a column that cannot be null.
_EMPTY: tuple[Any, ...] = (None, "", b"", [], {}, "已注销用户", "erased")


def _is_empty(value: Any) -> bool:
    # A result of the machine check that quotes nothing.
    return value in _EMPTY or (isinstance(value, dict) and value.get("labels") == [])


async def test_the_register_says_what_an_erasure_leaves(
    client: httpx.AsyncClient, join: Join, app_state: AppState, redis: Redis
) -> None:
    pool = app_state.pool
    person, other = join("小明"), join("别人")
    user_id = int((await person("GET", "/me")).json()["id"])
    other_id = (await other("GET", "/me")).json()["id"]
    place = {"name": "书城", "lat": 22.5, "lng": 114.1}
    post = (await person("POST", "/posts", {"text": "一篇 #读书#", "location": place})).json()["id"]
    theirs = (await other("POST", "/posts", {"text": "别人的"})).json()["id"]
    await person("POST", f"/posts/{theirs}/comments", {"text": "评论"}, headers={"idempotency-key": "k"})
    await person("PUT", f"/posts/{theirs}/like")
    await other("PUT", f"/posts/{post}/like")
    for method, path, body in (
        ("PATCH", "/me", {"name": "大明", "bio": "简介"}),
        ("PATCH", "/me/settings", {"notify": {"likes": False}}),
        ("PUT", f"/users/{other_id}/block", None),
        ("POST", "/me/export", None),
    ):
        assert (await person(method, path, body)).status_code < 300, path
    await make.ban(pool, user_id)
    await Town(pool).follow()
    assert await make_next_export(pool, app_state.keys)

    async def rows(table: Any) -> list[dict[str, Any]]:
        condition = " OR ".join(f"{column} = $1" for column in table.of.split())
        return [dict(row) for row in await pool.fetch(f"SELECT * FROM {table.name} WHERE {condition}", user_id)]

    owned = [table for table in PERSONAL_TABLES if table.of]
    planted = {table.name for table in owned if await rows(table)}
    assert outcome(await send(client, "erased", "test:小明")) == "applied"
    await erasing.erase_rest(pool, app_state.keys)

    wrong = []
    for table in owned:
        for row in await rows(table):
            left = {
                column: row[column]
                for column in (*table.removed.split(), *table.emptied.split())
                if not _is_empty(row[column]) and column not in ("sub", "content_sha256")
            }
            if left:
                wrong.append((table.name, left))
    assert wrong == []
    assert planted >= {
        "accounts", "account_settings", "relations", "sanctions", "posts", "post_revisions", "comments", "likes",
        "profile_changes", "idempotency_keys", "cases", "exports",
    }  # fmt: skip
