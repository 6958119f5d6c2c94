"""A bucket takes any number of bytes at a signed URL: what is more than announced does not stay."""

from pathlib import Path

import pytest
from asyncpg import Pool, Record

from feed.media.model import part_name
from feed.media.oversize_parts import remove_oversize_parts
from feed.storage.grants import UploadGrants
from feed.storage.local import LocalStorage
from tests.support import make, make_media
from tests.support.media_work import objects

_BYTES, _PART = 25, 10


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "objects", UploadGrants("http://x/media/uploads", b"k" * 32))


async def begun(pool: "Pool[Record]", storage: LocalStorage, parts: dict[int, int], *, arrived: bool = False) -> str:
    """An upload of 25 bytes in parts of 10, of which these have been sent with so many bytes. Returns its key."""
    media_id = await make_media.medium(pool, await make.account(pool), state="processing")
    key: str = await pool.fetchval(
        """
        UPDATE media SET byte_count = $2, part_bytes = $3, uploaded_at = CASE WHEN $4 THEN uploaded_at END WHERE id = $1 RETURNING key
        """,
        media_id,
        _BYTES,
        _PART,
        arrived,
    )
    for number, count in parts.items():
        await storage.put(part_name(key, number), b"x" * count, content_type="video/mp4")
    return key


async def test_parts_larger_than_announced_go_and_all_others_stay(pool: "Pool[Record]", storage: LocalStorage) -> None:
    first = await begun(pool, storage, {1: 11, 2: 10, 3: 6})
    second = await begun(pool, storage, {1: 9, 3: 5, 4: 1})
    await begun(pool, storage, {})
    # A complete upload is not looked at here: its sizes were checked.
    complete = await begun(pool, storage, {1: 11}, arrived=True)
    assert await remove_oversize_parts(pool, storage) == 3
    stay = [(first, 2), (second, 1), (second, 3), (complete, 1)]
    assert await objects(storage) == sorted(part_name(key, number) for key, number in stay)
    assert await remove_oversize_parts(pool, storage) == 0


async def test_every_upload_is_looked_at_also_beyond_a_page(
    pool: "Pool[Record]", storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await begun(pool, storage, {1: 11})
    monkeypatch.setattr("feed.media.oversize_parts._PAGE", 2)
    assert await remove_oversize_parts(pool, storage) == 5
