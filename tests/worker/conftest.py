from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from asyncpg import Pool, Record
from redis.asyncio import Redis

from feed.environment import read_settings
from feed.keys.store import Keys
from feed.settings import Settings
from feed.sms.file_provider import FileProvider
from feed.sms.provider import SmsProvider
from feed.sms.registry import open_provider
from feed.worker.state import WorkerState
from tests.support.fake_sms_provider import Fake, faking


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox.jsonl"


WorldsWith = Callable[[SmsProvider], WorkerState]


@pytest.fixture
def worker_state_with(pool: "Pool[Record]", redis: Redis, keys: Keys) -> WorldsWith:
    return lambda provider: WorkerState(pool, redis, keys, provider, None)


@pytest.fixture
def worker_state(worker_state_with: WorldsWith, outbox: Path) -> WorkerState:
    return worker_state_with(FileProvider(outbox))


_ACCOUNT = {"FEED_DATABASE_URL": "postgresql://x", "FEED_REDIS_URL": "redis://x", "FEED_KEYS_DIR": "/keys"}


def settings_of(fake: Fake) -> Settings:
    """Those of a process that sends by it."""
    return read_settings(_ACCOUNT | fake.settings)


@pytest.fixture(params=["aliyun", "tencent"])
def fake(request: pytest.FixtureRequest) -> Iterator[Fake]:
    """Each provider in turn."""
    with faking(request.param) as opened:
        yield opened


@pytest.fixture
async def unreliable(worker_state_with: WorldsWith, fake: Fake) -> AsyncIterator[WorkerState]:
    """Worlds in which messages go by `fake`."""
    provider = open_provider(settings_of(fake))
    yield worker_state_with(provider)
    await provider.close()
