"""The photos and videos of a person who leaves: nobody gets them from that moment on, and no file and no word of them is left."""

from typing import Any

import httpx
import pytest

from feed.accounts.model import AccountId
from feed.api.state import AppState
from feed.erasure.actions import request_deletion, take_back_deletion
from feed.media.removal import remove_next_objects
from tests.support import erasing, make
from tests.support.api import Join
from tests.support.app_events import outcome, send
from tests.support.make_media import medium


class Album:
    """The media of a person, in each state and use, with their files."""

    def __init__(self, app_state: AppState, client: httpx.AsyncClient) -> None:
        self._state, self._client = app_state, client
        self.media: dict[str, int] = {}

    async def add(self, name: str, owner: int, **members: Any) -> None:
        media_id = await medium(
            self._state.pool, owner, alt="栀子", sha256=bytes(32), perceptual_hash=bytes(32), **members
        )
        self.media[name] = media_id
        key = await self.key(name)
        for file in ("full.webp", "list.webp"):
            await self._state.storage.put(f"media/{key}/{file}", b"RIFF12345", content_type="image/webp")

    async def key(self, name: str) -> str:
        return str(await self._state.pool.fetchval("SELECT key FROM media WHERE id = $1", self.media[name]))

    async def is_public(self, name: str) -> bool:
        answer = await self._client.get(self._state.media.public(await self.key(name), "full.webp"))
        assert answer.status_code in (200, 404)
        return answer.status_code == 200

    async def stored(self) -> int:
        return len([each async for each in self._state.storage.list("media/")])


@pytest.fixture
def album(app_state: AppState, client: httpx.AsyncClient) -> Album:
    return Album(app_state, client)


async def test_an_erasure_removes_every_file_and_says_nothing_in_the_rows(
    client: httpx.AsyncClient, join: Join, app_state: AppState, album: Album
) -> None:
    pool = app_state.pool
    person, other = join("小明"), join("别人")
    user_id, other_id = [int((await each("GET", "/me")).json()["id"]) for each in (person, other)]
    post, refused, disputed = [
        int((await person("POST", "/posts", {"text": text})).json()["id"]) for text in ("一", "二", "三")
    ]
    theirs = int((await other("POST", "/posts", {"text": "别人的"})).json()["id"])
    await album.add("shown", user_id, post_id=post)
    await album.add("dropped", user_id, post_id=post)
    await album.add("refused", user_id, post_id=refused)
    await album.add("disputed", user_id, post_id=disputed)
    await album.add("unused", user_id)
    await album.add("avatar", user_id, used_as="avatar")
    await album.add("cover", user_id, used_as="cover", campaign_id=await make.campaign(pool))
    await album.add("theirs", other_id, post_id=theirs)
    await album.add("processing", user_id, state="processing")
    await pool.execute("UPDATE post_revisions SET media_ids = media_ids[1:1] WHERE post_id = $1", post)
    await pool.execute("UPDATE posts SET state = 'rejected' WHERE id = $1", refused)
    report = {"target": {"kind": "post", "id": str(disputed)}, "reason_code": "porn"}
    assert (await other("POST", "/reports", report)).status_code == 201
    assert await album.is_public("shown")

    assert outcome(await send(client, "erased", "test:小明")) == "applied"
    # At once, before any job.
    assert not await album.is_public("shown")
    await erasing.erase_rest(pool, app_state.keys)
    while await remove_next_objects(pool, app_state.storage):
        pass
    rows = await pool.fetch("SELECT id, removed_for, alt, sha256, placeholder, perceptual_hash FROM media")
    left = {row["id"]: tuple(row)[1:] for row in rows}
    for name in ("shown", "dropped", "refused", "unused", "avatar", "processing"):
        assert left[album.media[name]] == ("erased", "", None, None, None), name
    for name in ("disputed", "cover", "theirs"):
        assert left[album.media[name]][0] is None, name
    assert await album.stored() == 2 * 3
    # Copies too, also of what stays for a reviewer.
    purged = {row["media_id"] for row in await pool.fetch("SELECT media_id FROM media_purges")}
    assert {album.media[name] for name in ("shown", "dropped", "disputed", "avatar")} <= purged
    # What a case was open about goes with its decision.
    await pool.execute("UPDATE cases SET state = 'closed', closed_at = now()")
    await pool.execute("UPDATE reports SET state = 'dismissed', decided_at = now(), verdict_id = 1")
    await pool.execute("UPDATE erasures SET next_at = now()")
    await erasing.erase_rest(pool, app_state.keys)
    assert await pool.fetchval("SELECT removed_for FROM media WHERE id = $1", album.media["disputed"]) == "erased"


async def test_the_media_of_who_leaves_are_refused_at_once_and_come_back(
    join: Join, app_state: AppState, album: Album
) -> None:
    person = join("小明")
    user_id = AccountId(int((await person("GET", "/me")).json()["id"]))
    await album.add("shown", user_id, post_id=int((await person("POST", "/posts", {"text": "一"})).json()["id"]))
    assert await album.is_public("shown")
    await request_deletion(app_state.pool, user_id, days=15)
    assert not await album.is_public("shown")
    await take_back_deletion(app_state.pool, user_id)
    assert await album.is_public("shown")
