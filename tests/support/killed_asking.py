"""A process that dies by SIGKILL around a commit or a call: `python -m tests.support.killed_asking send|resolve ID NTH before|after`.

Commits and calls are counted together, in the order in which they happen; it prints which one it dies at.
"""

import asyncio
import os
import signal
import sys
from typing import Any

import asyncpg

from feed import redis as feed_redis
from feed.environment import read_settings
from feed.keys.store import open_keys
from feed.postgres import open_pool
from feed.sms.http_client import HttpClient
from feed.sms.model import MessageId
from feed.sms.registry import open_provider
from feed.worker.sms import resolve_abandoned, send_message
from feed.worker.state import WorkerState
from tests.support.kill_points import is_commit


class Scythe:
    """Falls at the nth step."""

    def __init__(self, nth: int, when: str) -> None:
        self.nth = nth
        self.when = when
        self.seen = 0

    def steps(self, what: str) -> bool:
        self.seen += 1
        if self.seen == self.nth:
            print(what, flush=True)
            if self.when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
        return self.seen == self.nth


def die_at_step(nth: int, when: str) -> None:
    """Cuts this process down around its nth commit or call."""
    scythe = Scythe(nth, when)
    execute, post = asyncpg.Connection.execute, HttpClient.post

    async def cut_execute(self: Any, query: str, *args: Any, **more: Any) -> str:
        last = is_commit(query) and scythe.steps("commit")
        response = await execute(self, query, *args, **more)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return response

    async def cut_post(self: Any, request: Any) -> Any:
        last = scythe.steps("call")
        response = await post(self, request)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return response

    asyncpg.Connection.execute = cut_execute  # type: ignore[method-assign]
    HttpClient.post = cut_post  # type: ignore[method-assign]


async def main(step: str, message_id: str, nth: str, when: str) -> None:
    settings = read_settings()
    worker_state = WorkerState(
        await open_pool(settings.direct_url, size=2),
        feed_redis.connect(settings.redis_url),
        open_keys(settings.keys_dir, create=False),
        open_provider(settings),
        None,
    )
    die_at_step(int(nth), when)
    if step == "send":
        await send_message(worker_state, MessageId(int(message_id)))
    else:
        await resolve_abandoned(worker_state)
    print("lived", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
