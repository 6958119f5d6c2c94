"""What a worker opens for media, and the metrics of their processing."""

from pathlib import Path

import pytest
from asyncpg import Pool, Record

from feed.observability.metrics import MEDIA, MEDIA_MISSING, MEDIA_OLDEST, MEDIA_SWEPT, MEDIA_TO_REMOVE
from feed.settings import Settings
from feed.storage.local import LocalStorage
from feed.worker.media import default_workers, open_media_work, sweep_media, watch_media
from feed.worker.schedule import SCHEDULE
from feed.worker.state import WorkerState
from tests.support import make, make_media


@pytest.mark.parametrize(("processors", "workers"), [(1, 1), (2, 1), (3, 1), (4, 2), (16, 8)])
def test_one_worker_for_two_processors(processors: int, workers: int) -> None:
    assert default_workers(processors) == workers


async def test_each_worker_process_has_lanes_for_photos_and_for_videos(
    pool: "Pool[Record]", settings: Settings, storage: LocalStorage, worker_state: WorkerState
) -> None:
    lanes = [entry for entry in SCHEDULE if entry.name in ("process_images", "process_videos")]
    assert [entry.copies(worker_state) for entry in lanes] == [0, 0]
    media = open_media_work(settings, pool, storage)._replace(workers=3)
    assert [entry.copies(worker_state._replace(media=media)) for entry in lanes] == [3, 3]
    assert media.purge is None
    await media.close()


async def test_metrics_tell_of_media_that_wait_and_objects_that_stay(
    pool: "Pool[Record]", settings: Settings, storage: LocalStorage, tmp_path: Path
) -> None:
    owner = await make.account(pool)
    waiting = await make_media.medium(pool, owner, state="processing")
    await make_media.medium(pool, owner, state="failed")
    removed = await make_media.medium(pool, owner)
    await make_media.medium(pool, owner)
    await pool.execute("UPDATE media SET uploaded_at = now() - interval '90 seconds' WHERE id = $1", waiting)
    await pool.execute(
        "UPDATE media SET removed_at = now() - interval '50 seconds', removed_for = 'deleted' WHERE id = $1", removed
    )
    media = open_media_work(settings, pool, storage)._replace(folder=tmp_path)
    await sweep_media(pool, media)
    await watch_media(pool)
    await media.close()
    assert [MEDIA.labels(state)._value.get() for state in ("processing", "ready", "failed")] == [1, 1, 1]
    assert 90 <= MEDIA_OLDEST.labels("image")._value.get() < 150
    assert MEDIA_OLDEST.labels("video")._value.get() == 0
    assert 50 <= MEDIA_TO_REMOVE._value.get() < 110
    # The ready one has a row and no object.
    assert MEDIA_MISSING._value.get() == 1
    assert 0 <= MEDIA_SWEPT._value.get() < 60
