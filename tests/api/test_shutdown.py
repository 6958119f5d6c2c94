"""The end of an API process while a server responds to nothing, not even to the cancellation of a statement."""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from signal import SIGCONT, SIGSTOP

from redis.asyncio import Redis
from structlog.testing import capture_logs

from feed.accounts.model import AccountId
from feed.api.state import AppState, open_app_state
from feed.batching import DatabaseAway
from feed.likes.model import Like
from feed.postgres import Pool
from feed.posts.model import PostId
from feed.settings import Settings
from tests.support import make

# Far more than the end takes, far less than for ever.
_ENOUGH_SECONDS = 60


@contextmanager
def pausing() -> Iterator[Callable[[Iterable[int]], None]]:
    """Stops processes of a server until the end of the block: the kernel takes what they are sent, and they do nothing."""
    paused: list[int] = []

    def pause(pids: Iterable[int]) -> None:
        for pid in pids:
            os.kill(pid, SIGSTOP)
            paused.append(pid)

    try:
        yield pause
    finally:
        for pid in paused:
            os.kill(pid, SIGCONT)


async def backends(app_state: AppState) -> list[int]:
    rows = await app_state.pool.fetch("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    return [row["pid"] for row in rows]


async def test_a_process_ends_while_postgres_does_not_respond(settings: Settings, pool: Pool) -> None:
    like = Like(PostId(await make.post(pool)), AccountId(await make.account(pool)))
    with pausing() as pause, capture_logs() as logs:
        async with asyncio.timeout(_ENOUGH_SECONDS), open_app_state(settings) as app_state:
            pause(await backends(app_state))
            app_state.projector.touch([like.post_id])
            submitted = [asyncio.create_task(app_state.likes.submit(like)) for _ in range(3)]
            while app_state.pool.get_idle_size() > 0:
                await asyncio.sleep(0.01)
        answers = await asyncio.gather(*submitted, return_exceptions=True)
    assert [type(answer) for answer in answers] == [DatabaseAway] * 3
    assert [line for line in logs if line["event"] == "task does not end"] == []


async def test_a_process_ends_while_redis_does_not_respond(settings: Settings, pool: Pool, redis: Redis) -> None:
    post_id, account_id = await make.post(pool), await make.account(pool)
    server = (await redis.info("server"))["process_id"]
    with pausing() as pause, capture_logs() as logs:
        async with asyncio.timeout(_ENOUGH_SECONDS), open_app_state(settings) as app_state:
            pause([server])
            submitted = asyncio.create_task(app_state.likes.submit(Like(PostId(post_id), AccountId(account_id))))
            app_state.invalidate_posts([post_id])
            await asyncio.sleep(0)
        assert (await submitted).like_count == 1
    assert [line for line in logs if line["event"] == "task does not end"] == []
