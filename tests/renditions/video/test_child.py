"""Videos in the child that has no network, no other program and no folder but its own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from feed.renditions.runner import ChildCrashed, ChildTimedOut, Renderer
from feed.renditions.sandbox import VIDEO_LIMITS
from tests.renditions.video import clips
from tests.renditions.video.clips import HLG, Sound


@pytest.fixture(scope="module")
async def renderer() -> AsyncIterator[Renderer]:
    async with Renderer() as running:
        yield running


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "colors"),
    [
        ("a.mp4", "libx264", "yuv420p", clips.BT709),
        # Needs a file for its table of colours.
        ("a.mov", "libx265", "yuv420p10le", HLG),
        # Codecs with threads of their own.
        ("a.webm", "libvpx-vp9", "yuv420p", clips.BT709),
        ("b.mp4", "libsvtav1", "yuv420p", clips.BT709),
    ],
)
async def test_the_sandbox_has_what_a_video_needs(
    tmp_path: Path, target: Path, renderer: Renderer, name: str, codec: str, pix_fmt: str, colors: dict[str, int]
) -> None:
    sound = Sound("libopus", rate=48_000) if name.endswith("webm") else Sound()
    source = clips.make(tmp_path / name, codec=codec, pix_fmt=pix_fmt, colors=colors, sound=sound)
    progress: list[int] = []
    rendered = await renderer.render(source, "video", target, cover_ms=500, on_progress=progress.append)
    assert sorted(each.name for each in target.iterdir()) == sorted(file.file for file in rendered.files)
    assert len(rendered.files) == 5
    assert progress == sorted(set(progress))
    assert progress[-1] == 100


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    return clips.make(folder / "a.mp4", clips.scenery(1, (640, 360)), times=clips.even_times(60, 30))


async def test_a_video_that_is_given_up_leaves_nothing(long_clip: Path, target: Path, renderer: Renderer) -> None:
    begun = asyncio.Event()

    def follow(percent: int) -> None:
        if percent > 5:
            begun.set()

    work = asyncio.create_task(renderer.render(long_clip, "video", target, on_progress=follow))
    await begun.wait()
    assert list(target.iterdir())
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert list(target.iterdir()) == []


async def test_a_video_that_takes_too_long_leaves_nothing(long_clip: Path, target: Path, renderer: Renderer) -> None:
    with pytest.raises(ChildTimedOut):
        await renderer.render(
            long_clip, "video", target, limits=msgspec.structs.replace(VIDEO_LIMITS, wall_seconds=0.5)
        )
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("limit", [{"memory_bytes": 24 << 20}, {"file_bytes": 10_000}], ids=["memory", "disk"])
async def test_a_machine_that_is_too_small_is_no_fault_of_the_file(
    tmp_path: Path, target: Path, renderer: Renderer, limit: dict[str, int]
) -> None:
    """It is tried again, and a file beside it goes on."""
    source = clips.make(tmp_path / "a.mp4", clips.moving((1280, 720)), sound=Sound())
    with pytest.raises(ChildCrashed):
        await renderer.render(source, "video", target, limits=msgspec.structs.replace(VIDEO_LIMITS, **limit))
    assert list(target.iterdir()) == []
    assert (await renderer.render(source, "video", target)).files
