"""Objects of removed media go, durably and once; nothing that is used or young is removed; the storage is swept both ways."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asyncpg import Pool, Record

from feed.media import removal_store, sweep, sweep_store
from feed.media.model import folder_of, incoming_folder_of
from feed.media.removal import expire_unused, remove_next_objects
from feed.media.sweep import is_suspect, sweep_objects
from feed.postgres import transaction
from feed.storage.absent import AbsentStorage
from feed.storage.grants import UploadGrants
from feed.storage.local import LocalStorage
from feed.storage.protocol import StorageUnavailable, StoredObject
from tests.support import make, make_media
from tests.support.media_work import files_of, objects, upload

LATER = timedelta(days=2)


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "objects", UploadGrants("http://x/media/uploads", b"k" * 32))


async def ready(pool: "Pool[Record]", storage: LocalStorage, *, post_id: int | None = None) -> tuple[int, str]:
    """A ready photo with its objects."""
    media_id = await make_media.medium(pool, await make.account(pool), post_id=post_id)
    key = await pool.fetchval("SELECT key FROM media WHERE id = $1", media_id)
    for file in ("full.webp", "list.webp"):
        await storage.put(folder_of(key) + file, b"x", content_type="image/webp")
    return media_id, key


async def remove(pool: "Pool[Record]", *media_ids: int) -> None:
    async with transaction(pool) as conn:
        await removal_store.mark_removed(conn, media_ids, "deleted")


async def test_all_objects_of_a_removed_medium_are_removed_and_no_other_ones(
    pool: "Pool[Record]", storage: LocalStorage
) -> None:
    media_id, key = await ready(pool, storage)
    other, other_key = await ready(pool, storage)
    await storage.put(f"{incoming_folder_of(key)}1", b"x", content_type="image/jpeg")
    await storage.put(folder_of(key) + "list-2.webp", b"x", content_type="image/webp")
    await remove(pool, media_id)
    await remove_next_objects(pool, storage)
    assert await objects(storage) == files_of(other_key, "full.webp", "list.webp")
    row = await pool.fetchrow("SELECT objects_removed_at, incoming_removed_at FROM media WHERE id = $1", media_id)
    assert row is not None
    assert None not in tuple(row)
    assert await pool.fetchval("SELECT objects_removed_at FROM media WHERE id = $1", other) is None
    assert await remove_next_objects(pool, storage) is False


async def test_the_same_file_twice_is_two_media_and_one_removal_leaves_the_other(
    pool: "Pool[Record]", storage: LocalStorage
) -> None:
    owner = await make.account(pool)
    first, second = [await upload(pool, storage, b"same", owner_id=owner) for _ in range(2)]
    assert len(await objects(storage)) == 2
    await remove(pool, first)
    await remove_next_objects(pool, storage)
    key = await pool.fetchval("SELECT key FROM media WHERE id = $1", second)
    assert await objects(storage) == [f"{incoming_folder_of(key)}1"]


async def test_a_removal_survives_a_storage_that_is_down(pool: "Pool[Record]", storage: LocalStorage) -> None:
    media_id, _ = await ready(pool, storage)
    await remove(pool, media_id)
    with pytest.raises(StorageUnavailable):
        await remove_next_objects(pool, AbsentStorage())
    assert await remove_next_objects(pool, storage) is False
    assert len(await objects(storage)) == 2
    await pool.execute("UPDATE media SET attempt_until = now() - interval '1 second'")
    await remove_next_objects(pool, storage)
    assert await objects(storage) == []


class _Stubborn(LocalStorage):
    """Does not list one folder."""

    stubborn = ""

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        if self.stubborn in prefix:
            raise StorageUnavailable
        async for each in super().list(prefix):
            yield each


async def test_one_medium_whose_objects_stay_keeps_no_other_one(
    pool: "Pool[Record]", storage: LocalStorage, tmp_path: Path
) -> None:
    first, key = await ready(pool, storage)
    second, _ = await ready(pool, storage)
    await remove(pool, first)
    await remove(pool, second)
    stubborn = _Stubborn(tmp_path / "objects", storage.grants)
    stubborn.stubborn = key
    await remove_next_objects(pool, stubborn)
    assert await objects(storage) == files_of(key, "full.webp", "list.webp")


async def age(pool: "Pool[Record]", media_id: int, **columns: str) -> None:
    given = {"created_at": "25 hours", "uploaded_at": "25 hours", "ready_at": "25 hours"} | columns
    for name, interval in given.items():
        await pool.execute(f"UPDATE media SET {name} = {name} - interval '{interval}' WHERE id = $1", media_id)


async def removed(pool: "Pool[Record]") -> dict[int, str]:
    return {
        row["id"]: row["removed_for"]
        for row in await pool.fetch("SELECT id, removed_for FROM media WHERE removed_at IS NOT NULL")
    }


async def test_half_an_upload_is_gone_after_a_day(pool: "Pool[Record]", storage: LocalStorage) -> None:
    owner = await make.account(pool)
    half = await upload(pool, storage, b"half", owner_id=owner)
    await pool.execute("UPDATE media SET uploaded_at = NULL, upload_expires_at = now() - interval '1 hour'")
    await expire_unused(pool)
    assert await removed(pool) == {}
    await age(pool, half)
    await expire_unused(pool)
    assert await removed(pool) == {half: "expired"}
    await remove_next_objects(pool, storage)
    assert await objects(storage) == []


async def test_what_is_used_drafted_or_young_does_not_expire(pool: "Pool[Record]") -> None:
    owner = await make.account(pool)
    attached = await make_media.medium(pool, owner, post_id=await make.post(pool))
    avatar = await make_media.medium(pool, owner, used_as="avatar")
    young = await make_media.medium(pool, owner)
    # Uploaded over a slow line, or ready only now.
    late = await make_media.medium(pool, owner)
    unused = await make_media.medium(pool, owner)
    drafted, proposed = await make_media.medium(pool, owner), await make_media.medium(pool, owner)
    for each in (attached, avatar, unused, drafted, proposed):
        await age(pool, each)
    await age(pool, late, ready_at="1 hour")
    campaign = await make.campaign(pool)
    await pool.execute(
        """
        INSERT INTO campaigns (draft, created_by) VALUES (jsonb_build_object('cover_media_id', $1::text), $2)
        """,
        str(drafted),
        owner,
    )
    await pool.execute(
        """
        INSERT INTO campaign_proposals (campaign_id, draft, proposed_by)
        VALUES ($1, jsonb_build_object('prizes', jsonb_build_array(jsonb_build_object('image_media_id', $2::text))), $3)
        """,
        campaign,
        str(proposed),
        owner,
    )
    await expire_unused(pool)
    assert await removed(pool) == {unused: "expired"}
    assert young not in await removed(pool)


async def run_sweep(pool: "Pool[Record]", storage: LocalStorage, *, later: timedelta = LATER) -> sweep_store.Sweep:
    await pool.execute("UPDATE media_sweeps SET finished_at = NULL, alive_at = NULL")
    assert await sweep_objects(pool, storage, now=datetime.now(UTC) + later)
    async with pool.acquire() as conn:
        return await sweep_store.get_last(conn)


async def test_the_sweep_removes_what_no_row_names_and_reports_what_is_missing(
    pool: "Pool[Record]", storage: LocalStorage
) -> None:
    _, key = await ready(pool, storage)
    broken, broken_key = await ready(pool, storage)
    await storage.remove([folder_of(broken_key) + "list.webp"])
    processing = await upload(pool, storage)
    incoming = await pool.fetchval("SELECT key FROM media WHERE id = $1", processing)
    gone, gone_key = await ready(pool, storage)
    await remove(pool, gone)
    await remove_next_objects(pool, storage)
    orphans = [
        "media/nobody/list.webp",
        "incoming/nobody/1",
        "media/stray",
        # Of a check that was killed.
        "probes/0123456789abcdef",
        # Of a worker that had lost its lease, of a client that was late, and of a removed medium.
        folder_of(key) + "list-2.webp",
        f"{incoming_folder_of(key)}1",
        folder_of(gone_key) + "list.webp",
    ]
    for name in orphans:
        await storage.put(name, b"x", content_type="image/webp")
    kept = sorted(
        [
            *files_of(key, "full.webp", "list.webp"),
            *files_of(broken_key, "full.webp"),
            f"{incoming_folder_of(incoming)}1",
        ]
    )
    # They are young.
    await run_sweep(pool, storage, later=timedelta(hours=23))
    assert await objects(storage) == sorted([*orphans, *kept])
    result = await run_sweep(pool, storage)
    assert await objects(storage) == kept
    assert (result.removed_count, result.kept_count, result.missing_count) == (len(orphans), 0, 1)
    assert result.missing_ids == [broken]


async def test_a_sweep_runs_once_a_night_for_all_workers(pool: "Pool[Record]", storage: LocalStorage) -> None:
    now = datetime.now(UTC)
    assert await sweep_objects(pool, storage, now=now)
    assert not await sweep_objects(pool, storage, now=now)
    # One that has died is followed by another one.
    await pool.execute("UPDATE media_sweeps SET finished_at = now() - interval '1 day', alive_at = now()")
    assert not await sweep_objects(pool, storage, now=now)
    await pool.execute("UPDATE media_sweeps SET alive_at = now() - interval '1 hour'")
    assert await sweep_objects(pool, storage, now=now)


async def test_a_storage_that_is_mostly_unknown_is_left_alone(
    pool: "Pool[Record]", storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "_UNKNOWN_SUSPECT", 3)
    for number in range(4):
        await storage.put(f"media/another{number}/list.webp", b"x", content_type="image/webp")
    result = await run_sweep(pool, storage)
    assert (result.removed_count, result.kept_count) == (0, 4)
    assert len(await objects(storage)) == 4


def test_what_crashes_leave_is_not_suspect() -> None:
    assert not is_suspect(4, 4)
    assert not is_suspect(900, 1_000)
    assert not is_suspect(2_000, 1_000_000)
    assert is_suspect(2_000, 2_000)
