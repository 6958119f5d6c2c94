"""Commands of `feed` over given servers."""

import asyncio
import os
import sys
from pathlib import Path
from typing import NamedTuple

from feed.keys.store import Keys, open_keys
from tests.support.waiting import HANG_SECONDS


class Ran(NamedTuple):
    status: int
    out: str
    err: str


class Installation:
    """What the environment names."""

    def __init__(self, directory: Path, database: str, redis_url: str) -> None:
        self.keys: Keys = open_keys(directory / "keys", create=True)
        self.outbox = directory / "outbox.jsonl"
        self.environ = {
            "FEED_DATABASE_URL": database,
            "FEED_REDIS_URL": redis_url,
            "FEED_KEYS_DIR": str(directory / "keys"),
            "FEED_SMS_OUTBOX": str(self.outbox),
            "FEED_MEDIA_STORE": str(directory / "media"),
            # Messages are written down, which is allowed in this mode only.
            "FEED_EMBEDDED": "true",
        }

    async def feed(self, *arguments: str, **environ: str) -> Ran:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "feed",
            *arguments,
            env={**os.environ, **self.environ, **environ},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(HANG_SECONDS):
            try:
                out, err = await process.communicate()
            except BaseException:
                # It would go on beside the tests that follow.
                process.kill()
                raise
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(), err.decode())
