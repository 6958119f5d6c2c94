"""Postgres is restored from an older copy while Redis is newer: boards recover by themselves, without the lost rows."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from feed.boards import redis_store, store
from feed.boards.model import HOT
from tests.chaos import check, rows
from tests.chaos.place import Place
from tests.chaos.requests import Ask, publish, until_ok
from tests.support.waiting import HANG_SECONDS


async def until_boards_agree(place: Place) -> None:
    """And have followed the log to its end."""
    async with asyncio.timeout(HANG_SECONDS), place.postgres() as conn, place.redis() as redis:
        while True:
            moment = await store.get_log_head(conn)
            meta = await redis_store.find_meta(redis, HOT, moment.epoch)
            followed = meta is not None and meta.position == moment.position and not (await rows.log(conn))[2]
            if followed and not check.wrong_boards(*await rows.boards(conn, redis)):
                return
            await asyncio.sleep(0.1)


@asynccontextmanager
async def postgres_away(place: Place) -> AsyncIterator[None]:
    """Stopped as for a copy of its files, and started again."""
    await place.end_in_order("postgres")
    try:
        yield
    finally:
        await place.begin("postgres")


def put_back(place: Place) -> None:
    directory = place.data / "postgres"
    owner = directory.stat()
    shutil.rmtree(directory)
    shutil.copytree(place.data / "copy", directory)
    for path in (directory, *directory.rglob("*")):
        shutil.chown(path, owner.st_uid, owner.st_gid)


@pytest.mark.parametrize("goes_on", [0, 12], ids=["shorter", "as long again"])
async def test_an_older_postgres_under_a_newer_redis_leaves_no_ghost(
    place: Place, client: httpx.AsyncClient, goes_on: int
) -> None:
    kept = await publish(client, "留下的")
    for _ in range(3):
        await until_ok(_like(client, kept, liked=True))
        await until_ok(_like(client, kept, liked=False))
    await until_boards_agree(place)
    async with postgres_away(place):
        shutil.copytree(place.data / "postgres", place.data / "copy")
    await until_ok(lambda: client.get("/me"))

    ghosts = [await publish(client, f"后来的第 {n} 篇") for n in range(4)]
    await until_ok(_like(client, kept, liked=True))
    await until_boards_agree(place)
    async with place.redis() as redis:
        before = set(await redis.keys("feed:{hot}:*"))

    async with postgres_away(place):
        put_back(place)
    # The new timeline soon has as many changes as the old one, so numbers alone do not distinguish them.
    for turn in range(goes_on):
        await until_ok(_like(client, kept, liked=turn % 2 == 0))
    await until_boards_agree(place)
    async with place.redis() as redis:
        assert set(await redis.keys("feed:{hot}:*")) - before, "the boards belong to a new epoch"
    for path in ("/feeds/latest", f"/posts?ids={','.join([kept, *ghosts])}"):
        await asyncio.sleep(1)
        for _ in range(6):
            assert [item["id"] for item in (await client.get(path)).json()["items"]] == [kept]
    card = (await client.get(f"/posts/{kept}")).json()
    assert (card["like_count"], card["liked_by_me"]) == (0, False)


async def test_an_api_that_is_killed_half_comes_back_by_itself(place: Place, client: httpx.AsyncClient) -> None:
    """One of two workers is killed: the other one responds at once, and soon both do."""
    post_id = await publish(client, "第一篇")
    (first, *_) = workers = place.workers()
    assert len(workers) == 2
    first.kill()
    async with asyncio.timeout(HANG_SECONDS):
        while len(place.workers()) < 2 or first in place.workers():
            assert (await until_ok(lambda: client.get(f"/posts/{post_id}"), killed=True)).status_code == 200
            await asyncio.sleep(0.05)
    # The new worker is still starting, and the dead one may have been given a connection by the kernel.
    await until_ok(_like(client, post_id, liked=True), killed=True)


def _like(client: httpx.AsyncClient, post_id: str, *, liked: bool) -> Ask:
    return lambda: client.request("PUT" if liked else "DELETE", f"/posts/{post_id}/like")
