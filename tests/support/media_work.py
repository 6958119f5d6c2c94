"""Media in a worker for tests: a folder as the storage, and real child processes that do what the uploaded text says.

An original is a line of `tests.renditions.hostile`: `nothing` is rendered, `crash` ends its process.
"""

import hashlib
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

from feed.media.model import folder_of, incoming_folder_of
from feed.media.processing import Render, Workshop
from feed.media.upload_store import mark_uploaded
from feed.postgres import Connection, Pool
from feed.renditions.runner import Renderer
from feed.storage.grants import UploadGrants
from feed.storage.local import LocalStorage
from feed.storage.names import FOLDERS
from feed.storage.protocol import ObjectStorage
from feed.worker.work_folders import work_folder
from tests.support import make
from tests.support.make import Runs

HOSTILE = "tests.renditions.hostile:act"
DAY = timedelta(days=1)


class Bench:
    """A workshop, its storage and folders, and what was told of changed media."""

    def __init__(self, pool: Pool, folder: Path, renderer: Renderer) -> None:
        self.pool = pool
        self.renderer = renderer
        self.temporary = folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        self.storage: ObjectStorage = LocalStorage(
            folder / "objects", UploadGrants("http://x/media/uploads", b"k" * 32)
        )
        self.changed: list[int] = []

    def workshop(self, *, render: Render | None = None, storage: ObjectStorage | None = None) -> Workshop:
        return Workshop(
            storage or self.storage, render or self.renderer.render, partial(work_folder, self.temporary), self.note
        )

    async def note(self, media_ids: Sequence[int]) -> None:
        self.changed += media_ids

    async def upload(self, content: bytes | str = b"nothing", **more: Any) -> int:
        return await upload(self.pool, self.storage, content, **more)

    async def state(self, media_id: int) -> tuple[str, str | None, int]:
        row = await self.pool.fetchrow("SELECT state, error_code, attempts FROM media WHERE id = $1", media_id)
        assert row is not None
        return row["state"], row["error_code"], row["attempts"]

    async def key(self, media_id: int) -> str:
        key: str = await self.pool.fetchval("SELECT key FROM media WHERE id = $1", media_id)
        return key

    async def objects(self) -> list[str]:
        """The names of all objects."""
        return await objects(self.storage)

    async def expire_lease(self, media_id: int) -> None:
        """What time does to the lease of a dead worker, and to the pause after a crash."""
        await self.pool.execute("UPDATE media SET attempt_until = now() - interval '1 second' WHERE id = $1", media_id)

    def left(self) -> list[Path]:
        """The temporary files."""
        return list(self.temporary.iterdir())


@asynccontextmanager
async def open_bench(pool: Pool, folder: Path, *, entry: str = HOSTILE) -> AsyncIterator[Bench]:
    async with Renderer(parallel=2, entry=entry) as renderer:
        yield Bench(pool, folder, renderer)


async def objects(storage: ObjectStorage) -> list[str]:
    return sorted([each.name for folder in FOLDERS async for each in storage.list(folder)])


async def upload(
    conn: Runs,
    storage: ObjectStorage,
    content: bytes | str = b"nothing",
    *,
    kind: str = "image",
    part_bytes: int | None = None,
    sha256: bytes | None = None,
    byte_count: int | None = None,
    owner_id: int | None = None,
    post_id: int | None = None,
) -> int:
    """A medium whose original has arrived, in parts of `part_bytes`."""
    owner_id = await make.account(conn) if owner_id is None else owner_id
    content = content.encode() if isinstance(content, str) else content
    size = len(content) if byte_count is None else byte_count
    key = secrets.token_hex(16)
    step = part_bytes or len(content)
    for number, start in enumerate(range(0, len(content), step), 1):
        await storage.put(
            f"{incoming_folder_of(key)}{number}", content[start : start + step], content_type="application/octet-stream"
        )
    media_id: int = await conn.fetchval(
        """
        INSERT INTO media (owner_id, kind, key, content_type, byte_count, sha256, part_bytes, upload_expires_at, used_as, post_id)
        VALUES ($1, $2, $3, 'image/jpeg', $4, $5, $6, now() + interval '1 day', CASE WHEN $7::bigint IS NOT NULL THEN 'post' END, $7)
        RETURNING id
        """,
        owner_id,
        kind,
        key,
        size,
        sha256 or hashlib.sha256(content).digest(),
        step,
        post_id,
    )
    assert await mark_uploaded(cast(Connection, conn), media_id, content_type="image/jpeg", owner_ids=[owner_id])
    return media_id


def files_of(key: str, *files: str) -> list[str]:
    return sorted(folder_of(key) + file for file in files)
