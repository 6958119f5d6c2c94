"""A worker that renders a file which takes long, and prints the processes of its renderer: `python -m … FOLDER`."""

import asyncio
import sys
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from feed.renditions.runner import Renderer


async def main(folder: Path) -> None:
    (folder / "source").write_text("wait 60")
    (folder / "target").mkdir()
    begun = asyncio.Event()
    async with Renderer(entry="tests.renditions.hostile:act") as renderer:
        rendering = asyncio.create_task(
            renderer.render(folder / "source", "image", folder / "target", on_progress=lambda _: begun.set())
        )
        await begun.wait()
        (server,) = psutil.Process().children()
        (child,) = server.children()
        print(server.pid, child.pid, flush=True)
        await rendering


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
