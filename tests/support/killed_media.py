"""A worker that processes media and dies by SIGKILL: `python -m tests.support.killed_media FOLDER before|after NTH [KIND]`.

Its points are the ends of transactions, objects that are written or removed, and files that are rendered. With `count` for `before`
it lives, and prints how many points it has passed. With a kind it uses the real renderer.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg

from feed.environment import read_settings
from feed.media.model import Kind
from feed.media.processing import process_next_medium
from feed.media.removal import remove_next_originals
from feed.postgres import open_pool
from feed.renditions.model import Rendered
from feed.renditions.runner import Renderer
from feed.storage.local import LocalStorage
from tests.support.kill_points import is_commit, kill_at
from tests.support.media_work import HOSTILE, Bench


async def main(folder: Path, when: str, nth: int, kind: Kind | None = None) -> int:
    """Processes what is uploaded."""
    passed = 0
    kill = kill_at(when, nth)

    def record(name: str, over: bool) -> None:
        nonlocal passed
        passed += not over
        kill(name, over)

    class Storage(LocalStorage):
        async def put(self, name: str, content: bytes | Path, *, content_type: str) -> None:
            record("put", False)
            await super().put(name, content, content_type=content_type)
            record("put", True)

        async def remove(self, names: Sequence[str]) -> None:
            record("remove", False)
            await super().remove(names)
            record("remove", True)

    execute = asyncpg.Connection.execute

    async def executing(self: Any, query: str, *args: Any, **more: Any) -> str:
        if not is_commit(query):
            return await execute(self, query, *args, **more)
        record("commit", False)
        answer = await execute(self, query, *args, **more)
        record("commit", True)
        return answer

    pool = await open_pool(read_settings().direct_url, size=2)
    asyncpg.Connection.execute = executing  # type: ignore[method-assign]
    async with Renderer() if kind else Renderer(entry=HOSTILE) as renderer:

        async def render(source: Path, kind: Any, target: Path, **more: Any) -> Rendered:
            record("render", False)
            done = await renderer.render(source, kind, target, **more)
            record("render", True)
            return done

        bench = Bench(pool, folder, renderer)
        assert isinstance(bench.storage, LocalStorage)
        storage = Storage(folder / "objects", bench.storage.grants)
        await process_next_medium(pool, bench.workshop(render=render, storage=storage), kind or "image")
        await remove_next_originals(pool, storage)
    await pool.close()
    return passed


if __name__ == "__main__":
    print(asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), *sys.argv[4:])))  # type: ignore[arg-type]
