"""The points of a step at which a crash leaves something behind: commits, changes of key files, messages given to a provider.

`python -m tests.support.kill_points before|after NTH STORY STEP IDS` kills itself at the nth point of a step.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import asyncpg

from feed.sms.file_provider import FileProvider

# Called before and after each point, with its name and whether it is over.
Callback = Callable[[str, bool], None]


def is_commit(query: str) -> bool:
    """Whether the statements end with a commit; some servers check the transaction's age in the same round trip."""
    return query.rstrip(";").endswith("COMMIT")


@contextmanager
def watched(record: Callback) -> Iterator[None]:
    """Calls `record` before and after each point in this process."""
    execute, send = asyncpg.Connection.execute, FileProvider.send
    files = {name: getattr(os, name) for name in ("link", "unlink", "replace")}

    async def executing(self: Any, query: str, *args: Any, **more: Any) -> str:
        if not is_commit(query):
            return await execute(self, query, *args, **more)
        record("commit", False)
        answer = await execute(self, query, *args, **more)
        record("commit", True)
        return answer

    async def sending(self: Any, *args: Any) -> str:
        record("send", False)
        answer = await send(self, *args)
        record("send", True)
        return answer

    def changing(name: str) -> Callable[..., Any]:
        @wraps(files[name])
        def changed(path: Any, *args: Any, **more: Any) -> Any:
            # Temporary files do not count.
            counts = "keys" in str(path) and not (name == "unlink" and "/." in str(path))
            if counts:
                record(name, False)
            done = files[name](path, *args, **more)
            if counts:
                record(name, True)
            return done

        return changed

    asyncpg.Connection.execute = executing  # type: ignore[method-assign]
    FileProvider.send = sending  # type: ignore[method-assign, assignment]
    for name in files:
        setattr(os, name, changing(name))
    try:
        yield
    finally:
        asyncpg.Connection.execute = execute  # type: ignore[method-assign]
        FileProvider.send = send  # type: ignore[method-assign]
        for name, original in files.items():
            setattr(os, name, original)


def kill_at(when: str, nth: int) -> Callback:
    """A callback for `watched` that kills this process before or after its nth point."""
    seen = 0

    def record(_: str, over: bool) -> None:
        nonlocal seen
        seen += not over
        if seen == nth and over is (when == "after"):
            os.kill(os.getpid(), signal.SIGKILL)

    return record


def _main(when: str, nth: str, story: str, step: str, ids: str) -> None:
    from tests.support.prize_stories import run_step

    with watched(kill_at(when, int(nth))):
        asyncio.run(run_step(story, int(step), json.loads(ids)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
