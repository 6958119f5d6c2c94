"""Mutated videos, each through a child: `python -m tests.renditions.video.fuzz --files 10000 --seed 1`.

Every file has to become ready or be refused with a code. One that ends its child or uses up its time is kept, and the exit status is 1.
"""

import argparse
import asyncio
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from feed.renditions.model import RenderingFailed
from feed.renditions.runner import ChildCrashed, ChildTimedOut, Renderer
from feed.renditions.sandbox import Limits
from tests.renditions.video import clips
from tests.renditions.video.clips import Sound

LIMITS = Limits(memory_bytes=1 << 30, cpu_seconds=30, wall_seconds=60, file_bytes=64 << 20)


def sources(folder: Path) -> list[Path]:
    """Small real files of every container and most codecs."""
    times, sound = clips.even_times(0.4, 10), Sound(until=0.4)
    opus, pcm = Sound("libopus", rate=48_000, until=0.4), Sound("pcm_s16le", until=0.4)
    return [
        clips.make(folder / "a.mp4", times=times, sound=sound),
        clips.make(folder / "b.webm", times=times, codec="libvpx-vp9", sound=opus),
        clips.make(folder / "c.mov", times=times, codec="mjpeg", pix_fmt="yuvj420p"),
        clips.make(folder / "d.mov", times=times, codec="libx265", pix_fmt="yuv420p10le", colors=clips.HLG),
        clips.make(folder / "e.mp4", times=times, codec="libsvtav1"),
        clips.make(folder / "f.mov", times=times, codec="prores_ks", pix_fmt="yuv422p10le", sound=pcm),
    ]


def mutated(content: bytes, noise: random.Random) -> bytes:
    """Some bytes changed, half of the time in the index only, where they do most."""
    changed = bytearray(content)
    index = changed.rfind(b"moov")
    first = index if index > 0 and noise.random() < 0.5 else 0
    for _ in range(noise.choice((1, 2, 5, 20, 100))):
        changed[noise.randrange(first, len(changed))] = noise.choice((0, 1, 0x7F, 0x80, 0xFF, noise.randrange(256)))
    return bytes(changed)


async def run(files: int, seed: int) -> int:
    noise, outcomes = random.Random(seed), Counter[str]()
    folder = Path(tempfile.mkdtemp(prefix="feed-video-fuzz-"))
    originals = sources(folder)
    target = folder / "target"
    target.mkdir()
    async with Renderer() as renderer:
        for number in range(files):
            original = noise.choice(originals)
            source = folder / f"{number}{original.suffix}"
            source.write_bytes(mutated(original.read_bytes(), noise))
            try:
                await renderer.render(source, "video", target, limits=LIMITS)
                outcomes["ready"] += 1
            except RenderingFailed as failure:
                outcomes[failure.code] += 1
            except (ChildCrashed, ChildTimedOut) as error:
                outcomes[type(error).__name__] += 1
                print(f"{source}: {error}")
                continue
            source.unlink()
            for each in target.iterdir():
                each.unlink()
    print(files, dict(outcomes))
    wrong = outcomes["ChildCrashed"] + outcomes["ChildTimedOut"]
    if not wrong:
        shutil.rmtree(folder)
    return int(wrong > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    raise SystemExit(asyncio.run(run(arguments.files, arguments.seed)))
