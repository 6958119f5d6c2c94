"""A worker that dies by SIGKILL while it sends: `python -m tests.support.killed_sending before|after` (the provider's call)."""

import asyncio
import os
import signal
import sys
from datetime import datetime

from feed import redis as feed_redis
from feed.environment import read_settings
from feed.keys.store import open_keys
from feed.postgres import open_pool
from feed.sms.file_provider import FileProvider
from feed.sms.model import Purpose, Reference
from feed.sms.provider import Found, NotAccepted
from feed.worker.loop import work
from feed.worker.schedule import SCHEDULE
from feed.worker.state import WorkerState


class Dying:
    """The provider's line, cut together with the process."""

    name = "file"

    def __init__(self, provider: FileProvider, when: str) -> None:
        self._provider = provider
        self._when = when

    async def send(self, reference: Reference, phone: str, purpose: Purpose, params: dict[str, str]) -> str:
        if self._when == "after":
            await self._provider.send(reference, phone, purpose, params)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    async def find(self, reference: Reference, phone: str, sending_at: datetime) -> Found | NotAccepted:
        return await self._provider.find(reference, phone, sending_at)

    async def close(self) -> None:
        pass


async def main() -> None:
    settings = read_settings()
    provider = Dying(FileProvider(settings.sms_outbox), sys.argv[1])
    pool = await open_pool(settings.direct_url, size=4)
    worker_state = WorkerState(
        pool, feed_redis.connect(settings.redis_url), open_keys(settings.keys_dir, create=False), provider, None
    )
    schedule = tuple(entry for entry in SCHEDULE if "message" in entry.name)
    await work(worker_state, settings.direct_url, asyncio.Event(), schedule)


if __name__ == "__main__":
    asyncio.run(main())
