import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from feed.keys.store import Keys
from tests.support.databases import wait_for_transactions
from tests.support.forks import Forks

Kill = Callable[..., Awaitable[bool]]


@pytest.fixture
def kill(database: str, redis_url: str, tmp_path: Path, keys: Keys, forks: Forks) -> Kill:
    """`kill(when, nth, step, *ids)` runs a step in a process that kills itself at its nth commit; False if it has fewer."""
    environ = {
        "FEED_DATABASE_URL": database,
        "FEED_REDIS_URL": redis_url,
        "FEED_KEYS_DIR": str(tmp_path / "keys"),
        "FEED_SMS_OUTBOX": str(tmp_path / "outbox.jsonl"),
    }

    async def killed(when: str, nth: int, step: str, *ids: int) -> bool:
        ended = await asyncio.to_thread(
            forks.run, "tests.support.killed_at_commit", when, nth, step, *ids, environ=environ
        )
        assert ended.status in (-signal.SIGKILL, 0), ended.said
        await wait_for_transactions(database)
        return ended.status != 0

    return killed
