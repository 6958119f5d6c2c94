"""A real photo and a real post: from the upload to the readers, and to its end."""

import io
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from asyncpg import Pool, Record

from feed.media.processing import Workshop
from feed.posts.media import release_ready_posts
from feed.renditions.runner import Renderer
from feed.storage.absent import AbsentStorage
from feed.storage.local import LocalStorage
from feed.webhooks import read_hook
from feed.worker.media import MediaWork
from feed.worker.media_purges import PurgeClient
from feed.worker.schedule import SCHEDULE
from feed.worker.state import WorkerState
from feed.worker.work_folders import work_folder
from tests.renditions.images.photos import photo
from tests.support.api import Join
from tests.support.media_work import objects, upload
from tests.support.push_receiver import SECRET, receiving
from tests.support.waiting import becomes
from tests.support.worker import running

MEDIA = tuple(
    entry for entry in SCHEDULE if any(word in entry.name for word in ("process", "media", "objects", "originals"))
)


@pytest.fixture
async def media(pool: "Pool[Record]", storage: LocalStorage, tmp_path: Path) -> AsyncIterator[MediaWork]:
    """What a worker processes media with: the real renderer."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    with receiving() as receiver:
        hook = read_hook(receiver.url, SECRET)
        assert hook is not None
        async with Renderer(parallel=2) as renderer:
            client = PurgeClient(hook, "https://cdn.example/media")
            workshop = Workshop(
                storage, renderer.render, partial(work_folder, folder), partial(release_ready_posts, pool)
            )
            yield MediaWork(workshop, renderer, folder, workers=1, purge=client)
            await client.close()


def jpeg(seed: int = 1) -> bytes:
    buffer = io.BytesIO()
    photo(seed=seed).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


async def test_a_photo_is_processed_shown_and_removed(
    pool: "Pool[Record]",
    storage: LocalStorage,
    media: MediaWork,
    worker_state: WorkerState,
    database: str,
    join: Join,
    client: httpx.AsyncClient,
) -> None:
    author = join("小明")
    owner_id = int((await author("GET", "/me")).json()["id"])
    media_id = await upload(pool, storage, jpeg(), owner_id=owner_id, part_bytes=10_000)
    sent = await author("POST", "/posts", json={"text": "图 #读书#", "media_ids": [str(media_id)]})
    assert sent.status_code == 201, sent.text
    post = sent.json()
    assert post["state"] == "pending"
    assert (await client.get(f"http://feed.test/v1/posts/{post['id']}")).status_code == 404
    async with running(worker_state._replace(storage=storage, media=media), database, MEDIA):

        async def is_ready() -> bool:
            return bool(await pool.fetchval("SELECT incoming_removed_at IS NOT NULL FROM media"))

        await becomes(is_ready)
        seen = await client.get(f"http://feed.test/v1/posts/{post['id']}")
        assert seen.status_code == 200, seen.text
        card = seen.json()["media"][0]
        assert card["state"] == "ready"
        path = httpx.URL(card["thumb_url"]).path
        assert (await client.get(f"http://feed.test{path}")).status_code == 200
        names = await objects(storage)
        assert len(names) == len(card["variants"]) == 6
        deleted = await author("DELETE", f"/posts/{post['id']}")
        assert deleted.status_code == 204
        # Refused at once, before any job.
        assert (await client.get(f"http://feed.test{path}")).status_code == 404

        async def is_purged() -> bool:
            return await objects(storage) == [] and bool(
                await pool.fetchval("SELECT count(*) FROM media_purges WHERE purged_at IS NOT NULL")
            )

        await becomes(is_purged)


async def test_while_the_storage_is_down_texts_go_on_and_media_come_later(
    pool: "Pool[Record]",
    storage: LocalStorage,
    media: MediaWork,
    worker_state: WorkerState,
    database: str,
    join: Join,
    client: httpx.AsyncClient,
) -> None:
    author = join("小明")
    owner_id = int((await author("GET", "/me")).json()["id"])
    media_id = await upload(pool, storage, jpeg(), owner_id=owner_id)
    waiting = (await author("POST", "/posts", json={"text": "图", "media_ids": [str(media_id)]})).json()
    down = media._replace(workshop=_over(media, AbsentStorage()))

    async def was_tried() -> bool:
        return bool(await pool.fetchval("SELECT lease_number > 0 AND attempts = 0 FROM media"))

    async with running(worker_state._replace(media=down), database, MEDIA):
        await becomes(was_tried)
        text = await author("POST", "/posts", json={"text": "字"})
        assert text.json()["state"] == "published"
    await pool.execute("UPDATE media SET attempt_until = now()")

    async def is_shown() -> bool:
        return (await client.get(f"http://feed.test/v1/posts/{waiting['id']}")).status_code == 200

    async with running(worker_state._replace(media=media), database, MEDIA):
        await becomes(is_shown)


def _over(media: MediaWork, storage: AbsentStorage) -> Workshop:
    workshop = media.workshop
    return Workshop(storage, workshop.render, workshop.folder, workshop.on_change)
