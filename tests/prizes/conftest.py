import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from feed.keys import Keys, open_keys

Kill = Callable[..., Awaitable[None]]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return open_keys(tmp_path / "keys", create=True)


@pytest.fixture
def kill(database: str, redis_url: str, tmp_path: Path, keys: Keys) -> Kill:
    """`kill(when, nth, step, *ids)`: runs the step in a process that dies around its nth commit."""
    environ = {
        "FEED_DATABASE_URL": database,
        "FEED_REDIS_URL": redis_url,
        "FEED_KEYS_DIR": str(tmp_path / "keys"),
        "FEED_SMS_OUTBOX": str(tmp_path / "outbox.jsonl"),
    }

    async def killed(when: str, nth: int, step: str, *ids: int) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.prizes.dying", when, str(nth), step, *map(str, ids), env=os.environ | environ
        )
        assert await asyncio.wait_for(process.wait(), 20) == -signal.SIGKILL

    return killed
