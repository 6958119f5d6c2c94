"""A worker that dies by SIGKILL between sending a push and recording it: `python -m tests.support.killed_pushing`."""

import asyncio
import os
import signal

from feed import redis as feed_redis
from feed.environment import read_settings
from feed.keys.store import open_keys
from feed.postgres import open_pool
from feed.sms.file_provider import FileProvider
from feed.webhooks import read_hook
from feed.worker.hook_client import HookResponse
from feed.worker.loop import work
from feed.worker.push_hook import PushClient
from feed.worker.schedule import SCHEDULE
from feed.worker.state import WorkerState


class Dying(PushClient):
    """Sends, and does not live to hear of it."""

    async def post(self, message_id: str, body: bytes) -> HookResponse:
        await super().post(message_id, body)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


async def main() -> None:
    settings = read_settings()
    hook = read_hook(settings.push_hook_url, settings.push_hook_secret)
    assert hook is not None
    worker_state = WorkerState(
        await open_pool(settings.direct_url, size=4),
        feed_redis.connect(settings.redis_url),
        open_keys(settings.keys_dir, create=True),
        FileProvider(settings.sms_outbox),
        None,
        Dying(hook),
    )
    schedule = tuple(entry for entry in SCHEDULE if "push" in entry.name)
    await work(worker_state, settings.direct_url, asyncio.Event(), schedule)


if __name__ == "__main__":
    asyncio.run(main())
