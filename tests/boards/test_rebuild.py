"""The command `feed rebuild`."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from feed.boards.model import HOT
from feed.commands.rebuild import rebuild_boards
from feed.embedded.processes import CannotStart
from feed.postgres import Pool
from feed.settings import Settings
from tests.support import make
from tests.support.boards import head_of, settle, shown
from tests.support.ports import free_port


async def test_every_board_is_rebuilt_under_a_new_epoch(
    pool: Pool, redis: Redis, database: str, redis_url: str, tmp_path: Path
) -> None:
    await make.campaign(pool)
    post_id = await make.post(pool)
    await settle(pool, redis)
    before = (await head_of(pool)).epoch
    assert await rebuild_boards(Settings(database_url=database, redis_url=redis_url, keys_dir=tmp_path)) == 2
    assert (await head_of(pool)).epoch != before
    assert await shown(pool, redis, HOT) == [post_id]


async def test_without_redis_nothing_is_changed(pool: Pool, database: str, tmp_path: Path) -> None:
    before = (await head_of(pool)).epoch
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    with pytest.raises(CannotStart):
        await rebuild_boards(Settings(database_url=database, redis_url=nowhere, keys_dir=tmp_path))
    assert (await head_of(pool)).epoch == before
