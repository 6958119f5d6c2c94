"""The moments of a deed at which a crash leaves something behind: commits, changes of key files, and what a provider was handed.

`python -m tests.support.kill_points before|after NTH STORY STEP PEOPLE` dies by SIGKILL at the nth moment of a deed.
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

# Called around each moment, with its name, and whether it is over.
Look = Callable[[str, bool], None]


@contextmanager
def watched(look: Look) -> Iterator[None]:
    """Calls `look` before and after each moment, in this process."""
    execute, send = asyncpg.Connection.execute, FileProvider.send
    files = {name: getattr(os, name) for name in ("link", "unlink", "replace")}

    async def executing(self: Any, query: str, *args: Any, **more: Any) -> str:
        if query != "COMMIT;":
            return await execute(self, query, *args, **more)
        look("commit", False)
        answer = await execute(self, query, *args, **more)
        look("commit", True)
        return answer

    async def sending(self: Any, *args: Any) -> str:
        look("send", False)
        answer = await send(self, *args)
        look("send", True)
        return answer

    def changing(name: str) -> Callable[..., Any]:
        @wraps(files[name])
        def changed(path: Any, *args: Any, **more: Any) -> Any:
            # Drafts of files are nobody's yet.
            mine = "keys" in str(path) and not (name == "unlink" and "/." in str(path))
            if mine:
                look(name, False)
            done = files[name](path, *args, **more)
            if mine:
                look(name, True)
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


def dying_at(when: str, nth: int) -> Look:
    """Cuts this process down before or after its nth moment."""
    seen = 0

    def look(_: str, over: bool) -> None:
        nonlocal seen
        seen += not over
        if seen == nth and over is (when == "after"):
            os.kill(os.getpid(), signal.SIGKILL)

    return look


def _main(when: str, nth: str, story: str, step: str, people: str) -> None:
    from tests.support.prize_stories import act_alone

    with watched(dying_at(when, int(nth))):
        asyncio.run(act_alone(story, int(step), json.loads(people)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
