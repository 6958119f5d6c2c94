from collections.abc import Callable
from pathlib import Path

import pytest
from asyncpg import Pool, Record
from redis.asyncio import Redis

from feed.keys import Keys, open_keys
from feed.messages.outbox import FileProvider
from feed.messages.provider import SmsProvider
from feed.worker.worlds import Worlds


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return open_keys(tmp_path / "keys", create=True)


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox.jsonl"


WorldsWith = Callable[[SmsProvider], Worlds]


@pytest.fixture
def worlds_with(pool: "Pool[Record]", redis: Redis, keys: Keys) -> WorldsWith:
    return lambda provider: Worlds(pool, redis, keys, provider, None)


@pytest.fixture
def worlds(worlds_with: WorldsWith, outbox: Path) -> Worlds:
    return worlds_with(FileProvider(outbox))
